"""Signed calibrations and start-up checks over REST."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import httpx
from served import Station

sys.path.insert(0, str(Path(__file__).parent.parent / "records"))

from made_calibration import MADE_AT, a_draft, signature


def test_calibrations_are_listed_in_parts_and_read_whole(own_station: Station, own_http: httpx.Client) -> None:
    drafts = [a_draft(made_at=MADE_AT + timedelta(days=d)) for d in range(3)] + [a_draft("sensor", "top", most=1.0)]
    for draft in drafts:
        own_station.log.certificates.sign(draft, signature(draft))
    page = own_http.get("/api/v1/calibrations", params={"limit": 3}).json()
    assert [one["number"] for one in page["items"]] == [4, 3, 2]
    rest = own_http.get("/api/v1/calibrations", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    assert [one["number"] for one in rest["items"]] == [1]
    assert rest["next_cursor"] is None
    faces = own_http.get("/api/v1/calibrations", params={"view": "face", "kind": "scale"}).json()
    assert [one["number"] for one in faces["items"]] == [3, 2, 1]
    failed = own_http.get("/api/v1/calibrations/4").json()
    assert (failed["passed"], failed["state"], failed["signed_by"]) == (False, "failed", "Devi")
    assert failed["troubles"] == ["sensor is 17 um/px; allowed is 1 um/px or less"]
    assert failed["results"][0]["budget"][0]["name"] == "repeated placements"
    assert own_http.get("/api/v1/calibrations/9").status_code == 404


def test_the_state_of_the_start_up_check(own_station: Station, own_http: httpx.Client) -> None:
    none = own_http.get("/api/v1/startup").json()
    assert none["due"] is True
    assert none["last"] is None
    steps = [{"name": "light face/backlight", "passed": False, "found": "level 0.1", "advice": "check lamp"}]
    checks = own_station.log.start_ups
    checks.record("station-1", who="Asha", passed=False, took_s=9.0, document={"steps": steps})
    failed = own_http.get("/api/v1/startup", params={"station": "station-1"}).json()
    assert failed["due"] is True
    assert failed["reason"] == "the last start-up check failed: light face/backlight: check lamp"
    assert failed["last"]["steps"] == steps
    checks.record("station-1", who="Asha", passed=True, took_s=8.0, document={"steps": []})
    passed = own_http.get("/api/v1/startup", params={"station": "station-1"}).json()
    assert passed["due"] is False
    assert own_http.get("/api/v1/startup", params={"station": "station-2"}).json()["due"] is True
    page = own_http.get("/api/v1/startup/checks", params={"limit": 1}).json()
    assert [one["number"] for one in page["items"]] == [2]
    rest = own_http.get("/api/v1/startup/checks", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert [one["number"] for one in rest["items"]] == [1]
