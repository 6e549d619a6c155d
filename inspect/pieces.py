"""Pieces that are no rings, from their backlit outlines: the size of a pendant, and two earrings as a pair."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import LinearFrame
from loupebox.calibration.lens import Lens
from loupebox.inspect.backlight import LEVEL_DOUBT, backlight_gap_mm
from loupebox.inspect.caliper import caliper_sizes, mirror_distance
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.outline import Outline, find_outlines

TILT_DEG = 0.5
"""Standard uncertainty of the angle at which a flat piece lies on its glass."""
OWN = ("edge noise", "tilt of the piece")
"""Lines of a budget that two pieces in one picture do not share."""
FEW_NOISES = 3.0
"""How many standard deviations of one point stand out at the farthest of some hundred."""


def measure_pieces(
    face: LinearFrame, certificate: Certificate, family: Literal["pendant", "earrings"]
) -> tuple[Measurement, ...] | str:
    """Measure a pendant, or two earrings that lie beside each other.

    Length and width are the largest and the smallest distance between the jaws of a caliper that closes on the outline.
    Of a pair, the differences are absolute, and the deviation from the mirror image is the largest distance between
    one outline and the mirror image of the other, laid upon it as well as it can be.

    Parameters
    ----------
    face : LinearFrame
        View face, light backlight, one channel.
    certificate : Certificate
        Of that view.
    family : "pendant" or "earrings"

    Returns
    -------
    tuple of Measurement, or why the picture shows no such piece, a clause after "because"

    Raises
    ------
    ValueError
        When the frame or the certificate is of another view or light, or in colour.
    """
    if (face.view, face.light, certificate.view, face.signal.ndim) != ("face", "backlight", "face", 2):
        raise ValueError(
            f"the frame is {face.view}/{face.light} of shape {face.signal.shape}, the certificate of view "
            f"{certificate.view}; allowed is face/backlight, grey"
        )
    gap = backlight_gap_mm(certificate.backlight_half_angle_deg)
    if isinstance(gap, str):
        return gap
    k = certificate.scale.mm_per_px.value
    outlines = find_outlines(face.signal, k, 1 if family == "pendant" else 2)
    if isinstance(outlines, str):
        return outlines
    lens = certificate.lens((int(face.signal.shape[1]), int(face.signal.shape[0])))
    if lens is not None:
        outlines = [replace(o, points_xy_px=lens.undistorted_px(o.points_xy_px)) for o in outlines]
    sizes = [[_size(side, o, certificate, gap, lens) for side in caliper_sizes(o.points_xy_px * k)] for o in outlines]
    if family == "pendant":
        return Measurement("length_mm", sizes[0][0]), Measurement("width_mm", sizes[0][1])
    left, right = sizes
    return (
        Measurement("left_length_mm", left[0]),
        Measurement("left_width_mm", left[1]),
        Measurement("right_length_mm", right[0]),
        Measurement("right_width_mm", right[1]),
        Measurement("pair_length_difference_mm", _difference(left[0], right[0])),
        Measurement("pair_width_difference_mm", _difference(left[1], right[1])),
        Measurement("pair_mirror_mm", _mirror(outlines[0], outlines[1], certificate)),
    )


def _size(seen_mm: float, outline: Outline, certificate: Certificate, gap_mm: float, lens: Lens | None) -> Estimate:
    scale = certificate.scale
    k = scale.mm_per_px.value
    # Noise alone puts the farthest points outward; a half of what it may be is taken off, and is as unsure.
    outward = 2 * FEW_NOISES * outline.noise_px * k / 2
    value = seen_mm + gap_mm - outward
    estimate = Estimate(
        value,
        "mm",
        (
            Contribution("scale certificate", value * scale.mm_per_px.standard_uncertainty / k),
            Contribution("edge noise", outward),
            Contribution("level of the edge", 2 * LEVEL_DOUBT * math.sqrt(2 * math.pi) * outline.sigma_px * k),
            Contribution("backlight", gap_mm / 2),
            Contribution("tilt of the piece", value * (1 - math.cos(math.radians(TILT_DEG)))),
        ),
    )
    if lens is None:
        return estimate
    # The most that a corner's doubt does to a size anywhere: its local scale changes three times as fast.
    part = 3 * certificate.lens_standard_uncertainty_px / lens.half_diagonal_px
    return estimate.with_contributions([Contribution("distortion of the lens", value * part)])


def _difference(one: Estimate, other: Estimate) -> Estimate:
    """Of two sizes in one picture: scale, level and light are common to both and cancel."""
    both = {name: [c.standard_uncertainty for e in (one, other) for c in e.budget if c.name == name] for name in OWN}
    budget = tuple(Contribution(name, math.hypot(*doubts)) for name, doubts in both.items())
    return Estimate(abs(one.value - other.value), "mm", budget)


def _mirror(left: Outline, right: Outline, certificate: Certificate) -> Estimate:
    k = certificate.scale.mm_per_px.value
    noise = FEW_NOISES * math.hypot(left.noise_px, right.noise_px) * k
    size = caliper_sizes(left.points_xy_px * k)[0]
    tilt = size / 2 * (1 - math.cos(math.radians(TILT_DEG)))
    found = mirror_distance(left.points_xy_px * k, right.points_xy_px * k)
    # What noise alone would show is taken off in quadrature.
    value = math.sqrt(max(0.0, found**2 - noise**2))
    return Estimate(
        value, "mm", (Contribution("edge noise", noise), Contribution("tilt of the piece", math.sqrt(2) * tilt))
    )
