"""Tiles of large frames: together they are the frame, and only those that are looked at are asked for."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import cv2
import made_pieces
import numpy as np
import pytest
from made_pieces import Made
from opened_pages import OpenPage
from playwright.sync_api import Page, expect
from served import Station

from loupebox.api.previews import decode
from loupebox.api.tiles import TILE_PX, eight_bits, tile, top_level
from loupebox.station.records.entry import FrameEntry
from loupebox.station.records.errors import NotRecorded

WIDTH, HEIGHT = 3000, 2200


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    slope = np.linspace(0, 255, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
    return np.dstack([slope, slope[::-1], slope[:, ::-1]]).astype(np.uint8)


def test_the_tiles_of_the_finest_level_are_the_frame(pixels: np.ndarray) -> None:
    rows = [
        np.hstack([decode(tile(pixels, 0, column, row)) for column in range(-(-WIDTH // TILE_PX))])
        for row in range(-(-HEIGHT // TILE_PX))
    ]
    assert np.array_equal(np.vstack(rows), pixels)


def test_a_coarser_level_averages(pixels: np.ndarray) -> None:
    level = top_level(WIDTH, HEIGHT)
    whole = decode(tile(pixels, level, 0, 0))
    assert level == 3
    assert whole.shape == (275, 375, 3)
    assert np.abs(whole.astype(float).mean(axis=(0, 1)) - pixels.mean(axis=(0, 1))).max() < 0.5
    with pytest.raises(NotRecorded, match="level 3 of the frame has no tile 1, 0"):
        tile(pixels, level, 1, 0)


def test_more_bits_are_shown_linear() -> None:
    twelve = np.array([[0, 2048, 4095]], np.uint16)
    assert eight_bits(twelve).tolist() == [[0, 128, 255]]
    assert eight_bits(np.array([[0, 32768, 65535]], np.uint16)).tolist() == [[0, 128, 255]]


def large(station: Station, pixels: np.ndarray) -> tuple[int, str]:
    """An inspection whose frame from the front is large."""
    made = made_pieces.entry(Made("P-0020"))
    content = cv2.imencode(".png", pixels[:, :, ::-1], (cv2.IMWRITE_PNG_COMPRESSION, 1))[1].tobytes()
    face = FrameEntry("face", "backlight", sha256(content).hexdigest(), content, WIDTH, HEIGHT)
    return station.log.record(replace(made, frames=(face, *made.frames[1:]))), face.sha256


def ready(page: Page) -> None:
    expect(page.locator("svg.plate:visible")).to_have_attribute("data-tiles", "ready")


def test_only_what_is_seen_is_asked_for_as_fine_as_it_is_shown(
    own_station: Station, open_page: OpenPage, pixels: np.ndarray
) -> None:
    number, checksum = large(own_station, pixels)
    page = open_page(own_station, "Ina", viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(f"/frames/{checksum}")[2]))
    page.goto(f"/inspections/{number}?view=face&light=backlight")
    ready(page)
    levels = {int(path.split("/")[2]) for path in asked if path.startswith("/tiles/")}
    assert levels == {2, 3}  # the whole made small, and about a pixel of the screen each
    assert ".png" not in asked
    asked.clear()
    page.locator(".stage").focus()
    for _ in range(6):
        page.keyboard.press("+")
    ready(page)
    finest = [path for path in asked if path.startswith("/tiles/0/")]
    assert 1 <= len(finest) <= 9
    page.keyboard.press("ArrowDown")
    expect(page.locator("svg.plate:visible")).not_to_have_attribute("data-view", "face")


def test_a_tile_that_is_not_there_is_told(own_station: Station, pixels: np.ndarray) -> None:
    _, checksum = large(own_station, pixels)
    with own_station.client("Ina") as ina:
        answer = ina.get(f"/frames/{checksum}/tiles/3/0/0.png")
        assert answer.headers["content-type"] == "image/png"
        assert "immutable" in answer.headers["cache-control"]
        gone = ina.get(f"/frames/{checksum}/tiles/3/4/0.png")
        assert gone.status_code == 404
        assert "has no tile 4, 0" in gone.json()["detail"]
