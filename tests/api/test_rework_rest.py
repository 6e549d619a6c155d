"""Orders, concessions, returns, lives of pieces and exports, over a real port."""

from __future__ import annotations

import csv
import io

import httpx
from lxml import etree
from made_people import PIN
from served import Station

from loupebox.station.records.job import Job


def detail(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


def test_an_order_is_moved_hurried_asked_about_and_withdrawn(own_http: httpx.Client) -> None:
    order = own_http.get("/api/v1/rework", params={"bench": "setting"}).json()[0]
    assert order["loop"] == 1
    assert {mark["what"] for mark in order["marks"]} == {"prong"}
    frame = own_http.get(f"/frames/{order['marks'][0]['frame_sha256']}.png")
    assert frame.headers["content-type"] == "image/png"
    address = f"/api/v1/rework/{order['id']}"
    assert own_http.post(f"{address}/move", json={"bench": "laser"}).json()["bench"] == "laser"
    assert own_http.post(f"{address}/priority", json={"priority": 1}).json()["priority"] == 1
    due = own_http.post(f"{address}/due", json={"due_at": "2026-12-01T12:00:00+01:00"}).json()["due_at"]
    assert due == "2026-12-01T11:00:00Z"
    own_http.post(f"{address}/questions", json={"text": "which alloy?"})
    said = own_http.post(f"{address}/answers", json={"text": "750"}).json()["messages"]
    assert [(message["kind"], message["text"]) for message in said] == [("question", "which alloy?"), ("answer", "750")]
    own_http.post(f"{address}/take")
    spent = {"minutes": 12.5, "metal_added_g": 0.04}
    done = own_http.post(f"{address}/done", json={"work": spent}).json()
    assert done["work"] == {**spent, "metal_removed_g": 0, "stones": 0}
    first = own_http.get("/api/v1/look-first", params={"piece": order["piece"], "job": order["job"]}).json()
    assert [o["id"] for o in first] == [order["id"]]
    assert "cannot be withdrawn" in detail(own_http.post(f"{address}/withdraw", json={"note": "no"}), 409)
    assert own_http.post(f"{address}/due", json={"due_at": "2026-12-01T12:00:00"}).status_code == 422  # no offset


def test_orders_in_any_state_come_in_parts_and_by_what_is_asked_for(own_http: httpx.Client) -> None:
    waiting = own_http.get("/api/v1/rework").json()
    assert len(waiting) > 2
    own_http.post(f"/api/v1/rework/{waiting[0]['id']}/take")
    own_http.post(f"/api/v1/rework/{waiting[0]['id']}/done", json={})
    page = own_http.get("/api/v1/rework-orders", params={"limit": 2}).json()
    rest = own_http.get("/api/v1/rework-orders", params={"cursor": page["next_cursor"]}).json()
    numbers = [order["id"] for order in page["items"] + rest["items"]]
    assert numbers == sorted((order["id"] for order in waiting), reverse=True)
    assert rest["next_cursor"] is None
    done = own_http.get("/api/v1/rework-orders", params={"state": "done"}).json()["items"]
    assert [order["id"] for order in done] == [waiting[0]["id"]]
    one = waiting[1]
    for name in ("bench", "piece", "job"):
        found = own_http.get("/api/v1/rework-orders", params={name: one[name]}).json()["items"]
        assert one["id"] in [order["id"] for order in found]
        assert {order[name] for order in found} == {one[name]}
    assert own_http.get("/api/v1/rework-orders", params={"piece": "nobody"}).json()["items"] == []


def test_a_piece_is_delivered_under_a_concession_until_it_is_used_up(
    own_http: httpx.Client, own_station: Station
) -> None:
    wish = {
        "style": "SOL6",
        "kinds": ["prong_bent"],
        "pieces": 1,
        "until": "9999-01-01",
        "reason_code": "customer_agreed",
    }
    assert own_http.post("/api/v1/concessions", json=wish).status_code == 422  # not signed
    key = {"Idempotency-Key": "concession-for-the-bend"}
    leave, again = (own_http.post("/api/v1/concessions", json={**wish, "pin": PIN}, headers=key).json() for _ in "ab")
    assert leave == again
    assert (leave["left"], leave["granted_by"]) == (1, "Meera")
    number = own_station.numbers["P-0002"]
    decision = {"kind": "concession", "reason_code": "customer_agreed", "concession": leave["id"], "pin": PIN}
    assert own_http.post(f"/api/v1/inspections/{number}/decisions", json=decision).status_code == 201
    assert own_http.get(f"/api/v1/concessions/{leave['id']}").json()["left"] == 0
    page = own_http.get("/api/v1/concessions", params={"style": "SOL6", "limit": 1}).json()
    assert ([item["id"] for item in page["items"]], page["next_cursor"]) == ([leave["id"]], None)


def test_a_returned_piece_is_received_and_its_life_told(own_http: httpx.Client, own_station: Station) -> None:
    own_station.log.import_jobs([Job(id="R-1", style="SOL6")])
    back = {"piece": "P-0001", "job": "R-1", "complaint": "stone_loose", "words": "rattles"}
    key = {"Idempotency-Key": "return-4711-of-the-shop"}
    answers = [own_http.post("/api/v1/returns", json=back, headers=key) for _ in range(2)]  # the answer was lost
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["earlier_job"] == "J-1041"
    assert "already been received" in detail(own_http.post("/api/v1/returns", json=back), 409)
    assert [item["piece"] for item in own_http.get("/api/v1/returns").json()["items"]] == ["P-0001"]
    life = own_http.get("/api/v1/pieces/P-0001/history").json()
    assert {event["kind"] for event in life} == {"inspection", "return"}
    assert "no piece 'P-9' is recorded" in detail(own_http.get("/api/v1/pieces/P-9/history"), 404)
    number = own_station.numbers["P-0001"]
    assert own_http.get(f"/api/v1/inspections/{number}/rechecks").json() == []


def test_results_are_downloaded_in_every_form(http: httpx.Client, station: Station) -> None:
    sheet = http.get("/api/v1/exports/csv", params={"bom": True, "verdict": "FAIL"})
    assert sheet.headers["content-disposition"] == 'attachment; filename="loupebox-results.csv"'
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"), newline="")))
    assert {row["outcome"] for row in rows} == {"FAIL"}
    assert len(http.get("/api/v1/exports/jsonl").text.splitlines()) == len(station.numbers)
    root = etree.fromstring(http.get("/api/v1/exports/qif", params={"job": "J-1042"}).content)
    assert len(root.findall(".//{*}MeasurementResults")) == 2
    assert http.get("/api/v1/exports/aqdef").text.startswith("K0100 ")
    assert http.get("/api/v1/exports/xls").status_code == 422
