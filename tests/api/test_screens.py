"""The screens in a real browser: what is drawn, what keys do, what two people at once see."""

from __future__ import annotations

import re
from typing import Any, Literal

import made_pieces
import pytest
from axe_playwright_python.sync_playwright import Axe
from opened_pages import OpenPage
from playwright.sync_api import Page, expect
from served import Station

WIDTHS = (360, 1920)
AXE = Axe()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCHEMES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"type": "tag", "values": WCAG},
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
"""What axe-core holds each page against: everything of WCAG 2.2 AA, and once more what depends on the colours."""
VIOLATIONS = """async (rules) => (await axe.run(document, { runOnly: rules, resultTypes: ["violations"] })).violations
  .map((v) => [v.id, v.nodes.map((n) => n.html + " " + n.failureSummary)])"""


def every_path(station: Station) -> list[str]:
    """One of each kind of page."""
    inspections = [
        f"/inspections/{station.numbers[p]}" for p in ("P-0001", "P-0003", "P-0005", "P-0006", made_pieces.EVIL)
    ]
    return [
        "/station",
        "/station/bags/J-1041",
        "/station/bags/J-1042",
        "/",
        "/rework?bench=",
        "/rework/1",
        "/board",
        "/defects",
        "/refused",
        "/pieces/P-0001",
        "/docs",
        *inspections,
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_can_be_read_and_touched(station: Station, open_page: OpenPage, width: int) -> None:
    """No sideways scrolling, no target under 48 px, WCAG 2.2 AA in light and dark, nothing from elsewhere."""
    page = open_page(station, viewport={"width": width, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in every_path(station):
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(LOW_TARGETS) == [], path
        page.evaluate(AXE.axe_script)
        for scheme, rules in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(VIOLATIONS, rules) == [], (scheme, path)
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.locator("h1").count() == 1
    assert [url for url in asked if not url.startswith(station.url)] == []


def test_findings_are_drawn_where_they_were_found(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto(f"/inspections/{station.numbers['P-0004']}")
    drawn = page.locator("[data-finding='1'] polygon.line")
    expect(drawn).to_be_visible()
    points = [tuple(float(v) for v in point.split(",")) for point in (drawn.get_attribute("points") or "").split()]
    assert points == [pytest.approx(point, abs=0.01) for point in made_pieces.SCRATCH]
    # On the screen: the same share of the picture's box as in the frame, pixel centres at whole numbers.
    picture = page.locator("svg.plate:visible image").bounding_box()
    outline = drawn.evaluate("e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height] }")
    assert picture is not None
    scale = picture["width"] / 896
    assert outline[0] == pytest.approx(picture["x"] + (399.0 + 0.5) * scale, abs=2.5)
    assert outline[1] == pytest.approx(picture["y"] + (200.0 + 0.5) * scale, abs=2.5)
    assert outline[2] == pytest.approx(121.5 * scale, abs=5)


def test_prongs_are_numbered_with_their_state(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto(f"/inspections/{station.numbers['P-0006']}")
    expect(page.locator(".caption")).to_contain_text("Top / Dome")
    marks = page.locator("svg.plate:visible .prong")
    expect(marks).to_have_count(6)
    expect(page.locator("svg.plate:visible [data-prong='5'] text")).to_have_text("5 missing")
    tip = page.locator("svg.plate:visible [data-prong='1'] circle.line")
    assert (float(tip.get_attribute("cx") or 0), float(tip.get_attribute("cy") or 0)) == pytest.approx(
        made_pieces.TIPS[1], abs=0.01
    )


def test_keys_switch_lights_views_and_marks(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto(f"/inspections/{station.numbers['P-0004']}")
    shown = page.locator("svg.plate:visible image")
    caption = page.locator(".caption")
    expect(caption).to_contain_text("Shank / Coaxial")
    for light in ("stripes_x_0", "stripes_x_1", "coaxial"):
        page.keyboard.press("ArrowRight")
        expect(shown).to_have_attribute("href", f"/frames/{made_pieces.picture('shank', light).sha256}.png")
    page.keyboard.press("ArrowLeft")
    expect(caption).to_contain_text("Stripes x1")
    expect(page.locator("svg.plate:visible [data-finding='1'] .line")).to_be_visible()
    page.keyboard.press("o")
    expect(page.locator("svg.plate:visible [data-finding='1'] .line")).to_be_hidden()
    page.keyboard.press("v")
    expect(caption).to_contain_text("Face / Backlight")


def test_zoom_keeps_marks_on_the_metal(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto(f"/inspections/{station.numbers['P-0004']}")
    page.get_by_role("link", name="Show finding 1").click()
    left, top, width, height = (
        float(v) for v in (page.locator("svg.plate:visible").get_attribute("viewBox") or "").split()
    )
    assert width < 450
    assert left < 399 < 520.5 < left + width
    assert top < 200 < 221 < top + height
    page.keyboard.press("0")
    expect(page.locator("svg.plate:visible")).to_have_attribute("viewBox", "-0.5 -0.5 896 448")
    page.locator(".stage").hover()
    page.mouse.wheel(0, -600)
    expect(page.locator("svg.plate:visible")).not_to_have_attribute("viewBox", "-0.5 -0.5 896 448")


def test_pictures_can_be_shown_as_recorded(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto(f"/inspections/{station.numbers['P-0001']}")
    image = page.locator("svg.plate:visible image")
    expect(image).to_have_attribute("filter", "url(#tone-display)")
    page.get_by_role("button", name="As recorded").click()
    expect(image).to_have_attribute("filter", "none")


def test_views_can_be_chosen_without_scripts(station: Station, open_page: OpenPage) -> None:
    page = open_page(station, java_script_enabled=False)
    page.goto(f"/inspections/{station.numbers['P-0004']}")
    page.get_by_role("link", name="Oblique").click()
    page.wait_for_load_state()  # before its stylesheet is there every view would be seen
    expect(page.locator("svg.plate:visible image")).to_have_attribute(
        "href", f"/frames/{made_pieces.picture('oblique', 'dome').sha256}.png"
    )


def test_bars_show_value_interval_and_limits(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto(f"/inspections/{station.numbers['B-0002']}")
    bar = page.locator(".characteristic", has_text="Inner diameter")
    expect(bar.locator(".num")).to_have_text("17.120 ± 0.012 mm")
    expect(bar.locator("text")).to_have_text(["17.250", "17.450"])
    value = float((bar.locator(".dot").get_attribute("cx") or "").rstrip("%"))
    lower = float((bar.locator(".limit").first.get_attribute("x1") or "").rstrip("%"))
    assert value < lower
    expect(page.locator(".banner")).to_contain_text("FAIL")
    expect(page.locator(".banner")).to_contain_text("inner_diameter_mm is 17.120 mm ± 0.012 mm")


def test_today_says_what_to_do_next(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto("/")
    waiting = page.get_by_label("What to do next")
    expect(waiting).to_contain_text("2 reviews open")
    expect(waiting).to_contain_text("5 reworks waiting")
    expect(waiting).to_contain_text("4 late.")
    expect(page.locator("tbody tr")).to_have_count(9)
    page.get_by_role("link", name=re.compile("REFUSED 1")).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="20 Nov 2026").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Friday 20 November 2026")
    waiting.get_by_role("link", name=re.compile("reviews open")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("P-0003")


def test_a_review_is_decided_by_keyboard_alone(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station)
    number = own_station.numbers["P-0003"]
    page.goto(f"/inspections/{number}")
    page.keyboard.press("4")
    expect(page.get_by_label("Concession")).to_be_checked()
    expect(page.get_by_label("Operation")).to_be_hidden()
    page.keyboard.press("2")
    expect(page.get_by_label("Operation")).to_have_value("resize")
    expect(page.get_by_label("Bench")).to_have_value("mounting")
    for text in ("", "", "too tight for me"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator("#decision")).to_contain_text("Sent to rework by Meera")
    decision = own_station.log.inspection(number).dispositions[-1]
    assert (decision.kind, decision.who, decision.reason) == ("rework", "Meera", "too tight for me")


def test_a_decision_without_its_reason_is_sent_back(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station)
    number = own_station.numbers["P-0003"]
    page.goto(f"/inspections/{number}")
    page.get_by_label("Scrap").check()
    with page.expect_console_message():  # the browser notes the status 422 itself
        page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not accepted")
    expect(page.locator("main")).to_contain_text("needs a reason")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("P-0003")
    assert own_station.log.inspection(number).dispositions == ()
    open_page.complaints.clear()


def test_of_two_who_take_one_order_the_second_is_told(own_station: Station, open_page: OpenPage) -> None:
    ben, lea = open_page(own_station, "Ben"), open_page(own_station, "Lea")
    for page in (ben, lea):
        page.goto("/rework?bench=setting")
    lea.route(
        "**/api/v1/rework-edition", lambda route: route.fulfill(json={"edition": own_station.log.rework.edition()})
    )
    take(ben)
    expect(ben.locator("#order-1")).to_contain_text("Taken by Ben")
    with lea.expect_console_message():  # the browser notes the status 409 itself
        take(lea)
    expect(lea.get_by_role("status")).to_contain_text("Somebody was first")
    expect(lea.locator("#order-1")).to_contain_text("Taken by Ben")
    open_page.complaints.clear()
    ben.locator("#order-1").get_by_label("Note").fill("tip closed")
    ben.locator("#order-1").get_by_role("button", name="Done").click()
    expect(ben.locator("#order-1")).to_have_count(0)
    assert [step.who for step in own_station.log.rework.one(1).steps] == ["loupebox", "Ben", "Ben"]


def take(page: Page) -> None:
    page.locator("#order-1").get_by_role("button", name="Take").click()


def test_a_rework_card_shows_the_exact_place(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    page.goto("/rework?bench=polishing")
    crop = page.locator(".order").first.locator("svg.crop")
    picture, outline = crop.locator("image").bounding_box(), crop.locator("polygon.line").bounding_box()
    assert picture is not None
    assert outline is not None
    x, y, width, _ = (float(v) for v in (crop.get_attribute("viewBox") or "").split())
    scale = picture["width"] / width
    assert outline["x"] == pytest.approx(picture["x"] + (399.0 - x) * scale, abs=4)
    assert outline["y"] == pytest.approx(picture["y"] + (200.0 - y) * scale, abs=4)


def test_a_script_in_a_name_is_only_a_name(station: Station, open_page: OpenPage) -> None:
    page = open_page(station)
    number = station.numbers[made_pieces.EVIL]
    page.goto("/")
    page.get_by_role("link", name=made_pieces.EVIL).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(made_pieces.EVIL)
    assert page.url.endswith(f"/inspections/{number}")
    page.get_by_role("link", name="All looks at this piece").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(made_pieces.EVIL)
    assert "owned" not in page.title() or made_pieces.EVIL in page.title()


def test_another_site_cannot_press_our_buttons(own_station: Station, open_page: OpenPage) -> None:
    page = open_page(own_station)
    form = f"<form method=post action='{own_station.url}/rework/1/take'><button>Win a ring</button></form>"
    page.route("http://elsewhere.test/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto("http://elsewhere.test/")
    with page.expect_console_message():
        page.get_by_role("button").click()
    expect(page.locator("main")).to_contain_text("only this station's own pages may change its record")
    open_page.complaints.clear()
    assert own_station.log.rework.one(1).state == "open"


LOW_TARGETS = """() =>
  [...document.querySelectorAll("button, .button, .nav a, .choice, input[type=text], summary")]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 47.9).map((e) => e.outerHTML)"""
