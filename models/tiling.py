"""Cutting a large image into overlapping tiles whose results join without seams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where the tiles along one side begin: the first at 0, the last flush with the end, `overlap` or more shared."""
    if length <= tile:
        return [0]
    count = -(-(length - overlap) // (tile - overlap))
    return [round(k * (length - tile) / (count - 1)) for k in range(count)]


def tile_weights(starts: list[int], length: int, tile: int, overlap: int) -> NDArray[np.float32]:
    """How much each tile counts at each of its pixels, shape (tiles, tile); at every image pixel the tiles sum to 1.

    Nothing counts in the outer quarter of the overlap, where a tile lacks the surroundings that the whole image has,
    except at the image's own borders. Between, the weights ramp linearly.
    """
    size = min(tile, length)
    inside = np.arange(size, dtype=np.float32)
    weights = np.ones((len(starts), size), np.float32)
    dead, ramp = overlap / 4, max(overlap / 2, 1.0)
    total = np.zeros(length, np.float32)
    for row, start in zip(weights, starts, strict=True):
        if start > 0:
            row *= np.clip((inside + 0.5 - dead) / ramp, 0, 1)
        if start + size < length:
            row *= np.clip((size - 0.5 - inside - dead) / ramp, 0, 1)
        total[start : start + size] += row
    for row, start in zip(weights, starts, strict=True):
        row /= total[start : start + size]
    return weights
