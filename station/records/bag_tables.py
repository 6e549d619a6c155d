"""Tables of what happens to a bag: moves, weighings, pieces that leave it, its closing."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from loupebox.station.records.columns import EvidenceRow, json, key, link, moment, one_of, table_of
from loupebox.station.records.job import SOURCES

BagStage = Literal["wax", "casting", "setting", "polishing", "plating", "final", "returned"]
"""Where in its making a piece is; "returned" came back from a customer."""
Direction = Literal["in", "out"]
ExitKind = Literal["moved", "lost"]

BAG_STAGES: tuple[BagStage, ...] = get_args(BagStage)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
EXIT_KINDS: tuple[ExitKind, ...] = get_args(ExitKind)


class PieceSourceRow(EvidenceRow, table=True):
    """A source of one piece where it is not the bag's; a later row outweighs an earlier one."""

    __table_args__ = (one_of("source", SOURCES),)

    id: int | None = key()
    piece: int = link("piece.id")
    source: str
    name: str
    who: str
    at: datetime = moment()


class JobMoveRow(EvidenceRow, table=True):
    """So many pieces of a bag go from one stage to the next; the first move comes from nowhere."""

    __table_args__ = (
        UniqueConstraint("job", "number"),
        one_of("from_stage", BAG_STAGES),
        one_of("to_stage", BAG_STAGES),
    )

    id: int | None = key()
    job: str = link("job.id", index=False)
    number: int
    from_stage: str | None = None
    to_stage: str
    pieces: int
    who: str
    note: str
    at: datetime = moment()


class JobWeighingRow(EvidenceRow, table=True):
    """The metal of a bag on the scale, when it comes to a stage or leaves it."""

    __table_args__ = (one_of("stage", BAG_STAGES), one_of("direction", DIRECTIONS))

    id: int | None = key()
    job: str = link("job.id")
    stage: str
    direction: str
    weight_g: float
    added_g: float
    returned_g: float
    pieces: int
    who: str
    at: datetime = moment()


class PieceExitRow(EvidenceRow, table=True):
    """A piece that leaves its bag for another one, or is lost."""

    __table_args__ = (UniqueConstraint("piece"), one_of("kind", EXIT_KINDS))

    id: int | None = key()
    piece: int = link("piece.id", index=False)
    kind: str
    to_job: str | None = link("job.id", nullable=True)
    reason: str
    who: str
    at: datetime = moment()


class JobClosingRow(EvidenceRow, table=True):
    """The bag is done; `counts` says how its pieces were accounted for."""

    __table_args__ = (UniqueConstraint("job"),)

    id: int | None = key()
    job: str = link("job.id", index=False)
    counts: dict[str, int] = json()
    who: str
    at: datetime = moment()


class HandCheckRow(EvidenceRow, table=True):
    """What a person found on a piece where a camera cannot look; the last one of a name counts."""

    __table_args__ = (one_of("outcome", ("ok", "not ok")),)

    id: int | None = key()
    piece: int = link("piece.id")
    name: str = Field(index=True)
    outcome: str
    note: str
    who: str
    at: datetime = moment()


PIECE_SOURCE = table_of(PieceSourceRow)
JOB_MOVE = table_of(JobMoveRow)
JOB_WEIGHING = table_of(JobWeighingRow)
PIECE_EXIT = table_of(PieceExitRow)
JOB_CLOSING = table_of(JobClosingRow)
HAND_CHECK = table_of(HandCheckRow)
