"""The rough shape of a backlit ring: where its hole is and how far its metal reaches."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.int32]

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
    by = max(1, round(COARSE_MM / mm_per_px))
    coarse = np.asarray(
        cv2.resize(signal, (signal.shape[1] // by, signal.shape[0] // by), interpolation=cv2.INTER_AREA), np.float32
    )
    # Each coarse pixel is the mean of fine ones, which one that is not finite spoils.
    if not np.isfinite(coarse).all():
        return NoRing("the frame holds values that are not finite")
    level = split_level(coarse)
    if level is None:
        return NoRing("no ring is seen: the frame is of one brightness")
    bright = coarse > level
    hole = _hole(bright, by * mm_per_px)
    if isinstance(hole, NoRing):
        return hole
    inner = _first_dark(coarse, level, hole.centre_xy, hole.radius)
    outer, cut = np.full(DIRECTIONS, np.nan), np.zeros(DIRECTIONS, np.bool_)
    if outline:
        outer, cut = _last_metal(_metal(bright, hole.grown), hole.centre_xy, hole.radius)
    # A coarse pixel is the mean of `by` fine ones: its centre lies between them.
    x, y = (c * by + (by - 1) / 2 for c in hole.centre_xy)
    return Silhouette((x, y), hole.radius * by, inner * by, outer * by, cut, level)


def split_level(coarse: NDArray[np.float32]) -> float | None:
    """Halfway between dark and bright, or None when there are no two levels."""
    grey = np.asarray(np.clip(coarse * 255, 0, 255), np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    counts = np.bincount(grey.ravel(), minlength=256)
    split = int(threshold) + 1
    dark, bright = counts[:split], counts[split:]
    if dark.sum() < 50 or bright.sum() < 50:
        return None
    low, high = (int(np.searchsorted(np.cumsum(c), float(c.sum()) / 2)) for c in (dark, bright))
    low, high = (low + 0.5) / 255, (split + high + 0.5) / 255
    return (low + high) / 2 if high - low > LEAST_CONTRAST and low < 0.5 * high else None


@dataclass(frozen=True, slots=True, eq=False)
class _Hole:
    """Of the coarse picture."""

    centre_xy: tuple[float, float]
    radius: float
    grown: Mask
    """The hole and some pixels around."""


def _hole(bright: Mask, mm_per_px: float) -> _Hole | NoRing:
    # Lint one coarse pixel thin must not part the hole.
    closed = np.asarray(cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)
    lights = _Parts.of(closed, 4)
    hole = ~_at_border(lights.stats, bright.shape) & (lights.across_px * mm_per_px >= SMALLEST_HOLE_MM)
    hole[0] = False
    holes = np.flatnonzero(hole)
    if len(holes) > 1:
        return NoRing(f"{len(holes)} rings are seen; allowed is one at a time")
    darks = _Parts.of((~bright).astype(np.uint8), 8)
    piece = np.asarray(darks.area_px >= SMALLEST_PIECE_MM2 / mm_per_px**2)
    piece[0] = False
    if len(holes) == 0:
        if not piece.any():
            return NoRing("no ring is seen: nothing dark stands in front of the backlight")
        if bool((piece & _at_border(darks.stats, bright.shape)).any()):
            return NoRing("the ring is cut by the border of the frame")
        return NoRing(f"no ring is seen: nothing encloses a hole of {SMALLEST_HOLE_MM:g} mm or more")
    k = int(holes[0])
    grown = _grown(np.asarray(lights.labels == k))
    others = piece & ~darks.within(grown)
    if others.any():
        return NoRing(f"{int(others.sum()) + 1} pieces are seen; allowed is one at a time")
    x, y = lights.centres[k]
    return _Hole((float(x), float(y)), float(np.sqrt(lights.area_px[k] / np.pi)), grown)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Connected parts of a mask; part 0 is what is not in it."""

    labels: Indices
    stats: Indices
    centres: Floats

    @classmethod
    def of(cls, mask: NDArray[np.uint8], connectivity: int) -> _Parts:
        _, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
        return cls(np.asarray(labels, np.int32), np.asarray(stats, np.int32), np.asarray(centres, np.float64))

    @property
    def area_px(self) -> Indices:
        return self.stats[:, cv2.CC_STAT_AREA]

    @property
    def across_px(self) -> Indices:
        """The smaller side of each part's box."""
        return np.minimum(self.stats[:, cv2.CC_STAT_WIDTH], self.stats[:, cv2.CC_STAT_HEIGHT])

    def within(self, place: Mask) -> Mask:
        """Which parts reach into a place; never part 0."""
        reach = np.bincount(self.labels[place], minlength=len(self.stats)) > 0
        reach[0] = False
        return reach


def _at_border(stats: Indices, shape: tuple[int, ...]) -> Mask:
    """Which parts touch the border of the picture."""
    left, top, width, height, _ = stats.T
    return np.asarray((left == 0) | (top == 0) | (left + width == shape[1]) | (top + height == shape[0]))


def _grown(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8))) > 0


def _metal(bright: Mask, around_hole: Mask) -> Mask:
    """The dark part around the hole, without lint and dust."""
    disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)), np.uint8)
    opened = np.asarray(cv2.morphologyEx((~bright).astype(np.uint8), cv2.MORPH_OPEN, disc))
    parts = _Parts.of(np.asarray(opened, np.uint8), 8)
    metal = parts.within(around_hole) & (parts.area_px >= 20)
    return np.asarray(metal[parts.labels]) if metal.any() else ~bright


def _polar(picture: NDArray[np.float32], centre_xy: tuple[float, float], reach: float) -> NDArray[np.float32]:
    """The picture on rays in all directions, a pixel a step from the centre on, shape (720, reach); 0 outside of it."""
    steps = int(reach)
    flags = cv2.INTER_LINEAR | cv2.WARP_POLAR_LINEAR | cv2.WARP_FILL_OUTLIERS
    return np.asarray(cv2.warpPolar(picture, (steps, DIRECTIONS), centre_xy, steps, flags), np.float32)


def _first_dark(coarse: NDArray[np.float32], level: float, centre_xy: tuple[float, float], radius_px: float) -> Floats:
    begin = int(0.6 * radius_px)
    dark = _polar(coarse, centre_xy, 1.6 * radius_px)[:, begin:] < level
    return np.where(dark.any(axis=1), begin + dark.argmax(axis=1), np.nan)


def _last_metal(metal: Mask, centre_xy: tuple[float, float], radius_px: float) -> tuple[Floats, Mask]:
    begin, reach = int(0.9 * radius_px), float(np.hypot(*metal.shape))
    seen = _polar(metal.astype(np.float32), centre_xy, reach)[:, begin:] > 0.5
    inside = _polar(np.ones(metal.shape, np.float32), centre_xy, reach)[:, begin:] > 0.5
    last = seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
    leaves = np.maximum(inside.sum(axis=1) - 1, 0)
    return np.where(seen.any(axis=1), begin + last, np.nan), np.asarray(seen.any(axis=1) & (last >= leaves - 1))
