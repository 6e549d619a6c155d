"""The outlines of backlit pieces of any shape, to a small part of a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.edges import SAMPLING_VARIANCE_PX2, locate_edges, sample_profiles

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

COARSE_MM = 0.064
SMALLEST_PIECE_MM2 = 2.0
THINNEST_MM = 0.15
"""What is thinner is lint, and so is a point sharper than that."""
LEAST_CONTRAST = 0.15
STEP_PX = 2.0
HALF_PX = 7.0
SMOOTH = 2.5
"""Standard deviation, in steps, over which the outline's direction is averaged."""
FILTER = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9
WORST_MISFIT = 0.1
MOST_DIRTY = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One piece's outer outline.

    Parameters
    ----------
    points_xy_px : ndarray, shape (n, 2)
        Around it, about 2 px apart, x then y.
    sigma_px : float
        Blur of its edge as sampled.
    noise_px : float
        Standard deviation of a point across the edge, from its neighbours.
    """

    points_xy_px: Floats
    sigma_px: float
    noise_px: float


def find_outlines(signal: NDArray[np.float32], mm_per_px: float, pieces: int) -> list[Outline] | str:
    """Find so many dark pieces on a bright field, from left to right, and locate their outlines.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    mm_per_px : float
    pieces : int

    Returns
    -------
    list of Outline, or why there is none, a clause after "because"
    """
    if min(signal.shape) < 64:
        return f"the frame is only {signal.shape[1]} x {signal.shape[0]} px"
    if not np.isfinite(signal).all():
        return "the frame holds values that are not finite"
    found = _pieces(signal, mm_per_px)
    if isinstance(found, str):
        return found
    if len(found) != pieces:
        return f"{len(found)} {'piece is' if len(found) == 1 else 'pieces are'} seen; allowed is {pieces}"
    outlines: list[Outline] = []
    for mask in sorted(found, key=lambda m: float(np.nonzero(m)[1].mean())):
        if mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any():
            return "a piece is cut by the border of the frame"
        outline = _outline(signal, mask)
        if isinstance(outline, str):
            return outline
        outlines.append(outline)
    return outlines


def _pieces(signal: NDArray[np.float32], mm_per_px: float) -> list[Mask] | str:
    """Masks of the dark pieces, without dust and lint."""
    grey = np.asarray(np.clip(signal * 255, 0, 255), np.uint8)
    by = max(1, round(COARSE_MM / mm_per_px))
    small = cv2.resize(grey, (grey.shape[1] // by, grey.shape[0] // by), interpolation=cv2.INTER_AREA)
    threshold, _ = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark, bright = small[small <= threshold], small[small > threshold]
    if dark.size < 20 or bright.size < 20:
        return "no piece is seen: the frame is of one brightness"
    low, high = float(np.median(dark)) / 255, float(np.median(bright)) / 255
    if high - low < LEAST_CONTRAST or low > 0.5 * high:
        return "no piece is seen: the frame is of one brightness"
    below = (signal < (low + high) / 2).astype(np.uint8)
    size = max(3, round(THINNEST_MM / mm_per_px) | 1)
    disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
    opened = np.asarray(cv2.morphologyEx(below, cv2.MORPH_OPEN, disc))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    least = SMALLEST_PIECE_MM2 / mm_per_px**2
    found = [np.asarray(labels == k) for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= least]
    return found or "no piece is seen: nothing dark stands in front of the backlight"


def _outline(signal: NDArray[np.float32], mask: Mask) -> Outline | str:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rough = max(contours, key=len)[:, 0, :].astype(np.float64)
    points = _evenly(_smooth(_evenly(rough)))
    sigma: float | None = None
    noise = 0.0
    for half in (HALF_PX + 3, HALF_PX):
        normal = _outward(points)
        along: Floats = np.arange(-half, half + 0.25, 0.5, dtype=np.float64)
        x = points[:, :1] + normal[:, :1] * along
        y = points[:, 1:] + normal[:, 1:] * along
        edges = locate_edges(sample_profiles(signal, x, y), 0.5, sigma)
        clear = (edges.contrast > 0.5 * np.nanmedian(edges.contrast)) & (edges.misfit < WORST_MISFIT)
        if float(clear.mean()) < 1 - MOST_DIRTY:
            return "its outline is dirty or blurred"
        sigma = float(np.median(edges.sigma_px[clear]))
        place = np.arange(len(points))
        off = np.interp(place, place[clear], edges.position_px[clear], period=len(points)) - half
        # A blurred edge of curvature k is seen s^2 k / 2 too far on the hollow side.
        turn = _turning(points, normal)
        raw = off + (sigma**2 - SAMPLING_VARIANCE_PX2 + 1 / 12) * turn / 2
        # Neighbours 2 px apart belong to one smooth edge: their mean is surer than each, and noise stands out less.
        off = np.asarray([np.roll(raw, k) for k in range(-2, 3)]).T @ FILTER
        noise = 1.4826 * float(np.median(np.abs(raw - off))) * math.sqrt(FILTER @ FILTER)
        points = points + normal * off[:, None]
    assert sigma is not None
    return Outline(points, sigma, noise)


def _evenly(points: Floats) -> Floats:
    """The closed line's points at even distances of about `STEP_PX`."""
    closed = np.concatenate([points, points[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(16, round(float(way[-1]) / STEP_PX))
    at: Floats = np.arange(count, dtype=np.float64) * (float(way[-1]) / count)
    return np.column_stack([np.interp(at, way, closed[:, 0]), np.interp(at, way, closed[:, 1])])


def _smooth(points: Floats) -> Floats:
    reach = np.arange(-8, 9)
    weight = np.exp(-0.5 * (reach / SMOOTH) ** 2)
    return sum(w * np.roll(points, -k, axis=0) for w, k in zip(weight / weight.sum(), reach, strict=True))  # type: ignore[return-value]


def _outward(points: Floats) -> Floats:
    """Unit vectors across the outline, away from the piece."""
    smooth = _smooth(points)
    tangent = np.roll(smooth, -1, axis=0) - np.roll(smooth, 1, axis=0)
    normal = np.column_stack([tangent[:, 1], -tangent[:, 0]]) / np.hypot(*tangent.T)[:, None]
    x, y = smooth[:, 0], smooth[:, 1]
    area = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    return normal if area > 0 else -normal


def _turning(points: Floats, normal: Floats) -> Floats:
    """Curvature in 1 / px, positive where the outline bulges outward."""
    change = np.roll(normal, -4, axis=0) - np.roll(normal, 4, axis=0)
    chord = np.roll(points, -4, axis=0) - np.roll(points, 4, axis=0)
    return (change * chord).sum(axis=1) / np.maximum((chord**2).sum(axis=1), 1e-9)
