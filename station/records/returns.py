"""Pieces that come back from a customer, with their complaint and their earlier life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add, ensure
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.production_tables import JOB, PIECE
from loupebox.station.records.recheck_tables import PIECE_RETURN
from loupebox.station.records.remedy import REMEDIES

OTHER_COMPLAINTS = ("stone_loose", "stone_lost", "broken", "discoloured", "worn", "other")
"""What customers complain of and no camera finds; ours."""

COMPLAINTS: tuple[str, ...] = (*sorted(REMEDIES), *OTHER_COMPLAINTS)


@dataclass(frozen=True, slots=True)
class PieceReturn:
    """A return; `earlier_job` is the bag in which the piece was made, None when it is not ours or not known."""

    id: int
    piece: str
    job: str
    earlier_job: str | None
    complaint: str
    words: str
    customer: str
    who: str
    at: datetime


class Returns:
    """Take returned pieces in; from then on they are inspected and reworked like any other."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def receive(
        self, serial: str, job: str, complaint: str, who: str, words: str = "", customer: str = ""
    ) -> PieceReturn:
        """The piece is here again, in bag `job`; what is known of it under the same serial is its earlier life."""
        if complaint not in COMPLAINTS:
            raise NotAllowed(f"'{complaint}' is no complaint; allowed are {', '.join(COMPLAINTS)}")
        for name, value in (("serial", serial), ("who", who)):
            if not value.strip():
                raise NotAllowed(f"a return has an empty {name}; it needs one")
        now = self._clock()
        with writing(self._engine) as connection:
            if connection.execute(select(JOB.c.id).where(JOB.c.id == job)).first() is None:
                raise NotRecorded(f"no job '{job}' is recorded; a returned piece comes in a bag of its own")
            earlier = _latest_elsewhere(connection, serial, job)
            piece = _ensure_piece(connection, serial, job)
            if connection.execute(select(PIECE_RETURN.c.id).where(PIECE_RETURN.c.piece == piece)).first() is not None:
                raise Conflict(f"piece {serial} has already been received in job {job}")
            number = add(
                connection,
                PIECE_RETURN,
                piece=piece,
                earlier=earlier,
                complaint=complaint,
                words=words,
                customer=customer,
                who=who,
                at=now,
            )
            append_audit(
                connection,
                who=who,
                action="piece.returned",
                subject=f"piece {serial} of job {job}",
                details={"complaint": complaint, "words": words, "customer": customer},
                at=now,
            )
            return _returns(connection, PIECE_RETURN.c.id == number)[0]

    def page(
        self, serial: str | None = None, job: str | None = None, limit: int = 50, cursor: int | None = None
    ) -> tuple[PieceReturn, ...]:
        """Returns of a piece, in a bag or all, the latest first, from before `cursor` on."""
        wanted = [] if serial is None else [PIECE.c.serial == serial]
        wanted += [] if job is None else [PIECE.c.job == job]
        wanted += [] if cursor is None else [PIECE_RETURN.c.id < cursor]
        with reading(self._engine) as connection:
            return _returns(connection, *wanted, limit=limit)


def _ensure_piece(connection: Connection, serial: str, job: str) -> int:
    query = select(PIECE.c.id).where(PIECE.c.serial == serial, PIECE.c.job == job).with_for_update()
    known = connection.execute(query).scalar_one_or_none()
    if known is None:
        ensure(connection, PIECE, serial=serial, job=job)
        known = connection.execute(query).scalar_one()
    return known


def _latest_elsewhere(connection: Connection, serial: str, job: str) -> int | None:
    query = select(PIECE.c.id).where(PIECE.c.serial == serial, PIECE.c.job != job)
    return connection.execute(query.order_by(PIECE.c.id.desc()).limit(1)).scalar_one_or_none()


def _returns(connection: Connection, *conditions: Any, limit: int = 1) -> tuple[PieceReturn, ...]:
    before = PIECE.alias()
    query = (
        select(PIECE_RETURN, PIECE.c.serial, PIECE.c.job, before.c.job.label("earlier_job"))
        .join(PIECE, PIECE_RETURN.c.piece == PIECE.c.id)
        .outerjoin(before, PIECE_RETURN.c.earlier == before.c.id)
        .where(*conditions)
        .order_by(PIECE_RETURN.c.id.desc())
        .limit(limit)
    )
    return tuple(_return(row) for row in connection.execute(query))


def _return(row: Row[Any]) -> PieceReturn:
    return PieceReturn(
        row.id, row.serial, row.job, row.earlier_job, row.complaint, row.words, row.customer, row.who, row.at
    )
