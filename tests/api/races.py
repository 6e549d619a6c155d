"""Two people press at the same moment, each at a station of their own over one database; used by test and benchmark.

Each race is prepared, then run by both at once, then told: the statuses of the two, and that nothing is there twice.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
from made_people import CHEAP, PEOPLE, PIN
from served import Station, serving

from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings

sys.path.append(str(Path(__file__).parent.parent / "records"))

from made_entries import DOUBTFUL_SCRATCH, MISSING_PRONG, POROUS, an_entry

SHEET = """schema = 1
style = "RACE"
revision = "{revision}"
name = "A band"
family = "band"
stage = "final"

[[characteristic]]
name = "inner_diameter_mm"
lower = 17.25
upper = 17.45
severity = "critical"
"""


@dataclass
class Two:
    """Two stations with one database, and who stands there."""

    log: QcLog
    ben: httpx.Client
    cho: httpx.Client
    pool: ThreadPoolExecutor

    def both(self, first: Callable[[], httpx.Response], second: Callable[[], httpx.Response]) -> list[httpx.Response]:
        """Both at the same moment."""
        ready = threading.Barrier(2)

        def press(act: Callable[[], httpx.Response]) -> httpx.Response:
            ready.wait()
            return act()

        return list(self.pool.map(press, (first, second)))

    def each(self, path: str, body: dict[str, object] | None = None, **more: object) -> list[httpx.Response]:
        """Both post the same."""
        headers = {"Idempotency-Key": str(more["key"])} if "key" in more else {}
        return self.both(
            lambda: self.ben.post(path, json=body, headers=headers),
            lambda: (self.ben if more.get("same_person") else self.cho).post(path, json=body, headers=headers),
        )


@contextmanager
def two_stations(folder: Path, database: str = "") -> Iterator[Two]:
    """Two servers on the database (an SQLite file in the folder for the empty text)."""
    settings = Settings(data_dir=folder, database=database, **CHEAP)
    log = QcLog.open(settings.database_location, settings.frames_dir, settings.sign_in_rules)
    for name in ("Ben", "Cho"):
        log.people.add(name, PEOPLE["Meera"], who="tests", pin=PIN)
    log.close()
    with ExitStack() as open_things:
        served = [open_things.enter_context(serving(folder, database=database)) for _ in range(2)]
        clients = [
            open_things.enter_context(Station(url, log, {}, folder).client(who))
            for (url, log), who in zip(served, ("Ben", "Cho"), strict=True)
        ]
        for client in clients:  # both servers share their routes, which the first request makes
            assert client.get("/api/v1/nothing").status_code == 404
        yield Two(served[0][1], *clients, open_things.enter_context(ThreadPoolExecutor(2)))


def one_wins(answers: list[httpx.Response], status: int) -> None:
    """One is done, the other is told in a sentence."""
    done, told = sorted(answers, key=lambda answer: answer.status_code)
    assert (done.status_code, told.status_code) == (status, 409), [answer.text for answer in answers]
    assert told.headers["content-type"] == "application/problem+json"
    assert len(told.json()["detail"]) > 20


def take_one_order(two: Two, turn: int) -> None:
    number = two.log.record(an_entry(MISSING_PRONG, piece=f"T-{turn}"))
    (order,) = two.log.inspection(number).orders
    one_wins(two.each(f"/api/v1/rework/{order.id}/take"), 200)
    assert [step.state for step in two.log.rework.one(order.id).steps] == ["open", "taken"]


def take_two_orders_of_one_piece(two: Two, turn: int) -> None:
    number = two.log.record(an_entry(MISSING_PRONG, POROUS, piece=f"O-{turn}"))
    one, other = two.log.inspection(number).orders
    take = "/api/v1/rework/{}/take"
    one_wins(two.both(lambda: two.ben.post(take.format(one.id)), lambda: two.cho.post(take.format(other.id))), 200)
    assert sorted(order.state for order in two.log.inspection(number).orders) == ["open", "taken"]


def finish_one_order(two: Two, turn: int) -> None:
    number = two.log.record(an_entry(MISSING_PRONG, piece=f"F-{turn}"))
    (order,) = two.log.inspection(number).orders
    two.log.rework.take(order.id, "Ben")
    one_wins(two.each(f"/api/v1/rework/{order.id}/done", {"work": {"minutes": 5}}), 200)
    done = two.log.rework.one(order.id)
    assert [step.state for step in done.steps] == ["open", "taken", "done"]
    assert done.work is not None
    assert done.work.minutes == 5


def decide_on_one_inspection(two: Two, turn: int) -> None:
    """Both have seen the same last decision: the second decides on what has changed since, and is told."""
    number = two.log.record(an_entry(MISSING_PRONG, piece=f"D-{turn}"))
    (proposed,) = two.log.inspection(number).dispositions
    body = {"kind": "scrap", "reason_code": "cannot_be_mended", "seen": proposed.id, "pin": PIN}
    one_wins(two.each(f"/api/v1/inspections/{number}/decisions", body), 201)
    assert [made.kind for made in two.log.inspection(number).dispositions] == ["rework", "scrap"]


def decide_first_on_one_inspection(two: Two, turn: int) -> None:
    """Of a doubtful piece nobody has decided anything yet: both decisions stand in order, the last one counts."""
    number = two.log.record(an_entry(DOUBTFUL_SCRATCH, piece=f"R-{turn}"))
    answers = two.each(f"/api/v1/inspections/{number}/decisions", {"kind": "accept"})
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = two.log.inspection(number).dispositions
    assert len(made) == sum(answer.status_code == 201 for answer in answers) >= 1


def ask_twice_with_one_key(two: Two, turn: int) -> None:
    """A program that asks again before it was answered: one change, one answer."""
    number = two.log.record(an_entry(DOUBTFUL_SCRATCH, piece=f"K-{turn}"))
    answers = two.each(f"/api/v1/inspections/{number}/decisions", {"kind": "accept"}, key=uuid4(), same_person=True)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert len(two.log.inspection(number).dispositions) == 1


def approve_one_draft(two: Two, turn: int) -> None:
    revision = f"R{turn}"
    two.log.specs.draft(SHEET.format(revision=revision), "Eng")
    one_wins(two.each(f"/api/v1/specs/RACE/{revision}/approval", {"version": 1, "pin": PIN}), 201)
    assert [sheet.state for sheet in two.log.specs.list("RACE") if sheet.revision == revision] == ["approved"]


def close_one_bag(two: Two, turn: int) -> None:
    bag = f"B-{turn}"
    two.log.import_jobs([Job(id=bag, style="SOL6", quantity=1)])
    two.log.record(an_entry(piece="P-1", job=bag))
    one_wins(two.each(f"/api/v1/jobs/{bag}/closing"), 201)
    assert two.log.bags.bag(bag).closing is not None


RACES: tuple[Callable[[Two, int], None], ...] = (
    take_one_order,
    take_two_orders_of_one_piece,
    finish_one_order,
    decide_on_one_inspection,
    decide_first_on_one_inspection,
    ask_twice_with_one_key,
    approve_one_draft,
    close_one_bag,
)
