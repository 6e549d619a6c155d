"""Bring a table of jobs into the records: all of it or, when any row is refused, nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from loupebox.station.records.audit import append_audit
from loupebox.station.records.bag_tables import JOB_CLOSING, PIECE_EXIT, PIECE_SOURCE
from loupebox.station.records.bags import add_source, piece_number
from loupebox.station.records.engine import writing
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.job import SOURCES, Job, Source
from loupebox.station.records.job_table import JobRow, JobTable, RefusedRow
from loupebox.station.records.jobs import import_jobs
from loupebox.station.records.production_tables import JOB, PIECE


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or, in a dry run, would do. With any refused row it does nothing."""

    stored: bool
    rows: int
    jobs_added: int
    jobs_changed: int
    jobs_unchanged: int
    pieces_added: int
    sources_changed: int
    refused: tuple[RefusedRow, ...]
    encoding: str | None


class _DryRun(Exception):
    """Carries the report out of a transaction that must leave nothing."""

    def __init__(self, report: ImportReport) -> None:
        self.report = report


class JobImport:
    """One call is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def bring_in(self, table: JobTable, who: str, *, dry_run: bool = False) -> ImportReport:
        """Add and change what the table says; the same table again changes nothing."""
        if not who.strip():
            raise NotAllowed("nobody imports the jobs; say who")
        try:
            with writing(self._engine) as connection:
                report = _import(connection, table, who, self._clock())
                if dry_run or report.refused:
                    raise _DryRun(report)
                return replace(report, stored=True)
        except _DryRun as end:
            return end.report


def _import(connection: Connection, table: JobTable, who: str, now: datetime) -> ImportReport:
    by_job: dict[str, list[tuple[int, JobRow]]] = {}
    for line, row in table.rows:
        by_job.setdefault(row.job, []).append((line, row))
    refused = [*table.refused, *(r for job, rows in by_job.items() for r in _unfit(connection, job, rows))]
    nothing = ImportReport(False, len(table.rows), 0, 0, 0, 0, 0, _in_order(refused), table.encoding)
    if refused:
        return nothing
    jobs = import_jobs(connection, [_job(connection, job, rows) for job, rows in by_job.items()], who, now)
    pieces, sources = 0, 0
    for job, rows in sorted(by_job.items()):
        added, changed = _pieces(connection, job, [row for _, row in rows if row.serial is not None], who, now)
        pieces, sources = pieces + added, sources + changed
    return replace(
        nothing,
        jobs_added=jobs.added,
        jobs_changed=jobs.changed,
        jobs_unchanged=jobs.unchanged,
        pieces_added=pieces,
        sources_changed=sources,
    )


def _unfit(connection: Connection, job: str, rows: Sequence[tuple[int, JobRow]]) -> list[RefusedRow]:
    """What the records no longer allow: each with the line that asks for it."""
    known = _known(connection, job)
    quantity_line, quantity = next(((line, row.quantity) for line, row in rows if row.quantity is not None), (0, None))
    inside = select(PIECE.c.serial).where(PIECE.c.job == job)
    serials = set(connection.execute(inside).scalars())
    arrived = select(func.count()).select_from(PIECE_EXIT).where(PIECE_EXIT.c.to_job == job)
    there = len(serials | {row.serial for _, row in rows if row.serial}) - connection.execute(arrived).scalar_one()
    refused: list[RefusedRow] = []
    limit = quantity if quantity is not None else known.quantity if known else None
    if limit is not None and there > limit:
        line = quantity_line or rows[-1][0]
        refused.append(RefusedRow(line, "quantity", str(limit), f"{there} or more: job {job} has {there} serials"))
    if known is None:
        return refused
    line, row = rows[0]
    inspected = select(INSPECTION.c.id).join(PIECE, PIECE.c.id == INSPECTION.c.piece).where(PIECE.c.job == job).limit(1)
    if row.style != known.style and connection.execute(inspected).first() is not None:
        refused.append(
            RefusedRow(line, "style", row.style, f"{known.style}: pieces of job {job} are inspected already")
        )
    closed = connection.execute(select(JOB_CLOSING).where(JOB_CLOSING.c.job == job)).one_or_none()
    if closed is not None and (
        _job(connection, job, rows) != known or {r.serial for _, r in rows if r.serial} - serials
    ):
        refused.append(RefusedRow(line, "job", job, f"a job that is open: {closed.who} closed it on {closed.at:%F}"))
    return refused


def _job(connection: Connection, job: str, rows: Sequence[tuple[int, JobRow]]) -> Job:
    """The job that its rows describe; what they do not mention stays as it is known.

    A row without a serial names the bag's sources. Where there is none, a source that all pieces share is the bag's.
    """
    known = _known(connection, job)
    whole = next((row for _, row in rows if row.serial is None), None)
    values = {} if known is None else known.model_dump()
    values |= {"id": job, "style": rows[0][1].style}
    for field in ("due", "quantity"):
        said = next((value for _, row in rows if (value := getattr(row, field)) is not None), None)
        values[field] = said if said is not None else values.get(field)
    for source in SOURCES:
        named = {getattr(row, source) for _, row in rows} if whole is None else {getattr(whole, source)}
        if len(named) == 1 and (name := named.pop()) is not None and (whole is not None or known is None):
            values[source] = name
    return Job.model_validate(values)


def _known(connection: Connection, job: str) -> Job | None:
    row = connection.execute(select(JOB).where(JOB.c.id == job)).one_or_none()
    return None if row is None else Job.model_validate(dict(row._mapping))


def _pieces(connection: Connection, job: str, rows: Sequence[JobRow], who: str, now: datetime) -> tuple[int, int]:
    """Add the pieces and the sources in which they differ from their bag; how many of each were new."""
    if not rows:
        return 0, 0
    bag = _known(connection, job)
    known = set(connection.execute(select(PIECE.c.serial).where(PIECE.c.job == job)).scalars())
    added, changed = 0, 0
    for row in rows:
        assert row.serial is not None
        piece = piece_number(connection, job, row.serial, add_missing=True)
        added += row.serial not in known
        said = sources_of(connection, piece)
        for source, name in row.sources.items():
            if said.get(source, getattr(bag, source)) != name:
                add_source(connection, piece, source, name, who, now)
                changed += 1
    if added or changed:
        details = {"pieces_added": added, "sources_changed": changed}
        append_audit(connection, who=who, action="piece.imported", subject=f"job {job}", details=details, at=now)
    return added, changed


def sources_of(connection: Connection, piece: int) -> dict[Source, str]:
    """The sources of one piece that are not its bag's; the last one said counts."""
    rows = connection.execute(select(PIECE_SOURCE).where(PIECE_SOURCE.c.piece == piece).order_by(PIECE_SOURCE.c.id))
    return {row.source: row.name for row in rows}


def _in_order(refused: Sequence[RefusedRow]) -> tuple[RefusedRow, ...]:
    return tuple(sorted(refused, key=lambda r: (r.line, r.field)))
