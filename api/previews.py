"""Small pictures for lists and queues: a stored frame, cut out, scaled, and made bright enough for a screen."""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from loupebox.station.records.errors import Damaged, NotAllowed

DISPLAY_GAMMA = 2.2
"""Frames are linear in light and look dark on a screen, which expects a power law."""
WEBP_QUALITY = 82


class Crop(NamedTuple):
    """A part of a frame in whole pixels; what sticks out is left away."""

    left: int
    top: int
    width: int
    height: int


def preview(content: bytes, width_px: int, crop: Crop | None = None) -> bytes:
    """A WebP of at most `width_px` across, of the whole frame or of a part of it; never larger than the original."""
    pixels = decode(content)
    if crop is not None:
        pixels = pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
        if pixels.size == 0:
            raise NotAllowed(f"crop {tuple(crop)} lies outside the frame")
    height, width = pixels.shape[:2]
    if width > width_px:
        size = (width_px, max(1, round(height * width_px / width)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    out = BytesIO()
    Image.fromarray(brightened(pixels)).save(out, "WEBP", quality=WEBP_QUALITY, method=2)
    return out.getvalue()


def as_png(content: bytes) -> bytes:
    """The frame's own samples as PNG, which every browser shows; a frame stored as PNG is passed on untouched."""
    if content.startswith(b"\x89PNG"):
        return content
    pixels = decode(content)
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels[:, :, ::-1])
    return cv2.imencode(".png", pixels)[1].tobytes()


def decode(content: bytes) -> NDArray[Any]:
    """Samples as stored, uint8 or uint16, colour in RGB order."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise Damaged(f"a stored frame of {len(content)} bytes is no picture")
    return np.ascontiguousarray(pixels[:, :, ::-1]) if pixels.ndim == 3 else pixels


def brightened(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Linear samples to display values by a table; 12-bit cameras fill the low bits of 16."""
    full = 255 if pixels.dtype == np.uint8 else 4095 if pixels.max(initial=0) < 4096 else 65535
    table = np.round(255 * np.clip(np.arange(full + 1) / full, 0, 1) ** (1 / DISPLAY_GAMMA)).astype(np.uint8)
    return table[pixels]
