"""Tiles of a large frame: only the part that is looked at, only as fine as it is shown, at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Annotated, Any

import cv2
import numpy as np
from fastapi import APIRouter, Depends, Path, Request, Response
from numpy.typing import NDArray

from loupebox.api.access import Allowed
from loupebox.api.frames import FOREVER, Checksum
from loupebox.api.previews import decode
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.qc_log import QcLog

router = APIRouter(tags=["pictures"], dependencies=[Depends(Allowed("frame.read"))])

TILE_PX = 512
TILED_FROM_PX = 2048
"""A frame that is smaller both ways is shown whole: one file is there sooner than its parts."""
FRAMES_KEPT = 3
"""Decoded; an inspector goes to and fro between two or three lights. 20 megapixels in colour take 60 MB each."""

Whole = Callable[[str], NDArray[np.uint8]]


def whole_frames(log: QcLog) -> Whole:
    """Frames of one log, decoded to eight linear bits; the latest are kept, and none is decoded by two at once."""
    lock = Lock()

    @lru_cache(maxsize=FRAMES_KEPT)
    def decoded(checksum: str) -> NDArray[np.uint8]:
        return eight_bits(decode(log.frame(checksum)[0]))

    def whole(checksum: str) -> NDArray[np.uint8]:
        with lock:
            return decoded(checksum)

    return whole


def eight_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """The same, linear in light; 12-bit cameras fill the low bits of 16."""
    if pixels.dtype == np.uint8:
        return pixels
    full = 4095 if pixels.max(initial=0) < 4096 else 65535
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=255 / full), np.uint8)


def top_level(width_px: int, height_px: int) -> int:
    """The level at which the whole frame is one tile; at level 0 a pixel is a pixel, each level halves."""
    level = 0
    while max(width_px, height_px) > TILE_PX << level:
        level += 1
    return level


def tile(pixels: NDArray[np.uint8], level: int, column: int, row: int) -> bytes:
    """One tile as PNG, of the frame's own samples averaged over 2^level each way."""
    size = TILE_PX << level
    part = pixels[row * size : (row + 1) * size, column * size : (column + 1) * size]
    if part.size == 0:
        raise NotRecorded(f"level {level} of the frame has no tile {column}, {row}")
    height, width = (-(-side // (1 << level)) for side in part.shape[:2])
    if level:
        part = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    if part.ndim == 3:
        part = part[:, :, ::-1]
    return cv2.imencode(".png", np.ascontiguousarray(part), (cv2.IMWRITE_PNG_COMPRESSION, 1))[1].tobytes()


@router.get(
    "/frames/{checksum}/tiles/{level}/{column}/{row}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def frame_tile(
    request: Request,
    checksum: Checksum,
    level: Annotated[int, Path(ge=0, le=8, description="0: a pixel is a pixel; each level halves both sides")],
    column: Annotated[int, Path(ge=0, le=1000)],
    row: Annotated[int, Path(ge=0, le=1000)],
) -> Response:
    """A square of 512 pixels at this level, linear in light; at the right and lower edge what is left of it."""
    content = tile(request.app.state.whole_frame(checksum), level, column, row)
    return Response(content, media_type="image/png", headers=FOREVER)
