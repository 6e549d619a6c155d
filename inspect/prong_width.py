"""How wide the end of a prong is, seen from above."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.prong_tip import PlanePoint, TipFromAbove
from loupebox.inspect.sub_pixel import bilinear, first_crossing

ALONG_MM = (-0.04, 0.0, 0.04, 0.08)
"""Where across the prong is looked, outwards from the middle of its end."""
REACH_MM, STEP_MM = 0.8, 0.008
"""How far to either side an edge may lie, and how finely it is looked for."""


def tip_width_mm(
    prong: NDArray[np.float32], tip: TipFromAbove, centre_xy_px: tuple[float, float], level: float, mm_per_px: float
) -> tuple[float, float] | None:
    """Width across the middle of a prong's end, and how far its lines disagree.

    Parameters
    ----------
    prong : ndarray of float32, shape (height, width)
        Probability of being prong.
    tip : TipFromAbove
        In mm from the stone's centre.
    centre_xy_px : (float, float)
        Of the stone.
    level : float
        Probability at which a prong ends.
    mm_per_px : float

    Returns
    -------
    (float, float) or None
        In mm, the second the standard uncertainty from the scatter; None when the prong's two sides are not both seen.
    """
    out = _outwards(tip.centre, tip.inmost)
    across = np.array([-out[1], out[0]])
    s = np.arange(0.0, REACH_MM, STEP_MM)
    starts = np.array([tip.centre.x_mm, tip.centre.y_mm]) + np.array(ALONG_MM)[:, None] * out
    sides: list[NDArray[np.float64]] = []
    for side in (-1, 1):
        x = starts[:, :1] + side * across[0] * s
        y = starts[:, 1:] + side * across[1] * s
        profiles = bilinear(prong, centre_xy_px[0] + x / mm_per_px, centre_xy_px[1] - y / mm_per_px)
        at = first_crossing(profiles, level) * STEP_MM
        sides.append(np.where(profiles[:, 0] >= level, at, np.nan))
    widths = sides[0] + sides[1]
    widths = widths[np.isfinite(widths)]
    if len(widths) < 2:
        return None
    return float(np.median(widths)), float(widths.std(ddof=1) / math.sqrt(len(widths)))


def _outwards(centre: PlanePoint, inmost: PlanePoint) -> NDArray[np.float64]:
    """Unit vector from the inmost point of a prong to the middle of its end."""
    out = np.array([centre.x_mm - inmost.x_mm, centre.y_mm - inmost.y_mm])
    length = float(np.hypot(*out))
    if length < 1e-3:  # a tip that ends in a point: outwards from the stone
        out, length = np.array([centre.x_mm, centre.y_mm]), centre.distance_mm
    return out / max(length, 1e-9)
