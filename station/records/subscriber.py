"""A subscriber: a program that is told what happens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from loupebox.station.records.errors import NotAllowed

SCHEMES = ("http", "https", "mqtt", "mqtts")
ACTION = re.compile(r"\*|[a-z][a-z_]*\.(\*|[a-z][a-z_]*)")
NAME = re.compile(r"[\w.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is told what, and how it goes.

    `waiting` events have not been taken yet; `attempts` counts the failed tries of the next one, the last of which
    ended with `error`; the next try is not before `due_at`.
    """

    name: str
    address: str
    actions: tuple[str, ...]
    waiting: int
    dead: int
    attempts: int
    error: str
    due_at: datetime

    @property
    def shown_address(self) -> str:
        """The address without a password."""
        return shown_address(self.address)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up: for whom, what, why, since when."""

    id: int
    subscriber: str
    event: str
    action: str
    subject: str
    attempts: int
    error: str
    died_at: datetime
    resent_at: datetime | None


def check_subscription(name: str, address: str, actions: Sequence[str]) -> None:
    """Raise NotAllowed, naming what is wrong with it."""
    if not NAME.fullmatch(name):
        raise NotAllowed(f"a subscriber cannot be called '{name}'; allowed are 1 to 60 letters, digits, '_', '.', '-'")
    try:
        parts = urlsplit(address)
        sound = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise NotAllowed(
            f"'{shown_address(address)}' is no address for events; allowed are URLs with {', '.join(SCHEMES)}"
        )
    if not actions:
        raise NotAllowed(f"subscriber '{name}' asks for no actions; name some, such as 'inspection.*' or '*'")
    for action in actions:
        if not ACTION.fullmatch(action):
            raise NotAllowed(f"'{action}' names no action; allowed are noun.verb, noun.* and *")


def wants(actions: Sequence[str], action: str) -> bool:
    """Whether a subscription covers an action."""
    return any(a in ("*", action) or (a.endswith(".*") and action.startswith(a[:-1])) for a in actions)


def shown_address(address: str) -> str:
    """An address without the password that may stand in it, even when it is no proper URL."""
    return re.sub(r"(?<=//)([^/@:]*):[^/]*@", r"\1:***@", address)
