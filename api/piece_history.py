"""The life of a piece, for programs."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Key, Log
from loupebox.station.records.piece_history import EventKind

router = APIRouter(tags=["pieces"], dependencies=[Depends(Allowed("inspection.read"))])


class Event(BaseModel):
    """One thing that happened."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    kind: EventKind
    job: str
    who: str
    words: str
    inspection: int | None = Field(description="number of the inspection that it is or is about")
    order: int | None = Field(description="number of the rework order that it is about")


@router.get("/api/v1/pieces/{serial:path}/history")
def history(serial: Key, log: Log) -> list[Event]:
    """Everything that ever happened to a piece, in every bag, the first thing first."""
    return [Event.model_validate(event) for event in log.history.of_piece(serial)]
