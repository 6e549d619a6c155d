"""Signing in by badge or by name and PIN, signing out, and who one is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Cookie, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import COOKIE, Allowed, Open, place_of
from loupebox.api.dependencies import Log
from loupebox.api.pages import render
from loupebox.station.demo_people import DEMO_PIN
from loupebox.station.records.errors import LockedOut, WrongSecret
from loupebox.station.records.person import Actor, Person
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.roles import PERMISSIONS
from loupebox.station.records.signature import Secret

router = APIRouter(tags=["people"])

HOME = "/"


class Me(BaseModel):
    """Who asks, and what they may."""

    name: str
    kind: str = Field(description="person or token")
    roles: tuple[str, ...] = Field(description="of a person")
    permissions: tuple[str, ...]


class SignIn(BaseModel):
    """A badge alone, or a name and its PIN."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    badge: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=200)
    pin: str = Field(default="", max_length=200)
    next: str = Field(default=HOME, max_length=2000)

    @property
    def secret(self) -> Secret | None:
        """None when neither is filled in."""
        if self.badge.strip():
            return Secret("badge", self.badge)
        return Secret("PIN", self.pin) if self.pin else None


@router.get("/api/v1/me")
def me(who: Annotated[Actor, Depends(Allowed())]) -> Me:
    """Who one is signed in as, and the permissions that this brings."""
    return Me(
        name=who.name,
        kind="person" if isinstance(who, Person) else "token",
        roles=who.roles if isinstance(who, Person) else (),
        permissions=tuple(permission for permission in PERMISSIONS if who.may(permission)),
    )


@router.get("/sign-in", include_in_schema=False, dependencies=[Depends(Open())])
def page(request: Request, log: Log, next: str = HOME) -> Response:
    return _page(request, log, next)


@router.post("/sign-in", include_in_schema=False, dependencies=[Depends(Open())])
def sign_in(
    request: Request,
    log: Log,
    form: Annotated[SignIn, Form()],
    session: Annotated[str | None, Cookie(alias=COOKIE)] = None,
) -> Response:
    secret = form.secret
    if secret is None:
        return _page(request, log, form.next, 422, "Scan your badge, or give your name and your PIN.")
    try:
        person = log.people.known(secret, form.name, place_of(request))
    except WrongSecret as error:
        return _page(request, log, form.next, 403, str(error))
    except LockedOut as error:
        return _page(request, log, form.next, 429, str(error))
    if session is not None:
        log.sessions.end(session)  # nobody goes on under an id that was there before
    answer = RedirectResponse(local_path(form.next), status_code=303)
    answer.set_cookie(
        COOKIE, log.sessions.start(person), httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


@router.post("/sign-out", include_in_schema=False, dependencies=[Depends(Allowed())])
def sign_out(log: Log, session: Annotated[str | None, Cookie(alias=COOKIE)] = None) -> Response:
    if session is not None:
        log.sessions.end(session)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def local_path(asked: str) -> str:
    """Where to go on: a page of this station, whatever was asked for."""
    parts = urlsplit(asked)
    path = parts.path
    if parts.scheme or parts.netloc or not path.startswith("/") or path.startswith("//") or "\\" in asked:
        return HOME
    return path + (f"?{parts.query}" if parts.query else "")


def _page(request: Request, log: QcLog, next_page: str, status: int = 200, told: str = "") -> Response:
    people = log.people.all()
    return render(
        request,
        "sign_in.html",
        status,
        next_page=local_path(next_page),
        told=told,
        first_start=not people,
        demo_people=people if log.people.is_demo else (),
        demo_pin=DEMO_PIN,
    )
