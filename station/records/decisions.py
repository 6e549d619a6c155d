"""What becomes of a piece after its verdict: proposed by the station, decided by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, select

from loupebox.inspect.verdict import Verdict
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.production_tables import JOB, PIECE
from loupebox.station.records.remedy import ANYTHING_ELSE, Defect, Remedy, remedy_for
from loupebox.station.records.rework_order import advance, defects_by_inspection, open_order, orders
from loupebox.station.records.rework_tables import (
    DISPOSITION,
    DISPOSITION_KINDS,
    REWORK_ORDER,
    DispositionKind,
)

STATION = "loupebox"
"""Who decides as long as no person has: the station itself proposes the work that a failure needs."""

NORMAL_PRIORITY = 2
"""1 goes before 2, 2 before 3, among orders of the same due day."""


def propose(connection: Connection, inspection: int, job: str, failed: Sequence[Defect], now: datetime) -> None:
    """Decide on rework in the station's name: one order for each different remedy that the failed checks need."""
    reason = "; ".join(defect.reason for defect in failed)
    disposition = _dispose(connection, inspection, "rework", STATION, reason, now)
    due = _due(connection, job)
    for remedy in dict.fromkeys(remedy_for(defect.kind) for defect in failed):
        open_order(connection, disposition, remedy, NORMAL_PRIORITY, due, STATION, now)


def supersede(connection: Connection, piece: int, inspection: int, now: datetime) -> None:
    """A new look at a piece outdates the orders of earlier looks that nobody has taken yet."""
    earlier = (INSPECTION.c.piece == piece, INSPECTION.c.id < inspection)
    _withdraw(connection, STATION, f"inspected again as {inspection}", now, *earlier)


def decide(
    connection: Connection,
    inspection: int,
    kind: DispositionKind,
    who: str,
    reason: str,
    remedy: Remedy | None,
    priority: int,
    now: datetime,
) -> int:
    """Record a person's decision and the order that it needs; returns the disposition's number."""
    found = connection.execute(
        select(INSPECTION.c.verdict, PIECE.c.job, PIECE.c.serial)
        .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
        .where(INSPECTION.c.id == inspection)
    ).one_or_none()
    if found is None:
        raise NotRecorded(f"no inspection {inspection} is recorded")
    if found.verdict is None:
        raise Conflict(f"inspection {inspection} was refused, there is nothing to decide; capture the piece again")
    _check(kind, who, reason, found.verdict)
    for order in orders(connection, INSPECTION.c.id == inspection):
        if order.state in ("taken", "done"):
            raise Conflict(
                f"inspection {inspection} of piece {found.serial} can no longer be decided: its rework order "
                f"{order.id} ({order.operation}) is {order.state} by {order.steps[-1].who}; inspect the piece again"
            )
    _withdraw(connection, who, f"decided: {kind}", now, INSPECTION.c.id == inspection)
    disposition = _dispose(connection, inspection, kind, who, reason, now)
    if kind == "rework":
        remedy = remedy or _usual(connection, inspection)
        open_order(connection, disposition, remedy, priority, _due(connection, found.job), who, now)
    return disposition


def _check(kind: str, who: str, reason: str, verdict: str) -> None:
    if kind not in DISPOSITION_KINDS:
        raise NotAllowed(f"'{kind}' is no decision; allowed are {', '.join(DISPOSITION_KINDS)}")
    if not who.strip():
        raise NotAllowed(f"nobody signs the decision '{kind}'; say who")
    overrides = kind in ("scrap", "concession") or (kind == "accept" and verdict == Verdict.FAIL)
    if overrides and not reason.strip():
        raise NotAllowed(f"the decision '{kind}' on a piece with verdict {verdict} needs a reason")


def _dispose(
    connection: Connection, inspection: int, kind: DispositionKind, who: str, reason: str, now: datetime
) -> int:
    number = add(connection, DISPOSITION, inspection=inspection, kind=kind, who=who, reason=reason, decided_at=now)
    append_audit(
        connection,
        who=who,
        action="inspection.decided",
        subject=f"inspection {inspection}",
        details={"kind": kind, "reason": reason},
        at=now,
    )
    return number


def _withdraw(connection: Connection, who: str, note: str, now: datetime, *which: ColumnElement[bool]) -> None:
    decisions = connection.execute(
        select(DISPOSITION.c.id).join(INSPECTION, DISPOSITION.c.inspection == INSPECTION.c.id).where(*which)
    )
    if not (made := decisions.scalars().all()):
        return
    # Sorting out the open ones here keeps the database from walking through every open order of the shop.
    for order in connection.execute(select(REWORK_ORDER).where(REWORK_ORDER.c.disposition.in_(made))).all():
        if order.state == "open":
            advance(connection, order.id, "open", "withdrawn", who, note, now)


def _usual(connection: Connection, inspection: int) -> Remedy:
    """What mends the first defect, a failed check before a doubtful one."""
    defects = defects_by_inspection(connection, [inspection])[inspection]
    failed = [d for d in defects if d.verdict == Verdict.FAIL] or defects
    return remedy_for(failed[0].kind) if failed else ANYTHING_ELSE


def _due(connection: Connection, job: str) -> date | None:
    return connection.execute(select(JOB.c.due).where(JOB.c.id == job)).scalar_one()
