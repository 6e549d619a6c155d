"""Who did what, and whether it still stands, over a real port."""

from __future__ import annotations

import sqlite3

import httpx
from served import Station


def test_acts_come_in_parts_and_by_who_what_and_when(http: httpx.Client, station: Station) -> None:
    first = http.get("/api/v1/audit", params={"limit": 3}).json()
    second = http.get("/api/v1/audit", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    numbers = [act["id"] for act in first["items"] + second["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 6
    recorded = http.get("/api/v1/audit", params={"action": "inspection.recorded", "limit": 500}).json()
    assert {act["subject"] for act in recorded["items"]} == {f"inspection {n}" for n in station.numbers.values()}
    assert recorded["next_cursor"] is None
    people = http.get("/api/v1/audit", params={"action": "person.", "who": "tests"}).json()["items"]
    assert people
    assert {act["who"] for act in people} == {"tests"}
    assert http.get("/api/v1/audit", params={"until": "2020-01-01T00:00:00Z"}).json()["items"] == []
    assert http.get("/api/v1/audit", params={"since": "2020-01-01"}).status_code == 422  # which hour, and where?


def test_heads_are_the_last_links(http: httpx.Client) -> None:
    (head,) = http.get("/api/v1/audit/heads").json()
    (last,) = http.get("/api/v1/audit", params={"limit": 1}).json()["items"]
    assert (head["chain"], head["number"], head["hash"]) == (last["chain"], last["number"], last["hash"])


def test_a_row_that_was_altered_is_named(own_http: httpx.Client, own_station: Station) -> None:
    sound = own_http.get("/api/v1/audit/verification").json()
    assert (sound["faults"], sound["faults_in_all"]) == ([], 0)
    assert sound["rows"] > len(own_station.numbers)
    with sqlite3.connect(own_station.data / "qc.sqlite") as database:
        database.execute("DROP TRIGGER measurement_no_update")
        database.execute("UPDATE measurement SET value = value + 1 WHERE id = 1")
    altered = own_http.get("/api/v1/audit/verification").json()
    assert altered["faults_in_all"] == 1
    assert altered["faults"][0]["where"].startswith("measurement 1 of inspection ")
    assert altered["faults"][0]["what"] == "was altered"


def test_only_those_who_may_read_the_audit(station: Station) -> None:
    with station.client("Ben") as ben:
        for path in ("", "/heads", "/verification"):
            assert ben.get(f"/api/v1/audit{path}").status_code == 403
