"""Production jobs, for programs."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Log
from loupebox.station.records.job import Job

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], dependencies=[Depends(Allowed("job.read"))])


@router.get("")
def jobs(log: Log) -> tuple[Job, ...]:
    """All jobs, by id."""
    return log.jobs()


@router.get("/{job:path}")
def job(job: str, log: Log) -> Job:
    """One job."""
    return log.job(job)
