"""How sharp a picture is: the blur of its sharpest edges."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.edges import SAMPLING_VARIANCE_PX2, locate_edges, sample_profiles

EDGES_TRIED = 600
FEWEST_EDGES = 24
HALF_LENGTH_PX = 14.0
STEP_PX = 0.5
LEAST_CONTRAST = 0.04
WORST_MISFIT = 0.12
SHARP_QUANTILE = 0.25
"""The sharp quarter counts: in a picture with depth and texture the rest are edges of the piece, not of the lens."""
CLIPPED = 0.97
BAND_PX = 12
"""Edges this near to the frame's border are left out; their profiles would end outside."""


def edge_sigma_px(signal: NDArray[Any]) -> float | None:
    """Measure the Gaussian blur of the sharpest edges.

    The strongest places of the gradient, at most one in each 8 px square, are profiled across the edge and a blurred
    step is fitted to each. Profiles that are no step are dropped; the lower quartile of the rest is the answer, with
    what the pixel's width and the sampling add taken off.

    Parameters
    ----------
    signal : ndarray, shape (height, width) or (height, width, 3)
        1 is full scale. A colour picture counts as the mean of its channels.

    Returns
    -------
    float or None
        Standard deviation in px; within 0.1 px or 10 % from 0.5 to 4 px at up to 3 % noise, larger values say "very
        blurred" and no more. None when fewer than 24 clear edges are seen: the picture is empty, dark or has no step.
    """
    grey = np.asarray(signal, np.float32)
    grey = grey if grey.ndim == 2 else grey.mean(axis=2, dtype=np.float32)
    if min(grey.shape) < 4 * BAND_PX or not np.isfinite(grey).all():
        return None
    smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32)
    gx = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3), np.float32)
    gy = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3), np.float32)
    y, x = _strongest(np.hypot(gx, gy))
    if len(x) < FEWEST_EDGES:
        return None
    norm = np.hypot(gx[y, x], gy[y, x])
    along = np.arange(-HALF_LENGTH_PX, HALF_LENGTH_PX + STEP_PX / 2, STEP_PX)
    ux, uy = gx[y, x] / norm, gy[y, x] / norm
    place = x[:, None] + np.outer(ux, along), y[:, None] + np.outer(uy, along)
    profiles = sample_profiles(grey, *place)
    edges = locate_edges(profiles, STEP_PX)
    centred = np.abs(edges.position_px - HALF_LENGTH_PX) < 3
    good = centred & (edges.contrast > LEAST_CONTRAST) & (edges.misfit < WORST_MISFIT)
    if signal.ndim == 3:
        # A clipped highlight has a steeper flank than the lens gave it.
        brightest = sample_profiles(np.asarray(signal, np.float32).max(axis=2), *place).max(axis=1)
        good &= brightest < CLIPPED
    if int(good.sum()) < FEWEST_EDGES:
        return None
    sigma = float(np.quantile(edges.sigma_px[good], SHARP_QUANTILE))
    return float(np.sqrt(max(sigma**2 - SAMPLING_VARIANCE_PX2, 0.0)))


def _strongest(gradient: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the strongest gradient of each 8 px square, the strongest squares only."""
    size = 8
    height, width = (n // size * size for n in gradient.shape)
    squares = gradient[:height, :width].reshape(height // size, size, width // size, size).swapaxes(1, 2)
    squares = squares.reshape(height // size, width // size, size * size)
    inner = squares.argmax(axis=2)
    peak = squares.max(axis=2)
    row: NDArray[np.intp] = np.arange(height // size, dtype=np.intp)[:, None] * size + inner // size
    column: NDArray[np.intp] = np.arange(width // size, dtype=np.intp)[None, :] * size + inner % size
    inside = (row >= BAND_PX) & (row < gradient.shape[0] - BAND_PX)
    inside &= (column >= BAND_PX) & (column < gradient.shape[1] - BAND_PX)
    strong = inside & (peak > max(0.25 * float(np.quantile(peak, 0.995)), 1e-4))
    at = np.flatnonzero(strong)
    at = at[np.argsort(-peak.ravel()[at], kind="stable")][:EDGES_TRIED]
    return row.ravel()[at], column.ravel()[at]
