"""Whether the station can serve, for a monitor."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from loupebox.api.access import Open
from loupebox.api.dependencies import Log
from loupebox.station.forwarding import StandingForwarder
from loupebox.station.records.errors import OutOfReach

router = APIRouter(tags=["station"], dependencies=[Depends(Open())])


class OutboxHealth(BaseModel):
    """What this station keeps until the server of the records has it."""

    waiting: int = Field(description="inspections still to be delivered")
    set_aside: int = Field(description="inspections that the records refused: a person decides (loupebox sync)")
    server: Literal["reached", "away"] = Field(description="as the last delivery found it")


class Health(BaseModel):
    """The record can be read; otherwise the answer is a problem with status 503."""

    status: Literal["ok"] = "ok"
    version: str
    latest_day: date | None
    outbox: OutboxHealth | None = Field(description="null where the records are the station's own file")


@router.get("/health")
def health(log: Log, request: Request) -> Health:
    """Reads the record once."""
    forwarder: StandingForwarder | None = request.app.state.forwarder
    state = None if forwarder is None else forwarder.state()
    try:
        latest_day = log.latest_day()
    except OutOfReach as error:
        if state is None:
            raise
        raise OutOfReach(f"{error}; {state.waiting} inspections wait at this station and are delivered then") from error
    outbox = state and OutboxHealth(
        waiting=state.waiting, set_aside=state.set_aside, server="away" if state.out_of_reach else "reached"
    )
    return Health(version=version("loupebox"), latest_day=latest_day, outbox=outbox)
