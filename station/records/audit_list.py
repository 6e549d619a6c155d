"""Read the audit: who did what, when, to which thing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from loupebox.station.records.audit_tables import AUDIT


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which acts; None is all. An action that ends in a dot ("rework.") means all of that kind."""

    who: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        wanted: list[ColumnElement[bool]] = []
        if self.who is not None:
            wanted.append(AUDIT.c.who == self.who)
        if self.action is not None and self.action.endswith("."):
            wanted.append(AUDIT.c.action.startswith(self.action, autoescape=True))
        elif self.action is not None:
            wanted.append(AUDIT.c.action == self.action)
        if self.subject is not None:
            wanted.append(AUDIT.c.subject == self.subject)
        if self.since is not None:
            wanted.append(AUDIT.c.at >= self.since)
        if self.until is not None:
            wanted.append(AUDIT.c.at < self.until)
        return tuple(wanted)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One act, with its place in its station's chain."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    details: Mapping[str, Any]
    chain: str
    number: int
    hash: str


def acts(
    connection: Connection, wanted: AuditFilter, limit: int, before: int | None = None
) -> tuple[tuple[AuditRecord, ...], int | None]:
    """At most `limit` acts before number `before`, the latest first; and where the next part goes on, if any does."""
    query = select(AUDIT).where(*wanted.conditions).order_by(AUDIT.c.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(AUDIT.c.id < before)
    found = tuple(_record(row) for row in connection.execute(query))
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        at=row.at,
        who=row.who,
        action=row.action,
        subject=row.subject,
        details=json.loads(row.details),
        chain=row.chain,
        number=row.number,
        hash=row.hash,
    )
