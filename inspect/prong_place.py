"""Where in the top view each prong stands, or should stand when it is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence

PlacedProng = tuple[int, float, tuple[float, float] | None]
"""Index of the place, its angle in degrees, and the tip in pixels where there is one."""


def prong_places(prongs: Sequence[PlacedProng], width_px: int, height_px: int) -> dict[int, tuple[float, float]]:
    """Place of each prong in the top frame.

    Parameters
    ----------
    prongs : sequence of (int, float, (float, float) or None)
        Index, angle in degrees (counter-clockwise from image right) and tip (x, y) in pixels; None where it is missing.
    width_px, height_px : int
        Of the frame, whose middle is taken for the stone's centre.

    Returns
    -------
    dict of int to (float, float)
        (x, y) in pixels by index. A missing prong's is at its angle, as far from the middle as the tips are on
        average; a third of the frame's width where there is no tip at all.
    """
    centre = ((width_px - 1) / 2, (height_px - 1) / 2)
    reaches = [math.dist(tip, centre) for _, _, tip in prongs if tip is not None]
    reach = sum(reaches) / len(reaches) if reaches else width_px / 3
    return {index: tip if tip is not None else _at(centre, reach, angle_deg) for index, angle_deg, tip in prongs}


def _at(centre: tuple[float, float], reach: float, angle_deg: float) -> tuple[float, float]:
    """Angles run counter-clockwise from image right, while y runs down."""
    angle = math.radians(angle_deg)
    return centre[0] + reach * math.cos(angle), centre[1] - reach * math.sin(angle)
