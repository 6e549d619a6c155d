"""What a backlight's cone does to a silhouette."""

from __future__ import annotations

from loupebox.calibration.backlight import backlight_gap

LEVEL_DOUBT = 0.01
"""Standard uncertainty of the level, as a part of the contrast, at which the true edge is crossed: a sensor that is off
the straight line by a hundredth in its middle, glare and partial coherence move it from one half."""
WIDEST_HALF_ANGLE_DEG = 8.0
"""Cone of a backlight beyond which metal mirrors so much of it that an edge is no longer where the metal ends."""


def backlight_gap_mm(half_angle_deg: float | None) -> float | str:
    """How much larger a hole looks, in mm of its diameter, or why that is not known, as a clause after "because".

    Half of it is a fair standard uncertainty for a section that nobody described.

    >>> round(backlight_gap_mm(2.0), 5)
    0.00038
    """
    if half_angle_deg is None:
        return "the certificate does not state the half-angle of the backlight"
    gap = backlight_gap(half_angle_deg)
    return gap if isinstance(gap, str) else gap.value
