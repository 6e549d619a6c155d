"""Killed at any moment, or with a full disk: what was acknowledged is there, what was not is wholly absent."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from first_schema import as_first_released
from killed import (
    Acknowledged,
    check_migrated,
    check_recorded,
    evidence,
    migrate_until_killed,
    migration_s,
    record_until_killed,
)
from other_process import entry_of, open_log, record_until_full, reported, started
from postgres_server import PostgresServer

KILLS = 12
"""benchmarks/survival.py does it 500 times."""
LONGEST_RUN_S = 0.3


def test_killed_at_random_moments_while_recording(tmp_path: Path) -> None:
    chance = random.Random(2)
    acknowledged: Acknowledged = {}
    for run in range(KILLS):
        # The first runs may be killed while they still create the schema.
        record_until_killed(tmp_path, "", run, chance.uniform(0, LONGEST_RUN_S), acknowledged, first_heard=run >= 3)
        check_recorded(tmp_path, "", run, acknowledged)
    assert len(acknowledged) >= KILLS - 3


def test_killed_while_a_server_has_the_records(tmp_path: Path, postgres_log: str) -> None:
    chance = random.Random(3)
    acknowledged: Acknowledged = {}
    for run in range(4):
        record_until_killed(tmp_path, postgres_log, run, chance.uniform(0, LONGEST_RUN_S), acknowledged)
        check_recorded(tmp_path, postgres_log, run, acknowledged)
    assert len(acknowledged) >= 4


def test_killed_at_random_moments_while_migrating(tmp_path: Path) -> None:
    chance = random.Random(4)
    old = tmp_path / "old.sqlite"
    as_first_released(old)

    def copy(name: str) -> Path:
        (tmp_path / name).mkdir()
        shutil.copy(old, tmp_path / name / "qc.sqlite")
        return tmp_path / name

    _, before = evidence(copy("as it was"), "")
    longest_s = migration_s(copy("unharmed"), "")
    for run in range(8):
        folder = copy(f"killed {run}")
        said = migrate_until_killed(folder, "", chance.uniform(0, longest_s))
        check_migrated(folder, "", before, said=said)


def test_killed_while_a_servers_records_are_migrated(tmp_path: Path, postgres: PostgresServer) -> None:
    name = postgres.create_database()
    as_first_released(postgres.owner_url(name))
    _, before = evidence(tmp_path, postgres.owner_url(name))
    for after_s in (0.05, 0.2):
        copy = postgres.create_database(name)
        said = migrate_until_killed(tmp_path, postgres.owner_url(copy), after_s)
        check_migrated(tmp_path, postgres.owner_url(copy), before, said=said)
        postgres.drop_database(copy)


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
