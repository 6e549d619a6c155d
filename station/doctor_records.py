"""What the doctor looks at in the records: is everything there and whole, and what is to be done next?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select, text

from loupebox.station.examined import Examined, tried
from loupebox.station.outbox import Outbox
from loupebox.station.records import every_table
from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.audit_verify import verify
from loupebox.station.records.engine import open_database, reading
from loupebox.station.records.errors import Damaged
from loupebox.station.records.frames import Frames
from loupebox.station.records.image_store import ImageStore
from loupebox.station.settings import Settings
from loupebox.station.station_log import open_store

Progress = Callable[[str, int, int | None], None]

SAMPLED_FILES = 200
LINKS_WITHOUT_BEING_ASKED = 20_000
"""A longer audit is held against its evidence only by --full."""
FEW_GB, TOO_FEW_GB = 10.0, 1.0


def examine_records(settings: Settings, full: bool, progress: Progress) -> Iterator[Examined]:
    """Look at database, audit, frames, unfinished files and outbox; the database is there."""
    engine = open_database(settings.database_location)
    try:
        store = open_store(settings)
        yield tried("database integrity", lambda: _database(engine, full), "restore the last backup: loupebox restore")
        yield _audit(engine, full, progress)
        yield _frames(Frames(engine, store, lambda: datetime.now(UTC)), full, progress)
        yield _unfinished(store)
    finally:
        engine.dispose()


def examine_outbox(settings: Settings) -> Iterator[Examined]:
    """What waits at this station; nothing where it never had an outbox."""
    folder = settings.data_dir / "outbox"
    if not folder.exists():
        return

    def look() -> str | Examined:
        outbox = Outbox(folder)
        waiting, aside = len(outbox.waiting()), len(outbox.set_aside())
        words = f"{waiting} waiting, {aside} set aside"
        if aside:
            return Examined("outbox", "look", words, "loupebox sync status tells why; then sync retry or sync drop")
        if waiting:
            return Examined("outbox", "look", words, "loupebox sync now delivers, and so does loupebox serve by itself")
        return words

    yield tried("outbox", look, "the file is damaged: keep the folder, and ask for help before anything is deleted")


def examine_room(folder: Path) -> Examined:
    """Room on the disc of a folder that may not be there yet."""
    while not folder.exists():
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    words = f"{free_gb:.1f} GB free at {folder}"
    if free_gb < FEW_GB:
        state = "wrong" if free_gb < TOO_FEW_GB else "look"
        advice = "free some room: loupebox frames archive --apply, thin --apply and collect --apply, or a larger disc"
        return Examined("disc space", state, words, advice)
    return Examined("disc space", "fine", words)


def _database(engine: Engine, full: bool) -> str:
    with reading(engine) as connection:
        if connection.dialect.name != "sqlite":
            return _read_all(connection)
        check = "integrity_check" if full else "quick_check"
        told = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA {check}")]
        if told != ["ok"]:
            raise Damaged(f"{check} says: {'; '.join(told[:3])}")
        strays = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if strays:
            raise Damaged(f"{len(strays)} rows refer to rows that are not there, the first in {strays[0][0]}")
        return f"{check} finds nothing; every row refers to one that is there"


def _read_all(connection: Connection) -> str:
    """Every row of every table by the heap, as PostgreSQL itself checks nothing until a row is read."""
    rows = 0
    for table in every_table.everything():
        whole = text(f'SELECT count(t::text) FROM "{table.name}" AS t')  # as text, so that each column is read
        rows += connection.execute(whole).scalar_one()
    return f"all {rows} rows can be read"


def _audit(engine: Engine, full: bool, progress: Progress) -> Examined:
    advice = "loupebox audit verify names each; keep the database as it is, and find out who could write to it"

    def look() -> str:
        with reading(engine) as connection:
            links = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
            if links > LINKS_WITHOUT_BEING_ASKED and not full:
                return f"{links} links, not looked at without --full"
            found = verify(connection, progress=lambda done, of: progress("holding the audit", done, of))
        if found.faults:
            raise Damaged(f"{len(found.faults)} faults, the first: {found.faults[0]}")
        return f"{found.links} links hold, and so do {found.rows} rows of evidence"

    return tried("audit", look, advice)


def _frames(frames: Frames, full: bool, progress: Progress) -> Examined:
    advice = "copy the named files from the frames folder of a backup; loupebox frames check names all"
    read = 0

    def count(done: int, of: int | None) -> None:
        nonlocal read
        read = done
        progress("reading files", done, of)

    def look() -> str:
        faults = list(frames.check(count, None if full else SAMPLED_FILES))
        if faults:
            raise Damaged(f"{len(faults)} of {read} are wrong, the first: {faults[0].what}")
        return f"{read} {'files' if full else 'files, a sample,'} are what was recorded"

    return tried("frames", look, advice)


def _unfinished(store: ImageStore) -> Examined:
    left = len(list(store.leftovers()))
    if left:
        words = f"{left} files that killed processes left, older than a day; no record needs them"
        return Examined("unfinished files", "look", words, "loupebox frames collect --apply deletes them")
    return Examined("unfinished files", "fine", "none")
