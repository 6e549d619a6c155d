"""Heights from two views: above the girdle, from the top and the oblique picture together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.robust_fit import robust_fit

Vector = NDArray[np.float64]

LIES_TILTED_DEG = 0.6
"""How far a piece lies tilted under the cameras, one standard deviation about either axis."""
SHARED_MM = 0.05
"""How far the girdle's height and the drawing are off, one standard deviation."""
ALIKE_MM = 0.03
"""Standard deviation of the heights of good prongs, as made and as measured."""


def height_mm(up_mm: float, back_mm: float, elevation_rad: float) -> float:
    """Height of a point seen `up_mm` above the girdle's centre in the oblique view, that lies `back_mm` behind it."""
    return (up_mm - back_mm * math.sin(elevation_rad)) / math.cos(elevation_rad)


def levelled(x_mm: Vector, y_mm: Vector, height_mm: Vector) -> Vector:
    """Heights over what all prongs share: the small tilt of the piece, and what girdle and drawing are off.

    Lifted prongs do not pull it. Of a height that all share no more than `SHARED_MM` twice is taken away, so that a
    head whose prongs are all lifted is not called good.

    Parameters
    ----------
    x_mm, y_mm : ndarray, shape (n,)
        Places from the middle.
    height_mm : ndarray, shape (n,)
        How much higher than it should each point lies, as if the piece lay level.

    Returns
    -------
    ndarray, shape (n,)
    """
    slope = math.tan(math.radians(LIES_TILTED_DEG))
    loose = ALIKE_MM / np.array([slope, slope, SHARED_MM])

    def residuals(p: Vector) -> Vector:
        return np.append(height_mm - p[0] * x_mm - p[1] * y_mm - p[2], p * loose)

    fit = robust_fit(residuals, np.zeros(3), np.full(3, 1e-3), ALIKE_MM)
    if fit is None:
        return height_mm
    shared = float(np.clip(fit.values[2], -2 * SHARED_MM, 2 * SHARED_MM))
    return height_mm - fit.values[0] * x_mm - fit.values[1] * y_mm - shared
