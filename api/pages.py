"""From a template to a page: the one Jinja environment and the filters that screens share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response

from loupebox.api import words
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
    return {"here": "/" + path.split("/")[1], "waiting": waiting, "version": version("loupebox"), "me": me}


templates = Jinja2Templates(directory=ROOM / "templates", context_processors=[shared])
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
    """A value for people: fixed digits, a true minus sign, none for nought, a dash for what is not there."""
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def estimate(length: LengthReport | None) -> str:
    """Value and expanded uncertainty; a dash for what cannot be told."""
    return "–" if length is None else f"{number(length.value, 2)} ± {number(length.expanded_uncertainty, 2)}"


def clock(when: datetime) -> str:
    """Time of day where it was."""
    return f"{when:%H:%M}"


def moment(when: datetime) -> str:
    """Day and time where it was."""
    return f"{when:%Y-%m-%d %H:%M}"


def here(when: datetime) -> datetime:
    """In the time zone of this machine."""
    return when.astimezone()


def long_day(day: date) -> str:
    """Sunday 22 November 2026"""
    return f"{day:%A} {day.day} {day:%B %Y}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


templates.env.globals["static_url"] = static_url
templates.env.filters |= {
    "number": number,
    "estimate": estimate,
    "clock": clock,
    "moment": moment,
    "here": here,
    "long_day": long_day,
    "percent": percent,
    "words": words.phrase,
    "sentence": words.sentence,
}
