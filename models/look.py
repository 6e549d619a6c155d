"""What a model says of one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Pointing:
    """Where the pixels of the model, each `factor` x `factor` of the image, point at; all in pixels of the image.

    `target_xy_px` (height, width, 2) has x right and y down, pixel centres at whole numbers; `error_px` (height, width)
    is how far each expects to be amiss.
    """

    target_xy_px: Floats
    error_px: Floats
    factor: int

    @classmethod
    def of(cls, channels: Floats, factor: int) -> Pointing:
        """From x, y and expected error (height, width, 3) in pixels of the model, relative to each pixel's centre."""
        height, width = channels.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32)
        target = np.stack([x, y], -1) + channels[..., :2]
        return cls((target + 0.5) * factor - 0.5, channels[..., 2] * factor, factor)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Probabilities of the classes (height, width, classes), each mark's (height, width), and what is pointed at."""

    probabilities: Floats
    marks: Mapping[str, Floats]
    pointings: Mapping[str, Pointing]
