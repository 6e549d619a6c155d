"""How fast inspections are recorded, each on disk before it is acknowledged, on SQLite and on PostgreSQL.

    python benchmarks/records.py [--pieces 500] [--stations 8] [--database sqlite|postgresql] [--folder DIR]

Each inspection has 20 measurements, 5 findings, 6 prongs, its audit and for every tenth piece its rework order. The
stations are processes of their own. Beside the figures stands what the disk takes for one sync: no commit is faster.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
from made_inspections import FRAMES, entry, pictures  # noqa: E402
from postgres_server import PostgresServer, postgres_server  # noqa: E402

from loupebox.station.records.engine import open_database  # noqa: E402
from loupebox.station.records.image_store import ImageStore  # noqa: E402
from loupebox.station.records.qc_log import QcLog  # noqa: E402

WARMING = 20
"""Inspections of each station before the clock starts."""
PIECES_A_STATION = 10**6
GOAL_A_SECOND = {"sqlite": 150.0, "postgresql": 300.0}
GOAL_P99_MS = 50.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one station did: when it began and ended, how long each took, and what its processor had to do for it."""

    began_s: float
    ended_s: float
    milliseconds: list[float]
    processor_ms: float


def station(pipe: Connection, database: str, folder: Path, number: int, pieces: int, frames: int) -> None:
    """Record so many pieces once told to."""
    chain = f"station-{number}"
    log = QcLog(open_database(database, chain), ImageStore(folder / "frames"))
    first = number * PIECES_A_STATION
    entries = [entry(first + piece, pictures(first + piece) if frames else ()) for piece in range(WARMING + pieces)]
    for warm in entries[:WARMING]:
        log.record(warm)
    pipe.send("ready")
    pipe.recv()
    began, before, taken = time.monotonic(), time.process_time(), []
    for one in entries[WARMING:]:
        start = time.perf_counter()
        log.record(one)
        taken.append((time.perf_counter() - start) * 1000)
    processor_ms = (time.process_time() - before) * 1000
    pipe.send(Recorded(began, time.monotonic(), taken, processor_ms))
    log.close()


def record(database: str, folder: Path, stations: int, pieces: int, frames: int = 0) -> list[Recorded]:
    """All stations at once, each in a process of its own."""
    spawning = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for number in range(stations):
        ours, theirs = spawning.Pipe()
        asked = (theirs, database, folder, number, pieces, frames)
        processes.append(spawning.Process(target=station, args=asked, daemon=True))
        processes[-1].start()
        pipes.append(ours)
    for pipe in pipes:
        assert pipe.recv() == "ready"
    for pipe in pipes:
        pipe.send("go")
    told = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    return told


def sync_ms(folder: Path, times: int = 200) -> tuple[float, float]:
    """Median and p99 of one sync of 8 kB that were appended to a file."""
    taken = []
    with (folder / "synced").open("wb") as file:
        for _ in range(times):
            file.write(os.urandom(8192))
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - start) * 1000)
    p50, p99 = np.percentile(taken, [50, 99])
    return float(p50), float(p99)


def server_ms(server: PostgresServer) -> float:
    """What the server's processes have had of the processor; those of connections that are gone count too."""
    master = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if stat.parent.name == master:
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == master:
            ticks += sum(map(int, fields[11:13]))
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def show(what: str, told: list[Recorded], goals: dict[str, float], server: Callable[[], float] | None = None) -> bool:
    """Print a line; whether all goals are met."""
    taken = np.concatenate([one.milliseconds for one in told])
    a_second = len(taken) / (max(one.ended_s for one in told) - min(one.began_s for one in told))
    p50, p99 = np.percentile(taken, [50, 99])
    reached = {"a second": a_second, "p99 ms": p99}
    own = sum(one.processor_ms for one in told) / len(taken)
    of_server = "" if server is None else f" + {server() / len(taken):.2f} server"
    print(
        f"{what:<46} {a_second:6.0f} a second   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   "
        f"processor {own:.2f}{of_server} ms each   n {len(taken)}"
    )
    met = True
    for name, goal in goals.items():
        good = reached[name] >= goal if name == "a second" else reached[name] <= goal
        met &= good
        print(
            f"    goal {'>=' if name == 'a second' else '<='} {goal:g} {name}: {'met' if good else 'MISSED'}",
            flush=True,
        )
    return met


def measure(kind: str, folder: Path, server: PostgresServer | None, stations: int, pieces: int) -> bool:
    def run(stations: int, pieces: int, frames: int = 0) -> tuple[list[Recorded], Callable[[], float] | None]:
        if server is None:
            where = str(folder / f"qc-{time.monotonic_ns()}.sqlite")
            QcLog(open_database(where), ImageStore(folder / "frames")).close()
            return record(where, folder, stations, pieces, frames), None
        where = server.owner_url(server.create_database())
        open_database(where).dispose()
        before = server_ms(server)
        told = record(where, folder, stations, pieces, frames)
        spent = server_ms(server) - before
        return told, lambda: spent * pieces / (pieces + WARMING)

    met = True
    goals: dict[str, float] = {"p99 ms": GOAL_P99_MS} | ({} if server else {"a second": GOAL_A_SECOND[kind]})
    told, spent = run(1, pieces)
    met &= show(f"{kind}, one station", told, goals, spent)
    told, spent = run(stations, pieces)
    met &= show(
        f"{kind}, {stations} stations at once", told, {"a second": GOAL_A_SECOND[kind]} if server else {}, spent
    )
    told, spent = run(1, 20, FRAMES)
    show(f"{kind}, one station with {FRAMES} new frames each", told, {}, spent)
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=500, help="that each station records")
    parser.add_argument("--stations", type=int, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default=None, help="only this one")
    parser.add_argument("--folder", type=Path, default=None, help="where to make the logs; a temporary one by default")
    wanted = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        folder = Path(name)
        p50, p99 = sync_ms(folder)
        print(f"{os.cpu_count()} processors; one sync of the disk takes {p50:.2f} ms, p99 {p99:.2f} ms", flush=True)
        for kind in ("sqlite", "postgresql") if wanted.database is None else (wanted.database,):
            serving: Any = postgres_server(folder / "server", options="") if kind == "postgresql" else nullcontext()
            with serving as server:
                met &= measure(kind, folder, server, wanted.stations, wanted.pieces)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
