"""Heights from two views: above the girdle, from the top and the oblique picture together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.robust_fit import robust_fit

Vector = NDArray[np.float64]

LIES_TILTED_DEG = 0.6
"""How far a piece lies tilted under the cameras, one standard deviation about either axis."""
ALIKE_MM = 0.03
"""Standard deviation of the heights of good prongs, as made and as measured."""


def height_mm(up_mm: float, back_mm: float, elevation_rad: float) -> float:
    """Height of a point seen `up_mm` above the girdle's centre in the oblique view, that lies `back_mm` behind it."""
    return (up_mm - back_mm * math.sin(elevation_rad)) / math.cos(elevation_rad)


def levelled(x_mm: Vector, y_mm: Vector, height_mm: Vector) -> Vector:
    """Heights over a plane through the middle whose small tilt is that of the piece; lifted prongs do not pull it.

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

    def residuals(p: Vector) -> Vector:
        return np.append(height_mm - p[0] * x_mm - p[1] * y_mm, p * (ALIKE_MM / slope))

    fit = robust_fit(residuals, np.zeros(2), np.full(2, 1e-3), ALIKE_MM)
    if fit is None:
        return height_mm
    return height_mm - fit.values[0] * x_mm - fit.values[1] * y_mm
