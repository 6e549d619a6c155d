"""Frames with real pixels, and what becomes of some."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import cv2
import numpy as np
from made_entries import MORNING, an_entry, frame

from loupebox.station.records.entry import FrameEntry
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.thinning import ThinningRule


def png(pixels: np.ndarray) -> bytes:
    bgr = pixels[:, :, ::-1] if pixels.ndim == 3 else pixels
    return cv2.imencode(".png", bgr, (cv2.IMWRITE_PNG_COMPRESSION, 1))[1].tobytes()


def smooth(seed: int, shape: tuple[int, ...] = (60, 80), dtype: Any = np.uint8) -> np.ndarray:
    """Like a sensor's: smooth with a little noise, so that the archive has something to gain."""
    rng = np.random.default_rng(seed)
    full = np.iinfo(dtype).max
    slope = np.linspace(0.2, 0.8, shape[0] * shape[1]).reshape(shape[:2])
    pixels = slope if len(shape) == 2 else np.repeat(slope[:, :, None], 3, axis=2)
    return np.clip(full * pixels + rng.normal(0, 2, shape), 0, full).astype(dtype)


def picture(seed: int, **how: Any) -> FrameEntry:
    return frame(png(smooth(seed, **how)))


def fill(log: QcLog) -> None:
    """One frame is archived, and one good piece lets its frame go."""
    later = MORNING + timedelta(days=100)
    log.record(an_entry(piece="good for ever", frames=(picture(1),)))
    log.frames.archive(later, who="tests")
    log.frames.thin(ThinningRule(later, 10**9, "none is kept"), who="tests")
