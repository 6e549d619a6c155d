"""What is PostgreSQL's own: rights, errors in words, two people at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_entries import MISSING_PRONG, an_entry
from postgres_server import APPLICATION, OWNER, PASSWORD, PostgresServer
from sqlalchemy import text

from loupebox.station.cli import run
from loupebox.station.records import every_table
from loupebox.station.records.engine import new_engine, open_database, reading, url_of, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded, RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.rights import changeable_evidence, prepare


@pytest.fixture(scope="module")
def prepared(postgres: PostgresServer, empty_log: str) -> str:
    """A database that is ready for stations; no test changes it."""
    name = postgres.create_database(empty_log)
    assert run(["database", "prepare", "--owner-url", postgres.owner_url(name), "--role", APPLICATION]) == 0
    return name


@pytest.fixture(scope="module")
def station(postgres: PostgresServer, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QcLog]:
    """A station with the application's role."""
    folder = tmp_path_factory.mktemp("station")
    log = QcLog(open_database(postgres.application_url(prepared)), ImageStore(folder))
    log.record(an_entry(MISSING_PRONG))
    yield log
    log.close()


def test_the_applications_role_does_the_whole_work(station: QcLog) -> None:
    number = station.record(an_entry(MISSING_PRONG, piece="another"))
    (order,) = station.inspection(number).orders
    station.rework.take(order.id, "Ben")
    station.rework.finish(order.id, "Ben")
    with reading(station._engine) as connection:
        assert changeable_evidence(connection) == ()


def test_the_applications_role_cannot_change_what_is_recorded(station: QcLog) -> None:
    for table in every_table.evidence():
        for act in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER USER"):
            with pytest.raises(RecordsError, match=r"permission denied|must be owner"), writing(station._engine) as c:
                c.exec_driver_sql(act.format(table.name))


def test_its_owner_is_refused_by_the_triggers_and_told_that_it_owns_them(postgres_log: str) -> None:
    engine = open_database(postgres_log)
    for table in every_table.evidence():
        for act in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(RecordsError, match=r"the record only grows: no \w+ on "), writing(engine) as connection:
                connection.exec_driver_sql(act.format(table.name))
    with reading(engine) as connection:
        assert len(changeable_evidence(connection)) == len(every_table.evidence())
    engine.dispose()


def test_what_cannot_be_prepared(postgres: PostgresServer, prepared: str, tmp_path: Path) -> None:
    url = postgres.owner_url(prepared)
    with pytest.raises(NotRecorded, match="knows no role 'nobody_at_all'; make it first: CREATE ROLE"):
        prepare(url, "nobody_at_all")
    with pytest.raises(NotAllowed, match=f"'{OWNER}' owns the database; stations need another role"):
        prepare(url, OWNER)
    with pytest.raises(NotAllowed, match="'postgres' is a superuser, whom no right keeps"):
        prepare(url, "postgres")
    with pytest.raises(NotAllowed, match=r"is no PostgreSQL database; a file needs no preparing"):
        prepare(str(tmp_path / "qc.sqlite"), APPLICATION)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (lambda s, d: s.owner_url(d).replace(str(s.port), "1"), r"no server answers there \(.*refused\)"),
        (lambda s, d: s.owner_url(d, "guessed"), "password authentication failed .*; look at user and password in"),
        (lambda s, d: s.owner_url("nowhere"), 'database "nowhere" does not exist; create it, or name another one in'),
    ],
)
def test_a_server_that_cannot_be_used(
    postgres: PostgresServer, prepared: str, where: Callable[[PostgresServer, str], str], said: str
) -> None:
    with pytest.raises(RecordsError, match=f"cannot read the database postgresql://.*: {said}") as told:
        open_database(where(postgres, prepared))
    assert PASSWORD not in str(told.value)
    assert "guessed" not in str(told.value)


def test_a_database_that_nobody_prepared(postgres: PostgresServer, empty_log: str) -> None:
    new = postgres.create_database()
    with pytest.raises(RecordsError, match=r"is empty, .* may not change it; its owner does: loupebox database prep"):
        open_database(postgres.application_url(new))
    made = postgres.create_database(empty_log)
    with pytest.raises(RecordsError, match=r"permission denied .*; its owner grants .*: loupebox database prepare"):
        open_database(postgres.application_url(made))


def test_a_reader_sees_one_state_and_changes_nothing(postgres_log: str) -> None:
    engine = open_database(postgres_log)
    with reading(engine) as connection:
        before = connection.execute(text("SELECT count(*) FROM style")).scalar_one()
        with writing(engine) as other:
            other.exec_driver_sql("INSERT INTO style (code) VALUES ('NEW')")
        assert connection.execute(text("SELECT count(*) FROM style")).scalar_one() == before
    with pytest.raises(RecordsError, match="read-only transaction"), reading(engine) as connection:
        connection.exec_driver_sql("INSERT INTO style (code) VALUES ('NEWER')")
    engine.dispose()


def test_every_commit_is_on_the_servers_disk(postgres: PostgresServer, prepared: str) -> None:
    """Whatever the server's own default is."""
    engine = open_database(postgres.application_url(prepared))
    with writing(engine) as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    engine.dispose()


def test_two_people_decide_and_a_third_takes_the_order(log: QcLog) -> None:
    """Whoever comes second is told, or has the last word; never do both stand."""
    for turn in range(6):
        number = log.record(an_entry(MISSING_PRONG, piece=str(turn)))
        (order,) = log.inspection(number).orders
        together = threading.Barrier(3)
        said: list[str] = []

        def act(what: Callable[[], object], together: threading.Barrier = together, said: list[str] = said) -> None:
            together.wait()
            try:
                what()
            except Conflict as conflict:
                said.append(str(conflict))

        acts: list[Callable[[], object]] = [
            lambda n=number: log.decide(n, "scrap", "Ana", "cracked", reason_code="cannot_be_mended"),
            lambda n=number: log.decide(n, "rework", "Eva"),
            lambda o=order.id: log.rework.take(o, "Ben"),
        ]
        threads = [threading.Thread(target=act, args=(what,)) for what in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        record = log.inspection(number)
        waiting = [o for o in record.orders if o.state in ("open", "taken")]
        taken = log.rework.one(order.id).state == "taken"
        if taken:  # nobody could decide any more
            assert [d.who for d in record.dispositions] == ["loupebox"]
            assert len(said) == 2
        else:
            assert {d.who for d in record.dispositions} == {"loupebox", "Ana", "Eva"}
            assert len(said) == 1
            assert len(waiting) == (1 if record.dispositions[-1].kind == "rework" else 0)


def test_a_postgresql_url_may_leave_out_the_driver() -> None:
    for url in ("postgresql://a@h/d", "postgres://a@h/d", "postgresql+pg8000://a@h/d"):
        assert new_engine(url_of(url)).dialect.driver == "pg8000"
