"""One at a time of those who go through the whole store: backup, archive, thinning, collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Engine, func, select

from loupebox.station.records.errors import Conflict

MAINTAINING = 0x10C9EB0E
"""A number that nobody else locks."""
BUSY = "the store is being backed up, archived, thinned or collected by another process; try again when it is done"


@contextmanager
def maintaining(engine: Engine) -> Iterator[None]:
    """Nobody else does meanwhile; a Conflict says so when somebody does. A kill lets go."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(f"{engine.url.database}-maintenance", timeout=0, isolation_level=None)) as lock:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise Conflict(BUSY) from error
            yield
        return
    with engine.connect() as connection:
        if not connection.execute(select(func.pg_try_advisory_lock(MAINTAINING))).scalar_one():
            raise Conflict(BUSY)
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(MAINTAINING)))
