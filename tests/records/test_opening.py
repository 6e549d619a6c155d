"""A database is created, brought forward, or refused in a sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from made_entries import an_entry
from other_process import open_and_record, reported, started
from sqlalchemy import Inspector, create_engine, inspect

from loupebox.station.records.columns import METADATA
from loupebox.station.records.engine import open_database, reading
from loupebox.station.records.errors import RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.migrating import scripts
from loupebox.station.records.qc_log import QcLog


def execute(path: Path, *statements: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        rows = [connection.execute(statement).fetchall() for statement in statements][-1]
        connection.commit()
    finally:
        connection.close()
    return rows


def test_the_folder_and_the_schema_are_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "qc.sqlite"
    engine = open_database(path)
    with reading(engine) as connection:
        head = scripts().get_current_head()
        assert MigrationContext.configure(connection).get_current_revision() == head
    engine.dispose()


def test_every_commit_reaches_the_disk_and_links_are_checked(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "qc.sqlite")
    with reading(engine) as connection:
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in SAFE}
    engine.dispose()
    assert asked == SAFE


SAFE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_migrations_make_exactly_what_the_tables_say(tmp_path: Path) -> None:
    migrated = open_database(tmp_path / "qc.sqlite")
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.sqlite'}")
    METADATA.create_all(declared)
    with reading(migrated) as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []
    # Alembic's comparison does not see these on SQLite.
    for name in METADATA.tables:
        for what in UNSEEN:
            assert what(inspect(migrated), name) == what(inspect(declared), name)
    migrated.dispose()
    declared.dispose()


UNSEEN: tuple[Callable[[Inspector, str], object], ...] = (
    lambda inspector, table: sorted((c["name"], c["sqltext"]) for c in inspector.get_check_constraints(table)),
    lambda inspector, table: sorted(str(link) for link in inspector.get_foreign_keys(table)),
    lambda inspector, table: sorted(str(unique) for unique in inspector.get_unique_constraints(table)),
    lambda inspector, table: inspector.get_pk_constraint(table),
)


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "qc.sqlite"
    log = QcLog.open(path, tmp_path / "frames")
    number = log.record(an_entry())
    log.close()
    before = execute(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name")
    log = QcLog.open(str(path), tmp_path / "frames")
    assert log.inspection(number).summary.piece == "P-1"
    log.close()
    assert execute(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name") == before


def test_a_url_and_a_path_name_the_same_database(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'qc.sqlite'}").dispose()
    assert execute(tmp_path / "qc.sqlite", "SELECT count(*) FROM inspection") == [(0,)]


def test_an_odd_folder_name_is_only_a_name(tmp_path: Path) -> None:
    path = tmp_path / "100% & co? #1" / "qc.sqlite"
    open_database(path).dispose()
    assert execute(path, "SELECT count(*) FROM inspection") == [(0,)]


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "qc.sqlite").touch()
    open_database(tmp_path / "qc.sqlite").dispose()
    assert execute(tmp_path / "qc.sqlite", "SELECT count(*) FROM inspection") == [(0,)]


def test_several_stations_may_make_the_same_database_at_once(tmp_path: Path) -> None:
    with ExitStack() as all_of_them:
        stations = [all_of_them.enter_context(started(open_and_record, tmp_path)) for _ in range(8)]
        for _, pipe in stations:
            pipe.send("go")
        assert sorted(reported(*station) for station in stations) == list(range(1, 9))


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "qc.sqlite"
    open_database(path).dispose()
    execute(path, "UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(
        RecordsError, match=r"qc\.sqlite was written by a newer Loupebox \(schema '0999'; this one .*\)"
    ):
        open_database(path)
    assert execute(path, "SELECT version_num FROM alembic_version") == [("0999",)]


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    execute(path, "CREATE TABLE photo (id INTEGER)")
    with pytest.raises(RecordsError, match=r"photos\.db is the database of another program \(it has a table 'photo'\)"):
        open_database(path)
    assert execute(path, "SELECT name FROM sqlite_master") == [("photo",)]


@pytest.mark.parametrize("content", [b"GIF89a, a picture", b"S", b"SQLite format 3\0" + b"garbage" * 999])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "qc.sqlite"
    path.write_bytes(content)
    with pytest.raises(RecordsError, match=r"qc\.sqlite(: file| is no) .*database"):
        open_database(path)
    assert path.read_bytes() == content


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("I am a file")
    with pytest.raises(RecordsError, match=r"cannot open the database .*/data/qc\.sqlite: (Not a dir|File exists)"):
        open_database(tmp_path / "data" / "qc.sqlite")


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"cannot open the database .*: Is a directory"):
        open_database(tmp_path)


@pytest.mark.parametrize("where", ["nosuch://host/db", "://", "sqlite://", "sqlite:///:memory:"])
def test_what_names_no_lasting_database(where: str) -> None:
    with pytest.raises(
        RecordsError, match=f"'{where}' (names no database; give a file|keeps nothing when the station)"
    ):
        open_database(where)


@contextmanager
def without_roots_rights() -> Iterator[None]:
    """Root may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_new_database_in_a_folder_that_may_only_be_read(readable_folder: Path) -> None:
    readable_folder.chmod(0o555)
    with without_roots_rights(), pytest.raises(RecordsError, match=r"cannot .* database .*/qc\.sqlite: unable to open"):
        open_database(readable_folder / "qc.sqlite")
    with without_roots_rights(), pytest.raises(RecordsError, match=r"cannot open the database .*: Permission denied"):
        open_database(readable_folder / "deeper" / "qc.sqlite")
    with without_roots_rights(), pytest.raises(RecordsError, match=r"cannot use .*/frames for images: Permission den"):
        ImageStore(readable_folder / "frames")
    assert list(readable_folder.iterdir()) == []


def test_a_database_that_may_only_be_read(readable_folder: Path) -> None:
    path = readable_folder / "qc.sqlite"
    open_database(path).dispose()
    path.chmod(0o444)
    readable_folder.chmod(0o555)
    with without_roots_rights(), pytest.raises(RecordsError, match=r"cannot .* database .*/qc\.sqlite: .*readonly"):
        open_database(path)


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """A folder that others can reach, unlike those that pytest makes."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)
