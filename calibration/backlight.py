"""What a backlight's cone does to a silhouette of polished metal, and how sure one can be of it."""

from __future__ import annotations

import math

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.propagation import Input, propagate

UNKNOWN_RADIUS_MM = Input.rectangular("radius of the metal's edge", 1.25, 1.25)
"""A section that nobody described: from a sharp edge to the inside of a broad comfort-fit band."""
MIRROR = Input("reflection of the metal", 1.0, 0.1)
"""Polished metal throws nearly all light on at grazing incidence. 10 % is what the path-traced cases leave."""
FLOOR = Input("backlight model", 0.0, 0.00015)
"""In mm: path-traced holes scatter so much about the formula at small cones."""
LARGEST_STANDARD_UNCERTAINTY_MM = 0.004
"""A wider doubt would fill a third of a ring size's guard band; the silhouette is refused instead."""


def backlight_gap(
    half_angle_deg: float, half_angle_standard_uncertainty_deg: float = 0.0, radius_mm: Input = UNKNOWN_RADIUS_MM
) -> Estimate | str:
    """How much larger a hole looks, or smaller a bar, than the metal is: in mm of its diameter or width.

    Metal whose edge is rounded with radius r along the line of sight throws light that grazes it at up to half the
    backlight's half-angle into the camera, so that the dark outline begins r (1 - cos(angle / 2)) behind the true one;
    on two sides. With r = 1.26 mm the formula gives 0.4, 1.5, 6.1, 21.6 and 85.9 um at 2, 4, 8, 15 and 30 degrees;
    a path-traced comfort-fit ring gave 0.4, 1.5, 6.6, 22 and 86 um.

    Parameters
    ----------
    half_angle_deg, half_angle_standard_uncertainty_deg : float
        Of the cone in which the backlight shines, from the certificate of the view.
    radius_mm : Input
        Radius of the metal's edge in the plane of the line of sight: half the diameter of a bar that lies across, the
        profile's radius of a comfort-fit band, next to nothing for a flat one.

    Returns
    -------
    Estimate or str
        In mm, to be taken off the diameter of a hole and added to a width; or why the silhouette cannot be trusted, a
        clause after "because".

    Examples
    --------
    >>> gap = backlight_gap(2.0)
    >>> f"{gap.value:.5f} ± {gap.expanded_uncertainty:.5f} mm"
    '0.00038 ± 0.00054 mm'
    """
    if not 0 <= half_angle_deg < 90:
        raise ValueError(f"half-angle of the backlight is {half_angle_deg:g}°; allowed is 0 to below 90")
    angle = Input("half-angle of the backlight", half_angle_deg, half_angle_standard_uncertainty_deg)
    gap = propagate(_gap_mm, (angle, radius_mm, MIRROR, FLOOR), "mm")
    if gap.standard_uncertainty > LARGEST_STANDARD_UNCERTAINTY_MM:
        return (
            f"the backlight's half-angle is {half_angle_deg:g}°: reflections of the metal move its edges by "
            f"{1000 * gap.value:.0f} ± {1000 * gap.expanded_uncertainty:.0f} um, allowed are "
            f"± {2000 * LARGEST_STANDARD_UNCERTAINTY_MM:.0f} um"
        )
    return gap


def half_angle_from_pin(apparent_mm: Estimate, true_mm: Estimate) -> Estimate:
    """Half-angle of a backlight from a polished pin that lies across the view, in degrees.

    A lying pin's edge has the radius of the pin, so it looks thinner by D (1 - cos(angle / 2)).

    Parameters
    ----------
    apparent_mm : Estimate
        Width of the silhouette by a scale that a flat artefact gave (a graticule, not a pin).
    true_mm : Estimate
        Certified diameter at the temperature of the measurement.

    Returns
    -------
    Estimate
        In degrees; 0 when the pin looks no thinner than it is. Its uncertainty then says which cones are possible.
    """
    lost = (true_mm.value - apparent_mm.value) / true_mm.value
    u = math.hypot(apparent_mm.standard_uncertainty, true_mm.standard_uncertainty) / true_mm.value
    value = _angle_deg(lost)
    # The angle goes with the root of what is lost: near nothing the two sides are far from alike, and the wider counts.
    doubt = max(_angle_deg(max(lost, 0.0) + 2 * u) - value, value - _angle_deg(lost - 2 * u)) / 2
    freedom = min(apparent_mm.degrees_of_freedom, true_mm.degrees_of_freedom)
    return Estimate(value, "deg", (Contribution("width of the pin", doubt, freedom),))


def _angle_deg(lost: float) -> float:
    return math.degrees(2 * math.acos(min(1.0, max(-1.0, 1 - lost))))


def _gap_mm(half_angle_deg: float, radius_mm: float, mirror: float, floor: float) -> float:
    return 2 * radius_mm * mirror * (1 - math.cos(math.radians(half_angle_deg) / 2)) + floor
