"""Seeing the same picture mirrored and turned, and averaging what was seen: small errors of a network cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Symmetry = Literal["none", "mirror", "square"]
"""Which changed pictures are as likely as the picture: itself alone; left and right swapped; all eight of a square."""

Picture = NDArray[np.float32]


def averaged(see: Callable[[Picture], Picture], image: Picture, symmetry: Symmetry) -> Picture:
    """The mean of `see` over the changed pictures (height, width, channels), each result changed back."""
    quarter_turns = range(4) if symmetry == "square" else (0,)
    mirrorings = (False,) if symmetry == "none" else (False, True)
    total: Picture | None = None
    for turns in quarter_turns:
        for mirrored in mirrorings:
            changed = np.rot90(image, turns)
            seen = see(np.ascontiguousarray(changed[:, ::-1] if mirrored else changed))
            back = np.rot90(seen[:, ::-1] if mirrored else seen, -turns)
            total = np.array(back, np.float32) if total is None else total + back
    assert total is not None
    return np.ascontiguousarray(total / np.float32(len(quarter_turns) * len(mirrorings)))
