"""Who asks: a signed-in person or a program with a token; and what a route needs before it answers.

Every route names one of three: `Allowed("rework.take")`, `Allowed()` for whoever is signed in, or `Open()`.
"""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException

from loupebox.api.asked_again import count_from_here
from loupebox.api.dependencies import Log
from loupebox.station.records.person import Actor, Person
from loupebox.station.records.roles import PERMISSIONS, PERSONS_ONLY, words_for
from loupebox.station.records.signature import Secret, Signature

COOKIE = "loupebox_session"
BY_ITSELF = "Loupebox-By-Itself"
"""The header of what a page asks with nobody there: it does not keep a session from ending."""

_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="given when a person signs in at /sign-in")
_bearer = HTTPBearer(auto_error=False, description="an API token; `loupebox token add` makes one")


def signed_in(
    request: Request,
    log: Log,
    session: Annotated[str | None, Security(_cookie)] = None,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
) -> Actor:
    """The person whose session this is, or the holder of the token; 401 otherwise."""
    who: Actor | None = None
    if bearer is not None:
        who = log.tokens.holder(bearer.credentials)
        wrong = "that token is not known, revoked or over"
    elif session is not None:
        who = log.sessions.person(session, by_itself=BY_ITSELF in request.headers)
        wrong = "the session is over"
    else:
        wrong = "nobody is signed in"
    if who is None:
        raise HTTPException(
            401,
            f"{wrong}; sign in at /sign-in, or send a token in the header 'Authorization: Bearer ...'",
            {"WWW-Authenticate": "Bearer"},
        )
    request.state.who = who
    if "text/html" in request.headers.get("accept", ""):
        request.state.happened = log.happenings.last()  # before the page is read: the stream tells what follows
    return who


SignedIn = Annotated[Actor, Depends(signed_in)]


class Allowed:
    """Dependency of a route: whoever asks is signed in and has this permission; the value is who it is."""

    def __init__(self, permission: str | None = None) -> None:
        if permission is not None and permission not in PERMISSIONS:
            raise ValueError(
                f"no permission is called {permission!r}; add it to PERMISSIONS in station/records/roles.py"
            )
        self.permission = permission

    async def __call__(self, request: Request, who: SignedIn) -> Actor:
        if self.permission is not None and not who.may(self.permission):
            persons = " and never a token" if self.permission in PERSONS_ONLY else ""
            raise HTTPException(
                403,
                f"this needs the permission {self.permission}, which the role {words_for(self.permission)} has"
                f"{persons}; you are {who.described}",
            )
        await count_from_here(request, who)
        return who


class Open:
    """Dependency of a route that answers everybody, signed in or not; there are few."""

    async def __call__(self) -> None:
        return None


class Signing(BaseModel):
    """Badge or PIN, given again with an act that is signed. Exactly one of the two."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    badge: str | None = Field(default=None, max_length=128, description="the code on the badge")
    pin: str | None = Field(default=None, max_length=12, description="the PIN of whoever is signed in")

    @model_validator(mode="after")
    def _one_of_them(self) -> "Signing":
        if (self.badge is None) == (self.pin is None):
            raise ValueError("a signature is a badge or a PIN, one of the two")
        return self

    @property
    def secret(self) -> Secret:
        return Secret("PIN", self.pin) if self.pin is not None else Secret("badge", self.badge or "")


def signed_by(request: Request, log: Log, who: Actor, signing: Signing, act: str, subject: str) -> Signature:
    """The signature of whoever is signed in under an act (a permission) on a subject; in the audit once it is given.

    403 for a token and for a wrong badge or PIN, 429 after too many.
    """
    if not isinstance(who, Person):
        raise HTTPException(403, f"{act} is signed by a person with badge or PIN; {who.described} cannot sign")
    return log.people.signed_by(who, signing.secret, act, subject, place_of(request))


def place_of(request: Request) -> str:
    """Where wrong tries are counted: the terminal that sends them."""
    return request.client.host if request.client else "unknown"
