"""Pieces that are no rings, drawn exactly: outlines of known size, as light falls past them on the face camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FINE = 16
"""Places a pixel, in both directions, at which an outline is inside or outside."""
LIGHT_LEVEL = 0.8


@dataclass(frozen=True, slots=True)
class Egg:
    """An egg with its narrow end up: in mm, before it is turned; it leans by a parabola."""

    length_mm: float
    width_mm: float
    lean: float = 0.0
    """How far the narrow end leans to the right, as part of the length: a leaning egg has a mirror image of its own."""

    def outline_mm(self, count: int = 20_000) -> NDArray[np.float64]:
        """Points around, about its middle, y down."""
        t = np.arange(count) * (2 * np.pi / count)
        across = np.sin(t) * (1 - 0.35 * np.cos(t))
        x, y = across / np.abs(across).max() / 2 * self.width_mm, -np.cos(t) / 2 * self.length_mm
        return np.column_stack([x + self.lean * self.length_mm * (0.5 - y / self.length_mm) ** 2, y])


def placed(outline_mm: NDArray[np.float64], at_px: tuple[float, float], turn_deg: float, um_per_px: float) -> NDArray:
    """An outline in pixels: turned from image right towards image down, its middle at a place."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return outline_mm @ np.array([[c, s], [-s, c]]) * (1000 / um_per_px) + np.asarray(at_px)


def backlit(outlines_px: list[NDArray[np.float64]], size_px: tuple[int, int]) -> NDArray[np.float32]:
    """Light on each pixel of a picture (width, height): the part of its square that no piece covers, dimmed."""
    width, height = size_px
    light = np.ones((height, width), np.float32)
    for outline in outlines_px:
        left, top = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 2, size_px)
        height_fine, width_fine = (bottom - top) * FINE, (right - left) * FINE
        # A pixel's square reaches half a pixel to either side of its centre; so does a fine one's.
        places = (outline - [left, top] + 0.5) * FINE - 0.5
        piece = np.rint(places * 256).astype(np.int32)
        around = np.array([[0, 0], [width_fine, 0], [width_fine, height_fine], [0, height_fine]], np.int32) * 256 - 128
        # OpenCV counts the line itself as inside, of the piece and of what is around it; half of each is right.
        for lines, sign in (([piece], -0.5), ([piece, around], 0.5)):
            fine = np.zeros((height_fine, width_fine), np.uint8)
            cv2.fillPoly(fine, lines, 1, shift=8)
            rows = fine.reshape(bottom - top, FINE, right - left, FINE)
            light[top:bottom, left:right] += sign * rows.mean(axis=(1, 3), dtype=np.float32)
        light[top:bottom, left:right] -= 0.5
    return LIGHT_LEVEL * np.clip(light, 0, 1)
