"""The language of a page: the person's choice, else what the browser asks for; its words, numbers and dates.

Sentences are written in English where they are used, marked with `_`, and looked up in `locale/*.po` as they are shown.
"""

from __future__ import annotations

import gettext as standard
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, dates, negotiate_locale, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LANGUAGES = {"en": "English", "hi": "हिन्दी"}
"""Each in its own words."""
COOKIE = "loupebox_language"
CATALOGUES = Path(__file__).parent / "locale"
CONVENTIONS = {"en": Locale("en", "GB"), "hi": Locale("hi", "IN")}
"""How numbers and dates are written."""

_spoken: ContextVar[str] = ContextVar("spoken", default="en")


def language() -> str:
    """Of the page that is being made."""
    return _spoken.get()


@contextmanager
def spoken_in(code: str) -> Iterator[None]:
    """Pages that are made in here come in this language."""
    before = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(before)


@cache
def words_of(code: str) -> standard.NullTranslations:
    """Every sentence in this language; English needs none."""
    path = CATALOGUES / f"{code}.po"
    if not path.exists():
        return standard.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return standard.GNUTranslations(compiled)


def gettext(message: str, **values: Any) -> str:
    """The sentence in the page's language, with its values filled in."""
    said = words_of(language()).gettext(message) if message else ""
    return said % values if values else said


def ngettext(one: str, many: str, count: int, **values: Any) -> str:
    """The sentence for so many of something."""
    said = words_of(language()).ngettext(one, many, count)
    return said % values if values else said


def N_(message: str) -> str:
    """Marks words that are looked up only where they are shown."""
    return message


_ = gettext


def known(message: str) -> bool:
    """Whether these words can be said in the page's language."""
    return language() == "en" or words_of(language()).gettext(message) != message


def decimal(value: float, digits: int) -> str:
    """A number as it is written there, with so many digits and a true minus sign; nought has none."""
    code = language()
    written = numbers.format_decimal(round(value, digits) + 0.0, _pattern(code, digits), CONVENTIONS[code])
    return written.replace("-", "−")


@cache
def _pattern(code: str, digits: int) -> str:
    """The groups of the language, thousands or lakhs, with so many digits."""
    groups = CONVENTIONS[code].decimal_formats[None].pattern.partition(".")[0]
    return groups + ("." + "0" * digits if digits else "")


def clock(when: datetime) -> str:
    """Time of day, where it was."""
    return f"{when:%H:%M}"


def short_day(day: date) -> str:
    """22 Nov 2026"""
    return dates.format_date(day, "medium", CONVENTIONS[language()])


def long_day(day: date) -> str:
    """Sunday 22 November 2026"""
    return dates.format_date(day, "EEEE d MMMM y", CONVENTIONS[language()])


def asked_for(headers: dict[bytes, bytes]) -> str:
    """The language that was chosen, else the first that the browser names and we have."""
    chosen = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    wanted: list[tuple[float, str]] = []
    for part in headers.get(b"accept-language", b"").decode("latin-1").split(","):
        name, weight = part.partition(";q=")[::2]
        try:
            wanted.append((-float(weight or 1), name.strip()))
        except ValueError:
            continue
    return negotiate_locale([name for _, name in sorted(wanted, key=lambda pair: pair[0])], LANGUAGES, "-") or "en"


class Spoken:
    """ASGI middleware: pages come in the reader's language; what programs read stays English."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/api/", "/static/", "/frames/")):
            await self.app(scope, receive, send)
            return
        code = asked_for(dict(scope["headers"]))

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Language"] = code
            await send(message)

        with spoken_in(code):
            await self.app(scope, receive, send_named)
