"""A lens that bends straight lines: from where a point is seen to where a straight lens would show it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDS = 100
SETTLED_PX = 1e-10


def straightened_px(distorted_px: Callable[[Floats], Floats], xy_px: Floats) -> Floats:
    """The straight points, shape (n, 2), that a lens shows at these, by fixed-point iteration."""
    seen = np.asarray(xy_px, np.float64)
    straight = seen
    for _ in range(ROUNDS):
        moved = seen - (distorted_px(straight) - straight)
        settled = float(np.abs(moved - straight).max(initial=0.0)) < SETTLED_PX
        straight = moved
        if settled:
            break
    return straight


@dataclass(frozen=True, slots=True)
class Lens:
    """Distortion by Brown's model, in half diagonals of the picture from the lens's middle.

    A straight point at u from the middle is seen at
    u (1 + k1 r^2 + k2 r^4 + k3 r^6) + (2 p1 x y + p2 (r^2 + 2 x^2), p1 (r^2 + 2 y^2) + 2 p2 x y), r^2 = x^2 + y^2.
    The scale is that in the middle.

    Parameters
    ----------
    size_px : (int, int)
        Width and height of the picture.
    k1, p1, p2, k2, k3 : float
        Radial and tangential; each about the shift of a corner of the picture in half diagonals.
    centre_xy_px : tuple of float or None
        The lens's middle; None is the middle of the picture.
    """

    size_px: tuple[int, int]
    k1: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    centre_xy_px: tuple[float, float] | None = None

    @property
    def half_diagonal_px(self) -> float:
        return math.hypot(*self.size_px) / 2

    @property
    def middle_xy_px(self) -> tuple[float, float]:
        return self.centre_xy_px or ((self.size_px[0] - 1) / 2, (self.size_px[1] - 1) / 2)

    def unit_shifts_px(self, xy_px: Floats) -> Floats:
        """What a unit of k1, p1, p2, k2 and k3 moves each point; shape (n, 2, 5)."""
        h = self.half_diagonal_px
        x, y = ((np.asarray(xy_px, np.float64) - self.middle_xy_px) / h).T
        r2 = x * x + y * y
        columns = [
            np.stack([x * r2, y * r2], axis=1),
            np.stack([2 * x * y, r2 + 2 * y * y], axis=1),
            np.stack([r2 + 2 * x * x, 2 * x * y], axis=1),
            np.stack([x * r2**2, y * r2**2], axis=1),
            np.stack([x * r2**3, y * r2**3], axis=1),
        ]
        return np.asarray(h * np.stack(columns, axis=2), np.float64)

    def distorted_px(self, xy_px: Floats) -> Floats:
        """Where the lens puts straight points, shape (n, 2)."""
        return np.asarray(xy_px + self.unit_shifts_px(xy_px) @ [self.k1, self.p1, self.p2, self.k2, self.k3])

    def undistorted_px(self, xy_px: Floats) -> Floats:
        """The inverse of `distorted_px`: points are corrected, not pictures, which would lose what lies below a px."""
        return straightened_px(self.distorted_px, xy_px)

    def doubt_px(self, xy_px: Floats, corner_px: float) -> Floats:
        """How far each point may be off, shape (n, 2), when a corner may be off by so much: outward, as r^3."""
        return self.unit_shifts_px(xy_px)[:, :, 0] * (corner_px / self.half_diagonal_px)
