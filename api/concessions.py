"""Concessions: leave to deliver some pieces in spite of some defects."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed, Signing, signed_by
from loupebox.api.dependencies import Cursor, Limit, Line, Log, Name, Number, Wanted
from loupebox.station.records.concessions import MOST_PIECES
from loupebox.station.records.override_reason import OverrideReason
from loupebox.station.records.person import Actor

router = APIRouter(prefix="/api/v1/concessions", tags=["inspections"])

READS = Depends(Allowed("inspection.read"))
Grantor = Annotated[Actor, Depends(Allowed("concession.grant"))]


class ConcessionOut(BaseModel):
    """A concession as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    style: str
    kinds: tuple[str, ...] = Field(description="kinds of defect that it covers")
    pieces: int
    used: int
    left: int
    until: date = Field(description="the last day")
    granted_by: str
    reason_code: OverrideReason
    note: str
    granted_at: datetime


class ConcessionPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[ConcessionOut, ...]
    next_cursor: int | None


class Grant(Signing):
    """What is allowed, for how many pieces, until when, and why; signed."""

    style: Name
    kinds: Annotated[tuple[Name, ...], Field(min_length=1, max_length=40)]
    pieces: int = Field(ge=1, le=MOST_PIECES)
    until: date
    reason_code: OverrideReason
    note: Line = ""


@router.get("", dependencies=[READS])
def listing(log: Log, style: Wanted = None, limit: Limit = 50, cursor: Cursor = None) -> ConcessionPage:
    """Concessions, used up and expired ones too, the latest first."""
    found = log.concessions.page(style, limit + 1, cursor)
    items = tuple(ConcessionOut.model_validate(item) for item in found[:limit])
    return ConcessionPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.get("/{number}", dependencies=[READS])
def one(number: Number, log: Log) -> ConcessionOut:
    """One concession."""
    return ConcessionOut.model_validate(log.concessions.one(number))


@router.post("", status_code=201)
def grant(request: Request, body: Grant, who: Grantor, log: Log) -> ConcessionOut:
    """Grant a concession."""
    subject = f"concession for {body.pieces} pieces of style {body.style}"
    signature = signed_by(request, log, who, body, "concession.grant", subject)
    return ConcessionOut.model_validate(
        log.concessions.grant(
            body.style, body.kinds, body.pieces, body.until, signature.who, body.reason_code, body.note
        )
    )
