"""Start-up checks: whether one is due, and all that were made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Log
from loupebox.station.records.start_ups import StartUpRecord
from loupebox.station.startup import state_of

router = APIRouter(prefix="/api/v1/startup", tags=["calibration"], dependencies=[Depends(Allowed("calibration.read"))])

StationName = Annotated[str | None, Query(max_length=100, description="of any station when left out")]


class StepOut(BaseModel):
    """One thing that was looked at."""

    model_config = ConfigDict(extra="ignore")

    name: str
    passed: bool
    found: str
    advice: str = Field(description="what to do when it did not pass")


class StartUpOut(BaseModel):
    """One start-up check."""

    number: int
    station: str
    at: datetime
    who: str
    passed: bool
    took_s: float
    steps: tuple[StepOut, ...]


class StartUpStateOut(BaseModel):
    """Whether the station may begin."""

    due: bool = Field(description="a check is wanted before the next piece")
    reason: str
    last: StartUpOut | None


class StartUpPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[StartUpOut, ...]
    next_cursor: int | None


@router.get("")
def state(request: Request, log: Log, station: StationName = None) -> StartUpStateOut:
    """Whether a start-up check is due, and the last one."""
    found = state_of(log.start_ups.latest(station), datetime.now(UTC), request.app.state.startup_longest_h)
    return StartUpStateOut(due=found.due, reason=found.reason, last=None if found.last is None else _out(found.last))


@router.get("/checks")
def checks(log: Log, station: StationName = None, limit: Limit = 50, cursor: Cursor = None) -> StartUpPage:
    """All checks, the last first."""
    found = log.start_ups.history(station, limit=limit + 1, cursor=cursor)
    more = len(found) > limit
    return StartUpPage(
        items=tuple(_out(one) for one in found[:limit]), next_cursor=found[limit - 1].number if more else None
    )


def _out(one: StartUpRecord) -> StartUpOut:
    return StartUpOut(
        number=one.number,
        station=one.station,
        at=one.at,
        who=one.who,
        passed=one.passed,
        took_s=one.took_s,
        steps=tuple(StepOut.model_validate(step) for step in one.document.get("steps", ())),
    )
