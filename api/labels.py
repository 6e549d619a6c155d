"""Labels: a miss or a false alarm that somebody reports, from the screen or by a program; training fetches them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Line, Log, Number
from loupebox.station.records.labels import Label
from loupebox.station.records.person import Actor
from loupebox.station.records.qc_log import QcLog

router = APIRouter(tags=["labels"])

READS = Depends(Allowed("inspection.read"))
Reporter = Annotated[Actor, Depends(Allowed("label.add"))]
Pixel = Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]
Short = Annotated[Line, Field(max_length=60)]


class LabelOut(BaseModel):
    """A place in a frame and what a person says of it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    inspection: int
    kind: Literal["missed", "false alarm"]
    name: str = Field(description="kind of defect")
    view: str
    light: str
    frame_sha256: str = Field(description="the picture, at /frames/{checksum}.png")
    box_xywh_px: tuple[float, float, float, float] = Field(description="left, top, width, height in its pixels")
    note: str
    who: str
    at: datetime


class LabelPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[LabelOut, ...]
    next_cursor: int | None


class NewLabel(BaseModel):
    """A miss has a name, a frame and a box; a false alarm the number of its finding, from 1."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["missed", "false alarm"]
    name: Short = ""
    view: Short = ""
    light: Short = ""
    x_px: Pixel = 0.0
    y_px: Pixel = 0.0
    width_px: Pixel = 0.0
    height_px: Pixel = 0.0
    finding: int | None = Field(default=None, ge=1, le=100_000)
    note: Line = ""

    @model_validator(mode="after")
    def _whole(self) -> NewLabel:
        if (self.kind == "false alarm") != (self.finding is not None):
            raise ValueError("a false alarm names its finding, and a miss none")
        if self.kind == "missed" and not (self.name and self.view and self.light):
            raise ValueError("a miss needs name, view and light")
        return self


@router.get("/api/v1/labels", dependencies=[READS])
def labels(log: Log, limit: Limit = 50, cursor: Cursor = None) -> LabelPage:
    """All labels, the last first."""
    found = log.labels.all(limit + 1, cursor)
    items = tuple(LabelOut.model_validate(label) for label in found[:limit])
    return LabelPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.post("/api/v1/inspections/{number}/labels", status_code=201)
def add(number: Number, body: NewLabel, log: Log, who: Reporter) -> LabelOut:
    """Report what an inspection missed, or found where nothing is. The verdict stays as it was."""
    return LabelOut.model_validate(_add(log, number, body, who))


@router.post("/inspections/{number}/labels", include_in_schema=False)
def add_form(number: Number, log: Log, who: Reporter, form: Annotated[NewLabel, Form()]) -> Response:
    label = _add(log, number, form, who)
    return RedirectResponse(f"/inspections/{number}?view={label.view}&light={label.light}#reported", status_code=303)


def _add(log: QcLog, number: int, new: NewLabel, who: Actor) -> Label:
    if new.finding is not None:
        return log.labels.false_alarm(number, new.finding, who.name, new.note)
    box = (new.x_px, new.y_px, new.width_px, new.height_px)
    return log.labels.missed(number, new.name, new.view, new.light, box, who.name, new.note)
