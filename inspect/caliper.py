"""Sizes of a shape as calipers take them, and how far two shapes are from being mirror images."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree  # pyright: ignore[reportMissingTypeStubs]

Floats = NDArray[np.float64]

STARTS = 24
ROUNDS = 40


def caliper_sizes(points: Floats) -> tuple[float, float]:
    """Largest and smallest distance between two parallel jaws that close on a shape, by rotating calipers.

    The largest is that of two corners of the convex hull; at the smallest one jaw lies on a side of it (Freeman and
    Shapira 1975). Both are extremes, so that noise moves them little; the sides of the smallest rectangle are not.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        At least 3, not on a line.

    Returns
    -------
    float, float
    """
    middle = points.mean(axis=0)
    corners = np.asarray(cv2.convexHull((points - middle).astype(np.float32), returnPoints=False), np.intp)  # pyright: ignore[reportUnknownArgumentType]
    hull = (points - middle)[corners.ravel()]
    sides = np.roll(hull, -1, axis=0) - hull
    if float((hull[:, 0] * sides[:, 1] - hull[:, 1] * sides[:, 0]).sum()) < 0:
        hull = hull[::-1]
        sides = np.roll(hull, -1, axis=0) - hull
    across = np.column_stack([sides[:, 1], -sides[:, 0]]) / np.maximum(np.hypot(*sides.T), 1e-12)[:, None]
    # One jaw on each side in turn; the other closes on the corner between whose sides its direction lies.
    turn = np.maximum.accumulate(np.unwrap(np.arctan2(across[:, 1], across[:, 0])))
    opposite = hull[np.searchsorted(np.concatenate([turn, turn + 2 * math.pi]), turn + math.pi) % len(hull)]
    apart: Floats = hull - opposite
    return float(max(np.hypot(*apart.T).max(), np.hypot(*(apart + sides).T).max())), float(
        (apart * across).sum(axis=1).min()
    )


def mirror_distance(left: Floats, right: Floats) -> float:
    """How far the mirror image of one closed outline must be from the other: the largest distance at the best fit.

    The mirror image is turned and shifted to the least mean square distance to the other outline, from several starts
    since shapes look alike in several turns.

    Parameters
    ----------
    left, right : ndarray, shape (n, 2), (m, 2)
        Points around, much closer together than the shapes' details.

    Returns
    -------
    float
        In the unit of the points; the larger of the two ways to look for the nearest points.
    """
    target = left - _centroid(left)
    mirrored = (right - _centroid(right)) * [-1.0, 1.0]
    tree = cKDTree(target)
    few = mirrored[:: max(1, len(mirrored) // 200)]
    best = min((_fitted(few, target, tree, k * 2 * math.pi / STARTS, 8) for k in range(STARTS)), key=lambda f: f[0])
    _, turn, shift = _fitted(mirrored, target, tree, best[1], ROUNDS, best[2])
    moved = _turned(mirrored, turn) + shift
    return max(float(_to_line(moved, target).max()), float(_to_line(target, moved).max()))


def _fitted(
    points: Floats, target: Floats, tree: cKDTree, turn: float, rounds: int, shift: Floats | None = None
) -> tuple[float, float, Floats]:
    """Mean square distance, turn and shift after some rounds of fitting points to the nearest places of a line."""
    shift = np.zeros(2) if shift is None else shift
    square = math.inf
    for _ in range(rounds):
        moved = _turned(points, turn) + shift
        off, normal = _offset(moved, target, tree)
        before, square = square, float((off**2).mean())
        if before - square < 1e-12 * before:
            break
        spin = normal[:, 1] * (moved[:, 0] - shift[0]) - normal[:, 0] * (moved[:, 1] - shift[1])
        # Distances across the line alone: along it the points may slide.
        step, *_ = np.linalg.lstsq(np.column_stack([normal, spin]), -off, rcond=None)
        shift, turn = shift + step[:2], turn + float(np.clip(step[2], -0.3, 0.3))
    return square, turn, shift


def _offset(points: Floats, line: Floats, tree: cKDTree) -> tuple[Floats, Floats]:
    """Signed distance of points from a closed line, and the line's normals there."""
    nearest = np.asarray(tree.query(points)[1], np.intp)
    tangent = np.roll(line, -1, axis=0)[nearest] - np.roll(line, 1, axis=0)[nearest]
    normal = np.column_stack([tangent[:, 1], -tangent[:, 0]]) / np.maximum(np.hypot(*tangent.T), 1e-12)[:, None]
    return ((points - line[nearest]) * normal).sum(axis=1), normal


def _to_line(points: Floats, line: Floats) -> Floats:
    return np.abs(_offset(points, line, cKDTree(line))[0])


def _turned(points: Floats, turn: float) -> Floats:
    c, s = math.cos(turn), math.sin(turn)
    return points @ np.array([[c, s], [-s, c]])


def _centroid(points: Floats) -> Floats:
    """Of the area inside."""
    x, y = points.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    total = 3 * float(cross.sum())
    return np.array([((x + np.roll(x, -1)) @ cross) / total, ((y + np.roll(y, -1)) @ cross) / total])
