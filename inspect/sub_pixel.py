"""Reading an image between its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def bilinear(image: NDArray[np.float32], x_px: Floats, y_px: Floats) -> Floats:
    """Values between pixel centres, which lie at whole numbers; beyond the border the border's value.

    Parameters
    ----------
    image : ndarray of float32, shape (height, width)
    x_px, y_px : ndarray of the same shape
        x to the right, y down.

    Returns
    -------
    ndarray, of the shape of `x_px`
    """
    height, width = image.shape
    x, y = np.clip(x_px, 0, width - 1), np.clip(y_px, 0, height - 1)
    left, top = np.minimum(x.astype(np.intp), width - 2), np.minimum(y.astype(np.intp), height - 2)
    a, b = x - left, y - top
    upper = (1 - a) * image[top, left] + a * image[top, left + 1]
    lower = (1 - a) * image[top + 1, left] + a * image[top + 1, left + 1]
    return (1 - b) * upper + b * lower


def last_crossing(profiles: Floats, level: float) -> Floats:
    """Where each row falls through the level for the last time.

    Parameters
    ----------
    profiles : ndarray, shape (rows, samples)
    level : float

    Returns
    -------
    ndarray, shape (rows,)
        In samples, interpolated linearly; NaN for a row that never falls through, or ends above the level.
    """
    falls = (profiles[:, :-1] >= level) & (profiles[:, 1:] < level)
    found = np.any(falls, axis=1)
    at = falls.shape[1] - 1 - np.argmax(falls[:, ::-1], axis=1)
    return _interpolated(profiles, at, level, np.logical_and(found, profiles[:, -1] < level))


def first_crossing(profiles: Floats, level: float) -> Floats:
    """Where each row falls through the level for the first time; otherwise as `last_crossing`."""
    falls = (profiles[:, :-1] >= level) & (profiles[:, 1:] < level)
    return _interpolated(profiles, np.argmax(falls, axis=1), level, np.any(falls, axis=1))


def _interpolated(profiles: Floats, at: NDArray[np.intp], level: float, found: NDArray[np.bool_]) -> Floats:
    rows = np.arange(len(profiles))
    before, after = profiles[rows, at], profiles[rows, at + 1]
    drop = np.where(found, before - after, 1.0)
    return np.where(found, at + (before - level) / drop, np.nan)
