"""Everything that was recorded, inspection by inspection, a few hundred in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Engine, func, select

from loupebox.station.records.engine import reading
from loupebox.station.records.inspection_record import InspectionRecord
from loupebox.station.records.inspection_tables import INSPECTION, MEASUREMENT
from loupebox.station.records.inspections import InspectionFilter, wholes
from loupebox.station.records.production_tables import PIECE

BATCH = 200


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

    def measured_names(self, wanted: InspectionFilter) -> tuple[tuple[str, str | None], ...]:
        """Name and unit of everything that was measured in these inspections, by name."""
        query = (
            select(MEASUREMENT.c.name, func.max(MEASUREMENT.c.unit))
            .join(INSPECTION, MEASUREMENT.c.inspection == INSPECTION.c.id)
            .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
            .where(*wanted.conditions)
            .group_by(MEASUREMENT.c.name)
            .order_by(MEASUREMENT.c.name)
        )
        with reading(self._engine) as connection:
            return tuple((row[0], row[1]) for row in connection.execute(query))

    def sheets(self, wanted: InspectionFilter) -> tuple[tuple[str, int], ...]:
        """Styles and numbers of the spec sheets under which these inspections were made."""
        query = (
            select(INSPECTION.c.style, INSPECTION.c.spec_revision)
            .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
            .where(INSPECTION.c.spec_revision.is_not(None), *wanted.conditions)
            .distinct()
            .order_by(INSPECTION.c.style, INSPECTION.c.spec_revision)
        )
        with reading(self._engine) as connection:
            return tuple((row[0], row[1]) for row in connection.execute(query))


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
