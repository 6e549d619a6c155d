"""Recorded pictures: as they are, and small and bright for lists. An address never changes what it shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Log
from loupebox.api.previews import Crop, as_png, preview
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.qc_log import QcLog

router = APIRouter(tags=["frames"], dependencies=[Depends(Allowed("frame.read"))])

FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
Checksum = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the stored file")]

PREVIEWS_KEPT = 256
"""In memory, some 5 to 40 KB each: a day's list and the queue come at once for the second tablet too."""


def preview_maker(log: QcLog) -> Callable[[str, int, Crop | None], bytes]:
    """Previews of one log's frames; the latest are kept."""

    @lru_cache(maxsize=PREVIEWS_KEPT)
    def make(checksum: str, width: int, part: Crop | None) -> bytes:
        return preview(log.frame(checksum)[0], width, part)

    return make


@router.get("/frames/{checksum}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def frame(checksum: Checksum, log: Log) -> Response:
    """A frame's own samples, losslessly: linear in light, so it looks dark on a screen."""
    content, _ = log.frame(checksum)
    return Response(as_png(content), media_type="image/png", headers=FOREVER)


@router.get("/frames/{checksum}.webp", response_class=Response, responses={200: {"content": {"image/webp": {}}}})
def frame_preview(
    request: Request,
    checksum: Checksum,
    width: Annotated[int, Query(ge=16, le=2048, description="most pixels across")] = 480,
    crop: Annotated[
        str | None,
        Query(pattern=r"^\d{1,5},\d{1,5},\d{1,5},\d{1,5}$", description="left,top,width,height in pixels of the frame"),
    ] = None,
) -> Response:
    """A small lossy picture with display gamma 2.2, of the whole frame or of a part."""
    part = None if crop is None else Crop(*(int(v) for v in crop.split(",")))
    if part is not None and 0 in (part.width, part.height):
        raise NotAllowed(f"crop is {crop}; allowed is a width and a height of at least 1")
    content = request.app.state.preview(checksum, width, part)
    return Response(content, media_type="image/webp", headers=FOREVER)
