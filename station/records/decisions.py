"""What becomes of a piece after its verdict: proposed by the station, decided by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from loupebox.inspect.verdict import Verdict
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.concessions import use_concession
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.override_reason import OverrideReason, check_reason
from loupebox.station.records.production_tables import JOB, PIECE
from loupebox.station.records.remedy import ANYTHING_ELSE, Defect, Remedy, remedy_for
from loupebox.station.records.rework_order import advance, defects_by_inspection, loops_of, open_order, orders
from loupebox.station.records.rework_tables import (
    DISPOSITION,
    DISPOSITION_KINDS,
    REWORK_ORDER,
    DispositionKind,
)

STATION = "loupebox"
"""Who decides as long as no person has: the station itself proposes the work that a failure needs."""

NORMAL_PRIORITY = 2
"""1 goes before 2, 2 before 3, among orders of the same due time."""

LOOPS_WITHOUT_A_LEAD = 2
"""So often a piece may be worked on before a lead has to decide whether it is worth another time."""

HEAVIEST_MELT_G = 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides.

    `reason_code` is needed by an override, `reason` may say more in words. Rework without a remedy gets the usual one;
    with `lead` a lead answers for another loop. Scrap carries the weight that goes into the melt; a concession is the
    number of one that was granted. `seen` is the number of the last decision that the person had before them: when
    another has been made since, they are told instead of overruling it unread.
    """

    kind: DispositionKind
    who: str
    reason: str = ""
    reason_code: OverrideReason | None = None
    remedy: Remedy | None = None
    priority: int = NORMAL_PRIORITY
    due_at: datetime | None = None
    melt_weight_g: float | None = None
    concession: int | None = None
    seen: int | None = None
    lead: bool = False


def propose(
    connection: Connection, inspection: int, piece: int, job: str, failed: Sequence[Defect], now: datetime
) -> None:
    """Decide on rework in the station's name: one order for each different remedy that the failed checks need.

    Not after the second loop: then the inspection waits for a lead.
    """
    if loops_of(connection, piece) >= LOOPS_WITHOUT_A_LEAD:
        return
    reason = "; ".join(defect.reason for defect in failed)
    disposition = _dispose(connection, inspection, Decision("rework", STATION, reason), now)
    due = _due(connection, inspection, job)
    for remedy in dict.fromkeys(remedy_for(defect.kind) for defect in failed):
        open_order(connection, disposition, remedy, NORMAL_PRIORITY, due, STATION, now)


def supersede(connection: Connection, piece: int, inspection: int, now: datetime) -> None:
    """A new look at a piece outdates the orders of earlier looks that nobody has taken yet."""
    earlier = (INSPECTION.c.piece == piece, INSPECTION.c.id < inspection)
    _withdraw(connection, STATION, f"inspected again as {inspection}", now, *earlier)


def decide(connection: Connection, inspection: int, decision: Decision, now: datetime) -> int:
    """Record a person's decision and the order that it needs; returns the disposition's number."""
    found = connection.execute(
        select(INSPECTION.c.verdict, INSPECTION.c.piece, INSPECTION.c.style, PIECE.c.job, PIECE.c.serial)
        .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
        .where(INSPECTION.c.id == inspection)
        .with_for_update(of=PIECE)  # of two who decide on one piece at once the second sees what the first did
    ).one_or_none()
    if found is None:
        raise NotRecorded(f"no inspection {inspection} is recorded")
    if found.verdict is None:
        raise Conflict(f"inspection {inspection} was refused, there is nothing to decide; capture the piece again")
    _check(decision, found.verdict)
    _held(connection, INSPECTION.c.id == inspection)
    _check_still_open(connection, inspection, decision, found)
    _withdraw(connection, decision.who, f"decided: {decision.kind}", now, INSPECTION.c.id == inspection)
    disposition = _dispose(connection, inspection, decision, now)
    if decision.concession is not None:
        use_concession(connection, decision.concession, disposition, inspection, decision.who, now)
    if decision.kind == "rework":
        remedy = decision.remedy or _usual(connection, inspection)
        due = decision.due_at or _due(connection, inspection, found.job)
        open_order(connection, disposition, remedy, decision.priority, due, decision.who, now)
    return disposition


def _check(decision: Decision, verdict: str) -> None:
    kind = decision.kind
    if kind not in DISPOSITION_KINDS:
        raise NotAllowed(f"'{kind}' is no decision; allowed are {', '.join(DISPOSITION_KINDS)}")
    if not decision.who.strip():
        raise NotAllowed(f"nobody signs the decision '{kind}'; say who")
    check_reason(kind, verdict, decision.reason_code)
    if decision.melt_weight_g is not None and (kind != "scrap" or not 0 < decision.melt_weight_g <= HEAVIEST_MELT_G):
        raise NotAllowed(
            f"melt_weight_g is {decision.melt_weight_g:g} for the decision '{kind}'; "
            f"allowed is a weight above 0 and at most {HEAVIEST_MELT_G} g, of scrap only"
        )
    if (decision.concession is None) == (kind == "concession"):
        raise NotAllowed(
            f"the decision '{kind}' names {'no' if decision.concession is None else 'a'} concession; "
            "allowed is one that was granted, for the decision 'concession' only"
        )


def _check_still_open(connection: Connection, inspection: int, decision: Decision, found: Any) -> None:
    for order in orders(connection, INSPECTION.c.id == inspection):
        if order.state in ("taken", "done"):
            raise Conflict(
                f"inspection {inspection} of piece {found.serial} can no longer be decided: its rework order "
                f"{order.id} ({order.operation}) is {order.state} by {order.steps[-1].who}; inspect the piece again"
            )
    if decision.seen is not None:
        last = connection.execute(
            select(DISPOSITION).where(DISPOSITION.c.inspection == inspection).order_by(DISPOSITION.c.id.desc()).limit(1)
        ).one_or_none()
        if last is not None and last.id != decision.seen:
            raise Conflict(
                f"inspection {inspection} of piece {found.serial} was decided in the meantime: "
                f"'{last.kind}' by {last.who}, {last.decided_at:%F %R} UTC; look again before deciding"
            )
    loops = loops_of(connection, found.piece)
    if decision.kind == "rework" and loops >= LOOPS_WITHOUT_A_LEAD and not decision.lead:
        raise NotAllowed(
            f"piece {found.serial} has been worked on {loops} times; another rework order needs a lead's decision"
        )


def _dispose(connection: Connection, inspection: int, decision: Decision, now: datetime) -> int:
    kind, who = decision.kind, decision.who
    number = add(
        connection,
        DISPOSITION,
        inspection=inspection,
        kind=kind,
        who=who,
        reason=decision.reason,
        decided_at=now,
        reason_code=decision.reason_code,
        melt_weight_g=decision.melt_weight_g,
    )
    append_audit(
        connection,
        who=who,
        action="inspection.decided",
        subject=f"inspection {inspection}",
        details={"kind": kind, "reason": decision.reason, "reason_code": decision.reason_code},
        at=now,
    )
    return number


def _withdraw(connection: Connection, who: str, note: str, now: datetime, *which: ColumnElement[bool]) -> None:
    for order in _held(connection, *which):
        if order.state == "open":
            advance(connection, order.id, "open", "withdrawn", who, note, now)


def _held(connection: Connection, *which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """The orders of these inspections; until the commit nobody else can take or finish one."""
    decisions = connection.execute(
        select(DISPOSITION.c.id).join(INSPECTION, DISPOSITION.c.inspection == INSPECTION.c.id).where(*which)
    )
    if not (made := decisions.scalars().all()):
        return ()
    # Sorting out the open ones later keeps the database from walking through every open order of the shop.
    query = select(REWORK_ORDER).where(REWORK_ORDER.c.disposition.in_(made)).order_by(REWORK_ORDER.c.id)
    return connection.execute(query.with_for_update()).all()


def _usual(connection: Connection, inspection: int) -> Remedy:
    """What mends the first defect, a failed check before a doubtful one."""
    defects = defects_by_inspection(connection, [inspection])[inspection]
    failed = [d for d in defects if d.verdict == Verdict.FAIL] or defects
    return remedy_for(failed[0].kind) if failed else ANYTHING_ELSE


def _due(connection: Connection, inspection: int, job: str) -> datetime | None:
    """The end of the job's due day on the wall of the station that inspected."""
    due = connection.execute(select(JOB.c.due).where(JOB.c.id == job)).scalar_one()
    offset = connection.execute(select(INSPECTION.c.utc_offset_min).where(INSPECTION.c.id == inspection)).scalar_one()
    return None if due is None else datetime.combine(due, time(23, 59), timezone(timedelta(minutes=offset)))
