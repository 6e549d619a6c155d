"""The inspector's screen of one bag: keys, scanner, touch; sent twice is done once; two tablets stay true."""

from __future__ import annotations

from collections.abc import Callable

import made_pieces
import pytest
from made_people import PIN, badge
from made_pieces import Made
from opened_pages import OpenPage
from playwright.sync_api import Page, Route, expect
from served import Station

from loupebox.station.records.job import Job

DOUBTFUL = 17.445
"""mm, too near to the limit to tell."""


def record(station: Station, made: Made) -> int:
    return station.log.record(made_pieces.entry(made))


def opened(station: Station, open_page: OpenPage, job: str = "J-1041", who: str = "Ina") -> Page:
    page = open_page(station, who)
    show_bag(page, job)
    return page


def show_bag(page: Page, job: str) -> None:
    page.goto(f"/station/bags/{job}")
    expect(page.locator("html")).to_have_attribute("data-connection", "live")


def kinds(station: Station, number: int) -> list[tuple[str, str]]:
    return [(d.kind, d.who) for d in station.log.inspection(number).dispositions]


def test_the_first_screen_says_how_the_station_is_and_what_comes_first(station: Station, open_page: OpenPage) -> None:
    page = open_page(station, "Ina")
    page.goto("/station")
    expect(page.locator(".signs li")).to_have_count(4)
    expect(page.locator(".signs")).to_contain_text("Start-up check due")
    expect(page.locator("a.big")).to_contain_text("Start J-1041")
    expect(page.locator("#reviews")).to_contain_text("P-0003")
    rows = page.locator(".bags tbody tr")
    expect(rows.nth(0)).to_contain_text("J-1041")
    expect(rows.nth(0)).to_contain_text("late")
    expect(rows.nth(1)).to_contain_text("38 of 40")


def test_a_scanned_bag_opens_and_an_unknown_code_is_told(station: Station, open_page: OpenPage) -> None:
    page = open_page(station, "Ina")
    page.goto("/station")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("J-9999")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No bag has the code 'J-9999'")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("J-1042")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("J-1042")


SCANNER = """code => {
  for (const key of [...code, "Enter"]) {
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  }
}"""
"""As fast as a scanner, whatever else this machine does."""


def test_a_scanner_needs_no_field(station: Station, open_page: OpenPage) -> None:
    """It types faster than anybody; what it types is no pedal and no shortcut."""
    page = opened(station, open_page)
    page.evaluate(SCANNER, "B-77")  # begins with a letter that is a pedal when it comes alone
    expect(page.get_by_role("alert")).to_contain_text("No bag has the code 'B-77'")
    page.goto("/station/bags/J-1041")
    page.evaluate(SCANNER, "J-1042")
    expect(page.locator("h1")).to_have_text("J-1042")


@pytest.mark.parametrize(("key", "kind"), [("1", "accept"), ("2", "rework")])
def test_a_doubt_is_decided_by_one_key(own_station: Station, open_page: OpenPage, key: str, kind: str) -> None:
    number = record(own_station, Made("P-0010", inner_diameter_mm=DOUBTFUL))
    page = opened(own_station, open_page)
    expect(page.locator("#work .verdict-huge")).to_have_text("REVIEW")
    expect(page.locator(".why .characteristic")).to_contain_text("17.445")
    page.keyboard.press(key)
    expect(page.locator("#work")).to_have_attribute("data-mode", "ticket" if kind == "rework" else "place")
    assert kinds(own_station, number) == [(kind, "Ina")]


def test_a_doubt_is_decided_by_touch(own_station: Station, open_page: OpenPage) -> None:
    number = record(own_station, Made("P-0010", inner_diameter_mm=DOUBTFUL))
    page = open_page(own_station, "Ina", has_touch=True, viewport={"width": 768, "height": 1024})
    page.goto("/station/bags/J-1041")
    page.get_by_role("button", name="Accept").tap()
    expect(page.locator("#work")).to_have_attribute("data-mode", "place")
    assert kinds(own_station, number) == [("accept", "Ina")]


def test_a_failure_is_routed_by_enter_and_nothing_that_it_needs_is_lost(
    own_station: Station, open_page: OpenPage
) -> None:
    number = record(own_station, Made("P-0011", missing=5, scratched=True))
    page = opened(own_station, open_page)
    expect(page.locator("#work .verdict-huge")).to_have_text("FAIL")
    expect(page.locator("#work .facts")).to_contain_text("Re-tip")
    expect(page.locator("#work .facts")).to_contain_text("Re-polish")
    page.keyboard.press(" ")  # no pedal: a failure is not passed over
    page.keyboard.press("Enter")
    expect(page.locator("#ticket")).to_contain_text("P-0011")
    expect(page.locator("#ticket h2")).to_have_text("Re-tip at Setting, Re-polish at Polishing")
    assert kinds(own_station, number) == [("rework", "loupebox")]
    assert [order.state for order in own_station.log.inspection(number).orders] == ["open", "open"]


def test_a_failure_is_overruled_with_a_reason_and_a_badge(own_station: Station, open_page: OpenPage) -> None:
    number = record(own_station, Made("P-0011", bent=2))
    page = opened(own_station, open_page)
    page.locator("summary", has_text="Decide otherwise").click()
    page.get_by_role("radio", name="Accept it all the same").check()
    page.locator("select[name=reason_code]").select_option("accepted_under_loupe")
    page.locator("input[name=badge]").fill(badge("Lea"))
    page.get_by_role("button", name="Record the decision").click()
    expect(page.locator(".failed-send")).to_contain_text("that badge is not Ina's")
    page.locator("input[name=badge]").fill(badge("Ina"))
    page.keyboard.press("Enter")  # as a scanner ends what it types
    expect(page.locator("#work")).to_have_attribute("data-mode", "place")
    assert kinds(own_station, number) == [("rework", "loupebox"), ("accept", "Ina")]
    open_page.complaints.clear()  # the browser tells of the refusal too


def cut_after(page: Page, part: str) -> list[str]:
    """The line breaks when the first such request has reached the station, and before its answer is back."""
    seen: list[str] = []

    def handle(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        seen.append(route.request.headers["idempotency-key"])
        if len(seen) == 1:
            route.fetch(max_redirects=0)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(f"**{part}**", handle)
    return seen


def accepted(station: Station) -> Callable[[], int]:
    number = record(station, Made("P-0010", inner_diameter_mm=DOUBTFUL))
    return lambda: len(kinds(station, number))


def closed(station: Station) -> Callable[[], int]:
    station.log.import_jobs([Job(id="J-1", style="SOL6", quantity=1)])
    record(station, Made("P-1", job="J-1"))
    return lambda: int(station.log.bags.bag("J-1").closing is not None)


@pytest.mark.parametrize(
    ("prepare", "job", "key", "part", "mode"),
    [
        (accepted, "J-1041", "1", "/decisions", "place"),
        (closed, "J-1", "Enter", "/station/closing/", "closed"),
    ],
)
def test_a_cut_in_the_middle_of_an_action_loses_nothing_and_doubles_nothing(
    own_station: Station,
    open_page: OpenPage,
    prepare: Callable[[Station], Callable[[], int]],
    job: str,
    key: str,
    part: str,
    mode: str,
) -> None:
    count = prepare(own_station)
    page = open_page(own_station, "Ina")
    keys = cut_after(page, part)  # before the page is there: it may keep its open lines past a later cut
    show_bag(page, job)
    page.keyboard.press(key)
    expect(page.locator("#work")).to_have_attribute("data-mode", mode)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert count() == 1
    open_page.complaints.clear()  # the browser tells of the cut too


def test_the_screen_says_that_the_line_is_cut_and_heals(own_station: Station, open_page: OpenPage) -> None:
    number = record(own_station, Made("P-0010", inner_diameter_mm=DOUBTFUL))
    page = opened(own_station, open_page)
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator("[data-line]")).to_contain_text("No connection. Nothing is lost")
    assert kinds(own_station, number) == []
    page.context.set_offline(False)
    expect(page.locator("#work")).to_have_attribute("data-mode", "place")
    expect(page.locator("[data-line]")).to_be_hidden()
    assert kinds(own_station, number) == [("accept", "Ina")]
    open_page.complaints.clear()


def test_two_tablets_on_one_bag_stay_true(own_station: Station, open_page: OpenPage) -> None:
    record(own_station, Made("P-0010", inner_diameter_mm=DOUBTFUL))
    one, other = opened(own_station, open_page), opened(own_station, open_page, who="Lea")
    expect(other.locator("#work")).to_have_attribute("data-mode", "review")
    one.keyboard.press("1")
    expect(other.locator("#work")).to_have_attribute("data-mode", "place")
    record(own_station, Made("P-0012", bent=1))  # by another way: handed in, or by the command line
    for page in (one, other):
        expect(page.locator("#work .verdict-huge")).to_have_text("FAIL")


def test_signed_out_elsewhere_means_signed_out_here(own_station: Station, open_page: OpenPage) -> None:
    number = record(own_station, Made("P-0010", inner_diameter_mm=DOUBTFUL))
    page = opened(own_station, open_page)
    (cookie,) = page.context.cookies()
    own_station.log.sessions.end(cookie["value"])  # pyright: ignore
    page.keyboard.press("1")
    expect(page).to_have_url(f"{own_station.url}/sign-in?next=%2Fstation%2Fbags%2FJ-1041")
    assert kinds(own_station, number) == []
    open_page.complaints.clear()


def test_a_bench_may_look_and_not_decide(own_station: Station, open_page: OpenPage) -> None:
    number = record(own_station, Made("P-0010", inner_diameter_mm=DOUBTFUL))
    page = opened(own_station, open_page, who="Ben")
    page.keyboard.press("1")
    expect(page.locator(".failed-send")).to_contain_text("this needs the permission inspection.decide")
    assert kinds(own_station, number) == []
    open_page.complaints.clear()


def test_another_site_places_nothing(own_station: Station) -> None:
    with own_station.client("Ina") as ina:
        for path in ("/station/pieces", "/station/closing/J-1041", "/station/hand-checks/J-1041"):
            answer = ina.post(path, data={"job": "J-1041"}, headers={"Origin": "http://elsewhere.example"})
            assert answer.status_code == 403
            assert "only this station's own pages" in answer.json()["detail"]


def test_without_cameras_the_screen_says_so(own_station: Station, open_page: OpenPage) -> None:
    page = opened(own_station, open_page)
    expect(page.locator("#work")).to_contain_text("This station has no cameras set up")
    with own_station.client("Ina") as ina:
        answer = ina.post("/station/pieces", data={"job": "J-1041"})
    assert answer.status_code == 503
    assert "no cameras set up" in answer.json()["detail"]
    assert PIN not in answer.text
