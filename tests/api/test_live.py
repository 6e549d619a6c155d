"""The stream of events: what it tells, to whom, and how it goes on after a break."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import made_pieces
from made_pieces import Made
from served import Station

STREAM = {"Accept": "text/event-stream"}


@contextmanager
def listening(client: httpx.Client, **more: str) -> Iterator[Iterator[dict[str, str]]]:
    with client.stream("GET", "/live", headers={**STREAM, **more}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        else:
            yield event
            event = {}


def test_what_happens_is_told_and_no_secret(own_station: Station) -> None:
    with own_station.client("Ben") as ben, listening(ben) as told:
        assert next(told)["event"] == "ready"
        own_station.session("Lea")  # somebody signs in: nobody's business
        number = own_station.log.record(made_pieces.entry(Made("P-0010")))
        event = next(told)
        assert event["event"] == "happened"
        assert json.loads(event["data"]) == {"action": "inspection.recorded", "subject": f"inspection {number}"}


def test_who_lost_the_line_hears_what_was_missed_once(own_station: Station) -> None:
    with own_station.client("Ben") as ben:
        with listening(ben) as told:
            heard = next(told)["id"]
        first = own_station.log.record(made_pieces.entry(Made("P-0010")))
        second = own_station.log.record(made_pieces.entry(Made("P-0011")))
        with listening(ben, **{"Last-Event-ID": heard}) as told:
            assert next(told)["event"] == "ready"
            found = [json.loads(next(told)["data"])["subject"] for _ in range(2)]
    assert found == [f"inspection {first}", f"inspection {second}"]


def test_only_who_is_signed_in_and_can_read_it_gets_the_stream(station: Station) -> None:
    with station.client(None) as nobody, station.client("Ben") as ben:
        assert nobody.get("/live", headers=STREAM).status_code == 401
        assert ben.get("/live", headers={"Accept": "application/json"}).status_code == 406


def test_what_a_page_asks_by_itself_keeps_no_session_alive(own_station: Station) -> None:
    sessions = own_station.log.sessions
    secret = next(iter(own_station.session("Ben").values()))
    idle = sessions.rules.idle
    now = sessions._clock()
    sessions._clock = lambda: now + 0.9 * idle
    assert sessions.person(secret, by_itself=True) is not None
    sessions._clock = lambda: now + 1.1 * idle
    assert sessions.is_over(secret)
