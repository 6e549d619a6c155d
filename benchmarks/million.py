"""A million inspections: is each thing that people ask for all day still there at once, on both databases?

    python benchmarks/million.py [--inspections 1000000] [--database sqlite|postgresql] [--folder DIR] [--delete]

The log is made in bulk (see made_log.py, about 5 GB a database) and kept in the folder, by default one beside the
temporary files; an interrupted filling goes on where it was. Everything is asked for with other values each time, of
the log itself and of a real server over REST.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parent
TESTS = BENCHMARKS.parent / "tests"
sys.path[:0] = [str(BENCHMARKS), str(TESTS), str(TESTS / "api")]

import httpx  # noqa: E402
import numpy as np  # noqa: E402
from made_inspections import entry  # noqa: E402
from made_log import BENCHES, PIECES_A_BAG, SPEC, Extent, fill  # noqa: E402
from made_people import PIN  # noqa: E402
from postgres_server import OWNER, QUICK, postgres_server  # noqa: E402
from rich.progress import Progress  # noqa: E402
from served import Station, serving  # noqa: E402

from loupebox.station.records.engine import open_database  # noqa: E402
from loupebox.station.records.image_store import ImageStore  # noqa: E402
from loupebox.station.records.inspections import InspectionFilter  # noqa: E402
from loupebox.station.records.qc_log import QcLog  # noqa: E402

GOAL_MS = 50.0
NAME = "million"
WHO = "Meera"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspections", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default=None, help="only this one")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "loupebox-million")
    parser.add_argument("--tries", type=int, default=60, help="of each question")
    parser.add_argument("--delete", action="store_true", help="the folder when done")
    asked = parser.parse_args()
    extent = Extent(asked.inspections)
    met = True
    for kind in ("sqlite", "postgresql") if asked.database is None else (asked.database,):
        folder = asked.folder / f"{kind}-{asked.inspections}"
        folder.mkdir(parents=True, exist_ok=True)
        with filled(kind, folder, extent) as where:
            met &= ask(kind, folder, where, extent, asked.tries)
        if asked.delete:
            shutil.rmtree(folder)
    return 0 if met else 1


@contextmanager
def filled(kind: str, folder: Path, extent: Extent) -> Iterator[str]:
    """The database with all of it; empty for SQLite, whose file is where a station looks for it."""
    if kind == "sqlite":
        make(str(folder / "qc.sqlite"), folder, extent)
        yield ""
        return
    with postgres_server(folder / "server", options=QUICK) as server:  # filling may be lost
        if not (folder / NAME).exists():
            server.execute(f"CREATE DATABASE {NAME} OWNER {OWNER}")
            (folder / NAME).touch()
        if make(server.owner_url(NAME), folder, extent):
            server.execute("VACUUM ANALYZE", database=NAME)  # as the server itself does after so many rows
            server.execute("CHECKPOINT")
    with postgres_server(folder / "server", options="") as server:
        yield server.owner_url(NAME)


def make(where: str, folder: Path, extent: Extent) -> bool:
    """Whether anything had to be added."""
    engine = open_database(where)
    log = QcLog(engine, ImageStore(folder / "frames"))
    if not log.people.all(retired=True):
        log.people.add(WHO, ["admin", "inspector", "bench", "lead", "engineer"], who="benchmark", pin=PIN)
    page = log.recent(1).items
    there = page[0].id if page else 0
    if there < extent.inspections:
        with Progress() as bar:
            task = bar.add_task(f"filling {engine.dialect.name}", total=extent.inspections, completed=there)
            fill(engine, log, extent, lambda count: bar.update(task, completed=count))
    log.close()
    return there < extent.inspections


def ask(kind: str, folder: Path, where: str, extent: Extent, tries: int) -> bool:
    chance = random.Random(7)
    days = (extent.last_day - extent.day(0)).days

    def inspection() -> int:
        return chance.randint(1, extent.inspections)

    def bag() -> str:
        return f"J-{chance.randint(1, extent.inspections // PIECES_A_BAG - 1)}"

    def day() -> Any:
        return extent.day(0) + timedelta(days=chance.randint(0, days))

    def bench() -> str:
        return chance.choice(BENCHES)

    new = iter(range(2 * 10**6, 10**9))
    met = True
    with serving(folder, database=where) as (url, log):
        client: httpx.Client = Station(url, log, {}, folder).client(WHO)

        def get(path: str) -> Callable[[Any], object]:
            def asking(value: Any) -> object:
                answer = client.get(path.format(value))
                assert answer.status_code == 200, answer.text
                return answer

            return asking

        questions: list[tuple[str, Callable[[], Any], Callable[[Any], object], bool]] = [
            ("open one", inspection, log.inspection, True),
            ("open one, REST", inspection, get("/api/v1/inspections/{}"), True),
            ("a page of today's", day, lambda it: log.recent(50, InspectionFilter(day=it)), True),
            ("a page of today's, REST", day, get("/api/v1/inspections?day={}"), True),
            ("all pieces of a day", day, log.pieces_of_day, True),
            ("a bag", bag, log.bags.bag, True),
            ("a bag, REST", bag, get("/api/v1/jobs/{}/bag"), True),
            ("inspections of a bag, REST", bag, get("/api/v1/inspections?job={}"), True),
            ("a bench's queue", bench, log.rework.queue, True),
            ("a bench's queue, REST", bench, get("/api/v1/rework?bench={}"), True),
            ("one piece's inspections, REST", inspection, get("/api/v1/inspections?piece=P-{}"), True),
            ("the failed of a day, REST", day, get("/api/v1/inspections?outcome=FAIL&day={}"), True),
            ("the last 50, REST", bench, get("/api/v1/inspections?limit=50#{}"), True),
            ("the last refused, REST", bench, get("/api/v1/inspections?outcome=REFUSED#{}"), False),
            ("reviews that wait", bench, lambda _: log.undecided(), False),
            ("the nearest days", day, log.days_beside, False),
            ("record one more", new.__next__, lambda it: log.record(entry(it, spec=SPEC)), False),
        ]  # fmt: skip
        for what, choose, act, has_goal in questions:
            met &= show(f"{kind}: {what}", choose, act, tries, has_goal)
        client.close()
    return met


def show(what: str, choose: Callable[[], Any], act: Callable[[Any], object], tries: int, has_goal: bool) -> bool:
    act(choose())  # the first pays for imports and connections
    taken, own = [], time.process_time()
    for _ in range(tries):
        value = choose()
        start = time.perf_counter()
        act(value)
        taken.append((time.perf_counter() - start) * 1000)
    own = (time.process_time() - own) * 1000 / tries
    p50, p99 = np.percentile(taken, [50, 99])
    met = p99 <= GOAL_MS or not has_goal
    goal = f"   goal <= {GOAL_MS:g} ms: {'met' if met else 'MISSED'}" if has_goal else ""
    print(
        f"{what:<44} median {p50:7.2f} ms   p99 {p99:7.2f} ms   processor {own:6.2f} ms   n {tries}{goal}", flush=True
    )
    return met


if __name__ == "__main__":
    sys.exit(main())
