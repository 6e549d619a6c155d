"""The audit, to be read and verified; what is written to it is written by those who change something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Engine

from loupebox.station.records import audit
from loupebox.station.records.audit_list import AuditFilter, AuditRecord, acts
from loupebox.station.records.audit_verify import Verified, verify
from loupebox.station.records.engine import open_database, reading
from loupebox.station.records.errors import NotRecorded

Heads = Mapping[str, tuple[int, str]]
"""Number and hash of each chain's last link."""


class AuditLog:
    """Who did what, over the database of a log."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, database: str | Path) -> AuditLog:
        """The audit of a log that is there; reading it must not make one."""
        if isinstance(database, Path) and not database.exists():
            raise NotRecorded(f"there is no log at {database}")
        return cls(open_database(database))

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def acts(
        self, wanted: AuditFilter, limit: int, before: int | None = None
    ) -> tuple[tuple[AuditRecord, ...], int | None]:
        """The latest acts first, and the cursor of those that follow."""
        with reading(self._engine) as connection:
            return acts(connection, wanted, limit, before)

    def heads(self) -> Heads:
        """The last link of each chain."""
        with reading(self._engine) as connection:
            return audit.heads(connection)

    def verify(
        self, kept_heads: Heads | None = None, progress: Callable[[int, int], None] = lambda done, of: None
    ) -> Verified:
        """Hold everything against each other."""
        with reading(self._engine) as connection:
            return verify(connection, kept_heads=kept_heads, progress=progress)
