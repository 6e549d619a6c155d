"""What every answer carries and every request must satisfy, before any route sees it."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loupebox.api.language import N_
from loupebox.api.problem import Problem, respond

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ADDRESS_LIMIT_BYTES = 8 * 1024
BODY_LIMIT_BYTES = 64 * 1024
MB = 1024 * 1024
LARGER_BODIES_BYTES = {
    "/api/v1/jobs/import": 9 * MB,
    "/api/v1/jobs/import/file": 9 * MB,
    "/api/v1/pictures": 17 * MB,
    "/api/v1/specs/drafts": MB,
    "/api/v1/specs/what-if": MB,
}
"""Where files or whole tables come in; a little more than what is kept of them."""
FAULT = Problem(500, N_("Fault in the station"), "The station hit a fault of its own; its log says more.")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

logger = logging.getLogger(__name__)


class Guard:
    """ASGI middleware: security headers on every answer, that of a fault too; changes only from our own pages."""

    def __init__(self, app: ASGIApp, larger_bytes: Mapping[str, int]) -> None:
        """`larger_bytes` are limits of bodies that the settings give, by address."""
        self.app = app
        self.limits = {**LARGER_BODIES_BYTES, **larger_bytes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                # What may change must not be shown stale after a press of "back"; frames say otherwise themselves.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        problem = address_refusal(scope["raw_path"], scope["query_string"])
        if problem is None and scope["method"] not in SAFE_METHODS:
            problem = refusal(scope, self.limits)
        answer = self.app if problem is None else respond(scope, problem)
        try:
            await answer(scope, receive, send_guarded)
        except Exception:
            if begun:
                raise
            logger.exception("%s %s failed", scope["method"], scope["path"])
            await respond(scope, FAULT)(scope, receive, send_guarded)


def address_refusal(raw_path: bytes, query: bytes) -> Problem | None:
    """Why this address can name nothing: too long, no valid text, or with characters that nobody can see."""
    if (length := len(raw_path) + len(query)) > ADDRESS_LIMIT_BYTES:
        return Problem(414, N_("Too long"), f"The address has {length} bytes; allowed are {ADDRESS_LIMIT_BYTES}.")
    try:
        text = unquote_to_bytes(raw_path).decode() + unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return Problem(422, N_("Not accepted"), "The address is no valid UTF-8.")
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        return Problem(422, N_("Not accepted"), "The address contains a control character; allowed are printable ones.")
    return None


def refusal(scope: Scope, limits: Mapping[str, int]) -> Problem | None:
    """Why a changing request is refused; None when it may go on.

    A browser always says where a form was sent from; a program that says nothing is no browser that could be misled.
    """
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    from_elsewhere = site not in (None, "same-origin", "none")
    if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
        from_elsewhere = True
    if from_elsewhere:
        return Problem(
            403,
            N_("Sent from another site"),
            f"This change was sent from {origin or 'another site'}; "
            "only this station's own pages may change its record.",
        )
    length = headers.get("content-length")
    if headers.get("transfer-encoding") or (length is not None and not length.isdecimal()):
        return Problem(411, N_("Length missing"), "A change must say its length in the header Content-Length.")
    limit = limits.get(scope["path"], BODY_LIMIT_BYTES)
    if length is not None and int(length) > limit:
        return Problem(413, N_("Too large"), f"The request has {length} bytes; allowed are {limit}.")
    return None
