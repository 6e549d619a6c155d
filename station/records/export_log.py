"""Everything that was recorded, inspection by inspection, a few hundred in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from loupebox.station.records.engine import reading
from loupebox.station.records.inspection_record import InspectionRecord, MeasurementRecord
from loupebox.station.records.inspection_tables import INSPECTION, MEASUREMENT
from loupebox.station.records.inspections import InspectionFilter, measurement_of, wholes
from loupebox.station.records.production_tables import PIECE, SPEC_REVISION

BATCH = 200


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A quantity under one spec sheet (style and revision, None without a sheet), as it was first measured there."""

    sheet: tuple[str, str | None]
    sheet_name: str | None
    measured: MeasurementRecord


class ExportLog:
    """Read for export; each walk through the log has a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def inspections(self, wanted: InspectionFilter) -> Iterator[InspectionRecord]:
        """The inspections wanted, the first recorded first; those that come while it reads may be among them."""
        with reading(self._engine) as connection:
            for numbers in _batches(connection, wanted):
                yield from wholes(connection, numbers)

    def numbers(self, wanted: InspectionFilter) -> Iterator[int]:
        """Numbers of the inspections wanted, the first recorded first."""
        with reading(self._engine) as connection:
            for numbers in _batches(connection, wanted):
                yield from numbers

    def last_number(self) -> int:
        """Of the latest inspection; 0 of an empty log."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.coalesce(func.max(INSPECTION.c.id), 0))).scalar_one()

    def measured_count(self, wanted: InspectionFilter) -> int:
        """How many rows of measurements these inspections have."""
        query = (
            select(func.count())
            .select_from(MEASUREMENT)
            .join(INSPECTION, MEASUREMENT.c.inspection == INSPECTION.c.id)
            .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
            .where(*wanted.conditions)
        )
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def characteristics(self, wanted: InspectionFilter) -> tuple[Characteristic, ...]:
        """What was measured in these inspections under which sheet, by style, sheet and name."""
        sheet = (INSPECTION.c.style, INSPECTION.c.spec_revision)
        first = (
            select(func.min(MEASUREMENT.c.id))
            .join(INSPECTION, MEASUREMENT.c.inspection == INSPECTION.c.id)
            .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
            .where(*wanted.conditions)
            .group_by(*sheet, MEASUREMENT.c.name)
        )
        query = (
            select(MEASUREMENT, INSPECTION.c.style, SPEC_REVISION.c.revision, SPEC_REVISION.c.name.label("sheet_name"))
            .join(INSPECTION, MEASUREMENT.c.inspection == INSPECTION.c.id)
            .outerjoin(SPEC_REVISION, INSPECTION.c.spec_revision == SPEC_REVISION.c.id)
            .where(MEASUREMENT.c.id.in_(first))
            .order_by(*sheet, MEASUREMENT.c.name)
        )
        with reading(self._engine) as connection:
            return tuple(
                Characteristic((row.style, row.revision), row.sheet_name, measurement_of(row))
                for row in connection.execute(query)
            )


def _batches(connection: Connection, wanted: InspectionFilter) -> Iterator[Sequence[int]]:
    last = 0
    while True:
        query = (
            select(INSPECTION.c.id)
            .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
            .where(INSPECTION.c.id > last, *wanted.conditions)
            .order_by(INSPECTION.c.id)
            .limit(BATCH)
        )
        numbers = connection.execute(query).scalars().all()
        if numbers:
            yield numbers
        if len(numbers) < BATCH:
            return
        last = numbers[-1]
