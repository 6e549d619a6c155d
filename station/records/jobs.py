"""Keep jobs in step with the shop's own system, which is their master."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add_if_new
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.job import Job
from loupebox.station.records.production_tables import JOB
from loupebox.station.records.recording import ensure_style


@dataclass(frozen=True, slots=True)
class ImportedJobs:
    """How many jobs an import added, changed, and found as they were."""

    added: int
    changed: int
    unchanged: int


def import_jobs(connection: Connection, new: Iterable[Job], who: str, now: datetime) -> ImportedJobs:
    """Add or bring up to date, by id."""
    added = changed = unchanged = 0
    wanted = sorted(new, key=lambda job: job.id)  # two importers who go the same way do not block each other
    for style in sorted({job.style for job in wanted}):
        ensure_style(connection, style)
    for job in wanted:
        if add_if_new(connection, JOB, **job.model_dump()):
            _audit(connection, job, "job.imported", who, now)
            added += 1
            continue
        known = connection.execute(_select().where(JOB.c.id == job.id).with_for_update()).one()
        if Job.model_validate(dict(known._mapping)) != job:
            connection.execute(update(JOB).where(JOB.c.id == job.id).values(**job.model_dump()))
            _audit(connection, job, "job.changed", who, now)
            changed += 1
        else:
            unchanged += 1
    return ImportedJobs(added, changed, unchanged)


def _audit(connection: Connection, job: Job, action: str, who: str, now: datetime) -> None:
    details = job.model_dump(mode="json", exclude_none=True)
    append_audit(connection, who=who, action=action, subject=f"job {job.id}", details=details, at=now)


def all_jobs(connection: Connection) -> tuple[Job, ...]:
    """All jobs by id."""
    return tuple(Job.model_validate(dict(row._mapping)) for row in connection.execute(_select().order_by(JOB.c.id)))


def job_page(connection: Connection, limit: int, after: str | None, style: str | None) -> tuple[Job, ...]:
    """Jobs of a style or of all by id, at most so many after this one."""
    query = _select().order_by(JOB.c.id).limit(limit)
    if after is not None:
        query = query.where(JOB.c.id > after)
    if style is not None:
        query = query.where(JOB.c.style == style)
    return tuple(Job.model_validate(dict(row._mapping)) for row in connection.execute(query))


def one_job(connection: Connection, job: str) -> Job:
    """The job of this id."""
    row = connection.execute(_select().where(JOB.c.id == job)).one_or_none()
    if row is None:
        raise NotRecorded(f"no job '{job}' is recorded")
    return Job.model_validate(dict(row._mapping))


def _select() -> Any:
    return select(JOB)
