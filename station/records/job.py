"""A job: a bag of pieces of one style, and where they came from."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loupebox.calibration.document import problems
from loupebox.station.records.errors import RecordsError

Source = Literal["caster", "alloy", "flask", "setter", "polisher", "tree", "mould", "machine"]
"""Where a piece comes from: of the whole bag, or of one piece where that differs."""

SOURCES: tuple[Source, ...] = get_args(Source)


class Job(BaseModel):
    """One job bag; None is "not known"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    style: str = Field(min_length=1)
    due: date | None = None
    quantity: int | None = Field(default=None, ge=1)
    caster: str | None = None
    alloy: str | None = None
    flask: str | None = None
    setter: str | None = None
    polisher: str | None = None
    tree: str | None = None
    mould: str | None = None
    machine: str | None = None


class JobList(BaseModel):
    """The jobs file: `schema = 1` and any number of `[[job]]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1] = Field(alias="schema")
    job: tuple[Job, ...] = ()


def parse_jobs(text: str, name: str) -> tuple[Job, ...]:
    """The jobs in a TOML text; `name` is the file that errors speak of."""
    try:
        jobs = JobList.model_validate(tomllib.loads(text)).job
    except tomllib.TOMLDecodeError as error:
        raise RecordsError(f"{name} is not TOML: {error}") from error
    except ValidationError as error:
        raise RecordsError(problems(error, JobList, name)[0]) from None
    seen: set[str] = set()
    for job in jobs:
        if job.id in seen:
            raise RecordsError(f"{name}: job '{job.id}' stands there twice; each job needs an id of its own")
        seen.add(job.id)
    return jobs
