"""Signing in and out, over HTTP and in a real browser."""

from __future__ import annotations

import logging
import re

import httpx
import pytest
from made_people import PIN, badge
from opened_pages import OpenPage
from playwright.sync_api import Page, expect
from served import Station, serving

from loupebox.api.access import COOKIE
from loupebox.station.demo_people import DEMO_PEOPLE, DEMO_PIN, add_demo_people
from loupebox.station.records import lockout

WRONG = "314159"
PAGE = {"accept": "text/html"}


@pytest.fixture
def visitor(own_station: Station):
    """A browser without a session, as a program."""
    with own_station.client(None) as client:
        client.headers.update(PAGE)
        yield client


def scan(page: Page, code: str) -> None:
    """A scanner is a keyboard; its field has the focus from the first frame on, after the load."""
    expect(page.get_by_label("Scan your badge")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def sign_in(visitor: httpx.Client, **fields: str) -> httpx.Response:
    return visitor.post("/sign-in", data=fields)


def test_a_pin_or_a_badge_opens_a_session_that_scripts_and_other_sites_cannot_use(visitor: httpx.Client) -> None:
    for fields in ({"name": " meera ", "pin": PIN}, {"badge": badge("Meera") + "\r\n"}):
        answer = sign_in(visitor, **fields, next="/rework?bench=laser")
        assert (answer.status_code, answer.headers["location"]) == (303, "/rework?bench=laser")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "max-age" not in cookie  # it goes with the browser
        assert visitor.get("/api/v1/me").json()["name"] == "Meera"


def test_each_sign_in_gives_another_session_and_ends_the_one_before(visitor: httpx.Client) -> None:
    sign_in(visitor, name="Meera", pin=PIN)
    first = visitor.cookies[COOKIE]
    sign_in(visitor, name="Ben", pin=PIN)
    second = visitor.cookies[COOKIE]
    assert first != second
    assert visitor.get("/api/v1/me").json()["name"] == "Ben"
    visitor.cookies.set(COOKIE, first)
    assert visitor.get("/api/v1/me").status_code == 401


def test_a_session_chosen_by_somebody_else_is_not_taken_up(visitor: httpx.Client) -> None:
    planted = "a-session-that-the-attacker-knows"
    sign_in_with = {"Cookie": f"{COOKIE}={planted}"}
    answer = visitor.post("/sign-in", data={"name": "Meera", "pin": PIN}, headers=sign_in_with)
    assert planted not in answer.headers["set-cookie"]
    assert httpx.get(visitor.base_url.join("/api/v1/me"), headers=sign_in_with).status_code == 401


def test_a_session_is_dead_after_signing_out(visitor: httpx.Client) -> None:
    sign_in(visitor, name="Meera", pin=PIN)
    kept = visitor.cookies[COOKIE]
    answer = visitor.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert COOKIE not in visitor.cookies
    visitor.cookies.set(COOKIE, kept)
    assert visitor.get("/api/v1/me").status_code == 401
    page = visitor.get("/rework")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Frework")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil", "http:/x"],
)
def test_after_signing_in_one_stays_at_the_station(visitor: httpx.Client, elsewhere: str) -> None:
    assert sign_in(visitor, name="Meera", pin=PIN, next=elsewhere).headers["location"] == "/"


def test_who_is_wrong_learns_nothing_and_no_secret_is_repeated(
    visitor: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrongs = [{"name": "Meera", "pin": WRONG}, {"name": "Nobody", "pin": WRONG}, {"badge": "BADGE-of-nobody"}]
    answers = [sign_in(visitor, **fields) for fields in wrongs]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1
    assert "the name and the PIN do not go together" in answers[0].text
    assert sign_in(visitor).status_code == 422
    long = sign_in(visitor, name="Meera", pin="9" * 5000)
    assert long.status_code == 422
    for text in (*(answer.text for answer in answers), long.text, caplog.text):
        assert WRONG not in text
        assert "BADGE-of-nobody" not in text
        assert "99999999" not in text


def test_too_many_wrong_pins_lock_and_an_admin_lifts(visitor: httpx.Client, own_station: Station) -> None:
    for _ in range(lockout.PERSON_TRIES):
        assert sign_in(visitor, name="Ben", pin=WRONG).status_code == 403
    locked = sign_in(visitor, name="Ben", pin=PIN)
    assert locked.status_code == 429
    assert "Too many wrong tries; wait 30 s or ask an admin" in locked.text
    ben = own_station.log.people.named("Ben")
    with own_station.client("Ada") as ada:
        assert ada.post(f"/api/v1/people/{ben.id}/unlock").status_code == 200
    assert sign_in(visitor, name="Ben", pin=PIN).status_code == 303


def test_another_site_can_sign_nobody_in_or_out(visitor: httpx.Client) -> None:
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert visitor.post("/sign-in", data={"name": "Meera", "pin": PIN}, headers=elsewhere).status_code == 403
    sign_in(visitor, name="Meera", pin=PIN)
    assert visitor.post("/sign-out", headers=elsewhere).status_code == 403
    assert visitor.get("/api/v1/me").status_code == 200


def test_who_manages_people_never_sees_a_secret(own_station: Station) -> None:
    with own_station.client("Ada") as ada:
        made = ada.post("/api/v1/people", json={"name": "Neu", "roles": ["bench"], "pin": PIN, "badge": "B-555555"})
        assert made.status_code == 201
        wrong = ada.post(
            "/api/v1/people", json={"name": "Neu", "roles": ["bench"], "pin": WRONG + "x", "badge": 987654321}
        )
        assert wrong.status_code == 422
        listed = ada.get("/api/v1/people", params={"limit": 3}).json()
        assert [person["name"] for person in listed["items"]] == ["Neu", "Ada", "Eng"]
        rest = ada.get("/api/v1/people", params={"cursor": listed["next_cursor"]}).json()
        assert [person["name"] for person in rest["items"]] == ["Lea", "Ben", "Ina", "Meera"]
        assert rest["next_cursor"] is None
        number = made.json()["id"]
        assert ada.put(f"/api/v1/people/{number}/roles", json={"roles": ["lead"]}).json()["roles"] == ["lead"]
        assert ada.put(f"/api/v1/people/{number}/secrets", json={"pin": "161803"}).status_code == 200
        assert ada.post(f"/api/v1/people/{number}/retire").json()["retired_at"] is not None
        assert "Neu" not in ada.get("/api/v1/people").text
        assert "Neu" in ada.get("/api/v1/people?retired=true").text
        for text in (made.text, wrong.text):
            assert not re.search(f"{PIN}|B-555555|{WRONG}|987654321|argon2", text)


def test_a_station_without_people_says_how_to_begin(empty_station: Station) -> None:
    with empty_station.client(None) as visitor:
        page = visitor.get("/", headers=PAGE, follow_redirects=True)
    assert page.url.path == "/sign-in"
    assert 'loupebox people add "Your Name" --role admin' in page.text
    assert 'action="/sign-in"' not in page.text


def test_only_a_demo_offers_its_people(own_station: Station, tmp_path) -> None:
    with serving(tmp_path / "demo", demo=True) as (url, log):
        add_demo_people(log)
        add_demo_people(log)
        with Station(url, log, {}, tmp_path).client(None) as visitor:
            page = visitor.get("/sign-in", headers=PAGE).text
            assert "This is a demo" in page
            assert [name for name, _ in DEMO_PEOPLE if f">{name} " not in page] == []
            assert sign_in(visitor, name="Chetan", pin=DEMO_PIN).status_code == 303
            demo_session = visitor.cookies[COOKIE]
            log.people.add("Real Rao", ["admin"], who="os:root", pin=PIN)
            assert "This is a demo" not in visitor.get("/sign-in", headers=PAGE).text
            assert sign_in(visitor, name="Chetan", pin=DEMO_PIN).status_code == 403
            visitor.cookies.set(COOKIE, demo_session)
            assert visitor.get("/api/v1/me").status_code == 401
    own_station.log.people.add("Chetan", ["lead"], who="tests", pin=DEMO_PIN, demo=True)
    with own_station.client(None) as visitor:
        assert "demo" not in visitor.get("/sign-in", headers=PAGE).text
        assert sign_in(visitor, name="Chetan", pin=DEMO_PIN).status_code == 403


def test_a_scanned_badge_is_all_it_takes(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, None)
    page.goto("/rework?bench=setting")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert page.locator("nav").count() == 0
    scan(page, badge("Ben"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Rework: Setting")
    expect(page.locator(".me")).to_contain_text("Ben Bench")
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_name_and_a_pin_do_too_and_a_wrong_one_is_told(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, None)
    page.goto("/")
    page.get_by_label("Your name").fill("Meera")
    page.get_by_label("PIN").fill(WRONG)
    with page.expect_console_message():  # the browser notes the status 403 itself
        page.get_by_role("button", name="Sign in with the PIN").click()
    expect(page.get_by_role("alert")).to_contain_text("the name and the PIN do not go together")
    expect(page.get_by_label("PIN")).to_have_value("")
    expect(page.get_by_label("Your name")).to_have_value("Meera")  # this browser remembers names, never PINs
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Sign in with the PIN").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2026")
    assert PIN not in page.url
    assert page.evaluate("JSON.stringify(localStorage)") == '{"loupebox.who":"Meera"}'
    open_page.complaints.clear()


def test_a_script_in_a_persons_name_is_only_a_name(own_station: Station, open_page: OpenPage) -> None:
    name = "<img src=x onerror=document.title='owned'>"
    own_station.log.people.add(name, ["bench"], who="tests", badge="EVIL-BADGE")
    page = open_page(own_station, None)
    page.goto("/rework?bench=setting")
    scan(page, "EVIL-BADGE")
    expect(page.locator(".me")).to_contain_text(name)
    page.locator("#order-1").get_by_role("button", name="Take").click()
    expect(page.locator("#order-1")).to_contain_text(f"Taken by {name}")
    page.goto(f"/inspections/{own_station.log.rework.one(1).inspection_id}")
    assert "owned" not in page.title()
    assert page.locator("img[src=x]").count() == 0


def test_another_roles_act_is_refused_with_a_page(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, "Ben")
    page.goto(f"/inspections/{own_station.numbers['P-0003']}")
    page.get_by_role("radio", name="Accept").check()
    with page.expect_console_message():  # the browser notes the status 403 itself
        page.get_by_role("button", name="Record the decision").click()
    expect(page.locator("main")).to_contain_text("This needs the permission inspection.decide")
    open_page.complaints.clear()
    assert own_station.log.inspection(own_station.numbers["P-0003"]).dispositions == ()


def test_a_demo_is_one_click(tmp_path, open_page: OpenPage) -> None:
    with serving(tmp_path / "demo", demo=True) as (url, log):
        add_demo_people(log)
        page = open_page(Station(url, log, {}, tmp_path), None)
        page.goto("/")
        page.get_by_role("button", name=re.compile("Asha")).click()
        expect(page.locator(".me")).to_contain_text("Asha Inspector")
        expect(page.locator("main")).to_contain_text("Nothing is recorded yet")
        page.context.close()
