"""Statements are prepared once a connection, not too many of them, and again when the tables have changed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from postgres_server import PostgresServer
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from loupebox.station.records import prepared
from loupebox.station.records.engine import new_engine, url_of
from loupebox.station.records.prepared import PreparedConnection

KEPT = text("SELECT statement FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'")


@pytest.fixture
def engine(postgres: PostgresServer) -> Iterator[Engine]:
    name = postgres.create_database()
    postgres.execute("CREATE TABLE ring (id int PRIMARY KEY, size int)", database=name)
    engine = new_engine(url_of(postgres.url(name)))
    yield engine
    engine.dispose()
    postgres.drop_database(name)


def write(engine: Engine, number: int, size: int) -> None:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("INSERT INTO ring VALUES (:id, :size)"), {"id": number, "size": size})


def size_of(connection: Connection, number: int) -> int | str | None:
    asked = text("SELECT size FROM ring WHERE id = :id")
    return connection.execute(asked, {"id": number}).scalar_one_or_none()


def test_a_statement_is_prepared_once_whatever_its_values(engine: Engine) -> None:
    for number in range(3):
        write(engine, number, 50 + number)
    with engine.connect() as connection:
        assert [size_of(connection, number) for number in range(4)] == [50, 51, 52, None]
        assert sorted(kept.split()[0] for kept in connection.execute(KEPT).scalars()) == ["INSERT", "SELECT"]


def test_the_least_used_goes_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MOST", 3)
    with engine.connect() as connection:
        for number in (1, 2, 3, 1, 4, 5):
            connection.execute(text(f"SELECT {number} + :more"), {"more": number}).one()
        assert sorted(kept[7] for kept in connection.execute(KEPT).scalars()) == ["1", "4", "5"]


def test_a_changed_table_costs_one_error_and_no_more(engine: Engine) -> None:
    write(engine, 1, 54)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert size_of(connection, 1) == 54
        with engine.connect().execution_options(writes=True) as other, other.begin():
            other.execute(text("ALTER TABLE ring ALTER size TYPE text"))
        with pytest.raises(DBAPIError, match="cached plan must not change result type"):
            size_of(connection, 1)
        assert size_of(connection, 1) == "54"


def test_errors_are_told_as_the_driver_tells_them_and_the_connection_goes_on(engine: Engine) -> None:
    write(engine, 1, 54)
    with pytest.raises(IntegrityError, match="ring_pkey"):
        write(engine, 1, 55)
    with engine.connect() as connection:
        with pytest.raises(UnicodeEncodeError):  # before anything is sent
            connection.execute(text("SELECT :word"), {"word": "half of \ud800"})
        assert size_of(connection, 1) == 54
        with pytest.raises(DBAPIError, match="does not exist"):
            connection.execute(text("SELECT nothing FROM ring WHERE id = :id"), {"id": 1})
        connection.rollback()
        assert size_of(connection, 1) == 54


def test_what_is_undone_begins_with_its_first_statement(engine: Engine) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(text("INSERT INTO ring VALUES (:id, :size)"), {"id": 7, "size": 54})
        connection.rollback()
        assert size_of(connection, 7) is None


def test_letters_that_look_like_values_stay_letters(engine: Engine) -> None:
    asked = text("SELECT 'it''s $1 ? ' || :word")
    with engine.connect() as connection:
        assert connection.execute(asked, {"word": "%s é"}).scalar_one() == "it's $1 ? %s é"


def test_no_part_of_a_message_waits_for_the_one_before(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, PreparedConnection)
        assert driver._usock is not None
        assert driver._usock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_broken_line_leaves_no_socket(engine: Engine) -> None:
    with engine.connect() as connection:
        size_of(connection, 1)
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, PreparedConnection)
        kept = driver._usock
        assert kept is not None
        kept.shutdown(socket.SHUT_RDWR)
        with pytest.raises(DBAPIError, match="network error"):
            size_of(connection, 1)
    assert kept.fileno() == -1
