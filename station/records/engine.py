"""Open the QC database: an engine over a schema that is up to date, or a sentence why not."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, StatementError
from sqlalchemy.pool import NullPool

from loupebox.station.records.audit import seal
from loupebox.station.records.errors import OutOfReach, RecordsError
from loupebox.station.records.prepared import PreparedConnection
from loupebox.station.records.reachable import BROKEN_LINE, may_pass

SQLITE_HEADER = b"SQLite format 3\0"
BUSY_TIMEOUT_S = 30
SILENCE_S = 60
"""After so long without a word from the server the connection counts as lost."""
HINTS = {
    "28000": "is this user allowed to sign in from here?",
    "28P01": "look at user and password in the URL",
    "3D000": "create it, or name another one in the URL",
    "42501": "its owner grants what is needed: loupebox database prepare",
}
"""By what PostgreSQL calls the error."""


class Change(Protocol):
    """What a request writes as one transaction; `one_change.py` has it."""

    engine: Engine
    holder: str
    connection: Connection | None

    def part(self) -> AbstractContextManager[Connection]: ...


JOINED: ContextVar[Change | None] = ContextVar("change", default=None)
"""The change that this request makes as one; it counts once it has a holder."""


def open_database(where: str | Path, chain: str | None = None) -> Engine:
    """An engine on the database at a path or URL, created or migrated forward as needed.

    `chain` names the chain that this station continues in the audit; else it is the machine's name.
    """
    from loupebox.station.records.migrating import bring_forward

    url = url_of(where)
    if url.get_backend_name() == "sqlite":
        _prepare_file(Path(str(url.database)))
    chain = chain or platform.node() or "station"
    bring_forward(url, chain)
    return new_engine(url, chain=chain)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look at the database; inside a change that has begun, at what it has written so far."""
    change = _change_of(engine)
    with _translated(engine, "read"):
        if change is not None and change.connection is not None:
            yield change.connection
            return
        with engine.connect() as connection:
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: everything inside is on disk when the block ends, or none of it.

    Inside a change that is to be made once (`one_change.py`) it is on disk when that ends, or none of it all.
    """
    change = _change_of(engine)
    with _translated(engine, "write to"), transaction(engine) if change is None else change.part() as connection:
        yield connection


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """What `writing` is outside of such a change."""
    with (
        _translated(engine, "write to"),
        engine.connect().execution_options(writes=True, acts=[], evidence=[]) as connection,
        connection.begin(),
    ):
        yield connection
        seal(connection)


def _change_of(engine: Engine) -> Change | None:
    """The change that this request makes, once it is known who asks."""
    change = JOINED.get()
    return change if change is not None and change.engine is engine and change.holder else None


@contextmanager
def _translated(engine: Engine, act: str) -> Iterator[None]:
    name = shown(engine.url)
    try:
        yield
    except StatementError as error:
        kind = OutOfReach if may_pass(error) else RecordsError
        raise kind(f"cannot {act} the database {name}: {_words(error.orig)}") from error
    except BROKEN_LINE as error:
        if engine.dialect.name == "sqlite":
            raise
        raise OutOfReach(f"cannot {act} the database {name}: {error}") from error
    except UnicodeEncodeError as error:
        raise RecordsError(f"cannot {act} the database {name}: {error.object!r} is no valid text") from error


def _words(error: BaseException | None) -> str:
    """What the driver says and what helps; PostgreSQL's words come as a table of letters."""
    said = error.args[0] if error is not None and error.args else error
    if isinstance(said, dict):
        return "; ".join(words for words in (said["M"], HINTS.get(said["C"])) if words)
    if "create a connection" in str(error):
        return f"no server answers there ({error.__cause__ if error is not None else error})"
    return str(error)


def shown(url: URL) -> str:
    """What errors call the database: a file's path, a server without its password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def url_of(where: str | Path) -> URL:
    """The address of a database that lasts."""
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(Path(where).absolute()))
    try:
        url = make_url(where)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+pg8000")
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise RecordsError(f"'{where}' names no database; give a file or a URL like sqlite:////data/qc.db") from error
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise RecordsError(f"'{where}' keeps nothing when the station stops; give a file")
    return url


def _prepare_file(path: Path) -> None:
    """Its folder is there, and it is an SQLite file or not there yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return
        with path.open("rb") as file:
            start = file.read(len(SQLITE_HEADER))
    except OSError as error:
        raise RecordsError(f"cannot open the database {path}: {error.strerror}") from error
    if start not in (b"", SQLITE_HEADER):
        raise RecordsError(f"{path} is no SQLite database; move it away or name another file")


def new_engine(url: URL, *, lasting: bool = True, chain: str = "") -> Engine:
    """An engine as the log needs it; one that is not lasting keeps no connections and does not check foreign keys."""
    is_file = url.get_backend_name() == "sqlite"
    engine = create_engine(
        url,
        execution_options={"chain": chain},
        json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
        poolclass=None if lasting else NullPool,
        connect_args={"timeout": BUSY_TIMEOUT_S} if is_file else {"timeout": SILENCE_S} if lasting else {},
    )
    if not is_file:

        @event.listens_for(engine, "do_connect")
        def _prepares(dialect: Any, record: Any, where: list[Any], options: dict[str, Any]) -> Any:  # pyright: ignore[reportUnusedFunction]
            return PreparedConnection(*where, **options)

        @event.listens_for(engine, "begin")
        def _look(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
            if not connection.get_execution_options().get("writes"):  # several statements see one state
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

        @event.listens_for(engine, "connect")
        def _signed_in(connection: Any, record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            connection.autocommit = True
            connection.run("SET synchronous_commit = on")  # each commit reaches the disk, whatever the server's default
            connection.autocommit = False

        return engine

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # the driver must not begin or commit on its own: "begin" below does
        connection.execute(f"PRAGMA foreign_keys = {'ON' if lasting else 'OFF'}")
        connection.execute("PRAGMA recursive_triggers = ON")  # else REPLACE deletes without asking the triggers
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # in WAL: each commit reaches the disk

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        # A writer asks for the lock at once: a reader that turned writer would be refused without any waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine
