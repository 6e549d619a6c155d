"""What holds for all tests, and a PostgreSQL server for those that want one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from postgres_server import PostgresServer, postgres_server

# As in the command's entry point: threads on small matrices cost more than they do, the more so on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests, each with databases of its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def empty_log(postgres: PostgresServer) -> str:
    """The database of a log without any records, to be copied: much faster than migrating a new one."""
    from loupebox.station.records.engine import open_database

    name = postgres.create_database()
    open_database(postgres.owner_url(name)).dispose()
    return name


@pytest.fixture
def postgres_log(postgres: PostgresServer, empty_log: str) -> Iterator[str]:
    """URL of a fresh PostgreSQL log, by the role that owns it."""
    name = postgres.create_database(empty_log)
    yield postgres.owner_url(name)
    postgres.drop_database(name)
