"""Styles: the designs that pieces are made to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select

from loupebox.station.records.engine import reading
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.production_tables import JOB, SPEC_REVISION, STYLE


@dataclass(frozen=True, slots=True)
class Style:
    """A design: it is known as soon as a job or a sheet names it, and has a name once it has a sheet."""

    code: str
    name: str | None
    family: str | None
    jobs: int
    revisions: tuple[str, ...]
    """Of its approved sheets, the first first."""


class Styles:
    """Every style that the record knows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, limit: int, after: str | None = None, family: str | None = None) -> tuple[Style, ...]:
        """Styles by code, at most so many after this one."""
        wanted = [] if after is None else [STYLE.c.code > after]
        wanted += [] if family is None else [STYLE.c.family == family]
        with reading(self._engine) as connection:
            return _styles(connection, limit, *wanted)

    def one(self, code: str) -> Style:
        """One style."""
        with reading(self._engine) as connection:
            found = _styles(connection, 1, STYLE.c.code == code)
        if not found:
            raise NotRecorded(f"no style '{code}' is recorded")
        return found[0]


def _styles(connection: Connection, limit: int, *wanted: ColumnElement[bool]) -> tuple[Style, ...]:
    jobs = select(func.count()).where(JOB.c.style == STYLE.c.code).correlate(STYLE).scalar_subquery().label("jobs")
    rows = connection.execute(select(STYLE, jobs).where(*wanted).order_by(STYLE.c.code).limit(limit)).all()
    return tuple(_style(connection, row) for row in rows)


def _style(connection: Connection, row: Row[Any]) -> Style:
    sheets = select(SPEC_REVISION.c.revision).where(SPEC_REVISION.c.style == row.code).order_by(SPEC_REVISION.c.id)
    return Style(row.code, row.name, row.family, row.jobs, tuple(connection.execute(sheets).scalars()))
