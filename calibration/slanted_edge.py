"""Sharpness as the modulation transfer function of a slanted edge (ISO 12233, edge-based)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from loupebox.calibration.edges import locate_edges
from loupebox.calibration.estimate import Contribution, Estimate

Floats = NDArray[np.float64]

OVERSAMPLING = 4
"""Bins a pixel, as ISO 12233 has it."""
HALF_PX = 24.0
"""Length of the edge spread function on either side of the edge."""
BLOCKS = 8
"""Parts of the edge that are left out in turn: how far the answer depends on which part was seen."""
METHOD = 0.002
"""Relative standard uncertainty of the bins: an angle whose tangent is 1/4 or 1/5 fills them unevenly."""
FEWEST_ROWS = 64
LEAST_CONTRAST = 0.1
FLATTEST_DEG, STEEPEST_DEG = 1.0, 20.0
WORST_MISFIT = 0.12
STRAIGHTEST_PX = 0.5
"""Scatter of the rows' edges about a straight line above which the edge is no straight edge."""


@dataclass(frozen=True, slots=True, eq=False)
class SlantedEdge:
    """The sharpness of one straight edge.

    Parameters
    ----------
    mtf50 : Estimate
        Spatial frequency at which half of the modulation is left, in cycles/px; lens, light and pixel together.
    sigma_px : float
        Gaussian blur that with a square pixel has the same MTF50, standard deviation.
    angle_deg : float
        Of the edge to the nearest axis of the pixels.
    frequency_per_px, mtf : ndarray, shape (n,)
        The transfer function up to 1 cycle/px; read-only.
    """

    mtf50: Estimate
    sigma_px: float
    angle_deg: float
    frequency_per_px: Floats
    mtf: Floats

    def __post_init__(self) -> None:
        for name in ("frequency_per_px", "mtf"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)


def slanted_edge(signal: NDArray[np.float32]) -> SlantedEdge | str:
    """Measure the MTF across one straight edge that is slanted a little against the pixels.

    Every pixel within 24 px of the edge goes, by its distance, into bins of a quarter pixel; the derivative of that
    edge spread function is windowed and transformed; what the bins and the differences took is put back.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
        Linear in light, 1 is full scale; one edge through the whole region, 1 to 20 degrees from a row or a column.

    Returns
    -------
    SlantedEdge or str
        Or why there is no answer, a clause after "because".
    """
    picture = np.asarray(signal, np.float64)
    if picture.ndim != 2 or min(picture.shape) < FEWEST_ROWS:
        return f"the region is {' x '.join(map(str, picture.shape[::-1]))} px; needed are {FEWEST_ROWS} px each way"
    if not np.isfinite(picture).all():
        return "the region holds values that are not finite"
    across, down = (float(np.abs(np.diff(picture.mean(axis=a))).max()) for a in (0, 1))
    upright = picture if across >= down else picture.T
    line = _edge_line(upright)
    if isinstance(line, str):
        return line
    slope, offset = line
    rows: NDArray[np.intp] = np.arange(upright.shape[0], dtype=np.intp)
    whole = _mtf(upright, rows, slope, offset)
    mtf50 = _crossing(*whole)
    if mtf50 is None:
        return "the modulation never falls to one half: the region has too much noise or more than one edge"
    block = rows * BLOCKS // len(rows)
    without = [_crossing(*_mtf(upright, rows[block != b], slope, offset)) for b in range(BLOCKS)]
    if any(value is None for value in without):
        return "parts of the edge give no answer: the region has too much noise"
    spread = np.array(without, np.float64)
    u = math.sqrt((BLOCKS - 1) / BLOCKS * float(((spread - spread.mean()) ** 2).sum()))
    return SlantedEdge(
        mtf50=Estimate(
            mtf50,
            "cycles/px",
            (Contribution("parts of the edge", u, BLOCKS - 1), Contribution("bins", METHOD * mtf50)),
        ),
        sigma_px=equivalent_sigma_px(mtf50),
        angle_deg=math.degrees(math.atan(abs(slope))),
        frequency_per_px=whole[0],
        mtf=whole[1],
    )


def gaussian_mtf50(sigma_px: float) -> float:
    """MTF50 in cycles/px of a Gaussian blur seen by square pixels.

    >>> [round(gaussian_mtf50(s), 4) for s in (0.7, 1.0, 1.5)]
    [0.2471, 0.18, 0.1227]
    """

    def left(frequency: float) -> float:
        return math.exp(-2 * (math.pi * sigma_px * frequency) ** 2) * float(np.sinc(frequency)) - 0.5

    return float(brentq(left, 1e-9, 0.9))  # pyright: ignore[reportUnknownArgumentType]


def equivalent_sigma_px(mtf50: float) -> float:
    """Gaussian blur in px that with a square pixel has this MTF50; 0 where the pixel alone explains it.

    >>> round(equivalent_sigma_px(0.18), 2)
    1.0
    """
    rest = 2 * float(np.sinc(mtf50))
    return math.sqrt(math.log(rest) / 2) / (math.pi * mtf50) if rest > 1 else 0.0


def _edge_line(picture: Floats) -> tuple[float, float] | str:
    """Column of the edge as slope * row + offset, from a blurred step in every row."""
    edges = locate_edges(picture, 1.0)
    seen = np.isfinite(edges.contrast)
    contrast = float(np.median(np.abs(edges.contrast[seen]))) if bool(seen.any()) else 0.0
    if not contrast > LEAST_CONTRAST:
        return f"no edge is seen: its contrast is {contrast:.2f} of full scale, needed is {LEAST_CONTRAST:g}"
    sign = float(np.sign(np.nanmedian(edges.contrast)))
    good = (edges.contrast * sign > 0.5 * contrast) & (edges.misfit < WORST_MISFIT)
    if float(good.mean()) < 0.8:
        return f"only {100 * float(good.mean()):.0f} % of the rows show one clean edge; needed are 80 %"
    rows = np.flatnonzero(good).astype(np.float64)
    slope, offset = (float(v) for v in np.polyfit(rows, edges.position_px[good], 1))
    scatter = float(np.std(edges.position_px[good] - slope * rows - offset))
    if scatter > STRAIGHTEST_PX:
        return f"the edge strays {scatter:.1f} px from a straight line; allowed is {STRAIGHTEST_PX:g} px"
    angle = math.degrees(math.atan(abs(slope)))
    if not FLATTEST_DEG <= angle <= STEEPEST_DEG:
        return f"the edge is {angle:.1f}° from the pixels' axis; allowed is {FLATTEST_DEG:g} to {STEEPEST_DEG:g}°"
    middle = slope * (len(picture) - 1) / 2 + offset
    if not HALF_PX / 2 < middle < picture.shape[1] - HALF_PX / 2:
        return "the edge is too near to the border of the region"
    return slope, offset


def _mtf(picture: Floats, rows: NDArray[np.intp], slope: float, offset: float) -> tuple[Floats, Floats]:
    columns = np.arange(picture.shape[1], dtype=np.float64)
    distance: Floats = (columns - slope * rows[:, None] - offset) / math.hypot(1, slope)
    count = int(2 * HALF_PX * OVERSAMPLING)
    at = np.floor((distance + HALF_PX) * OVERSAMPLING).astype(np.intp)
    inside = (at >= 0) & (at < count)
    values, places = picture[rows][inside], at[inside]
    hits = np.bincount(places, minlength=count)
    sums = np.bincount(places, values, minlength=count)
    known = hits > 0
    means = sums[known] / hits[known]
    # Pixels lie unevenly inside a bin; the mean is carried along the slope from where they are to the bin's centre.
    stands = (
        np.bincount(places, (distance[inside] + HALF_PX) * OVERSAMPLING - 0.5, minlength=count)[known] / hits[known]
    )
    centres = np.arange(count, dtype=np.float64)
    means += np.gradient(means, stands) * (centres[known] - stands)
    spread = np.interp(centres, centres[known], means)
    line = np.diff(spread)
    # Flat over the middle half: a window that bends there would make the edge look sharper than it is.
    place = np.abs(np.linspace(-1, 1, len(line)))
    window = np.cos(np.pi * np.clip(place - 0.5, 0, 0.5)) ** 2
    frequency = np.fft.rfftfreq(len(line), 1 / OVERSAMPLING)
    mtf = np.abs(np.fft.rfft(line * window))
    wanted = frequency <= 1
    # A bin is a box, a difference of neighbours another: both a quarter of a pixel wide.
    lost = np.sinc(frequency[wanted] / OVERSAMPLING) ** 2
    return np.asarray(frequency[wanted], np.float64), np.asarray(mtf[wanted] / mtf[0] / lost, np.float64)


def _crossing(frequency: Floats, mtf: Floats) -> float | None:
    below = np.flatnonzero(mtf < 0.5)
    if len(below) == 0 or below[0] == 0:
        return None
    i = int(below[0])
    # A parabola of the logarithm through the neighbours: a Gaussian's is one.
    lo, hi = max(0, i - 2), min(len(mtf), i + 2)
    fit = np.polyfit(frequency[lo:hi], np.log(np.maximum(mtf[lo:hi], 1e-6)), min(2, hi - lo - 1))
    roots = np.roots(np.polysub(fit, [math.log(0.5)]))
    between = [r.real for r in roots if abs(r.imag) < 1e-9 and frequency[i - 1] <= r.real <= frequency[i]]
    if between:
        return float(between[0])
    share = float((mtf[i - 1] - 0.5) / (mtf[i - 1] - mtf[i]))
    return float(frequency[i - 1] + share * (frequency[i] - frequency[i - 1]))
