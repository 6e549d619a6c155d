"""Uploaded pictures: the boundary photographs of spec sheets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Line, Log
from loupebox.station.records.person import Actor
from loupebox.station.records.pictures import LARGEST_BYTES

router = APIRouter(prefix="/api/v1/pictures", tags=["spec sheets"])

READS = Depends(Allowed("spec.read"))
Checksum = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "tiff": "image/tiff", "webp": "image/webp"}


class PictureOut(BaseModel):
    """An uploaded picture; a sheet names it by its checksum."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str
    width_px: int
    height_px: int
    note: str
    uploaded_by: str
    uploaded_at: datetime


@router.post("", status_code=201)
def upload(
    log: Log,
    who: Annotated[Actor, Depends(Allowed("picture.upload"))],
    file: Annotated[UploadFile, File(description="PNG, JPEG, TIFF or WebP")],
    note: Annotated[Line, Form()] = "",
) -> PictureOut:
    """Keep a picture; the same one again is the one that is there."""
    return PictureOut.model_validate(log.pictures.upload(file.file.read(LARGEST_BYTES + 1), note, who.name))


@router.get("/{sha256}", dependencies=[READS])
def picture(sha256: Checksum, log: Log) -> PictureOut:
    """What is recorded of a picture."""
    return PictureOut.model_validate(log.pictures.one(sha256))


@router.get(
    "/{sha256}/content",
    dependencies=[READS],
    response_class=Response,
    responses={
        200: {"description": "the picture as it was uploaded", "content": {m: {} for m in MEDIA_TYPES.values()}}
    },
)
def content(sha256: Checksum, log: Log) -> Response:
    """Its bytes."""
    found, about = log.pictures.read(sha256)
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(found, media_type=MEDIA_TYPES[about.suffix], headers=headers)
