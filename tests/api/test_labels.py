"""Reporting on the picture itself: a box is drawn and named, a finding denied by one press; who may not is refused."""

from __future__ import annotations

import pytest
from opened_pages import OpenPage
from playwright.sync_api import expect
from served import Station


def test_a_miss_is_drawn_and_named(own_station: Station, open_page: OpenPage) -> None:
    number = own_station.numbers["P-0004"]
    page = open_page(own_station, "Ina")
    page.goto(f"/inspections/{number}?view=face&light=backlight")
    box = page.locator("svg.plate:visible image").first.bounding_box()
    assert box is not None
    page.keyboard.press("m")
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.375 * box["height"])
    page.mouse.up()
    page.locator("form[data-label] select").select_option("scratch")
    page.get_by_role("button", name="Report it").click()
    expect(page.locator("#reported")).to_contain_text("Missed: Scratch")
    (label,) = own_station.log.labels.of_inspection(number)
    assert (label.kind, label.view, label.light, label.who) == ("missed", "face", "backlight", "Ina")
    assert label.box_xywh_px == pytest.approx((199.5, 199.5, 200.0, 100.0), abs=4.0)
    expect(page.locator("svg.plate:visible g.label rect.line")).to_have_attribute("x", str(label.box_xywh_px[0]))


def test_with_keys_alone_what_is_shown_is_the_box(own_station: Station, open_page: OpenPage) -> None:
    number = own_station.numbers["P-0004"]
    page = open_page(own_station, "Ina")
    page.goto(f"/inspections/{number}?view=face&light=backlight")
    page.keyboard.press("+")
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    expect(page.locator("form[data-label] select")).to_be_focused()
    page.keyboard.type("Scr")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#reported")).to_contain_text("Missed: Scratch")
    (label,) = own_station.log.labels.of_inspection(number)
    assert label.box_xywh_px == pytest.approx((149.5, 149.5, 500.0, 500.0), abs=2.0)


def test_a_false_alarm_is_one_press(own_station: Station, open_page: OpenPage) -> None:
    number = own_station.numbers["P-0004"]
    page = open_page(own_station, "Ina")
    page.goto(f"/inspections/{number}")
    page.get_by_role("button", name="Finding 1 is no defect").click()
    expect(page.locator("#reported")).to_contain_text("No defect: Scratch")
    expect(page.get_by_role("button", name="Finding 1 is no defect")).to_have_count(0)
    assert [label.kind for label in own_station.log.labels.of_inspection(number)] == ["false alarm"]


def test_labels_over_rest(own_station: Station) -> None:
    path = f"/api/v1/inspections/{own_station.numbers['P-0004']}/labels"
    miss = {"kind": "missed", "name": "scratch", "view": "face", "light": "backlight", "width_px": 9, "height_px": 9}
    with own_station.client("Eng") as eng, own_station.client("Ben") as ben:
        assert ben.post(path, json=miss).status_code == 403
        assert eng.post(path, json={**miss, "finding": 1}).status_code == 422
        assert "a miss needs name, view and light" in eng.post(path, json={"kind": "missed"}).json()["detail"]
        first = eng.post(path, json=miss).json()
        second = eng.post(path, json={"kind": "false alarm", "finding": 1}).json()
        page = ben.get("/api/v1/labels?limit=1").json()
        assert page["items"] == [second]
        assert ben.get(f"/api/v1/labels?limit=1&cursor={page['next_cursor']}").json()["items"] == [first]
