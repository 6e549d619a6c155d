"""The real application on a real port over a real database, and a real browser."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import made_pieces
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from loupebox.api.app import create_app
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings

CHROMIUM_ARGS = ["--headless=new", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@dataclass(frozen=True)
class Station:
    """A serving station with its log."""

    url: str
    log: QcLog
    numbers: dict[str, int]
    """Inspection number by piece."""


class Server(uvicorn.Server):
    """Says when it listens, instead of being asked again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    settings = Settings(data_dir=tmp_path / "data", host="127.0.0.1", port=0)
    app = create_app(settings)
    log: QcLog = app.state.log
    log.import_jobs(
        [
            Job(id="J-1041", style="SOL6", due=date(2026, 1, 15), quantity=20, caster="Mehta", setter="Anil"),
            Job(id="J-1042", style="BAND", due=date(2999, 1, 1), quantity=40, caster="Rao", polisher="Devi"),
        ]
    )
    numbers = {made.piece: log.record(made_pieces.entry(made)) for made in made_pieces.DAY}
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.listening.wait(30), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Station(f"http://127.0.0.1:{port}", log, numbers)
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def http(station: Station) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=station.url) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("the screens are tested in a real browser: install Debian's package chromium (make test does)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, station: Station) -> Iterator[Page]:
    """A page that fails the test when the browser's console shows an error or a script throws."""
    page = browser.new_context(base_url=station.url, viewport={"width": 1280, "height": 900}).new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.context.close()
    assert complaints == []
