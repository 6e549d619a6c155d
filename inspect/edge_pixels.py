"""The pixels near an edge, in sectors along it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

TABLE = 4
"""Places of a guide a sector, so that the straight line between two of them is as good as the curve."""
LEVEL_ORDER = 2
"""Of each light level along the edge: uneven light and veiling glare are smoother than any dirt."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgePixels:
    """Pixels of a band about a guide, in the order of their sectors.

    Parameters
    ----------
    value : ndarray, shape (n,)
    across_px : ndarray, shape (n,)
        Where each lies across the edge, in the coordinate that the guide gives: radius, or row.
    place : ndarray, shape (n,)
        Of the guide, just before the pixel.
    part : ndarray, shape (n,)
        Of the way from that place to the next, 0 to 1.
    row : ndarray, shape (n,)
        Its sector's place in `sectors`.
    starts : ndarray, shape (used sectors,)
        First pixel of each sector.
    sectors : ndarray, shape (used sectors,)
        Their numbers; sector k lies about place TABLE k + TABLE / 2 of the guide.
    count : int
        Sectors in all.
    light : ndarray, shape (used sectors, m)
        Functions along the edge of which each light level is made.
    closed : bool
        Whether the guide is a closed curve about a centre, so that its end is its beginning and it is curved.
    """

    value: Floats
    across_px: Floats
    place: Indices
    part: Floats
    row: Indices
    starts: Indices
    sectors: Indices
    count: int
    light: Floats
    closed: bool

    def beyond_px(self, guide_px: Floats) -> tuple[Floats, Floats]:
        """How far each pixel lies across the guide, and by how much a blur of variance 1 moves the half level back."""
        last = guide_px[:1] if self.closed else guide_px[-1:]
        guide: Floats = np.concatenate([guide_px, last])
        here = guide[self.place] * (1 - self.part) + guide[self.place + 1] * self.part
        if self.closed:
            return self.across_px - here, 0.5 / here
        slope: Floats = np.gradient(guide_px)
        return (self.across_px - here) / np.hypot(1, slope)[self.place], np.zeros_like(here)

    def sums(self, values: NDArray[np.floating]) -> Floats:
        """Over each sector; (n, pixels) becomes (n, sectors)."""
        return np.add.reduceat(values, self.starts, axis=1).astype(np.float64)


def pixels_around(
    signal: NDArray[np.float32],
    centre_xy_px: tuple[float, float],
    guide_px: Floats,
    half_px: float,
    used: NDArray[np.bool_] | None = None,
) -> EdgePixels | None:
    """Those within `half_px` of a closed guide; none other is looked at.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    centre_xy_px : tuple of float
    guide_px : ndarray, shape (TABLE * sectors,)
        Radius at angles k * 2 pi / (TABLE * sectors), from image right towards image down.
    half_px : float
    used : ndarray of bool, shape (sectors,) or None
        Sectors to look at; None is all.

    Returns
    -------
    EdgePixels or None
        None when there are no such pixels.
    """
    y, x = _annulus(signal.shape, centre_xy_px, float(guide_px.min()) - half_px, float(guide_px.max()) + half_px)
    dx, dy = x - centre_xy_px[0], y - centre_xy_px[1]
    radius = np.hypot(dx, dy)
    turn: Floats = np.arctan2(dy, dx) * (len(guide_px) / (2 * math.pi))
    turn = np.where(turn < 0, turn + len(guide_px), turn)
    place = np.minimum(turn.astype(np.intp), len(guide_px) - 1)
    near = np.abs(radius - guide_px[place]) < half_px
    if used is not None:
        near &= used[place // TABLE]
    kept = np.flatnonzero(near)
    if len(kept) == 0:
        return None
    # Radix sort: numpy uses it for 16 bits, and there are never 65 536 sectors.
    kept = kept[np.argsort((place[kept] // TABLE).astype(np.uint16), kind="stable")]
    value = np.asarray(signal[y[kept], x[kept]], np.float64)
    count = len(guide_px) // TABLE
    angle: Floats = (np.arange(count, dtype=np.float64) + 0.5) * (2 * math.pi / count)
    phase: Floats = angle[:, None] * np.arange(1, LEVEL_ORDER + 1, dtype=np.float64)
    light = np.column_stack([np.ones(count), np.cos(phase), np.sin(phase)])
    return _in_sectors(value, radius[kept], place[kept], turn[kept] - place[kept], light, closed=True)


def pixels_along(signal: NDArray[np.float32], guide_px: Floats, half_px: float) -> EdgePixels | None:
    """Those within `half_px` of a guide that runs from left to right.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    guide_px : ndarray, shape (width,)
        Row of the edge in each column.
    half_px : float

    Returns
    -------
    EdgePixels or None
        None when there are no such pixels.
    """
    width = len(guide_px) // TABLE * TABLE
    reach = np.arange(-math.ceil(half_px), math.ceil(half_px) + 1)
    y = (np.rint(guide_px[:width]).astype(np.intp)[:, None] + reach).ravel()
    x = np.repeat(np.arange(width), len(reach))
    kept = np.flatnonzero((y >= 0) & (y < signal.shape[0]))
    if len(kept) == 0:
        return None
    y, x = y[kept], x[kept]
    count = width // TABLE
    light = np.vander(np.linspace(-1, 1, count), LEVEL_ORDER + 1, increasing=True)
    value = np.asarray(signal[y, x], np.float64)
    return _in_sectors(value, y.astype(np.float64), x, np.zeros(len(x)), light, closed=False)


def _in_sectors(
    value: Floats, across_px: Floats, place: Indices, part: Floats, light: Floats, *, closed: bool
) -> EdgePixels:
    sectors, starts, sizes = np.unique(place // TABLE, return_index=True, return_counts=True)
    row = np.repeat(np.arange(len(sectors)), sizes)
    return EdgePixels(value, across_px, place, part, row, starts, sectors, len(light), light[sectors], closed)


def _annulus(
    shape: tuple[int, ...], centre_xy: tuple[float, float], inner: float, outer: float
) -> tuple[Indices, Indices]:
    """Rows and columns of the pixels between two radii, those of the frame, without looking at any other."""
    cx, cy = centre_xy
    rows = np.arange(max(0, math.ceil(cy - outer)), min(shape[0] - 1, math.floor(cy + outer)) + 1)
    square: Floats = np.square(rows.astype(np.float64) - cy)
    far: Floats = np.sqrt(outer**2 - square)
    near: Floats = np.sqrt(np.maximum(inner**2 - square, 0.0)) if inner > 0 else np.zeros_like(far)
    begin = np.concatenate([cx - far, np.where(near > 0, cx + near, cx)])
    end = np.concatenate([np.where(near > 0, cx - near, np.nextafter(cx, -math.inf)), cx + far])
    first = np.maximum(np.ceil(begin), 0).astype(np.intp)
    count = np.maximum(np.minimum(np.floor(end), shape[1] - 1).astype(np.intp) - first + 1, 0)
    y = np.repeat(np.concatenate([rows, rows]), count)
    x = np.arange(int(count.sum())) + np.repeat(first - np.cumsum(count) + count, count)
    return y, x
