"""The pitch of a stage graticule: evenly spaced lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BANDS = 16
"""Strips of the picture along the lines, each with one mean profile."""
FEWEST_LINES = 5
LEAST_CONTRAST = 0.05
SHORTEST_PITCH_PX = 6.0
CLIPPED_AT = 4.0


@dataclass(frozen=True, slots=True)
class Graticule:
    """Lines as they were found.

    Parameters
    ----------
    pitch_px : float
        Across the lines, the mean over all of them.
    standard_uncertainty_px : float
        From the scatter of the lines about an even spacing; it holds the graticule's own unevenness.
    lines : int
    """

    pitch_px: float
    standard_uncertainty_px: float
    lines: int


def measure_graticule(signal: NDArray[np.float32]) -> Graticule | str:
    """Fit an even spacing to the middles of dark lines; both flanks of a line count alike, so their level does not.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
        Linear in light; dark lines on bright ground, along x or y within 2 degrees.

    Returns
    -------
    Graticule or str
        Or why there is none, a clause after "because".
    """
    picture = np.asarray(signal, np.float64)
    if picture.ndim != 2 or min(picture.shape) < 4 * BANDS or not np.isfinite(picture).all():
        return f"the picture of shape {picture.shape} is none of one channel, {4 * BANDS} px each way, all finite"
    across = float(picture.mean(axis=0).std()) >= float(picture.mean(axis=1).std())
    upright = picture if across else picture.T
    bands = [
        (float(rows.mean()), upright[rows].mean(axis=0)) for rows in np.array_split(np.arange(len(upright)), BANDS)
    ]
    found = [(y, _middles(profile)) for y, profile in bands]
    if min(len(m) for _, m in found) < FEWEST_LINES:
        return f"fewer than {FEWEST_LINES} lines are seen in a part of the picture"
    pitch = float(np.median(np.concatenate([np.diff(m) for _, m in found])))
    if pitch < SHORTEST_PITCH_PX:
        return f"the lines are {pitch:.1f} px apart; needed are {SHORTEST_PITCH_PX:g} px"
    middle = len(found) // 2
    y0, start = found[middle][0], float(found[middle][1][0])
    number: list[Floats] = []
    slope = 0.0
    for y, m in found:
        # A band's lines are numbered from the middle band's first; lines at a slant move by less than half a pitch.
        number.append(np.round((m - start - slope * (y - y0)) / pitch))
    k, x = np.concatenate(number), np.concatenate([m for _, m in found])
    y = np.concatenate([np.full(len(m), y) for y, m in found])
    basis = np.stack([np.ones_like(k), k, y - y0], axis=1)
    good = np.ones(len(x), np.bool_)
    solved, residual = np.zeros(3), np.zeros_like(x)
    for _ in range(4):
        solved, *_ = np.linalg.lstsq(basis[good], x[good], rcond=None)
        residual = x - basis @ solved
        spread = 1.4826 * float(np.median(np.abs(residual[good])))
        good &= np.abs(residual) < max(CLIPPED_AT * spread, 1e-6)
    if float(good.mean()) < 0.8:
        return f"only {100 * float(good.mean()):.0f} % of the lines fit an even spacing; needed are 80 %"
    lines = len(set(k[good].tolist()))
    # The bands of one line share its own error, so the lines are counted and not their parts.
    scatter = float(np.sqrt((residual[good] ** 2).sum() / max(1, int(good.sum()) - 3)))
    normal = np.linalg.inv(basis[good].T @ basis[good])
    u = scatter * math.sqrt(float(normal[1, 1]) * int(good.sum()) / lines)
    return Graticule(float(solved[1]) * math.cos(math.atan(float(solved[2]))), u, lines)


def _middles(profile: Floats) -> Floats:
    """Centre of gravity of each dark line of a profile that is whole in the picture."""
    low, high = (float(v) for v in np.quantile(profile, [0.02, 0.9]))
    if high - low < LEAST_CONTRAST:
        return np.zeros(0)
    level = (low + high) / 2
    dark = np.concatenate([[False], profile < level, [False]])
    change = np.flatnonzero(dark[1:] != dark[:-1])
    found: list[float] = []
    starts, ends = change[::2], change[1::2]
    for i, (a, b) in enumerate(zip(starts, ends, strict=True)):
        before = int(ends[i - 1]) if i else 0
        after = int(starts[i + 1]) if i + 1 < len(starts) else len(profile)
        reach = min(a - before, after - b) // 2
        if a == 0 or b == len(profile) or reach < 1:
            continue
        window = slice(max(0, int(a - reach)), min(len(profile), int(b + reach)))
        weight = np.maximum(high - profile[window], 0.0)
        found.append(float((weight * np.arange(window.start, window.stop)).sum() / weight.sum()))
    return np.array(found, np.float64)
