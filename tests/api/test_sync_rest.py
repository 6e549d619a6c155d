"""What waits at a station whose records are on a server, over a real port."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from made_people import PEOPLE, PIN
from served import Station, serving

from loupebox.station.outbox import Outbox

sys.path.append(str(Path(__file__).parent.parent / "records"))
from made_entries import an_entry


@pytest.fixture
def away(tmp_path: Path, postgres_log: str) -> Iterator[Station]:
    """A station with three inspections in its outbox that the server has refused, and one that waits."""
    outbox = Outbox(tmp_path / "data" / "outbox")
    for number in range(3):
        outbox.refused(outbox.put(an_entry(piece=f"P-{number}")), "the sheet is not known")
    with serving(tmp_path / "data", database=postgres_log) as (url, log):
        for name, roles in PEOPLE.items():
            log.people.add(name, roles, who="tests", pin=PIN)
        yield Station(url, log, {}, tmp_path / "data")


def test_what_was_set_aside_is_listed_tried_again_and_dropped(away: Station) -> None:
    with away.client() as http:
        state = http.get("/api/v1/sync").json()
        assert (state["has_server"], state["set_aside"]) == (True, 3)
        first = http.get("/api/v1/sync/outbox", params={"state": "set aside", "limit": 2}).json()
        assert [kept["piece"] for kept in first["items"]] == ["P-0", "P-1"]
        query = {"state": "set aside", "limit": 2, "cursor": first["next_cursor"]}
        rest = http.get("/api/v1/sync/outbox", params=query).json()
        assert [(kept["piece"], kept["error"]) for kept in rest["items"]] == [("P-2", "the sheet is not known")]
        assert rest["next_cursor"] is None
        number = first["items"][0]["number"]
        assert http.post(f"/api/v1/sync/outbox/{number}/drop", json={}).status_code == 422
        gone = http.post(f"/api/v1/sync/outbox/{number}/drop", json={"why": "a test piece"}).json()
        assert (gone["state"], gone["error"]) == ("dropped", "the sheet is not known | dropped: a test piece (Meera)")
        assert http.post(f"/api/v1/sync/outbox/{number}/retry").status_code == 404
        again = http.post(f"/api/v1/sync/outbox/{first['items'][1]['number']}/retry").json()
        assert again["state"] in ("waiting", "delivered")  # whoever delivers may have been quick
        assert http.get("/api/v1/sync/outbox/99").status_code == 404
    with away.client("Ben") as ben:
        assert ben.get("/api/v1/sync").status_code == 200
        assert ben.post(f"/api/v1/sync/outbox/{number}/retry").status_code == 403


def test_nothing_waits_where_the_records_are_the_stations_own(http: httpx.Client) -> None:
    assert http.get("/api/v1/sync").json() == {"has_server": False, "waiting": 0, "set_aside": 0, "oldest_at": None}
    answer = http.get("/api/v1/sync/outbox")
    assert answer.status_code == 404
    assert "own file: nothing ever waits here" in answer.json()["detail"]
