"""Keep jobs in step with the shop's own system, which is their master."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

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


def import_jobs(connection: Connection, new: Iterable[Job]) -> ImportedJobs:
    """Add or bring up to date, by id."""
    added = changed = unchanged = 0
    for job in new:
        ensure_style(connection, job.style)
        known = connection.execute(_select().where(JOB.c.id == job.id)).one_or_none()
        if known is None:
            connection.execute(insert(JOB).values(**job.model_dump()))
            added += 1
        elif Job.model_validate(dict(known._mapping)) != job:
            connection.execute(update(JOB).where(JOB.c.id == job.id).values(**job.model_dump()))
            changed += 1
        else:
            unchanged += 1
    return ImportedJobs(added, changed, unchanged)


def all_jobs(connection: Connection) -> tuple[Job, ...]:
    """All jobs by id."""
    return tuple(Job.model_validate(dict(row._mapping)) for row in connection.execute(_select().order_by(JOB.c.id)))


def one_job(connection: Connection, job: str) -> Job:
    """The job of this id."""
    row = connection.execute(_select().where(JOB.c.id == job)).one_or_none()
    if row is None:
        raise NotRecorded(f"no job '{job}' is recorded")
    return Job.model_validate(dict(row._mapping))


def _select() -> Any:
    return select(JOB)
