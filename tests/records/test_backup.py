"""A backup holds all that was acknowledged before it, and is restored whole into either database, or not at all."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from made_entries import MISSING_PRONG, an_entry, frame
from other_process import record_for_ever, reported, started

from loupebox.station.records.audit_log import AuditLog
from loupebox.station.records.backup import back_up
from loupebox.station.records.engine import open_database
from loupebox.station.records.errors import Conflict, Damaged, NotRecorded, RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.restore import newest_backup, restore
from loupebox.station.records.row_copy import row_counts


def backed_up(database: str, folder: Path, into: Path):
    engine = open_database(database)
    try:
        return back_up(engine, ImageStore(folder / "frames"), into)
    finally:
        engine.dispose()


def filled(log: QcLog) -> list[int]:
    log.people.add("Meera", ("lead",), who="tests", pin="271828")
    log.pictures.upload(PNG, "", "Meera")
    numbers = [log.record(an_entry(piece="P-1")), log.record(an_entry(MISSING_PRONG, piece="P-2"))]
    log.rework.take(log.rework.queue()[0].id, "Ben")
    return numbers


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000020001"
    "48afa4710000000049454e44ae426082"
)


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where to restore to: a file, or a server's database without anything in it."""
    if request.param == "sqlite":
        return str(tmp_path / "restored" / "qc.sqlite")
    postgres = request.getfixturevalue("postgres")
    return postgres.owner_url(postgres.create_database())


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
def test_a_log_is_restored_into_either_database(
    log: QcLog, database: str, folder: Path, tmp_path: Path, target
) -> None:
    numbers = filled(log)
    made = backed_up(database, folder, tmp_path / "backups")
    assert made.manifest.rows["inspection"] == 2
    assert (made.new_frames, made.manifest.frames.count, made.manifest.frames.missing) == (3, 3, ())
    assert sorted(path.name for path in made.folder.iterdir()) == ["manifest.json", "qc.sqlite"]
    done = restore(made.folder, target, ImageStore(tmp_path / "restored" / "frames"))
    assert (done.frames, done.links) == (3, made.manifest.rows["audit"])
    other = QcLog.open(target, tmp_path / "restored" / "frames")
    for number in numbers:
        assert other.inspection(number) == log.inspection(number)
        for kept in other.inspection(number).frames:
            assert other.frame(kept.sha256) == log.frame(kept.sha256)
    assert other.rework.queue() == log.rework.queue()
    assert other.record(an_entry(piece="P-3")) == max(numbers) + 1
    other.close()
    with AuditLog.open(target) as audit:
        assert audit.verify().faults == ()


def test_the_restored_log_only_grows(log: QcLog, database: str, folder: Path, tmp_path: Path) -> None:
    filled(log)
    made = backed_up(database, folder, tmp_path / "backups")
    restored = tmp_path / "restored.sqlite"
    restore(made.folder, restored, ImageStore(tmp_path / "frames"))
    with closing(sqlite3.connect(restored)) as connection, pytest.raises(sqlite3.IntegrityError, match="only grows"):
        connection.execute("DELETE FROM inspection")


def test_the_next_backup_copies_only_new_frames(log: QcLog, database: str, folder: Path, tmp_path: Path) -> None:
    filled(log)
    first = backed_up(database, folder, tmp_path / "backups")
    log.record(an_entry(piece="P-9", frames=(frame(b"a new one"), frame(b"the face", "face", "backlight"))))
    second = backed_up(database, folder, tmp_path / "backups")
    assert (first.new_frames, second.new_frames, second.manifest.frames.count) == (3, 1, 4)
    assert newest_backup(tmp_path / "backups") == second.folder
    assert newest_backup(first.folder) == first.folder
    restore(first.folder, tmp_path / "then.sqlite", ImageStore(tmp_path / "then"))
    then = QcLog.open(tmp_path / "then.sqlite", tmp_path / "then")
    assert [line.piece for line in then.recent().items] == ["P-2", "P-1"]
    then.close()


def test_a_frame_that_the_store_lost_is_told_and_the_rest_backed_up(
    log: QcLog, database: str, folder: Path, tmp_path: Path
) -> None:
    filled(log)
    lost, *_ = sorted((folder / "frames").rglob("*.png"))
    lost.unlink()
    made = backed_up(database, folder, tmp_path / "backups")
    (told,) = made.manifest.frames.missing
    assert told.startswith(f"{lost.name}: no image {lost.name} is stored in ")
    assert restore(made.folder, tmp_path / "r.sqlite", ImageStore(tmp_path / "r")).frames == 2


@pytest.fixture
def made(log: QcLog, database: str, folder: Path, tmp_path: Path) -> Path:
    filled(log)
    return backed_up(database, folder, tmp_path / "backups").folder


def test_nothing_is_overwritten(made: Path, database: str, tmp_path: Path) -> None:
    (tmp_path / "qc.sqlite").write_bytes(b"precious")
    with pytest.raises(Conflict, match=r"qc\.sqlite is there already; a restore overwrites nothing"):
        restore(made, tmp_path / "qc.sqlite", ImageStore(tmp_path / "frames"))
    assert (tmp_path / "qc.sqlite").read_bytes() == b"precious"
    if "://" in database:
        with pytest.raises(Conflict, match=r"the database holds records already \(the table \w+, for one\)"):
            restore(made, database, ImageStore(tmp_path / "frames"))


def alter_database(made: Path) -> None:
    content = bytearray((made / "qc.sqlite").read_bytes())
    content[-10] ^= 1
    (made / "qc.sqlite").write_bytes(content)


def alter_row(made: Path) -> None:
    """By somebody who also mends the manifest's checksum."""
    from loupebox.station.records.backup_manifest import file_sha256

    with closing(sqlite3.connect(made / "qc.sqlite")) as connection:
        connection.execute("DROP TRIGGER inspection_no_update")
        connection.execute("UPDATE inspection SET verdict = 'PASS'")
        connection.commit()
    edit_manifest(made, database_sha256=file_sha256(made / "qc.sqlite"))


def edit_manifest(made: Path, **changes: object) -> None:
    path = made / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def alter_frame(made: Path) -> None:
    path = next((made.parent / "frames").rglob("*.png"))
    path.write_bytes(path.read_bytes() + b"x")


SPOILT = {
    "database": (alter_database, Damaged, r"qc\.sqlite is not what was backed up: its checksum is now [0-9a-f]{64}"),
    "row": (alter_row, Damaged, r"the backup's audit does not hold, \d+ faults; the first: inspection 2 "),
    "frame": (alter_frame, Damaged, r"\.png has changed on disk"),
    "lost frame": (lambda m: next((m.parent / "frames").rglob("*.png")).unlink(), NotRecorded, "no image"),
    "no manifest": (lambda m: (m / "manifest.json").unlink(), NotRecorded, r"is no backup: it has no manifest\.json"),
    "manifest": (lambda m: (m / "manifest.json").write_text("{}"), Damaged, r"manifest\.json: .*missing"),
    "counts": (lambda m: edit_manifest(m, rows={"inspection": 3}), Damaged, "table inspection has 2 rows; its man.* 3"),
}


@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_spoilt_backup_restores_nothing(what: str, made: Path, tmp_path: Path) -> None:
    spoil, error, told = SPOILT[what]
    spoil(made)
    with pytest.raises(error, match=told):
        restore(made, tmp_path / "restored" / "qc.sqlite", ImageStore(tmp_path / "restored" / "frames"))
    restored = tmp_path / "restored"
    assert not restored.exists() or [path.name for path in restored.iterdir()] == ["frames"]


def test_a_folder_without_backups(tmp_path: Path) -> None:
    with pytest.raises(NotRecorded, match="there is no backup in "):
        newest_backup(tmp_path)


def test_a_backup_into_a_file(log: QcLog, database: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordsError, match=r"cannot (back up into|use) .*file"):
        backed_up(database, folder, tmp_path / "file")


def test_in_the_middle_of_recording_nothing_acknowledged_is_missing(tmp_path: Path) -> None:
    """Two stations record as fast as they can; each backup holds what they had acknowledged when it began."""
    station = tmp_path / "station"
    with started(record_for_ever, station, 1) as one, started(record_for_ever, station, 2) as two:
        acknowledged = {reported(*one)[0], reported(*two)[0]}
        for _ in range(3):
            for _, pipe in (one, two):
                acknowledged.add(pipe.recv()[0])
                while pipe.poll():
                    acknowledged.add(pipe.recv()[0])
            before = set(acknowledged)
            made = backed_up(str(station / "qc.sqlite"), station, tmp_path / "backups")
            acknowledged.add(one[1].recv()[0])  # recording went on meanwhile
            assert made.manifest.frames.missing == ()
            assert made.manifest.rows["inspection"] >= len(before)
    restored = tmp_path / "restored.sqlite"
    restore(newest_backup(tmp_path / "backups"), restored, ImageStore(tmp_path / "frames"))
    log = QcLog.open(restored, tmp_path / "frames")
    for number in before:
        record = log.inspection(number)
        assert len([log.frame(kept.sha256) for kept in record.frames]) == 3
        assert len(record.orders) == 2
    log.close()


def test_a_fresh_log_has_no_rows(log: QcLog, database: str) -> None:
    engine = open_database(database)
    with engine.connect() as connection:
        assert not any(row_counts(connection).values())
    engine.dispose()
