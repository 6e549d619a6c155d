"""Pages of a station, as a browser shows them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from served import Station

PATIENCE_MS = 60_000
"""Only ever waited for in full by a test that fails: a busy machine is no fault of a screen."""


class OpenPage:
    """Opens pages, each in a browser profile of its own, and collects what their consoles complain of."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(self, station: Station, who: str | None = "Meera", **options: Any) -> Page:
        given = {"base_url": station.url, "viewport": {"width": 1280, "height": 900}, **options}
        context = self.browser.new_context(**given)
        self.contexts.append(context)
        if who is not None:
            cookie = {"url": station.url, "httpOnly": True, "sameSite": "Strict"}
            context.add_cookies([{"name": k, "value": v, **cookie} for k, v in station.session(who).items()])  # pyright: ignore
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page
