"""The interface for programs, over a real port."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import cv2
import httpx
import made_pieces
import numpy as np
import pytest
from made_people import PIN
from served import Station

from loupebox.station.records.roles import ROLES
from loupebox.station.report import Report

PROBLEM = "application/problem+json"


def problem(answer: httpx.Response, status: int) -> str:
    """The sentence of an answer that must be a problem of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    return body["detail"]


def test_the_list_goes_on_where_it_stopped(http: httpx.Client, station: Station) -> None:
    seen: list[int] = []
    cursor: dict[str, int] = {}
    while True:
        page = http.get("/api/v1/inspections", params={"limit": 3, **cursor}).json()
        assert len(page["items"]) <= 3
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == sorted(station.numbers.values(), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "pieces"),
    [
        ({"outcome": "REFUSED"}, {"P-0005"}),
        ({"style": "BAND"}, {"B-0001", "B-0002"}),
        ({"job": "J-1041", "outcome": "PASS"}, {"P-0001", "P-0900"}),
        ({"day": "2026-11-20"}, {"P-0900"}),
        ({"since": "2026-11-22"}, set()),
        ({"piece": made_pieces.EVIL}, {made_pieces.EVIL}),
    ],
)
def test_the_list_can_be_narrowed(http: httpx.Client, wanted: dict[str, str], pieces: set[str]) -> None:
    items = http.get("/api/v1/inspections", params=wanted).json()["items"]
    assert {item["piece"] for item in items} == pieces


def test_one_inspection_is_the_document_as_recorded(http: httpx.Client, station: Station) -> None:
    number = station.numbers["P-0002"]
    answer = http.get(f"/api/v1/inspections/{number}").json()
    assert answer == dict(station.log.inspection(number).report)
    assert Report.model_validate(answer).prongs[2].state == "bent"


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/api/v1/inspections/4711", 404, "no inspection 4711 is recorded"),
        ("/api/v1/inspections/0", 422, "number: Input should be greater than or equal to 1 (given '0')."),
        ("/api/v1/inspections/99999999999999999999", 422, "number: Input should be less than or equal to 2147483647"),
        ("/api/v1/inspections?limit=501", 422, "limit: Input should be less than or equal to 500 (given '501')."),
        ("/api/v1/inspections?outcome=GOOD", 422, "outcome: Input should be 'PASS', 'REVIEW', 'FAIL' or 'REFUSED'"),
        ("/api/v1/inspections?day=yesterday", 422, "day: Input should be a valid date"),
        ("/api/v1/rework/99", 404, "no rework order 99 is recorded"),
        ("/api/v1/jobs/J-9", 404, "no job 'J-9' is recorded"),
        ("/api/v1/defects?by=mood", 422, "by: Input should be 'kind', 'style', 'caster', 'alloy', 'flask', 'setter'"),
        ("/api/v1/nothing", 404, "GET /api/v1/nothing: not found."),
    ],
)
def test_what_is_not_there_or_not_allowed_is_said(http: httpx.Client, path: str, status: int, sentence: str) -> None:
    assert sentence in problem(http.get(path), status)


def test_the_wrong_method_is_a_problem_too(http: httpx.Client) -> None:
    answer = http.delete("/api/v1/inspections")
    assert "DELETE /api/v1/inspections: method not allowed." in problem(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_rework_is_taken_once_and_done_once(own_http: httpx.Client, own_station: Station) -> None:
    first, *rest = own_http.get("/api/v1/rework", params={"bench": "setting"}).json()
    assert rest
    assert {order["bench"] for order in (first, *rest)} == {"setting"}
    address = f"/api/v1/rework/{first['id']}"
    assert "nobody has taken it" in problem(own_http.post(f"{address}/done", json={}), 409)
    taken = own_http.post(f"{address}/take")
    assert (taken.status_code, taken.json()["state"]) == (200, "taken")
    with own_station.client("Ben") as ben:
        assert "taken by Meera" in problem(ben.post(f"{address}/take"), 409)
    done = own_http.post(f"{address}/done", json={"note": "tip closed"}).json()
    assert (done["state"], done["steps"][-1]["who"], done["steps"][-1]["note"]) == ("done", "Meera", "tip closed")
    assert first["id"] not in [order["id"] for order in own_http.get("/api/v1/rework").json()]
    waiting = {bench["name"]: bench["waiting"] for bench in own_http.get("/api/v1/benches").json()}
    assert waiting["setting"] == len(rest)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"note": "A\nB"}, "note: allowed are printable characters on one line"),
        ({"note": "x" * 301}, "note: String should have at most 300 characters"),
        ({"note": 7}, "note: Input should be a valid string (given '7')"),
        ({"note": "", "who": "Bea"}, "who: Extra inputs are not permitted"),
    ],
)
def test_a_text_is_checked(http: httpx.Client, body: dict[str, str], sentence: str) -> None:
    assert sentence in problem(http.post("/api/v1/rework/1/done", json=body), 422)


def test_decisions_are_added_and_the_last_counts(own_http: httpx.Client, own_station: Station) -> None:
    number = own_station.numbers["P-0003"]
    address = f"/api/v1/inspections/{number}/decisions"
    assert own_http.get(address).json() == []
    accepted = own_http.post(address, json={"kind": "accept"})
    assert (accepted.status_code, accepted.json()["kind"], accepted.json()["who"]) == (201, "accept", "Meera")
    wish = {"kind": "rework", "operation": "resize", "bench": "mounting"}
    assert own_http.post(address, json=wish).status_code == 201
    assert [decision["kind"] for decision in own_http.get(address).json()] == ["accept", "rework"]
    order = next(o for o in own_http.get("/api/v1/rework").json() if o["inspection_id"] == number)
    assert (order["operation"], order["bench"]) == ("resize", "mounting")
    assert own_http.get("/api/v1/inspections", params={"piece": "P-0003"}).json()["items"][0]["disposition"] == "rework"


@pytest.mark.parametrize(
    ("piece", "body", "status", "sentence"),
    [
        (
            "P-0002",
            {"kind": "accept"},
            422,
            "the decision 'accept' on a piece with verdict FAIL needs a reason",
        ),
        ("P-0003", {"kind": "scrap"}, 422, "needs a reason"),
        (
            "P-0003",
            {"kind": "melt"},
            422,
            "kind: Input should be 'accept', 'rework', 'scrap' or 'concession'",
        ),
        ("P-0003", {"kind": "rework", "bench": "laser"}, 422, "rework names an operation and its bench"),
        (
            "P-0005",
            {"kind": "accept"},
            409,
            "was refused, there is nothing to decide; capture the piece again",
        ),
    ],
)
def test_decisions_that_are_not_possible(
    http: httpx.Client, station: Station, piece: str, body: dict[str, str], status: int, sentence: str
) -> None:
    number = station.numbers[piece]
    before = station.log.inspection(number).dispositions
    assert sentence in problem(http.post(f"/api/v1/inspections/{number}/decisions", json=body), status)
    assert station.log.inspection(number).dispositions == before


def test_defects_are_counted_with_their_interval(http: httpx.Client) -> None:
    by_kind = {count["key"]: count for count in http.get("/api/v1/defects").json()}
    assert (by_kind["scratch"]["defective"], by_kind["scratch"]["inspected"]) == (2, 9)
    low, high = by_kind["scratch"]["interval"]
    assert 0 < low < 2 / 9 < high < 1
    by_caster = {count["key"]: count["defective"] for count in http.get("/api/v1/defects?by=caster").json()}
    assert by_caster == {"Mehta": 3, "Rao": 1, None: 0}


def test_jobs(http: httpx.Client) -> None:
    assert [job["id"] for job in http.get("/api/v1/jobs").json()["items"]] == [made_pieces.EVIL, "J-1041", "J-1042"]
    assert http.get("/api/v1/jobs/J-1041").json()["caster"] == "Mehta"


def test_frames_are_the_recorded_bytes_for_ever(http: httpx.Client) -> None:
    frame = made_pieces.picture("shank", "coaxial")
    answer = http.get(f"/frames/{frame.sha256}.png")
    assert answer.content == frame.content
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    small = http.get(f"/frames/{frame.sha256}.webp?width=100&crop=400,200,120,24")
    assert small.headers["content-type"] == "image/webp"
    assert cv2.imdecode(np.frombuffer(small.content, np.uint8), cv2.IMREAD_COLOR).shape == (20, 100, 3)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/frames/{'0' * 64}.png", 404),
        ("/frames/../../qc.sqlite.png", 404),
        ("/frames/%2e%2e%2f%2e%2e%2fqc.sqlite.png", 404),
        ("/frames/abc.png", 422),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/app.py", 404),
    ],
)
def test_no_other_file_can_be_had(http: httpx.Client, path: str, status: int) -> None:
    assert http.get(path).status_code == status


@pytest.mark.parametrize(
    "query", ["width=9999", "width=1", "crop=1,2,3", "crop=0,0,0,5", "crop=99999,0,5,5", "crop=-1,0,5,5"]
)
def test_previews_refuse_impossible_sizes(http: httpx.Client, query: str) -> None:
    frame = made_pieces.picture("shank", "coaxial")
    answer = http.get(f"/frames/{frame.sha256}.webp?{query}", headers={"accept": "application/json"})
    assert problem(answer, 422).startswith(query.split("=")[0])


def test_health(http: httpx.Client) -> None:
    assert http.get("/health").json()["latest_day"] == "2026-11-21"


def test_a_frame_that_changed_on_disk_is_not_shown(own_http: httpx.Client, own_station: Station) -> None:
    frame = made_pieces.picture("face", "backlight")
    stored = next(own_station.data.rglob(f"{frame.sha256}.*"))
    stored.write_bytes(b"\x89PNG changed on disk")
    answer = own_http.get(f"/frames/{frame.sha256}.png", headers={"accept": "application/json"})
    assert "has changed on disk" in problem(answer, 500)


def test_records_out_of_reach_are_said(own_http: httpx.Client, own_station: Station) -> None:
    with closing(sqlite3.connect(own_station.data / "qc.sqlite")) as database:
        database.execute("ALTER TABLE rework_order RENAME TO elsewhere")
    assert "cannot read the database" in problem(own_http.get("/api/v1/rework"), 503)
    page = own_http.get("/rework", headers={"accept": "text/html"})
    assert (page.status_code, "Cannot read the database" in page.text) == (503, True)


def test_an_unthought_of_fault_tells_nothing_of_the_inside(http: httpx.Client) -> None:
    page = http.get("/fault", headers={"accept": "text/html"})
    assert page.status_code == 500
    assert "The station hit a fault of its own" in page.text
    assert "ZeroDivision" not in page.text
    assert "nobody thought" not in page.text


def test_every_answer_carries_the_guards(http: httpx.Client, station: Station) -> None:
    paths = ["/", "/nothing", "/fault", "/health", "/static/loupebox.css", "/api/v1/inspections/0", "/docs"]
    paths.append(f"/inspections/{station.numbers['P-0002']}")
    for path in paths:
        headers = http.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"]


ATTEMPTS: dict[str, dict[str, str]] = {
    "another site": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    "another site in an old browser": {"origin": "https://evil.example"},
    "a sandboxed frame": {"origin": "null"},
    "another port of this machine": {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},
}


@pytest.mark.parametrize("headers", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_changes_from_elsewhere_are_refused(http: httpx.Client, station: Station, headers: dict[str, str]) -> None:
    for send in (
        lambda: http.post("/rework/1/take", headers=headers),
        lambda: http.post("/api/v1/rework/1/take", headers=headers),
    ):
        answer = send()
        assert answer.status_code == 403
        assert "only this station" in answer.text
    assert station.log.rework.one(1).state == "open"


def test_our_own_pages_may_change(own_http: httpx.Client, own_station: Station) -> None:
    headers = {"origin": own_station.url, "sec-fetch-site": "same-origin"}
    answer = own_http.post("/rework/1/take", data={"bench": "setting"}, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/rework?bench=setting#order-1")


def test_a_flood_is_refused_before_it_is_read(http: httpx.Client) -> None:
    sentence = problem(http.post("/api/v1/rework/1/take", content=b"x" * 70_000), 413)
    assert "70000 bytes; allowed are 65536" in sentence

    def endless() -> Callable[[], bytes]:
        yield b"note="

    assert "Content-Length" in problem(http.post("/api/v1/rework/1/take", content=endless()), 411)


def test_the_interface_describes_itself(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    assert {"/api/v1/inspections", "/api/v1/rework/{number}/take", "/frames/{checksum}.png"} <= document["paths"].keys()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            assert PROBLEM in answers["4XX"]["content"], (method, path)
    page = http.get("/docs").text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    assert "http://" not in page
    assert "https://" not in page


def test_people_get_a_page_and_programs_a_document(http: httpx.Client) -> None:
    page = http.get("/inspections/4711", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "No inspection 4711 is recorded." in page.text
    assert "no inspection 4711" in problem(http.get("/inspections/4711", headers={"accept": "application/json"}), 404)


def test_an_empty_station_says_how_to_begin(empty_station: Station) -> None:
    empty_station.log.people.add("Asha", ROLES, who="tests", pin=PIN)
    with empty_station.client("Asha") as http:
        assert "Nothing is recorded yet" in http.get("/").text
        for path in ("/rework", "/defects", "/refused", "/docs", "/health"):
            assert http.get(path).status_code == 200
