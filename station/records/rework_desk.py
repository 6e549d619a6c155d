"""What people do with rework orders: take, finish, ask, answer, move, hurry, withdraw. One call is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select, update

from loupebox.station.records.audit import JSON, append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.production_tables import PIECE
from loupebox.station.records.rechecks import RecheckRecord, mended_since, rechecks_of
from loupebox.station.records.remedy import REMEDIES
from loupebox.station.records.rework_order import WAITING, ReworkOrder, ReworkWork, advance, one_order, orders
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

PRIORITIES = (1, 2, 3)
MOST = {"minutes": 10_000, "metal_added_g": 1000, "metal_removed_g": 1000, "stones": 1000}
"""What one entry of work can have taken; more is a slip of the finger."""


class ReworkDesk:
    """Orders for benches."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def queue(self, bench: str | None = None) -> tuple[ReworkOrder, ...]:
        """Open and taken orders of a bench or of all, the most urgent first."""
        state, where = REWORK_ORDER.c.state, REWORK_ORDER.c.bench
        conditions = (state.in_(WAITING),) if bench is None else (state.in_(WAITING), where == bench)
        with reading(self._engine) as connection:
            return orders(connection, *conditions)

    def page(
        self,
        limit: int,
        cursor: int | None = None,
        *,
        state: ReworkState | None = None,
        bench: str | None = None,
        piece: str | None = None,
        job: str | None = None,
    ) -> tuple[ReworkOrder, ...]:
        """Orders in any state, the last opened first, from before `cursor` on."""
        wanted = {REWORK_ORDER.c.state: state, REWORK_ORDER.c.bench: bench, PIECE.c.serial: piece, PIECE.c.job: job}
        query = (
            select(REWORK_ORDER.c.id)
            .join(DISPOSITION, REWORK_ORDER.c.disposition == DISPOSITION.c.id)
            .join(INSPECTION, DISPOSITION.c.inspection == INSPECTION.c.id)
            .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
            .where(*(column == value for column, value in wanted.items() if value is not None))
            .order_by(REWORK_ORDER.c.id.desc())
            .limit(limit)
        )
        if cursor is not None:
            query = query.where(REWORK_ORDER.c.id < cursor)
        with reading(self._engine) as connection:
            found = orders(connection, REWORK_ORDER.c.id.in_(connection.execute(query).scalars().all()))
        return tuple(sorted(found, key=lambda order: -order.id))

    def one(self, order: int) -> ReworkOrder:
        """One order in any state."""
        with reading(self._engine) as connection:
            return one_order(connection, order)

    def benches(self) -> tuple[tuple[str, int], ...]:
        """Each bench with the number of orders that wait there or are in work, by name."""
        query = (
            select(REWORK_ORDER.c.bench, func.count())
            .where(REWORK_ORDER.c.state.in_(WAITING))
            .group_by(REWORK_ORDER.c.bench)
        )
        with reading(self._engine) as connection:
            waiting = {row[0]: row[1] for row in connection.execute(query)}
        names = {remedy.bench for remedy in REMEDIES.values()} | waiting.keys()
        return tuple((name, waiting.get(name, 0)) for name in sorted(names))

    def done(self, bench: str | None = None, limit: int = 20) -> tuple[ReworkOrder, ...]:
        """The orders finished last, at a bench or at all, the last first."""
        finished = (
            select(REWORK_EVENT.c.rework_order)
            .join(REWORK_ORDER, REWORK_ORDER.c.id == REWORK_EVENT.c.rework_order)
            .where(REWORK_EVENT.c.state == "done")
            .order_by(REWORK_EVENT.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            where = finished if bench is None else finished.where(REWORK_ORDER.c.bench == bench)
            numbers = list(connection.execute(where).scalars())
            found = {order.id: order for order in orders(connection, REWORK_ORDER.c.id.in_(numbers))}
            return tuple(found[number] for number in numbers)

    def edition(self) -> int:
        """A number that grows with every order, step, change and message: while it stays, so does every queue."""
        tables = (REWORK_ORDER, REWORK_EVENT, REWORK_CHANGE, REWORK_MESSAGE)
        with reading(self._engine) as connection:
            last = [select(func.coalesce(func.max(table.c.id), 0)).scalar_subquery() for table in tables]
            return sum(connection.execute(select(*last)).one())

    def take(self, order: int, who: str) -> ReworkOrder:
        """A jeweller takes an open order; of two who try at once one gets it, the other a `Conflict`.

        So too for two orders on one piece, which can lie at one bench only.
        """
        with writing(self._engine) as connection:
            piece = _hold_piece(connection, order)
            advance(connection, order, "open", "taken", who, "", self._clock())
            _check_nobody_else_has(connection, piece, order, who)
            return one_order(connection, order)

    def finish(self, order: int, who: str, note: str = "", work: ReworkWork | None = None) -> ReworkOrder:
        """The work is done, and the piece goes back to inspection."""
        now = self._clock()
        with writing(self._engine) as connection:
            _hold_piece(connection, order)
            if work is not None:
                _add_work(connection, order, who, work, now)
            advance(connection, order, "taken", "done", who, note, now)
            return one_order(connection, order)

    def withdraw(self, order: int, who: str, note: str) -> ReworkOrder:
        """The work is not wanted any more, also when somebody has begun it; the note says why."""
        if not note.strip():
            raise NotAllowed(f"rework order {order} cannot be withdrawn without a word; say why")
        with writing(self._engine) as connection:
            _hold_piece(connection, order)
            before = "taken" if one_order(connection, order).state == "taken" else "open"
            advance(connection, order, before, "withdrawn", who, note, self._clock())
            return one_order(connection, order)

    def move(self, order: int, bench: str, who: str, note: str = "") -> ReworkOrder:
        """Give an open order to another bench."""
        if not bench.strip():
            raise NotAllowed(f"rework order {order} cannot be moved to no bench; name one")
        return self._change(order, "bench", bench, who, note)

    def prioritise(self, order: int, priority: int, who: str, note: str = "") -> ReworkOrder:
        """Let an order go before others of the same due time, or after them."""
        if priority not in PRIORITIES:
            raise NotAllowed(f"priority is {priority}; allowed are {', '.join(map(str, PRIORITIES))}")
        return self._change(order, "priority", priority, who, note)

    def set_due(self, order: int, due_at: datetime, who: str, note: str = "") -> ReworkOrder:
        """Another time by which the work must be done."""
        if due_at.tzinfo is None:
            raise NotAllowed(f"due time {due_at} has no offset; it needs one")
        return self._change(order, "due_at", due_at, who, note)

    def ask(self, order: int, who: str, text: str) -> ReworkOrder:
        """The bench asks the inspector."""
        return self._say(order, "question", who, text)

    def answer(self, order: int, who: str, text: str) -> ReworkOrder:
        """The inspector answers."""
        return self._say(order, "answer", who, text)

    def look_first(self, serial: str, job: str) -> tuple[ReworkOrder, ...]:
        """What was done on a piece since it was last judged: its places come first at the next inspection."""
        with reading(self._engine) as connection:
            query = select(PIECE.c.id).where(PIECE.c.serial == serial, PIECE.c.job == job)
            piece = connection.execute(query).scalar_one_or_none()
            if piece is None:
                raise NotRecorded(f"no piece '{serial}' of job '{job}' is recorded")
            return mended_since(connection, piece)

    def rechecked(self, inspection: int) -> tuple[RecheckRecord, ...]:
        """What an inspection found of the things that the one before had seen: gone, still there, or new."""
        with reading(self._engine) as connection:
            return rechecks_of(connection, inspection)

    def _change(self, order: int, what: ChangeOf, after: str | int | datetime, who: str, note: str) -> ReworkOrder:
        if not who.strip():
            raise NotAllowed(f"the {what} of rework order {order} cannot be changed by nobody; say who")
        now = self._clock()
        with writing(self._engine) as connection:
            _hold_piece(connection, order)
            found = one_order(connection, order)
            may = ("open",) if what == "bench" else WAITING
            if found.state not in may:
                raise Conflict(
                    f"the {what} of rework order {order} cannot be changed by {who}: "
                    f"it is {found.state} by {found.steps[-1].who}"
                )
            before = getattr(found, what)
            if before == after:
                return found
            connection.execute(update(REWORK_ORDER).where(REWORK_ORDER.c.id == order).values({what: after}))
            words = {"before": _words(before), "after": _words(after)}
            add(connection, REWORK_CHANGE, rework_order=order, what=what, **words, who=who, note=note, at=now)
            _audit(connection, who, "rework.changed", order, {"what": what, **words, "note": note}, now)
            return one_order(connection, order)

    def _say(self, order: int, kind: MessageKind, who: str, text: str) -> ReworkOrder:
        if not who.strip() or not text.strip():
            raise NotAllowed(f"a {kind} on rework order {order} needs somebody who says it and words")
        now = self._clock()
        with writing(self._engine) as connection:
            _hold_piece(connection, order)
            add(connection, REWORK_MESSAGE, rework_order=order, kind=kind, who=who, text=text, at=now)
            _audit(connection, who, f"rework.{kind}", order, {"text": text}, now)
            return one_order(connection, order)


def _hold_piece(connection: Connection, order: int) -> int:
    """Number of the order's piece; whoever else acts on an order of it waits for the end of this transaction."""
    query = (
        select(PIECE.c.id)
        .join(INSPECTION, INSPECTION.c.piece == PIECE.c.id)
        .join(DISPOSITION, DISPOSITION.c.inspection == INSPECTION.c.id)
        .join(REWORK_ORDER, REWORK_ORDER.c.disposition == DISPOSITION.c.id)
        .where(REWORK_ORDER.c.id == order)
        .with_for_update(of=PIECE)
    )
    piece = connection.execute(query).scalar_one_or_none()
    if piece is None:
        raise NotRecorded(f"no rework order {order} is recorded")
    return piece


def _check_nobody_else_has(connection: Connection, piece: int, order: int, who: str) -> None:
    for other in orders(connection, INSPECTION.c.piece == piece):
        if other.state != "taken" or other.id == order:
            continue
        last = other.steps[-1]
        raise Conflict(
            f"rework order {order} on piece {other.piece} cannot be taken by {who}: the piece is at the bench "
            f"{other.bench}, order {other.id} ({other.operation}) is taken by {last.who}, {last.at:%F %R} UTC"
        )


def _add_work(connection: Connection, order: int, who: str, work: ReworkWork, now: datetime) -> None:
    spent = {name: getattr(work, name) for name in MOST}
    for name, amount in spent.items():
        if not 0 <= amount <= MOST[name]:
            raise NotAllowed(f"{name} is {amount:g}; allowed is 0 to {MOST[name]}")
    add(connection, REWORK_WORK, rework_order=order, who=who, **spent, at=now)
    _audit(connection, who, "rework.worked", order, spent, now)


def _audit(
    connection: Connection, who: str, action: str, order: int, details: Mapping[str, JSON], at: datetime
) -> None:
    append_audit(connection, who=who, action=action, subject=f"rework order {order}", details=details, at=at)


def _words(value: str | int | datetime | None) -> str:
    return value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)
