"""Everything that ever happened to a piece, in one list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, Select, Table, select

from loupebox.station.records.bag_tables import HAND_CHECK, JOB_MOVE, PIECE_EXIT
from loupebox.station.records.concession_tables import CONCESSION_USE
from loupebox.station.records.engine import reading
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.production_tables import PIECE
from loupebox.station.records.recheck_tables import PIECE_RETURN, RECHECK
from loupebox.station.records.rework_tables import (
    DISPOSITION,
    REWORK_CHANGE,
    REWORK_EVENT,
    REWORK_MESSAGE,
    REWORK_ORDER,
    REWORK_WORK,
)

EventKind = Literal["inspection", "decision", "order", "move", "return", "hand check", "exit"]


@dataclass(frozen=True, slots=True)
class PieceEvent:
    """One thing that happened, in words; `inspection` and `order` are the numbers that it is about, where it is."""

    at: datetime
    kind: EventKind
    job: str
    who: str
    words: str
    inspection: int | None = None
    order: int | None = None


class PieceHistory:
    """The life of a piece under its serial, in every bag that it lay in."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_piece(self, serial: str) -> tuple[PieceEvent, ...]:
        """The first thing first; moves of a bag are those of all its pieces."""
        with reading(self._engine) as connection:
            pieces = {
                row.id: row.job for row in connection.execute(select(PIECE).where(PIECE.c.serial == serial)).all()
            }
            if not pieces:
                raise NotRecorded(f"no piece '{serial}' is recorded")
            events = [event for tell in _TOLD for event in tell(connection, pieces)]
        return tuple(sorted(events, key=lambda event: event.at))


def _returns(connection: Connection, pieces: dict[int, str]) -> Iterator[PieceEvent]:
    for row in _of(connection, PIECE_RETURN, pieces):
        words = f"came back from {row.customer or 'its customer'}: {_named(row.complaint)}{_said(row.words)}"
        yield PieceEvent(row.at, "return", pieces[row.piece], row.who, words)


def _moves(connection: Connection, pieces: dict[int, str]) -> Iterator[PieceEvent]:
    query = select(JOB_MOVE).where(JOB_MOVE.c.job.in_(set(pieces.values()))).order_by(JOB_MOVE.c.id)
    for row in connection.execute(query):
        where = f"from {row.from_stage} to {row.to_stage}" if row.from_stage else f"to {row.to_stage}"
        yield PieceEvent(row.at, "move", row.job, row.who, f"bag moved {where}{_said(row.note)}")


def _inspections(connection: Connection, pieces: dict[int, str]) -> Iterator[PieceEvent]:
    rows = _of(connection, INSPECTION, pieces)
    told: dict[int, list[str]] = defaultdict(list)
    again = select(RECHECK).where(RECHECK.c.inspection.in_([row.id for row in rows])).order_by(RECHECK.c.id)
    for row in connection.execute(again):
        told[row.inspection].append(f"{_named(row.name)} {row.outcome}")
    for row in rows:
        words = f"inspected: {row.verdict or 'refused'}{_said('; '.join(row.reasons))}"
        if told[row.id]:
            words += f" (since the look before: {', '.join(told[row.id])})"
        yield PieceEvent(row.recorded_at, "inspection", pieces[row.piece], f"station {row.station}", words, row.id)


def _decisions(connection: Connection, pieces: dict[int, str]) -> Iterator[PieceEvent]:
    query = (
        select(DISPOSITION, INSPECTION.c.piece, CONCESSION_USE.c.concession)
        .join(INSPECTION, DISPOSITION.c.inspection == INSPECTION.c.id)
        .outerjoin(CONCESSION_USE, CONCESSION_USE.c.disposition == DISPOSITION.c.id)
        .where(INSPECTION.c.piece.in_(pieces))
        .order_by(DISPOSITION.c.id)
    )
    for row in connection.execute(query):
        words = f"decided: {row.kind}"
        words += f" under concession {row.concession}" if row.concession is not None else ""
        words += f", {_named(row.reason_code)}" if row.reason_code else ""
        words += f", {row.melt_weight_g:g} g into the melt" if row.melt_weight_g is not None else ""
        at, job = row.decided_at, pieces[row.piece]
        yield PieceEvent(at, "decision", job, row.who, words + _said(row.reason), row.inspection)


def _orders(connection: Connection, pieces: dict[int, str]) -> Iterator[PieceEvent]:
    for row in connection.execute(_order_parts(REWORK_EVENT, pieces)):
        words = f"{row.operation} at {row.bench}: {row.state}{_said(row.note)}"
        yield _order_event(row, pieces, words)
    for row in connection.execute(_order_parts(REWORK_CHANGE, pieces)):
        words = f"{row.operation}: {_named(row.what)} from {row.before or 'none'} to {row.after}{_said(row.note)}"
        yield _order_event(row, pieces, words)
    for row in connection.execute(_order_parts(REWORK_MESSAGE, pieces)):
        yield _order_event(row, pieces, f"{row.operation}, {row.kind}{_said(row.text)}")
    for row in connection.execute(_order_parts(REWORK_WORK, pieces)):
        metal = f"{row.metal_added_g:g} g added, {row.metal_removed_g:g} g removed"
        yield _order_event(row, pieces, f"{row.operation} took {row.minutes:g} min, {metal}, {row.stones} stones")


def _order_parts(table: Table, pieces: dict[int, str]) -> Select[Any]:
    return (
        select(table, REWORK_ORDER.c.operation, REWORK_ORDER.c.bench, INSPECTION.c.piece)
        .join(REWORK_ORDER, table.c.rework_order == REWORK_ORDER.c.id)
        .join(DISPOSITION, REWORK_ORDER.c.disposition == DISPOSITION.c.id)
        .join(INSPECTION, DISPOSITION.c.inspection == INSPECTION.c.id)
        .where(INSPECTION.c.piece.in_(pieces))
        .order_by(table.c.id)
    )


def _order_event(row: Row[Any], pieces: dict[int, str], words: str) -> PieceEvent:
    return PieceEvent(row.at, "order", pieces[row.piece], row.who, words, order=row.rework_order)


def _hand_checks(connection: Connection, pieces: dict[int, str]) -> Iterator[PieceEvent]:
    for row in _of(connection, HAND_CHECK, pieces):
        words = f"{_named(row.name)} by hand: {row.outcome}{_said(row.note)}"
        yield PieceEvent(row.at, "hand check", pieces[row.piece], row.who, words)


def _exits(connection: Connection, pieces: dict[int, str]) -> Iterator[PieceEvent]:
    for row in _of(connection, PIECE_EXIT, pieces):
        words = f"{row.kind}{f' to job {row.to_job}' if row.to_job else ''}{_said(row.reason)}"
        yield PieceEvent(row.at, "exit", pieces[row.piece], row.who, words)


_TOLD: tuple[Callable[[Connection, dict[int, str]], Iterator[PieceEvent]], ...] = (
    _returns,
    _moves,
    _inspections,
    _decisions,
    _orders,
    _hand_checks,
    _exits,
)
"""At one and the same moment in this order: what was seen comes before what was decided on it."""


def _of(connection: Connection, table: Table, pieces: dict[int, str]) -> Sequence[Row[Any]]:
    return connection.execute(select(table).where(table.c.piece.in_(pieces)).order_by(table.c.id)).all()


def _named(code: str) -> str:
    return code.replace("_", " ")


def _said(text: str) -> str:
    return f": {text}" if text else ""
