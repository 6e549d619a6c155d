"""Programs that are killed at any moment, and what must hold of their log afterwards; used by test and benchmark.

`database` is a URL; the empty text is the SQLite file in the folder.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from first_schema import FIRST, ROWS
from other_process import bring_forward, entry_of, open_log, record_for_ever, reported, started
from sqlalchemy import select, text

from loupebox.station.records.audit_log import AuditLog
from loupebox.station.records.engine import new_engine, reading, url_of
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.migrating import revision_of, scripts
from loupebox.station.records.production_tables import PIECE
from loupebox.station.records.qc_log import QcLog

Acknowledged = dict[int, tuple[int, int]]
"""Inspections that the log has said it has: by number, in which run, and its how manyeth."""


def record_until_killed(
    folder: Path, database: str, run: int, after_s: float, acknowledged: Acknowledged, *, first_heard: bool = True
) -> None:
    """Record until killed, so long after the first one was heard of, or after the start."""
    with started(record_for_ever, folder, run, database) as (process, pipe):
        if first_heard:
            row, number = reported(process, pipe)
            acknowledged[row] = (run, number)
        process.join(after_s)
        process.kill()
        process.join()
        while pipe.poll():
            try:
                row, number = pipe.recv()
            except EOFError:
                break
            acknowledged[row] = (run, number)


def check_recorded(folder: Path, database: str, this_run: int, acknowledged: Acknowledged) -> int:
    """Nothing acknowledged is missing, all that this run recorded is whole, and all agrees; how many there are."""
    log = open_log(folder, database)
    try:
        with reading(log._engine) as connection:
            query = select(INSPECTION.c.id, PIECE.c.serial).join(PIECE, INSPECTION.c.piece == PIECE.c.id)
            rows: dict[int, str] = {row.id: row.serial for row in connection.execute(query)}
        assert {row: f"{run}-{number}" for row, (run, number) in acknowledged.items()}.items() <= rows.items()
        for row, serial in rows.items():
            run, number = map(int, serial.split("-"))
            if run == this_run:
                check_whole(log, row, run, number)
    finally:
        log.close()
    check_sound(folder, database)
    return len(rows)


def check_whole(log: QcLog, row: int, run: int, number: int) -> None:
    """Every part of one inspection is there, and its frames are what they were."""
    record = log.inspection(row)
    assert [log.frame(f.sha256)[0] for f in record.frames] == [f.content for f in entry_of(run, number).frames]
    parts = (record.measurements, record.findings, record.prongs, record.defects, record.dispositions)
    assert [len(part) for part in parts] == [2, 1, 2, 2, 1]
    assert [[step.state for step in order.steps] for order in record.orders] == [["open"], ["open"]]


def check_sound(folder: Path, database: str) -> None:
    """The file is whole, and the audit has exactly the evidence that is there."""
    if not database:
        connection = sqlite3.connect(folder / "qc.sqlite")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
    with AuditLog.open(database or folder / "qc.sqlite") as audit:
        assert audit.verify().faults == ()


def migrate_until_killed(folder: Path, database: str, after_s: float) -> bool:
    """Bring a log of the first release forward until killed so long after the beginning; whether it said it had."""
    with started(bring_forward, folder, database) as (process, pipe):
        assert reported(process, pipe) == "begins"
        process.join(after_s)
        process.kill()
        process.join()
        try:
            return pipe.poll() and pipe.recv() == "done"
        except EOFError:
            return False


def migration_s(folder: Path, database: str) -> float:
    """How long it takes when nobody kills it."""
    with started(bring_forward, folder, database) as (process, pipe):
        assert reported(process, pipe) == "begins"
        began = time.perf_counter()
        assert reported(process, pipe) == "done"
        return time.perf_counter() - began


def evidence(folder: Path, database: str) -> tuple[str | None, dict[str, list[tuple[Any, ...]]]]:
    """The schema as it is now, and what the first release recorded; opened without bringing anything forward."""
    engine = new_engine(url_of(database or folder / "qc.sqlite"), lasting=False)
    changes = {"style", "job", "piece", "rework_order"}
    kept = {name: ", ".join(rows[0]) for name, rows in ROWS.items() if name not in changes}
    try:
        with reading(engine) as connection:
            found = {
                name: [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {name} ORDER BY id"))]
                for name, columns in kept.items()
            }
            return revision_of(connection), found
    finally:
        engine.dispose()


def check_migrated(folder: Path, database: str, before: dict[str, list[tuple[Any, ...]]], *, said: bool) -> bool:
    """The old schema is whole or the new one is, with the same rows, and can be gone on with; whether the new."""
    revision, rows = evidence(folder, database)
    newest = scripts().get_current_head()
    assert revision in ((newest,) if said else (FIRST, newest))
    assert rows == before
    log = open_log(folder, database)
    number = log.record(entry_of(0, 0))
    check_whole(log, number, 0, 0)
    log.close()
    assert evidence(folder, database)[0] == newest
    check_sound(folder, database)
    return revision == newest
