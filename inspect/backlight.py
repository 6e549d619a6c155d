"""What a backlight's cone does to a silhouette."""

from __future__ import annotations

import numpy as np

WIDEST_HALF_ANGLE_DEG = 8.0
LEVEL_DOUBT = 0.02
"""Standard uncertainty of the level, as a part of the contrast, at which the true edge is crossed: glare, partial
coherence and light that leaks round the metal move it from one half."""

# Path-traced once with a polished ring of 17.35 mm and a comfort-fit section: light of a wide cone is thrown off the
# grazing metal into the camera, so that a hole looks larger by this much.
_HALF_ANGLE_DEG = (0.0, 1.0, 2.0, 4.0, 8.0)
_GAP_MM = (0.0, 0.0003, 0.0004, 0.0015, 0.0066)


def backlight_gap_mm(half_angle_deg: float | None) -> float | str:
    """How much larger a hole looks, in mm of its diameter, or why that is not known, as a clause after "because".

    Half of it is a fair standard uncertainty: it depends on the section and the polish.

    >>> backlight_gap_mm(2.0)
    0.0004
    """
    if half_angle_deg is None:
        return "the certificate does not state the half-angle of the backlight"
    if half_angle_deg > WIDEST_HALF_ANGLE_DEG:
        return (
            f"the backlight's half-angle is {half_angle_deg:g}°; allowed is {WIDEST_HALF_ANGLE_DEG:g}°, "
            "beyond it the metal's reflections move the edge"
        )
    return float(np.interp(half_angle_deg, _HALF_ANGLE_DEG, _GAP_MM))
