"""The width of a straight dark bar across a bright picture: a lying pin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.edges import locate_edges, sample_profiles

Floats = NDArray[np.float64]

LEAST_CONTRAST = 0.15
HALF_PX = 10.0
STEP_PX = 0.5
WORST_MISFIT = 0.12
LEAST_CLEAR = 0.7
CLIPPED_AT = 4.0
"""Robust standard deviations from the line beyond which a place is dirt."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar as it was found.

    Parameters
    ----------
    width_px : float
        Across the bar.
    standard_uncertainty_px : float
        From the scatter of the edges about two parallel lines.
    sigma_px : float
        Gaussian blur of the edges as sampled, standard deviation.
    """

    width_px: float
    standard_uncertainty_px: float
    sigma_px: float


def measure_bar(signal: NDArray[np.float32]) -> Bar | str:
    """Fit two parallel lines to the edges of a bar that runs through the whole picture.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
        Linear in light; the bar dark on a bright field, along x or y within 20 degrees.

    Returns
    -------
    Bar or str
        Or why there is none, a clause after "because".
    """
    picture = np.asarray(signal, np.float32)
    if picture.ndim != 2 or min(picture.shape) < 64 or not np.isfinite(picture).all():
        return f"the picture of shape {picture.shape} is none of one channel, 64 px each way or more, all finite"
    along = float(np.ptp(picture.mean(axis=1))) >= float(np.ptp(picture.mean(axis=0)))
    upright = picture if along else np.ascontiguousarray(picture.T)
    low, high = (float(v) for v in np.quantile(upright, [0.02, 0.98]))
    if high - low < LEAST_CONTRAST:
        return f"no bar is seen: the contrast is {high - low:.2f} of full scale, needed is {LEAST_CONTRAST:g}"
    dark = upright < (low + high) / 2
    if not dark.any(axis=0).all() or dark[0].any() or dark[-1].any():
        return "no dark bar runs through the whole picture with bright field on both sides"
    first, last = dark.argmax(axis=0), len(dark) - 1 - dark[::-1].argmax(axis=0)
    x: Floats = np.arange(upright.shape[1], dtype=np.float64)
    top, bottom = _edge(upright, x, first - 0.5), _edge(upright, x, last + 0.5)
    if isinstance(top, str) or isinstance(bottom, str):
        return f"{top if isinstance(top, str) else bottom}"
    slope = (top[0] + bottom[0]) / 2
    middle = float(x.mean())
    apart = (bottom[0] - top[0]) * middle + bottom[1] - top[1]
    return Bar(
        width_px=apart * math.cos(math.atan(slope)),
        standard_uncertainty_px=math.hypot(top[2], bottom[2]),
        sigma_px=max(top[3], bottom[3]),
    )


def _edge(picture: NDArray[np.float32], x: Floats, rough: Floats) -> tuple[float, float, float, float] | str:
    """Slope, offset, standard uncertainty in the middle and blur of one edge."""
    slope, offset = (float(v) for v in np.polyfit(x, rough, 1))
    steps: Floats = np.arange(-HALF_PX, HALF_PX + STEP_PX / 2, STEP_PX, dtype=np.float64)
    start: Floats = slope * x + offset
    places: Floats = start[:, None] + steps
    profiles = sample_profiles(picture, np.broadcast_to(x[:, None], places.shape).copy(), places)
    edges = locate_edges(profiles, STEP_PX)
    clear = (np.abs(edges.contrast) > LEAST_CONTRAST) & (edges.misfit < WORST_MISFIT)
    if float(clear.mean()) < LEAST_CLEAR:
        seen = f"only {float(clear.mean()):.0%} of an edge of the bar is clear"
        return f"{seen}; needed are {LEAST_CLEAR:.0%}"
    sigma = float(np.median(edges.sigma_px[clear]))
    at: Floats = start - HALF_PX + locate_edges(profiles, STEP_PX, sigma).position_px
    good = clear & np.isfinite(at)
    residual: Floats = np.zeros_like(at)
    for _ in range(4):
        slope, offset = (float(v) for v in np.polyfit(x[good], at[good], 1))
        residual = at - slope * x - offset
        spread = 1.4826 * float(np.median(np.abs(residual[good])))
        good &= np.abs(residual) < max(CLIPPED_AT * spread, 1e-6)
    count = int(good.sum())
    scatter = float(np.std(residual[good])) if count > 2 else math.inf
    return slope, offset, scatter / math.sqrt(count), sigma
