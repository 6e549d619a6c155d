"""Styles, their bags, and where single pieces come from, over a real port."""

from __future__ import annotations

import httpx


def test_styles_and_the_bags_of_one(http: httpx.Client) -> None:
    first = http.get("/api/v1/styles", params={"limit": 1}).json()
    assert [style["code"] for style in first["items"]] == ["BAND"]
    second = http.get("/api/v1/styles", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    (sol6,) = second["items"]
    assert (sol6["code"], sol6["jobs"], second["next_cursor"]) == ("SOL6", 2, None)
    assert sol6["revisions"] == ["A"]
    assert http.get("/api/v1/styles/SOL6").json() == sol6
    assert http.get("/api/v1/styles", params={"family": "no such"}).json()["items"] == []
    assert "no style 'NOPE' is recorded" in http.get("/api/v1/styles/NOPE").json()["detail"]
    assert [job["id"] for job in http.get("/api/v1/jobs", params={"style": "BAND"}).json()["items"]] == ["J-1042"]


def test_a_piece_has_a_setter_of_its_own(own_http: httpx.Client) -> None:
    said = {"serial": "P-0001", "source": "setter", "name": "Bo"}
    assert own_http.post("/api/v1/jobs/J-1041/sources", json=said).json() == said
    (act,) = own_http.get("/api/v1/audit", params={"action": "piece.sourced"}).json()["items"]
    assert (act["who"], act["details"]) == ("Meera", {"piece": "P-0001", "source": "setter", "name": "Bo"})
    wrong = own_http.post("/api/v1/jobs/J-1041/sources", json={**said, "source": "cook"})
    assert wrong.status_code == 422
    assert own_http.post("/api/v1/jobs/J-1041/sources", json={**said, "serial": "P-9"}).status_code == 404
