"""What a backlight's cone does to a silhouette."""

from __future__ import annotations

from loupebox.calibration.backlight import backlight_gap

LEVEL_DOUBT = 0.02
"""Standard uncertainty of the level, as a part of the contrast, at which the true edge is crossed: glare, partial
coherence and light that leaks round the metal move it from one half."""


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
