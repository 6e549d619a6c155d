"""Seeing the same picture mirrored and turned, and averaging what was seen: small errors of a network cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Symmetry = Literal["none", "mirror", "square"]
"""Which changed pictures are as likely as the picture: itself alone; left and right swapped; all eight of a square."""

Picture = NDArray[np.float32]


def averaged(
    see: Callable[[Picture], Picture], image: Picture, symmetry: Symmetry, pointers_from: int | None = None
) -> Picture:
    """The mean of `see` over the changed pictures (height, width, channels), each result changed back.

    From channel `pointers_from` on the channels are x, y and expected error of vectors in the picture, y down: they
    turn with it, and what the changed pictures disagree in is added to the error.
    """
    quarter_turns = range(4) if symmetry == "square" else (0,)
    mirrorings = (False,) if symmetry == "none" else (False, True)
    total: Picture | None = None
    squares: Picture | None = None
    for turns in quarter_turns:
        for mirrored in mirrorings:
            changed = np.rot90(image, turns)
            seen = see(np.ascontiguousarray(changed[:, ::-1] if mirrored else changed))
            back = np.array(np.rot90(seen[:, ::-1] if mirrored else seen, -turns), np.float32)
            if pointers_from is not None:
                _turn_back(back, pointers_from, turns, mirrored)
                square = back[..., pointers_from:] ** 2
                squares = square if squares is None else squares + square
            total = back if total is None else total + back
    assert total is not None
    count = np.float32(len(quarter_turns) * len(mirrorings))
    mean = np.ascontiguousarray(total / count)
    if pointers_from is not None and squares is not None:
        spread = np.maximum(squares / count - mean[..., pointers_from:] ** 2, 0)
        mean[..., pointers_from + 2 :: 3] = np.sqrt(
            mean[..., pointers_from + 2 :: 3] ** 2 + (spread[..., 0::3] + spread[..., 1::3]) / 2
        )
    return mean


def _turn_back(seen: Picture, pointers_from: int, turns: int, mirrored: bool) -> None:
    """Turn the vectors of a picture that was turned counter-clockwise by quarters, then mirrored, back in place."""
    x, y = seen[..., pointers_from::3], seen[..., pointers_from + 1 :: 3]
    if mirrored:
        x *= -1
    for _ in range(turns):
        x[...], y[...] = -y, x.copy()
