"""Who acts: a person, or a program with a token. Both have a name that the record keeps, and say what they may."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.roles import PERMISSIONS, PERSONS_ONLY, ROLES, Role, permissions_of

LONGEST_NAME = 60
PIN_LENGTHS = (6, 12)
BADGE_LENGTHS = (6, 128)
RESERVED = frozenset({"loupebox", "nobody"})
"""The station itself signs what it proposes as "loupebox"."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at the station. A name never changes, since the record knows people by it."""

    id: int
    name: str
    roles: tuple[Role, ...]
    demo: bool
    """Made for the demo; a real station never lets such a person in."""
    retired_at: datetime | None = None
    has_badge: bool = False
    has_pin: bool = False

    def may(self, permission: str) -> bool:
        """Whether one of the roles has this permission."""
        return permission in permissions_of(self.roles)

    @property
    def described(self) -> str:
        """For sentences: "Asha (lead, engineer)"."""
        return f"{self.name} ({', '.join(self.roles)})"


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """A program that acts with an API token."""

    id: int
    token_name: str
    scopes: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the record names it; no person can have a colon in the name."""
        return f"token:{self.token_name}"

    def may(self, permission: str) -> bool:
        """Whether the token's scopes hold this permission."""
        return permission in self.scopes and permission not in PERSONS_ONLY

    @property
    def described(self) -> str:
        """For sentences."""
        return f"the token '{self.token_name}' ({', '.join(self.scopes)})"


Actor = Person | TokenHolder


def checked_name(name: str, what: str = "a name") -> str:
    """The name as it will be kept."""
    kept = " ".join(unicodedata.normalize("NFC", name).split())
    if not kept or len(kept) > LONGEST_NAME or not kept.isprintable() or ":" in kept:
        raise NotAllowed(
            f"{kept[:80]!r} cannot be {what}; allowed are 1 to {LONGEST_NAME} printable characters without a colon"
        )
    if name_key(kept) in RESERVED:
        raise NotAllowed(f"{what} cannot be {kept!r}: the station itself signs with it")
    return kept


def name_key(name: str) -> str:
    """What two people cannot share: letters of another width or case, or what cannot be seen, make no other name."""
    folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return "".join(letter for letter in folded if letter.isprintable())


def checked_roles(roles: Iterable[str]) -> tuple[Role, ...]:
    """Known roles in the order of `ROLES`, each once."""
    asked = set(roles)
    if not asked or not asked <= set(ROLES):
        named = ", ".join(sorted(asked - set(ROLES))) or "none"
        raise NotAllowed(f"roles given: {named}; allowed are one or more of {', '.join(ROLES)}")
    return tuple(role for role in ROLES if role in asked)


def checked_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Permissions that a token may have, sorted, each once."""
    asked = set(scopes)
    allowed = PERMISSIONS.keys() - PERSONS_ONLY
    if not asked or not asked <= allowed:
        named = ", ".join(sorted(asked - allowed)) or "none"
        raise NotAllowed(f"scopes given: {named[:200]}; allowed are one or more of {', '.join(sorted(allowed))}")
    return tuple(sorted(asked))


def checked_pin(pin: str) -> str:
    """A PIN that is not the first that somebody tries; the sentence never repeats it."""
    shortest, longest = PIN_LENGTHS
    if not (shortest <= len(pin) <= longest and pin.isascii() and pin.isdecimal()):
        raise NotAllowed(f"that PIN cannot be used; allowed are {shortest} to {longest} digits")
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise NotAllowed("that PIN is the first that a thief would try; choose one that neither repeats nor counts")
    return pin


def checked_badge(badge: str) -> str:
    """The code on a badge as a scanner types it; the sentence never repeats it."""
    code = badge.strip()
    shortest, longest = BADGE_LENGTHS
    if not (shortest <= len(code) <= longest and code.isascii() and code.isprintable()):
        raise NotAllowed(f"that badge cannot be used; allowed are {shortest} to {longest} printable ASCII characters")
    return code
