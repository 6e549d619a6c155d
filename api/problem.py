"""Errors as answers: one table from what went wrong below to an HTTP status, one form for programs, one for people."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from loupebox.api.language import N_
from loupebox.api.pages import render
from loupebox.inspect.spec import SpecError
from loupebox.station.capture import CaptureError
from loupebox.station.device import DeviceError
from loupebox.station.records.errors import (
    Conflict,
    Damaged,
    LockedOut,
    NotAllowed,
    NotRecorded,
    RecordsError,
    WrongSecret,
)

STATUS_OF: dict[type[Exception], tuple[int, str]] = {
    NotRecorded: (404, N_("Not recorded")),
    Conflict: (409, N_("Somebody was first")),
    NotAllowed: (422, N_("Not accepted")),
    WrongSecret: (403, N_("Not that person")),
    LockedOut: (429, N_("Too many wrong tries")),
    CaptureError: (422, N_("Not accepted")),
    SpecError: (422, N_("Not accepted")),
    DeviceError: (503, N_("A device is not ready")),
    Damaged: (500, N_("Record damaged")),
    RecordsError: (503, N_("Records out of reach")),
}
"""Domain errors and what they mean to a client; the rooms below know no HTTP."""

HTTP_TITLES = (N_("Not Found"), N_("Forbidden"), N_("Method Not Allowed"), N_("Unauthorized"))
"""What the standard calls the errors that a person can meet on a page, for the catalogues."""

MEDIA_TYPE = "application/problem+json"


def declared(description: str, **members: dict[str, Any]) -> dict[str, Any]:
    """What the OpenAPI document says of a problem, with members of its own (RFC 9457) where a route has some."""
    text = {"type": "string"}
    detail = text | {"description": "a sentence that says what is wrong and what is allowed"}
    usual = {"type": text, "title": text, "status": {"type": "integer"}, "detail": detail}
    schema = {"type": "object", "title": "Problem", "properties": usual | members, "required": list(usual)}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema | {"additionalProperties": False}}}}


ANSWERS: dict[int | str, dict[str, Any]] = {
    "4XX": declared("The request cannot be met"),
    "5XX": declared("The station is at fault"),
}
"""What the OpenAPI document says of every route's errors."""

MOST_SENTENCES = 10
SECRETS = frozenset({"pin", "badge"})
"""Fields whose values no answer and no log repeats."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """RFC 9457: a status, a short title, and a sentence that says what to do."""

    status: int
    title: str
    detail: str


class ProblemResponse(JSONResponse):
    """What was sent, and is told again, may hold halves of characters, which no answer can."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def respond(scope: Scope, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as `application/problem+json` for programs and as a page for people."""
    if wants_json(scope):
        body = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail}
        return ProblemResponse(body, problem.status, headers)
    request = Request(scope)
    return render(request, "problem.html", problem.status, headers, problem=problem, back=page_before(request))


def page_before(request: Request) -> str | None:
    """Path of our own page that sent the request, for a way back; never another site's."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host") or not came.path.startswith("/") or came.path.startswith("//"):
        return None
    return came.path + ("?" + came.query if came.query else "")


def wants_json(scope: Scope) -> bool:
    """The REST paths always; elsewhere whoever does not ask for a page, as browsers do."""
    return scope["path"].startswith("/api/") or "text/html" not in Request(scope).headers.get("accept", "")


def domain_problem(request: Request, error: Exception) -> Response:
    status, title = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s %s: %s", request.method, request.url.path, error)
    headers = {"Retry-After": str(error.wait_s)} if isinstance(error, LockedOut) else None
    return respond(request.scope, Problem(status, title, str(error)), headers)


def http_problem(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    if error.status_code == HTTPStatus.UNAUTHORIZED and not wants_json(request.scope):
        return to_sign_in(request)
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != title else f"{request.method} {request.url.path}: {title.lower()}."
    return respond(request.scope, Problem(error.status_code, title, detail), error.headers)


def to_sign_in(request: Request) -> Response:
    """A person is asked to sign in and comes back to the page: the one asked for, or the one with the form."""
    page = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = page if request.method == "GET" else page_before(request) or "/"
    return RedirectResponse(f"/sign-in?{urlencode({'next': back})}", status_code=303)


def validation_problem(request: Request, error: Exception) -> Response:
    """Each refused field by name, with its value and what is allowed."""
    sentences = [
        f"{_field(e)}: {e['msg'].removeprefix('Value error, ')}"
        + (f" (given {str(e['input'])[:80]!r})" if _may_be_shown(e) else "")
        for e in cast(RequestValidationError, error).errors()[:MOST_SENTENCES]
    ]
    return respond(request.scope, Problem(422, "Not accepted", "; ".join(sentences) + "."))


def _field(error: Mapping[str, Any]) -> str:
    """Where it is: "stone.0.cut"; what was sent may be any length."""
    place, *inside = (str(part) for part in error["loc"])
    return (".".join(inside) or place)[:80]


def _may_be_shown(error: Mapping[str, Any]) -> bool:
    """A value that helps to see what is wrong, and is no secret."""
    return isinstance(error["input"], str | int | float) and SECRETS.isdisjoint(error["loc"])


def install(app: FastAPI) -> None:
    """Make every error that we know leave through this file; the guard takes the others."""
    for kind in STATUS_OF:
        app.add_exception_handler(kind, domain_problem)
    app.add_exception_handler(HTTPException, http_problem)
    app.add_exception_handler(RequestValidationError, validation_problem)
