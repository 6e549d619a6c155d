"""Read inspections back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta, timezone
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, select

from loupebox.inspect.verdict import Verdict
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.inspection_record import (
    DispositionRecord,
    FindingRecord,
    FrameRecord,
    InspectionRecord,
    InspectionSummary,
    MeasurementRecord,
    ProngRecord,
    SpecRecord,
)
from loupebox.station.records.inspection_tables import (
    FINDING,
    FRAME,
    INSPECTION,
    MEASUREMENT,
    PRONG,
)
from loupebox.station.records.production_tables import PIECE, SPEC_REVISION
from loupebox.station.records.rework_order import ReworkOrder, defects_by_inspection, orders
from loupebox.station.records.rework_tables import DISPOSITION

Outcome = Literal["PASS", "REVIEW", "FAIL", "REFUSED"]


@dataclass(frozen=True, slots=True)
class InspectionFilter:
    """Which inspections; None is all. `until` is the last day of all, `up_to` the last number."""

    outcome: Outcome | None = None
    style: str | None = None
    job: str | None = None
    piece: str | None = None
    day: date | None = None
    since: date | None = None
    until: date | None = None
    station: str | None = None
    up_to: int | None = None

    @property
    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        wanted: list[ColumnElement[bool]] = []
        if self.outcome == "REFUSED":
            wanted.append(INSPECTION.c.verdict.is_(None))
        elif self.outcome is not None:
            wanted.append(INSPECTION.c.verdict == self.outcome)
        if self.style is not None:
            wanted.append(INSPECTION.c.style == self.style)
        if self.job is not None:
            wanted.append(PIECE.c.job == self.job)
        if self.piece is not None:
            wanted.append(PIECE.c.serial == self.piece)
        if self.day is not None:
            wanted.append(INSPECTION.c.day == self.day)
        if self.since is not None:
            wanted.append(INSPECTION.c.day >= self.since)
        if self.until is not None:
            wanted.append(INSPECTION.c.day <= self.until)
        if self.station is not None:
            wanted.append(INSPECTION.c.station == self.station)
        if self.up_to is not None:
            wanted.append(INSPECTION.c.id <= self.up_to)
        return tuple(wanted)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a long list, the newest first; `next_cursor` asks for the part that follows, None is the end."""

    items: tuple[InspectionSummary, ...]
    next_cursor: int | None


def page(connection: Connection, wanted: InspectionFilter, limit: int, cursor: int | None) -> Page:
    """At most `limit` inspections recorded before number `cursor`."""
    query = _summaries().where(*wanted.conditions).order_by(INSPECTION.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(INSPECTION.c.id < cursor)
    found = tuple(_summary(row) for row in connection.execute(query))
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def latest_of_day(connection: Connection, day: date) -> tuple[InspectionSummary, ...]:
    """The last look of that day at each piece, the latest capture first."""
    last = select(func.max(INSPECTION.c.id)).where(INSPECTION.c.day == day).group_by(INSPECTION.c.piece)
    query = (
        _summaries().where(INSPECTION.c.id.in_(last)).order_by(INSPECTION.c.captured_at.desc(), INSPECTION.c.id.desc())
    )
    return tuple(_summary(row) for row in connection.execute(query))


def undecided(connection: Connection) -> tuple[InspectionSummary, ...]:
    """No PASS, nothing decided (the station itself decides on most failures), nobody has looked again: oldest first."""
    later = INSPECTION.alias()
    again = select(later.c.id).where(
        later.c.piece == INSPECTION.c.piece,
        later.c.id > INSPECTION.c.id,
        later.c.verdict.is_not(None),
    )
    decided = select(DISPOSITION.c.id).where(DISPOSITION.c.inspection == INSPECTION.c.id)
    query = (
        _summaries()
        .where(INSPECTION.c.verdict.in_((Verdict.REVIEW, Verdict.FAIL)), ~decided.exists(), ~again.exists())
        .order_by(INSPECTION.c.id)
    )
    return tuple(_summary(row) for row in connection.execute(query))


def whole(connection: Connection, inspection: int) -> InspectionRecord:
    """Everything recorded of one inspection."""
    found = wholes(connection, [inspection])
    if not found:
        raise NotRecorded(f"no inspection {inspection} is recorded")
    return found[0]


def wholes(connection: Connection, numbers: Sequence[int]) -> tuple[InspectionRecord, ...]:
    """Everything recorded of each of these inspections, by number; those that are not there are left out."""
    kept = (
        INSPECTION.c.spec_revision.label("sheet"),
        INSPECTION.c.replay,
        INSPECTION.c.timings_ms,
        INSPECTION.c.report,
    )
    query = _summaries().add_columns(*kept).where(INSPECTION.c.id.in_(numbers)).order_by(INSPECTION.c.id)
    rows = connection.execute(query).all()
    tables = (MEASUREMENT, FINDING, PRONG, FRAME, DISPOSITION)
    measurements, findings, prongs, frames, dispositions = (_parts(connection, table, numbers) for table in tables)
    defects = defects_by_inspection(connection, numbers)
    work: dict[int, list[ReworkOrder]] = defaultdict(list)
    for order in orders(connection, INSPECTION.c.id.in_(numbers)):
        work[order.inspection_id].append(order)
    sheets = {number: _spec(connection, number) for number in {row.sheet for row in rows} - {None}}
    return tuple(
        InspectionRecord(
            summary=_summary(row),
            spec=sheets.get(row.sheet),
            measurements=tuple(measurement_of(part) for part in measurements[row.id]),
            findings=tuple(_finding(part) for part in findings[row.id]),
            prongs=tuple(_prong(part) for part in prongs[row.id]),
            defects=tuple(defects[row.id]),
            frames=tuple(FrameRecord(**_without_keys(part)) for part in frames[row.id]),
            dispositions=tuple(DispositionRecord(**_disposition(part)) for part in dispositions[row.id]),
            orders=tuple(work[row.id]),
            replay=row.replay,
            timings_ms=row.timings_ms,
            report=json.loads(row.report),
        )
        for row in rows
    )


def frames_of(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[FrameRecord, ...]]:
    """Which pictures each of these inspections has, in the order in which they were taken."""
    found: dict[int, tuple[FrameRecord, ...]] = dict.fromkeys(numbers, ())
    query = select(FRAME).where(FRAME.c.inspection.in_(numbers)).order_by(FRAME.c.id)
    for row in connection.execute(query):
        found[row.inspection] += (FrameRecord(**_without_keys(row)),)
    return found


def _summaries() -> Select[*tuple[Any, ...]]:
    earlier = INSPECTION.alias()
    attempt = (
        select(func.count())
        .where(earlier.c.piece == INSPECTION.c.piece, earlier.c.id <= INSPECTION.c.id)
        .scalar_subquery()
    )
    return (
        select(
            INSPECTION.c.id,
            PIECE.c.serial,
            PIECE.c.job,
            INSPECTION.c.style,
            SPEC_REVISION.c.revision,
            INSPECTION.c.station,
            INSPECTION.c.captured_at,
            INSPECTION.c.utc_offset_min,
            INSPECTION.c.recorded_at,
            INSPECTION.c.day,
            INSPECTION.c.verdict,
            INSPECTION.c.refusal_code,
            INSPECTION.c.reasons,
            attempt.label("attempt"),
            latest_disposition().label("disposition"),
        )
        .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
        .outerjoin(SPEC_REVISION, INSPECTION.c.spec_revision == SPEC_REVISION.c.id)
    )


def latest_disposition() -> Any:
    """The kind of the last decision on an inspection, as a column beside `INSPECTION`."""
    return (
        select(DISPOSITION.c.kind)
        .where(DISPOSITION.c.inspection == INSPECTION.c.id)
        .order_by(DISPOSITION.c.id.desc())
        .limit(1)
        .correlate(INSPECTION)
        .scalar_subquery()
    )


def _summary(row: Row[Any]) -> InspectionSummary:
    return InspectionSummary(
        id=row.id,
        piece=row.serial,
        job=row.job,
        style=row.style,
        spec_revision=row.revision,
        station=row.station,
        captured_at=row.captured_at.astimezone(timezone(timedelta(minutes=row.utc_offset_min))),
        recorded_at=row.recorded_at,
        day=row.day,
        verdict=row.verdict,
        refusal_code=row.refusal_code,
        reasons=tuple(row.reasons),
        attempt=row.attempt,
        disposition=row.disposition,
    )


def _parts(connection: Connection, table: Table, numbers: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Rows of a table by the inspection to which they belong."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.inspection.in_(numbers)).order_by(table.c.id)):
        found[row.inspection].append(row)
    return found


def _disposition(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "inspection"}


def _without_keys(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in ("id", "inspection")}


def measurement_of(row: Row[Any]) -> MeasurementRecord:
    """A row of the table `measurement`, perhaps with other columns beside it."""
    return MeasurementRecord(**{f.name: row._mapping[f.name] for f in fields(MeasurementRecord)})


def _finding(row: Row[Any]) -> FindingRecord:
    values = {name: value for name, value in _without_keys(row).items() if not name.startswith("box_")}
    values["box_xywh_px"] = (row.box_x_px, row.box_y_px, row.box_w_px, row.box_h_px)
    values["polygon_xy_px"] = tuple((x, y) for x, y in row.polygon_xy_px)
    return FindingRecord(**values)


def _prong(row: Row[Any]) -> ProngRecord:
    values = _without_keys(row)
    return ProngRecord(index=values.pop("place"), **values)


def _spec(connection: Connection, number: int) -> SpecRecord:
    row = connection.execute(select(SPEC_REVISION).where(SPEC_REVISION.c.id == number)).one()
    return SpecRecord(row.style, row.revision, row.name, row.text, row.sha256, row.approved_by, row.approved_on)
