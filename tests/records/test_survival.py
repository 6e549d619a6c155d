"""Killed at any moment, or with a full disk: what was acknowledged is there, what was not is wholly absent."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

from other_process import entry_of, open_log, record_for_ever, record_until_full, reported, started

KILLS = 15
LONGEST_RUN_S = 0.3


def test_killed_at_random_moments_while_recording(tmp_path: Path) -> None:
    chance = random.Random(2)
    acknowledged: dict[int, tuple[int, int]] = {}
    for run in range(KILLS):
        with started(record_for_ever, tmp_path, run) as (process, pipe):
            if run >= 3:  # the first runs may be killed while they still create the schema
                row, number = reported(process, pipe)
                acknowledged[row] = (run, number)
            moment = chance.uniform(0, LONGEST_RUN_S)
            process.join(moment)
            process.kill()
            process.join()
            while pipe.poll():
                try:
                    row, number = pipe.recv()
                except EOFError:
                    break
                acknowledged[row] = (run, number)
        assert_sound(tmp_path, run, acknowledged)
    assert len(acknowledged) >= KILLS - 3


def assert_sound(folder: Path, this_run: int, acknowledged: dict[int, tuple[int, int]]) -> None:
    """The file is whole, nothing acknowledged is missing, and all that this run has recorded is complete."""
    log = open_log(folder)
    connection = sqlite3.connect(folder / "qc.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    rows = dict(
        connection.execute("SELECT inspection.id, serial FROM inspection JOIN piece ON piece = piece.id").fetchall()
    )
    assert {row: f"{run}-{number}" for row, (run, number) in acknowledged.items()}.items() <= rows.items()
    for row, serial in rows.items():
        run, number = map(int, serial.split("-"))
        if run != this_run:
            continue
        record = log.inspection(row)
        entry = entry_of(run, number)
        assert [log.frame(f.sha256)[0] for f in record.frames] == [f.content for f in entry.frames]
        parts = (record.measurements, record.findings, record.prongs, record.defects, record.dispositions)
        assert [len(part) for part in parts] == [2, 1, 2, 2, 1]
        assert [[step.state for step in order.steps] for order in record.orders] == [["open"], ["open"]]
    connection.close()
    log.close()


def test_a_full_disk_ends_in_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    open_log(tmp_path).close()
    acknowledged: list[int] = []
    with started(record_until_full, tmp_path, 2_000_000) as (process, pipe):
        while isinstance(said := reported(process, pipe), int):
            acknowledged.append(said)
        process.join()
    assert said.startswith(f"cannot write to the database {tmp_path / 'qc.sqlite'}: ")
    assert said.endswith(("disk I/O error", "database or disk is full"))
    log = open_log(tmp_path)
    assert acknowledged
    assert [line.id for line in reversed(log.recent(500).items)] == acknowledged
    assert log.inspection(acknowledged[-1]).report == {"long": "x" * 20_000}
    assert log.record(entry_of(0, 0)) == len(acknowledged) + 1
    log.close()
