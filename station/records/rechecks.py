"""What became of each defect of a piece that is looked at again, and what to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from loupebox.inspect.recheck import Look, Outcome, Rechecked, Spot, What, recheck
from loupebox.inspect.verdict import Check, Verdict
from loupebox.station.records.columns import add_parts
from loupebox.station.records.inspection_tables import DEFECT, FINDING, INSPECTION, MEASUREMENT, PRONG
from loupebox.station.records.recheck_tables import RECHECK
from loupebox.station.records.rework_order import ReworkOrder, orders


@dataclass(frozen=True, slots=True)
class RecheckRecord:
    """One thing of inspection `earlier` or of the one that looked again, and what became of it."""

    earlier: int
    what: What
    name: str
    outcome: Outcome


def add_rechecks(connection: Connection, inspection: int, piece: int | None, checks: Sequence[Check]) -> None:
    """Hold a judged inspection, whose parts are recorded already, against the one before of the same piece.

    None is a piece that has none before.
    """
    before = None if piece is None else last_judged(connection, piece, before=inspection)
    rows: list[dict[str, Any]] = []
    if before is not None:
        old, new = _of(connection, FINDING, before), _of(connection, FINDING, inspection)
        earlier = Look(_spots(old), _prongs(connection, before), _recorded_checks(connection, before))
        others = {check.name: check.verdict for check in checks if _is_other(check.name)}
        found = recheck(earlier, Look(_spots(new), _prongs(connection, inspection), others))
        rows = [{"earlier": before, **_row(thing, old, new)} for thing in found]
    add_parts(connection, RECHECK, "inspection", inspection, rows)


def rechecks_of(connection: Connection, inspection: int) -> tuple[RecheckRecord, ...]:
    """What this inspection found of the things that the one before had seen."""
    query = select(RECHECK).where(RECHECK.c.inspection == inspection).order_by(RECHECK.c.id)
    return tuple(RecheckRecord(r.earlier, r.what, r.name, r.outcome) for r in connection.execute(query))


def last_judged(connection: Connection, piece: int, before: int | None = None) -> int | None:
    """Number of the last inspection of a piece that gave a verdict, before the one named; None when there is none."""
    query = select(INSPECTION.c.id).where(INSPECTION.c.piece == piece, INSPECTION.c.verdict.is_not(None))
    if before is not None:
        query = query.where(INSPECTION.c.id < before)
    return connection.execute(query.order_by(INSPECTION.c.id.desc()).limit(1)).scalar_one_or_none()


def mended_since(connection: Connection, piece: int) -> tuple[ReworkOrder, ...]:
    """The orders done since the piece was last judged: their places are to be looked at first."""
    last = last_judged(connection, piece)
    if last is None:
        return ()
    return tuple(order for order in orders(connection, INSPECTION.c.id == last) if order.state == "done")


def _row(thing: Rechecked, old: Sequence[Row[Any]], new: Sequence[Row[Any]]) -> dict[str, Any]:
    return {
        "what": thing.what,
        "name": thing.name,
        "outcome": thing.outcome,
        "finding_before": None if thing.before is None else old[thing.before].id,
        "finding_after": None if thing.after is None else new[thing.after].id,
    }


def _spots(rows: Sequence[Row[Any]]) -> tuple[Spot, ...]:
    return tuple(
        Spot(
            kind=row.kind,
            view=row.view,
            centre_xy_mm=(
                (row.box_x_px + row.box_w_px / 2) * row.mm_per_px,
                (row.box_y_px + row.box_h_px / 2) * row.mm_per_px,
            ),
            size_mm=row.size_mm,
        )
        for row in rows
    )


def _prongs(connection: Connection, inspection: int) -> dict[int, Any]:
    return {row.place: row.state for row in _of(connection, PRONG, inspection)}


def _recorded_checks(connection: Connection, inspection: int) -> dict[str, Verdict]:
    """What did not pass is among the defects; what did is told beside its measurement."""
    found = {row.name: Verdict(row.verdict) for row in _of(connection, MEASUREMENT, inspection) if row.verdict}
    found |= {row.check_name: Verdict(row.verdict) for row in _of(connection, DEFECT, inspection)}
    return {name: verdict for name, verdict in found.items() if _is_other(name)}


def _is_other(name: str) -> bool:
    """Neither a prong's place nor a surface rule, which are told by prongs and findings."""
    return " zone " not in name and not name.removeprefix("prong_").isdecimal()


def _of(connection: Connection, table: Table, inspection: int) -> Sequence[Row[Any]]:
    return connection.execute(select(table).where(table.c.inspection == inspection).order_by(table.c.id)).all()
