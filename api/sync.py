"""Inspections that wait at this station until the server of the log can be reached, and those that it refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Line, Number
from loupebox.station.outbox import Kept, Outbox, State
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.person import Actor
from loupebox.station.settings import Settings
from loupebox.station.station_desk import has_server, outbox_of

router = APIRouter(prefix="/api/v1/sync", tags=["sync"])

READS = Depends(Allowed("sync.read"))
Manager = Annotated[Actor, Depends(Allowed("sync.manage"))]


def outbox_of_server(settings: Settings) -> Outbox | None:
    """The outbox of a station whose records are on a server; what goes into a file of its own never waits."""
    return outbox_of(settings) if has_server(settings) else None


def _outbox(request: Request) -> Outbox:
    outbox: Outbox | None = request.app.state.outbox
    if outbox is None:
        raise NotRecorded("the records are this station's own file: nothing ever waits here")
    return outbox


StationOutbox = Annotated[Outbox, Depends(_outbox)]
"""To be asked for after who asks: not everybody is told what is there."""


class KeptOut(BaseModel):
    """An inspection in the outbox."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    piece: str
    job: str
    verdict: Literal["PASS", "REVIEW", "FAIL", "REFUSED"]
    kept_at: datetime
    state: State
    error: str = Field(description="why the log refused it")
    inspection: int | None = Field(description="its number in the log, once it is there")


class SyncOut(BaseModel):
    """How much is not in the log yet."""

    has_server: bool = Field(description="false where the records are this station's own file: then nothing waits")
    waiting: int
    set_aside: int = Field(description="refused by the log; a person decides")
    oldest_at: datetime | None = Field(description="since when the first waits")


class KeptPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[KeptOut, ...]
    next_cursor: int | None


class Drop(BaseModel):
    """Why it is never to be delivered."""

    model_config = ConfigDict(extra="forbid")

    why: Line = Field(min_length=1)


@router.get("", dependencies=[READS])
def state(request: Request) -> SyncOut:
    """What waits at this station for the log, and what was set aside."""
    outbox: Outbox | None = request.app.state.outbox
    waiting = () if outbox is None else outbox.waiting()
    return SyncOut(
        has_server=outbox is not None,
        waiting=len(waiting),
        set_aside=0 if outbox is None else len(outbox.set_aside()),
        oldest_at=waiting[0].kept_at if waiting else None,
    )


@router.get("/outbox", dependencies=[READS])
def kept(
    outbox: StationOutbox,
    state: Annotated[State, Query()] = "waiting",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> KeptPage:
    """Inspections of this station by what became of them, the first kept first."""
    found = outbox.page(state, limit + 1, cursor or 0)
    items = tuple(_out(one) for one in found[:limit])
    return KeptPage(items=items, next_cursor=items[-1].number if len(found) > limit else None)


@router.get("/outbox/{number}", dependencies=[READS])
def one(number: Number, outbox: StationOutbox) -> KeptOut:
    """One of them."""
    return _out(outbox.one(number))


@router.post("/outbox/{number}/retry")
def retry(number: Number, who: Manager, outbox: StationOutbox) -> KeptOut:
    """Let one that was set aside be tried again with the next delivery, in its old place."""
    outbox.retry(number)
    return _out(outbox.one(number))


@router.post("/outbox/{number}/drop")
def drop(number: Number, body: Drop, who: Manager, outbox: StationOutbox) -> KeptOut:
    """Never deliver one that was set aside, so that what came after it of the same piece can go on; it stays kept."""
    outbox.drop(number, f"{body.why} ({who.name})")
    return _out(outbox.one(number))


def _out(kept: Kept) -> KeptOut:
    return KeptOut.model_validate(kept)
