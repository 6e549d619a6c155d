"""The hand-made day at a station that is served, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import made_pieces
import pytest
from made_people import CHEAP, PEOPLE, PIN, badge
from opened_pages import PATIENCE_MS, OpenPage
from playwright.sync_api import Browser, expect, sync_playwright
from served import Station, serving

from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings

CHROMIUM_ARGS = ["--headless=new", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def recorded_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A data folder with the hand-made day, to be copied, and the inspection number of each piece."""
    folder = tmp_path_factory.mktemp("day") / "data"
    settings = Settings(data_dir=folder, **CHEAP)
    log = QcLog.open(settings.database_location, settings.frames_dir, settings.sign_in_rules)
    for name, roles in PEOPLE.items():
        log.people.add(name, roles, who="tests", pin=PIN, badge=badge(name))
    log.import_jobs(
        [
            Job(id="J-1041", style="SOL6", due=date(2026, 1, 15), quantity=20, caster="Mehta", setter="Anil"),
            Job(id="J-1042", style="BAND", due=date(2999, 1, 1), quantity=40, caster="Rao", polisher="Devi"),
        ]
    )
    numbers = {made.piece: log.record(made_pieces.entry(made)) for made in made_pieces.DAY}
    log.close()
    return folder, numbers


@pytest.fixture(scope="session")
def station(tmp_path_factory: pytest.TempPathFactory, recorded_day: tuple[Path, dict[str, int]]) -> Iterator[Station]:
    """The hand-made day, shared by all tests that change nothing."""
    folder, numbers = recorded_day
    data = tmp_path_factory.mktemp("shared") / "data"
    shutil.copytree(folder, data)
    with serving(data) as (url, log):
        yield Station(url, log, numbers, data)


@pytest.fixture
def own_station(tmp_path: Path, recorded_day: tuple[Path, dict[str, int]]) -> Iterator[Station]:
    """The same day for one test to change."""
    folder, numbers = recorded_day
    shutil.copytree(folder, tmp_path / "data")
    with serving(tmp_path / "data") as (url, log):
        yield Station(url, log, numbers, tmp_path / "data")


@pytest.fixture
def empty_station(tmp_path: Path) -> Iterator[Station]:
    with serving(tmp_path / "data") as (url, log):
        yield Station(url, log, {}, tmp_path / "data")


@pytest.fixture
def http(station: Station) -> Iterator[httpx.Client]:
    """For reading only, as somebody who may everything."""
    with station.client() as client:
        yield client


@pytest.fixture
def own_http(own_station: Station) -> Iterator[httpx.Client]:
    """For changes, by somebody who may everything."""
    with own_station.client() as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("the screens are tested in a real browser: install Debian's package chromium (make test does)")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Any complaint on a console fails the test at its end."""
    opened = OpenPage(browser)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.complaints == []
