"""Edges along profiles, to a small part of a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.normal import normal_cdf

Floats = NDArray[np.float64]

ITERATIONS = 12
SMALLEST_SIGMA_PX = 0.2
SAMPLING_VARIANCE_PX2 = 1 / 12 + 1 / 6
"""What the pixel's own width and bilinear sampling at any phase add to the variance of an edge's blur."""


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """One edge a profile; NaN where a profile shows none.

    Parameters
    ----------
    position_px : ndarray, shape (n,)
        From the first sample of each profile.
    sigma_px : ndarray, shape (n,)
        Gaussian blur of the sampled edge, standard deviation.
    contrast : ndarray, shape (n,)
        Level after the edge minus level before it, in the unit of the profiles.
    misfit : ndarray, shape (n,)
        Root mean square of what the edge model leaves, as a part of the contrast.
    """

    position_px: Floats
    sigma_px: Floats
    contrast: Floats
    misfit: Floats


def sample_profiles(signal: NDArray[np.float32], x_px: Floats, y_px: Floats) -> Floats:
    """Read an image at any places, bilinearly; beyond its border the nearest pixel counts.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    x_px, y_px : ndarray, shape (n, m)
        Pixel centres at whole numbers.

    Returns
    -------
    ndarray, shape (n, m)
    """
    read = cv2.remap(
        signal, x_px.astype(np.float32), y_px.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(read, np.float64)


def locate_edges(profiles: Floats, step_px: float, sigma_px: float | None = None) -> Edges:
    """Fit a blurred step to each profile by least squares.

    The model is low + contrast * Phi((x - position) / sigma) with Phi the normal distribution: each profile has its own
    levels, so that uneven light moves nothing. Gauss-Newton from the steepest place.

    Parameters
    ----------
    profiles : ndarray, shape (n, m)
        At least 8 samples a profile; one edge a profile, in any direction.
    step_px : float
        Distance between samples.
    sigma_px : float or None
        Blur when it is known, which makes the position surer; None fits it to each profile.

    Returns
    -------
    Edges
        NaN where the fit left the profile or found no contrast.

    Raises
    ------
    ValueError
        When the profiles are too short.
    """
    count, samples = int(profiles.shape[0]), int(profiles.shape[1])
    if samples < 8:
        raise ValueError(f"profiles have {samples} samples; allowed are 8 or more")
    x: Floats = np.arange(samples, dtype=np.float64) * step_px
    position, rising = _steepest(profiles, step_px)
    ends = max(2, samples // 8)
    low: Floats = profiles[:, :ends].mean(axis=1)
    contrast: Floats = profiles[:, -ends:].mean(axis=1) - low
    # An edge that its neighbourhood hides still has the sign of its steepest place.
    contrast = np.where(np.sign(contrast) == rising, contrast, rising * np.ptp(profiles, axis=1))
    sigma: Floats = np.full(count, sigma_px if sigma_px is not None else max(1.0, step_px))
    free = 4 if sigma_px is None else 3
    for _ in range(ITERATIONS):
        step = _step(profiles, x, low, contrast, position, sigma, free)
        moved = np.clip(step[:, 2], -1.5 * sigma, 1.5 * sigma)
        low, contrast, position = low + step[:, 0], contrast + step[:, 1], position + moved
        if sigma_px is None:
            sigma = np.clip(sigma + np.clip(step[:, 3], -0.5 * sigma, sigma), SMALLEST_SIGMA_PX, float(x[-1]))
        elif float(np.abs(moved).max()) < 1e-5:
            break
    residual = profiles - _model(x, low, contrast, position, sigma)
    misfit: Floats = np.sqrt((residual**2).mean(axis=1)) / np.maximum(np.abs(contrast), 1e-12)
    good = (position > 0) & (position < x[-1]) & (np.abs(contrast) > 1e-6) & (misfit < 1) & np.isfinite(position)
    nan: Floats = np.where(good, 1.0, np.nan)
    return Edges(position * nan, sigma * nan, contrast * nan, misfit * nan)


def _model(x: Floats, low: Floats, contrast: Floats, position: Floats, sigma: Floats) -> Floats:
    return low[:, None] + contrast[:, None] * normal_cdf((x - position[:, None]) / sigma[:, None])


def _step(
    profiles: Floats, x: Floats, low: Floats, contrast: Floats, position: Floats, sigma: Floats, free: int
) -> Floats:
    """One Gauss-Newton step of low, contrast, position and, when `free` is 4, sigma; shape (n, free)."""
    z: Floats = (x - position[:, None]) / sigma[:, None]
    share = normal_cdf(z)
    height: Floats = contrast / (sigma * math.sqrt(2 * math.pi))
    bell: Floats = np.exp(-0.5 * z * z) * height[:, None]
    residual = profiles - low[:, None] - contrast[:, None] * share
    jacobian = np.stack([np.ones_like(z), share, -bell, -bell * z][:free], axis=1)
    normal = jacobian @ jacobian.transpose(0, 2, 1)
    # A little of the trace keeps a flat profile solvable; for a real edge it only slows the last digits.
    normal = normal + (1e-9 * np.trace(normal, axis1=1, axis2=2) + 1e-12)[:, None, None] * np.eye(free)
    return np.asarray(np.linalg.solve(normal, jacobian @ residual[:, :, None]), np.float64)[:, :, 0]


def _steepest(profiles: Floats, step_px: float) -> tuple[Floats, Floats]:
    """Where each profile climbs or falls most over three samples, and which of the two."""
    slope = profiles[:, 3:] - profiles[:, :-3]
    at = np.abs(slope).argmax(axis=1)
    return (at + 1.5) * step_px, np.sign(slope[np.arange(len(slope)), at])
