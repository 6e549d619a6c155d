"""The bench's queue and the lead's board in a real browser: two tablets, a lost connection, before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import made_pieces
import pytest
from opened_pages import OpenPage
from playwright.sync_api import Page, Route, expect
from served import Station

SETTING = "/rework?bench=setting"
PHONE = {"width": 360, "height": 740}


def card(page: Page, number: int = 1):
    return page.locator(f"#order-{number}")


def press(page: Page, name: str, number: int = 1) -> None:
    card(page, number).get_by_role("button", name=name).click()


def test_one_press_to_take_and_one_to_finish(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, "Ben", viewport=PHONE)
    page.goto(SETTING)
    press(page, "Take")
    held = page.get_by_role("region", name="In your hands")
    expect(held.locator("#order-1")).to_contain_text("Taken by Ben")
    expect(card(page).get_by_label("Minutes")).to_have_value("0")
    card(page).get_by_label("Minutes").fill("12")
    card(page).get_by_label("Note").fill("tip closed")
    press(page, "Done")
    expect(page.get_by_role("region", name="Done lately")).to_contain_text("12 min")
    expect(held).to_have_count(0)
    order = own_station.log.rework.one(1)
    assert order.work is not None
    assert (order.state, order.work.minutes, order.steps[-1].note) == ("done", 12, "tip closed")


def test_another_tablet_shows_what_happened_without_a_press(own_station: Station, open_page: OpenPage) -> None:
    ben, lea = open_page(own_station, "Ben"), open_page(own_station, "Lea")
    ben.goto(SETTING)
    lea.goto(SETTING)
    press(ben, "Take")
    expect(lea.get_by_role("region", name="With others")).to_contain_text("Taken by Ben")
    assert lea.get_by_role("button", name="Take").count() == ben.get_by_role("button", name="Take").count()


def test_what_somebody_writes_is_not_taken_away(own_station: Station, open_page: OpenPage) -> None:
    ben = open_page(own_station, "Ben")
    own_station.log.rework.take(1, "Ben")
    ben.goto(SETTING)
    card(ben).get_by_label("Note").fill("half a sen")
    own_station.log.rework.prioritise(1, 1, "Lea")
    bar = ben.get_by_role("status")
    expect(bar).to_contain_text("The queue has changed.")
    expect(card(ben).get_by_label("Note")).to_have_value("half a sen")
    bar.get_by_role("button", name="Show").click()
    expect(bar).to_be_hidden()


def test_a_press_whose_answer_is_lost_is_done_once(own_station: Station, open_page: OpenPage) -> None:
    """The server hears the first press, the tablet hears nothing: it says so, asks again, and gets that same answer."""
    page = open_page(own_station, "Ben")
    page.goto(SETTING)
    asked: list[str] = []

    def lose(route: Route) -> None:
        asked.append(route.request.headers["idempotency-key"])
        if len(asked) == 1:
            route.fetch()
            route.abort()
        elif len(asked) == 2:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/rework/1/take", lose)
    press(page, "Take")
    expect(page.get_by_role("status")).to_contain_text("Your press is kept")
    expect(page.get_by_role("region", name="In your hands")).to_contain_text("Taken by Ben")
    expect(page.get_by_role("status")).to_be_hidden()
    assert len(asked) == 3
    assert len(set(asked)) == 1
    assert [step.state for step in own_station.log.rework.one(1).steps] == ["open", "taken"]
    open_page.complaints.clear()


def test_a_press_outlives_its_page_but_not_its_person(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, "Ben")
    page.goto(SETTING)
    page.route("**/api/v1/rework/1/take", lambda route: route.abort())
    press(page, "Take")
    expect(page.get_by_role("status")).to_contain_text("Your press is kept")
    page.unroute_all()
    page.goto(SETTING)
    expect(page.get_by_role("region", name="In your hands")).to_contain_text("Taken by Ben")
    pressed = '{"url": "/api/v1/rework/2/take", "body": {}, "who": "Ben", "key": "k2"}'
    lea = open_page(own_station, "Lea")
    lea.goto(SETTING)
    lea.evaluate("(pressed) => localStorage.setItem('loupebox.pressed', pressed)", pressed)
    lea.reload()
    press(lea, "Take", next(o.id for o in own_station.log.rework.queue("setting") if o.state == "open"))
    expect(lea.get_by_role("region", name="In your hands")).to_be_visible()
    assert own_station.log.rework.one(2).state == "open"
    open_page.complaints.clear()


def test_a_lost_connection_is_shown_and_healed(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, "Ben")
    page.goto(SETTING)
    page.context.set_offline(True)
    expect(page.get_by_role("status")).to_contain_text("No connection. What you see may be old")
    page.context.set_offline(False)
    expect(page.get_by_role("status")).to_be_hidden()
    open_page.complaints.clear()


def test_the_bench_asks_and_the_inspector_answers(own_station: Station, open_page: OpenPage) -> None:
    ben, ina = open_page(own_station, "Ben"), open_page(own_station, "Ina")
    ben.goto("/rework/1")
    ben.get_by_text("Ask the inspector").click()
    ben.get_by_label("Your question").fill("Which prong?")
    ben.get_by_role("button", name="Ask").click()
    expect(ben.locator(".said")).to_contain_text("Which prong?")
    ina.goto("/rework/1")
    ina.get_by_label("Your answer").fill("The third")
    ina.get_by_role("button", name="Answer").click()
    expect(ina.locator(".said .answer")).to_contain_text("The third")
    assert [(m.kind, m.who) for m in own_station.log.rework.one(1).messages] == [("question", "Ben"), ("answer", "Ina")]


def test_before_and_after_stand_side_by_side(own_station: Station, open_page: OpenPage) -> None:
    log = own_station.log
    number = next(o.id for o in log.rework.queue() if o.piece == "P-0004")
    page = open_page(own_station, "Ben")
    page.goto(f"/rework/{number}")
    expect(page.locator("figure")).to_have_count(2)
    expect(page.locator("figure").last).to_contain_text("when the piece is inspected again")
    log.rework.take(number, "Ben")
    log.rework.finish(number, "Ben")
    made = next(made for made in made_pieces.DAY if made.piece == "P-0004")
    again = log.record(made_pieces.entry(replace(made, scratched=False, captured_at=made.captured_at + timedelta(1))))
    page.goto(f"/rework/{number}")
    before, after = page.locator("figure").all()
    expect(before.locator("polygon.line")).to_have_count(1)
    expect(after).to_contain_text("PASS")
    expect(after.locator("polygon")).to_have_count(0)
    expect(after.get_by_role("link", name=f"Inspection {again}")).to_be_visible()
    left, top, width, height = (float(v) for v in (after.locator("svg.crop").get_attribute("viewBox") or "").split())
    assert left < 399 < 520 < left + width
    assert top < 200 < 221 < top + height


def test_the_board_names_the_bottleneck_and_moves_work(own_station: Station, open_page: OpenPage) -> None:
    lea = open_page(own_station, "Lea")
    lea.goto("/board")
    log = own_station.log
    fullest = max(log.rework.benches(), key=lambda bench: bench[1])[0]
    expect(lea.get_by_role("heading", level=1)).to_have_text(f"{fullest.capitalize()} holds up the rest")
    press(lea, "First")
    expect(card(lea).get_by_role("button", name="First")).to_have_attribute("aria-pressed", "true")
    card(lea).get_by_label("Bench for order 1").select_option("laser")
    press(lea, "Move")
    expect(lea.get_by_role("region", name="Laser").locator("#order-1")).to_be_visible()
    order = log.rework.one(1)
    assert (order.bench, order.priority, {change.who for change in order.changes}) == ("laser", 1, {"Lea"})


@pytest.mark.parametrize("path", ["/board", "/board/1/move", "/board/1/priority"])
def test_the_board_is_the_leads(station: Station, path: str) -> None:
    with station.client("Ben") as ben:
        answer = ben.get(path) if path == "/board" else ben.post(path, data={"bench": "laser", "priority": "1"})
    assert answer.status_code == 403
    assert station.log.rework.one(1).changes == ()


def test_a_bench_stays_chosen(http: httpx.Client) -> None:
    page = {"Accept": "text/html"}
    assert "Rework: Setting" in http.get(SETTING, headers=page).text
    assert "Rework: Setting" in http.get("/rework", headers=page).text
    assert "Rework: Setting" not in http.get("/rework?bench=", headers=page).text
    assert "Rework: Setting" not in http.get("/rework", headers=page).text
    assert http.get("/rework", headers=page | {"Cookie": f"loupebox_bench=%00%ff; {cookie(http)}"}).status_code == 200


def cookie(client: httpx.Client) -> str:
    return "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar if c.name != "loupebox_bench")


def test_without_scripts_the_forms_do_the_same(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station, "Ben", java_script_enabled=False)
    page.goto(SETTING)
    press(page, "Take")
    card(page).get_by_label("Minutes").fill("7")
    press(page, "Done")
    expect(page.get_by_role("region", name="Done lately")).to_contain_text("7 min")
