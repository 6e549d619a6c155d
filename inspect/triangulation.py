"""Heights from two views: above the girdle, from the top and the oblique picture together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.prong_tip import BESIDE_MM, TipFromAbove
from loupebox.inspect.robust_fit import Vector, robust_fit
from loupebox.inspect.stone_outline import GirdleEllipse
from loupebox.inspect.sub_pixel import bilinear, first_crossing

SEARCHED_MM = (-1.0, 2.5)
"""Heights over the girdle at which the centre of a tip is looked for."""
CLEAR_CONTRAST = 0.45
"""Mean fall of the probability across the tip's outline below which no tip is believed."""
SIDESTEPS_MM = (0.0, -0.05, 0.05, -0.1, 0.1)
"""How far to the side of its place from above a tip is also looked for, since that place errs a little."""
LYING_DEG, RAISED_DEG = 30.0, 60.0
"""How steeply a prong points that lies on the crown, and one that is lifted: it says which side of the tip is free."""
AGREE_MM = 0.1
"""Heights found for both that differ by less are one."""
WELL_BOUND = 0.7
"""Contrast of an outline that is surely the ball's own."""


@dataclass(frozen=True, slots=True)
class TipHeight:
    """The ball at a prong's end in the oblique view.

    Parameters
    ----------
    centre_height_mm : float
        Of the ball's centre over the middle of the girdle.
    centre_xy_px : (float, float)
        In the oblique frame.
    noise_mm : float
        Standard uncertainty from the scatter of the outline.
    contrast : float
        Mean fall of probability across the outline, at most 1.
    doubt_mm : float
        Standard uncertainty because another part of the prong may have been taken for the ball.
    """

    centre_height_mm: float
    centre_xy_px: tuple[float, float]
    noise_mm: float
    contrast: float
    doubt_mm: float = 0.0


def height_mm(up_mm: float, back_mm: float, elevation_rad: float) -> float:
    """Height of a point seen `up_mm` above the girdle's centre in the oblique view, that lies `back_mm` behind it."""
    return (up_mm - back_mm * math.sin(elevation_rad)) / math.cos(elevation_rad)


def find_height(
    prong: NDArray[np.float32],
    girdle: GirdleEllipse,
    tip: TipFromAbove,
    radius_mm: float,
    mm_per_px: float,
    elevation_rad: float,
    level: float,
    resting_mm: float,
    knee_mm: float,
) -> TipHeight | None:
    """Find the ball, whose place from above is known, by its outline in the oblique view.

    Only the side of the free end is used, where the ball itself bounds the prong: in front that is its upper edge,
    at the sides the end that points inward. Behind the stone, where a prong points at the camera, it is the ball's
    lower edge while the prong lies on the crown, and its upper edge once it is lifted. There the prong's knee stands
    over a tip that lies; only what stands higher than a knee can is believed to be a lifted tip.

    Parameters
    ----------
    prong : ndarray of float32, shape (height, width)
        Probability of prong in the oblique view.
    girdle : GirdleEllipse
    tip : TipFromAbove
    radius_mm : float
        Of the ball.
    mm_per_px : float
        Of the oblique view.
    elevation_rad : float
    level : float
        At which a prong ends.
    resting_mm : float
        Height of the ball's centre when the prong lies as it should.
    knee_mm : float
        How much higher than this a prong's knee can look.

    Returns
    -------
    TipHeight or None
        None when no outline at any height is clear.
    """
    lying, raised = (
        _find(prong, girdle, tip, radius_mm, mm_per_px, elevation_rad, level, math.radians(rise))
        for rise in (LYING_DEG, RAISED_DEG)
    )
    if lying is None or raised is None:
        return lying or raised
    apart = raised.centre_height_mm - lying.centre_height_mm
    if abs(apart) < AGREE_MM:
        return lying
    if raised.centre_height_mm - resting_mm > knee_mm:
        return raised
    return lying if lying.contrast >= WELL_BOUND else replace(lying, doubt_mm=abs(apart) / 2)


def _find(
    prong: NDArray[np.float32],
    girdle: GirdleEllipse,
    tip: TipFromAbove,
    radius_mm: float,
    mm_per_px: float,
    elevation_rad: float,
    level: float,
    rise: float,
) -> TipHeight | None:
    """The ball of a prong that points up by `rise`; one unknown is left, the height."""
    sine, cosine = math.sin(elevation_rad), math.cos(elevation_rad)
    x, back = tip.centre_xy_mm
    right, inward = tip.heading
    free = math.atan2(inward * math.cos(rise) * sine + math.sin(rise) * cosine, right * math.cos(rise))
    turn = free + np.radians(np.linspace(-75, 75, 61))
    out_x, out_y = np.cos(turn), np.sin(turn)

    def look(x_mm: Vector, up_mm: Vector) -> Vector:
        column = girdle.centre_xy_px[0] + x_mm / mm_per_px
        return bilinear(prong, column, girdle.centre_xy_px[1] - up_mm / mm_per_px)

    heights = np.arange(SEARCHED_MM[0], SEARCHED_MM[1], mm_per_px)
    middle = back * sine + heights[:, None] * cosine
    inner, outer = radius_mm - BESIDE_MM, radius_mm + BESIDE_MM
    centre, contrast = np.zeros(2), -1.0
    for aside in SIDESTEPS_MM:
        within = look(x + aside + inner * out_x + 0 * middle, middle + inner * out_y)
        beyond = look(x + aside + outer * out_x + 0 * middle, middle + outer * out_y)
        falls = (within - beyond).mean(axis=1)
        best = int(np.argmax(falls))
        if falls[best] > contrast:
            centre, contrast = np.array([x + aside, middle[best, 0]]), float(falls[best])
    if contrast < CLEAR_CONTRAST:
        return None
    noise = 0.0
    for _ in range(5):
        along = np.arange(0, radius_mm + 0.35, 0.5 * mm_per_px)
        profiles = look(centre[0] + out_x[:, None] * along, centre[1] + out_y[:, None] * along)
        reach = first_crossing(profiles, level) * 0.5 * mm_per_px
        seen = np.isfinite(reach)
        if np.count_nonzero(seen) < 15:
            return None
        edge_x, edge_y = centre[0] + out_x[seen] * reach[seen], centre[1] + out_y[seen] * reach[seen]
        # The views agree sideways to a part of a pixel, so one more residual holds that step near 0.
        fit = robust_fit(
            lambda p, ex=edge_x, ey=edge_y: np.append(np.hypot(ex - p[0], ey - p[1]) - radius_mm, 0.5 * (p[0] - x)),
            centre,
            np.full(2, 0.002),
            0.004,
        )
        if fit is None or np.hypot(*(fit.values - centre)) > 0.5:
            return None
        centre = fit.values
        noise = math.sqrt(float(fit.covariance[1, 1])) / cosine
    return TipHeight(
        height_mm(float(centre[1]), back, elevation_rad),
        (girdle.centre_xy_px[0] + float(centre[0]) / mm_per_px, girdle.centre_xy_px[1] - float(centre[1]) / mm_per_px),
        noise,
        contrast,
    )
