"""The rough shape of a backlit ring: where its hole is and how far its metal reaches."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.rays import directions_rad

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

COARSE_MM = 0.064
"""Size of the pixels on which the shape is looked for; fine enough for a prong, coarse enough to be quick."""
SMALLEST_HOLE_MM = 8.0
SMALLEST_PIECE_MM2 = 4.0
LEAST_CONTRAST = 0.15
DIRECTIONS = 720


@dataclass(frozen=True, slots=True)
class NoRing:
    """Why a picture shows no ring that could be measured; a clause that completes "... because"."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Silhouette:
    """What the coarse picture shows; positions in pixels of the full frame, angles from image right towards image down.

    Parameters
    ----------
    centre_xy_px : tuple of float
        Centroid of the hole.
    hole_radius_px : float
        Of the circle of the hole's area.
    inner_px, outer_px : ndarray, shape (720,)
        First dark place from the centre, and the last place of the metal, in each direction; good to some pixels. Dust
        and thin lint do not count as metal.
    touches_border : ndarray of bool, shape (720,)
        Directions in which the metal runs out of the frame.
    level : float
        Halfway between the mean of the dark and of the bright.
    """

    centre_xy_px: tuple[float, float]
    hole_radius_px: float
    inner_px: Floats
    outer_px: Floats
    touches_border: Mask
    level: float


def see_silhouette(signal: NDArray[np.float32], mm_per_px: float, *, outline: bool = True) -> Silhouette | NoRing:
    """Find the one ring of a backlit picture: a bright hole inside dark metal inside a bright field.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    mm_per_px : float
    outline : bool
        Whether to look for the outer outline too; without it `outer_px` is NaN and `touches_border` False everywhere.

    Returns
    -------
    Silhouette or NoRing
    """
    if min(signal.shape) * mm_per_px < SMALLEST_HOLE_MM:
        size = " x ".join(f"{n * mm_per_px:.1f}" for n in signal.shape[::-1])
        return NoRing(f"the frame covers {size} mm; a ring needs {SMALLEST_HOLE_MM:g} mm and more")
    if not np.isfinite(signal).all():
        return NoRing("the frame holds values that are not finite")
    by = max(1, round(COARSE_MM / mm_per_px))
    coarse = np.asarray(
        cv2.resize(signal, (signal.shape[1] // by, signal.shape[0] // by), interpolation=cv2.INTER_AREA), np.float32
    )
    level = _split_level(coarse)
    if level is None:
        return NoRing("no ring is seen: the frame is of one brightness")
    bright = coarse > level
    hole = _hole(bright, by * mm_per_px)
    if isinstance(hole, NoRing):
        return hole
    y, x = np.nonzero(hole)
    centre = float(x.mean()), float(y.mean())
    radius = float(np.sqrt(hole.sum() / np.pi))
    inner = _first_dark(coarse, level, centre, radius)
    outer, cut = np.full(DIRECTIONS, np.nan), np.zeros(DIRECTIONS, np.bool_)
    if outline:
        outer, cut = _last_metal(_metal(bright, hole), centre, radius)
    # A coarse pixel is the mean of `by` fine ones: its centre lies between them.
    to_fine = (by - 1) / 2
    return Silhouette(
        (centre[0] * by + to_fine, centre[1] * by + to_fine), radius * by, inner * by, outer * by, cut, level
    )


def _split_level(coarse: NDArray[np.float32]) -> float | None:
    """Halfway between dark and bright, or None when there are no two levels."""
    grey = np.asarray(np.clip(coarse * 255, 0, 255), np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark, bright = coarse[grey <= threshold], coarse[grey > threshold]
    if dark.size < 50 or bright.size < 50:
        return None
    low, high = float(np.median(dark)), float(np.median(bright))
    return (low + high) / 2 if high - low > LEAST_CONTRAST and low < 0.5 * high else None


def _hole(bright: Mask, mm_per_px: float) -> Mask | NoRing:
    # Lint one coarse pixel thin must not part the hole.
    closed = np.asarray(cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    parts, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    open_ = (left == 0) | (top == 0) | (right == bright.shape[1]) | (bottom == bright.shape[0])
    across = np.minimum(right - left, bottom - top) * mm_per_px
    holes = [k for k in range(1, parts) if not open_[k] and across[k] >= SMALLEST_HOLE_MM]
    if len(holes) > 1:
        return NoRing(f"{len(holes)} rings are seen; allowed is one at a time")
    if not holes:
        dark = _parts(~bright, SMALLEST_PIECE_MM2 / mm_per_px**2)
        if not dark:
            return NoRing("no ring is seen: nothing dark stands in front of the backlight")
        if any(part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any() for part in dark):
            return NoRing("the ring is cut by the border of the frame")
        return NoRing(f"no ring is seen: nothing encloses a hole of {SMALLEST_HOLE_MM:g} mm or more")
    hole: Mask = np.asarray(labels == holes[0])
    others = [p for p in _parts(~bright, SMALLEST_PIECE_MM2 / mm_per_px**2) if not (_grown(hole) & p).any()]
    if others:
        return NoRing(f"{len(others) + 1} pieces are seen; allowed is one at a time")
    return hole


def _parts(mask: Mask, smallest_px: float) -> list[Mask]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return [np.asarray(labels == k) for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= smallest_px]


def _grown(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8))) > 0


def _metal(bright: Mask, hole: Mask) -> Mask:
    """The dark part around the hole, without lint and dust."""
    disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)), np.uint8)
    opened = np.asarray(cv2.morphologyEx((~bright).astype(np.uint8), cv2.MORPH_OPEN, disc))
    return np.logical_or.reduce([p for p in _parts(opened > 0, 20) if (_grown(hole) & p).any()] or [~bright])


def _along(radius_px: Floats, centre_xy: tuple[float, float], shape: tuple[int, ...]) -> tuple[NDArray[np.intp], ...]:
    """Nearest rows and columns on rays in all directions, and which lie inside the picture; each (720, m)."""
    angle = directions_rad(DIRECTIONS)
    x = np.rint(centre_xy[0] + np.outer(np.cos(angle), radius_px)).astype(np.intp)
    y = np.rint(centre_xy[1] + np.outer(np.sin(angle), radius_px)).astype(np.intp)
    inside = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
    return np.clip(y, 0, shape[0] - 1), np.clip(x, 0, shape[1] - 1), inside.astype(np.intp)


def _first_dark(coarse: NDArray[np.float32], level: float, centre_xy: tuple[float, float], radius_px: float) -> Floats:
    steps = np.arange(0.6 * radius_px, 1.6 * radius_px, 0.5)
    row, column, _ = _along(steps, centre_xy, coarse.shape)
    dark = coarse[row, column] < level
    return np.where(dark.any(axis=1), steps[dark.argmax(axis=1)], np.nan)


def _last_metal(metal: Mask, centre_xy: tuple[float, float], radius_px: float) -> tuple[Floats, Mask]:
    steps = np.arange(0.9 * radius_px, float(np.hypot(*metal.shape)), 1.0)
    row, column, inside = _along(steps, centre_xy, metal.shape)
    seen = metal[row, column] & (inside > 0)
    last = len(steps) - 1 - seen[:, ::-1].argmax(axis=1)
    leaves = np.maximum(inside.sum(axis=1) - 1, 0)
    return np.where(seen.any(axis=1), steps[last], np.nan), np.asarray(seen.any(axis=1) & (last >= leaves - 1))
