"""Hand checks: what a person found where no camera can look."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Key, Line, Log, Name
from loupebox.api.jobs import PieceOut
from loupebox.station.records.person import Actor

router = APIRouter(prefix="/api/v1/hand-checks", tags=["hand checks"])


class NewHandCheck(BaseModel):
    """One check of one piece."""

    model_config = ConfigDict(extra="forbid")

    job: Name
    piece: Name
    name: Name = Field(description="as on the spec sheet: loose_stones")
    outcome: Literal["ok", "not ok"]
    note: Line = Field(default="", description="needed when it is not ok")


@router.get("/{job:path}", dependencies=[Depends(Allowed("job.read"))])
def due(job: Key, log: Log) -> tuple[PieceOut, ...]:
    """The pieces of a bag that wait for a hand check or failed one."""
    waits = ("hand checks due", "hand check failed")
    return tuple(PieceOut.model_validate(piece) for piece in log.bags.pieces(job) if piece.state in waits)


@router.post("", status_code=201)
def record(body: NewHandCheck, log: Log, who: Annotated[Actor, Depends(Allowed("hand_check.record"))]) -> PieceOut:
    """Record what was found; the answer says where the piece stands now."""
    return PieceOut.model_validate(
        log.bags.hand_check(body.job, body.piece, body.name, body.outcome, who.name, body.note)
    )
