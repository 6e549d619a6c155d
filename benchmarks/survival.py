"""`kill -9` at random moments, while inspections are recorded and while an old log is brought forward: is all there?

    python benchmarks/survival.py [--kills 500] [--database sqlite|postgresql] [--only recording|migrating] [--seed 1]

After each kill: nothing acknowledged is missing, nothing is half written, frames and rows agree, the audit verifies,
and work goes on. On PostgreSQL the station's program is killed, with the server going on.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "records")]

from first_schema import as_first_released  # noqa: E402
from killed import (  # noqa: E402
    Acknowledged,
    check_migrated,
    check_recorded,
    evidence,
    migrate_until_killed,
    migration_s,
    record_until_killed,
)
from postgres_server import PostgresServer, postgres_server  # noqa: E402
from rich.progress import track  # noqa: E402

LONGEST_RUN_S = 0.5
RUNS_A_LOG = 25
"""Then a new log, so that kills also meet the making of one."""


def while_recording(folder: Path, server: PostgresServer | None, kills: int, chance: random.Random) -> str:
    recorded = acknowledged_in_all = 0
    for first in track(range(0, kills, RUNS_A_LOG), "while recording"):
        here = folder / f"recording-{first}"
        here.mkdir()
        database = server.owner_url(server.create_database()) if server else ""
        acknowledged: Acknowledged = {}
        there = 0
        for run in range(first, min(first + RUNS_A_LOG, kills)):
            after_s = chance.uniform(0, LONGEST_RUN_S)
            record_until_killed(here, database, run, after_s, acknowledged, first_heard=run > first)
            there = check_recorded(here, database, run, acknowledged)
        recorded += there
        acknowledged_in_all += len(acknowledged)
        shutil.rmtree(here)
    return (
        f"{recorded} inspections recorded, {acknowledged_in_all} of them acknowledged: all of these there, none half "
        "written, frames and rows agree, audit verified after each"
    )


def while_migrating(folder: Path, server: PostgresServer | None, kills: int, chance: random.Random) -> str:
    here = folder / "migrating"
    old = here / "old"
    old.mkdir(parents=True)
    template = server.create_database() if server else ""
    as_first_released(server.owner_url(template) if server else old / "qc.sqlite")

    def fresh() -> str:
        if server:
            return server.owner_url(server.create_database(template))
        for file in here.glob("qc.sqlite*"):
            file.unlink()
        shutil.copy(old / "qc.sqlite", here / "qc.sqlite")
        return ""

    _, before = evidence(here, fresh())
    longest_s = migration_s(here, fresh())
    forward = 0
    for _ in track(range(kills), "while migrating"):
        database = fresh()
        said = migrate_until_killed(here, database, chance.uniform(0, longest_s))
        forward += check_migrated(here, database, before, said=said)
        if server:
            server.drop_database(database.rpartition("/")[2])
    return (
        f"old schema whole {kills - forward} times, new one {forward} times, every row as it was, brought forward by "
        f"the next start, audit verified (one migration takes {longest_s:.2f} s)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500, help="while recording, and as many while migrating")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default=None, help="only this one")
    parser.add_argument("--only", choices=("recording", "migrating"), default=None)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    lost = 0
    for kind in ("sqlite", "postgresql") if asked.database is None else (asked.database,):
        serving: Any = postgres_server(options="") if kind == "postgresql" else nullcontext()
        with tempfile.TemporaryDirectory() as folder, serving as server:
            for act in (while_recording, while_migrating):
                if asked.only is not None and not act.__name__.endswith(asked.only):
                    continue
                began = time.perf_counter()
                try:
                    found = act(Path(folder), server, asked.kills, random.Random(asked.seed))
                except AssertionError as error:
                    lost, found = lost + 1, f"NOT SOUND: {error}"
                what = act.__name__.replace("_", " ")
                print(f"{kind}, {asked.kills} kills {what}, {time.perf_counter() - began:.0f} s: {found}", flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
