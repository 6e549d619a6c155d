"""From a template to a page: the one Jinja environment and the filters that screens share."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi.templating import Jinja2Templates
from jinja2 import pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import Response

from loupebox.api import language, words
from loupebox.api.language import LANGUAGES, clock, decimal, gettext, long_day, ngettext, short_day
from loupebox.api.navigation import destinations
from loupebox.api.reasons import reason
from loupebox.station.records.errors import RecordsError
from loupebox.station.report import LengthReport

ROOM = Path(__file__).parent
STATIC = ROOM / "static"


def shared(request: Request) -> dict[str, Any]:
    """What the frame of every page shows; an error page must come even when the record is out of reach."""
    waiting, me = 0, getattr(request.state, "who", None)
    if me is not None:
        with suppress(RecordsError):
            waiting = sum(count for _, count in request.app.state.log.rework.benches())
    path = request.url.path
    return {
        "here": "/" + path.split("/")[1],
        "address": path + (f"?{request.url.query}" if request.url.query else "") if request.method == "GET" else "/",
        "waiting": waiting,
        "happened": getattr(request.state, "happened", None),
        "places": destinations(me),
        "version": version("loupebox"),
        "me": me,
        "language": language.language(),
        "languages": LANGUAGES,
    }


templates = Jinja2Templates(directory=ROOM / "templates", context_processors=[shared])
templates.env.add_extension("jinja2.ext.i18n")
templates.env.policies["ext.i18n.trimmed"] = True
templates.env.install_gettext_callables(gettext, ngettext, newstyle=True)  # pyright: ignore[reportAttributeAccessIssue]
templates.env.trim_blocks = True
templates.env.lstrip_blocks = True


def render(
    request: Request, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> Response:
    """One page from its template."""
    return templates.TemplateResponse(request, template, context, status_code=status, headers=headers)


@cache
def static_url(name: str) -> str:
    """Address of a static file that changes with its content, so that browsers may keep it for ever."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def number(value: float | None, digits: int = 3) -> str:
    """A value for people: fixed digits, a dash for what is not there."""
    return "–" if value is None else decimal(value, digits)


def estimate(length: LengthReport | None) -> str:
    """Value and expanded uncertainty; a dash for what cannot be told."""
    return "–" if length is None else f"{number(length.value, 2)} ± {number(length.expanded_uncertainty, 2)}"


def moment(when: datetime) -> str:
    """Day and time where it was."""
    return f"{short_day(when)}, {clock(when)}"


def here(when: datetime) -> datetime:
    """In the time zone of this machine."""
    return when.astimezone()


def percent(share: float) -> str:
    return f"{decimal(100 * share, 1)} %"


def spoken(function: Callable[..., str]) -> Callable[..., str]:
    """A filter whose answer depends on the page's language, and so is never worked out before the page is asked for."""

    @pass_context
    def said(_: Context, *given: Any, **more: Any) -> str:
        return function(*given, **more)

    return said


def new_key() -> str:
    """An Idempotency-Key for one form of one page: sent again, it is done once."""
    return secrets.token_hex(16)


templates.env.globals |= {"static_url": static_url, "new_key": new_key}
templates.env.filters |= {"here": here, "clock": clock, "sentence": words.sentence}
templates.env.filters |= {
    name: spoken(function)
    for name, function in {
        "number": number,
        "estimate": estimate,
        "moment": moment,
        "short_day": short_day,
        "long_day": long_day,
        "percent": percent,
        "words": words.phrase,
        "reason": reason,
    }.items()
}
