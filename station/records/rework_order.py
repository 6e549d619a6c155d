"""A rework order: work on one piece that one jeweller at a bench takes and finishes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select, update

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import DEFECT, INSPECTION
from loupebox.station.records.production_tables import PIECE
from loupebox.station.records.remedy import Remedy, remedy_for
from loupebox.station.records.rework_mark import ReworkMark, add_marks, marks_of
from loupebox.station.records.rework_tables import (
    DISPOSITION,
    REWORK_CHANGE,
    REWORK_EVENT,
    REWORK_MESSAGE,
    REWORK_ORDER,
    REWORK_WORK,
    ChangeOf,
    MessageKind,
    ReworkState,
)

WAITING: tuple[ReworkState, ...] = ("open", "taken")


@dataclass(frozen=True, slots=True)
class ReworkStep:
    """One event in the life of an order."""

    state: ReworkState
    who: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReworkChange:
    """An order given to another bench, priority or due time, in words as they were and as they became."""

    what: ChangeOf
    before: str
    after: str
    who: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReworkMessage:
    """A question of the bench to the inspector, or an answer."""

    kind: MessageKind
    who: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReworkWork:
    """What the work took."""

    minutes: float = 0.0
    metal_added_g: float = 0.0
    metal_removed_g: float = 0.0
    stones: int = 0


@dataclass(frozen=True, slots=True)
class DefectRecord:
    """A check that did not pass: its kind in the shop's words, its name on the spec sheet, its verdict and why."""

    kind: str
    check_name: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReworkOrder:
    """An order with what it must mend, where that is, and what has happened to it.

    `loop` is 1 for the first time that the piece is worked on; `work` adds up what was spent, None before anything was.
    """

    id: int
    inspection_id: int
    piece: str
    job: str
    style: str
    operation: str
    bench: str
    priority: int
    due_at: datetime | None
    state: ReworkState
    loop: int
    defects: tuple[DefectRecord, ...]
    marks: tuple[ReworkMark, ...]
    steps: tuple[ReworkStep, ...]
    changes: tuple[ReworkChange, ...]
    messages: tuple[ReworkMessage, ...]
    work: ReworkWork | None

    def step(self, state: ReworkState) -> ReworkStep | None:
        """Who brought it into this state, and when; None if nobody has."""
        return next((step for step in self.steps if step.state == state), None)


def orders(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[ReworkOrder, ...]:
    """The orders that meet all conditions, the most urgent first: by due time, priority, number."""
    due = REWORK_ORDER.c.due_at
    rows = connection.execute(
        select(
            REWORK_ORDER,
            DISPOSITION.c.inspection.label("inspection"),
            PIECE.c.serial.label("serial"),
            PIECE.c.job.label("job"),
            INSPECTION.c.style.label("style"),
        )
        .join(DISPOSITION, REWORK_ORDER.c.disposition == DISPOSITION.c.id)
        .join(INSPECTION, DISPOSITION.c.inspection == INSPECTION.c.id)
        .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
        .where(*conditions)
        .order_by(due.is_(None), due, REWORK_ORDER.c.priority, REWORK_ORDER.c.id)
    ).all()
    if not rows:
        return ()
    numbers = [row.id for row in rows]
    steps, changes, messages, work = (
        _parts(connection, table, numbers) for table in (REWORK_EVENT, REWORK_CHANGE, REWORK_MESSAGE, REWORK_WORK)
    )
    marks = marks_of(connection, numbers)
    defects = defects_by_inspection(connection, [row.inspection for row in rows])
    return tuple(
        ReworkOrder(
            id=row.id,
            inspection_id=row.inspection,
            piece=row.serial,
            job=row.job,
            style=row.style,
            operation=row.operation,
            bench=row.bench,
            priority=row.priority,
            due_at=row.due_at,
            state=row.state,
            loop=row.loop,
            defects=_mended(defects[row.inspection], Remedy(row.operation, row.bench)),
            marks=tuple(marks[row.id]),
            steps=tuple(ReworkStep(p.state, p.who, p.note, p.at) for p in steps[row.id]),
            changes=tuple(ReworkChange(p.what, p.before, p.after, p.who, p.note, p.at) for p in changes[row.id]),
            messages=tuple(ReworkMessage(p.kind, p.who, p.text, p.at) for p in messages[row.id]),
            work=_sum(work[row.id]),
        )
        for row in rows
    )


def one_order(connection: Connection, order: int) -> ReworkOrder:
    """The order of this number."""
    found = orders(connection, REWORK_ORDER.c.id == order)
    if not found:
        raise NotRecorded(f"no rework order {order} is recorded")
    return found[0]


def loops_of(connection: Connection, piece: int) -> int:
    """How many times the piece has been worked on: inspections of it of whose orders at least one was done."""
    # The piece's few orders; asked for those that are done, the database may walk through all that ever were.
    query = (
        select(DISPOSITION.c.inspection, REWORK_ORDER.c.state)
        .join(INSPECTION, DISPOSITION.c.inspection == INSPECTION.c.id)
        .join(REWORK_ORDER, REWORK_ORDER.c.disposition == DISPOSITION.c.id)
        .where(INSPECTION.c.piece == piece)
    )
    return len({inspection for inspection, state in connection.execute(query) if state == "done"})


def open_order(
    connection: Connection,
    disposition: int,
    remedy: Remedy,
    priority: int,
    due_at: datetime | None,
    who: str,
    now: datetime,
) -> int:
    """A new order that waits for its bench, with the places that it is about; returns its number."""
    inspection, piece = connection.execute(
        select(INSPECTION.c.id, INSPECTION.c.piece)
        .join(DISPOSITION, DISPOSITION.c.inspection == INSPECTION.c.id)
        .where(DISPOSITION.c.id == disposition)
    ).one()
    order = add(
        connection,
        REWORK_ORDER,
        disposition=disposition,
        operation=remedy.operation,
        bench=remedy.bench,
        priority=priority,
        due_at=due_at,
        state="open",
        loop=loops_of(connection, piece) + 1,
    )
    mended = _mended(defects_by_inspection(connection, [inspection])[inspection], remedy)
    add_marks(connection, order, inspection, [defect.check_name for defect in mended])
    _step(connection, order, "open", who, "", now)
    return order


def advance(
    connection: Connection, order: int, before: ReworkState, after: ReworkState, who: str, note: str, now: datetime
) -> None:
    """Bring an order from one state into the next; of two who try at once, one does and the other is told."""
    if not who.strip():
        raise NotAllowed(f"rework order {order} cannot be {after} by nobody; say who")
    changed = connection.execute(
        update(REWORK_ORDER).where(REWORK_ORDER.c.id == order, REWORK_ORDER.c.state == before).values(state=after)
    ).rowcount
    if not changed:
        found = one_order(connection, order)
        last = found.steps[-1]
        since = "nobody has taken it" if last.state == "open" else f"{last.state} by {last.who}, {last.at:%F %R} UTC"
        raise Conflict(
            f"rework order {order} ({found.operation}, piece {found.piece}) cannot be {after} by {who}: {since}"
        )
    _step(connection, order, after, who, note, now)


def _step(connection: Connection, order: int, state: ReworkState, who: str, note: str, now: datetime) -> None:
    add(connection, REWORK_EVENT, rework_order=order, state=state, who=who, note=note, at=now)
    append_audit(
        connection, who=who, action=f"rework.{state}", subject=f"rework order {order}", details={"note": note}, at=now
    )


def defects_by_inspection(connection: Connection, inspections: Sequence[int]) -> dict[int, list[DefectRecord]]:
    """Defects of each of these inspections, in the order of the checks."""
    found: dict[int, list[DefectRecord]] = defaultdict(list)
    for row in connection.execute(
        select(DEFECT).where(DEFECT.c.inspection.in_(set(inspections))).order_by(DEFECT.c.id)
    ):
        found[row.inspection].append(DefectRecord(row.kind, row.check_name, row.verdict, row.reason))
    return found


def _parts(connection: Connection, table: Table, orders: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Rows of a table by the order to which they belong."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.rework_order.in_(orders)).order_by(table.c.id)):
        found[row.rework_order].append(row)
    return found


def _sum(work: Sequence[Row[Any]]) -> ReworkWork | None:
    if not work:
        return None
    return ReworkWork(
        minutes=sum(row.minutes for row in work),
        metal_added_g=sum(row.metal_added_g for row in work),
        metal_removed_g=sum(row.metal_removed_g for row in work),
        stones=sum(row.stones for row in work),
    )


def _mended(defects: Sequence[DefectRecord], remedy: Remedy) -> tuple[DefectRecord, ...]:
    """What this operation mends of the piece's defects; all of them when a person chose another operation."""
    return tuple(d for d in defects if remedy_for(d.kind) == remedy) or tuple(defects)
