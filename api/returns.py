"""Pieces that come back from customers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Line, Log, Name, Wanted
from loupebox.station.records.person import Actor

router = APIRouter(prefix="/api/v1/returns", tags=["pieces"])


class ReturnOut(BaseModel):
    """A piece that came back."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    piece: str
    job: str
    earlier_job: str | None = Field(description="the bag in which it was made; null when it is not known")
    complaint: str
    words: str
    customer: str
    who: str
    at: datetime


class ReturnPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[ReturnOut, ...]
    next_cursor: int | None


class NewReturn(BaseModel):
    """What came back, in which bag, and why."""

    model_config = ConfigDict(extra="forbid")

    piece: Name
    job: Name = Field(description="the bag in which it came back; there must be one")
    complaint: Name = Field(description='a kind of defect, or "stone_loose", "stone_lost", "broken", "other" ...')
    words: Line = ""
    customer: Line = ""


@router.get("", dependencies=[Depends(Allowed("job.read"))])
def listing(log: Log, piece: Wanted = None, job: Wanted = None, limit: Limit = 50, cursor: Cursor = None) -> ReturnPage:
    """Returned pieces, the latest first."""
    found = log.returns.page(piece, job, limit + 1, cursor)
    items = tuple(ReturnOut.model_validate(item) for item in found[:limit])
    return ReturnPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.post("", status_code=201)
def receive(body: NewReturn, log: Log, who: Annotated[Actor, Depends(Allowed("piece.receive"))]) -> ReturnOut:
    """Take a returned piece in; from then on it is inspected and reworked like any other."""
    return ReturnOut.model_validate(
        log.returns.receive(body.piece, body.job, body.complaint, who.name, body.words, body.customer)
    )
