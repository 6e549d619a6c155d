"""A signature: who stood by which act, when, and what they signed with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Means = Literal["badge", "PIN"]


@dataclass(frozen=True, slots=True)
class Secret:
    """What somebody shows to be who they are: exactly one of the two. Never logged, never printed."""

    means: Means
    value: str

    def __repr__(self) -> str:
        return f"Secret(means={self.means!r})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Signature:
    """Given anew for one act on one subject; signing in alone signs nothing."""

    who: str
    person_id: int
    at: datetime
    act: str
    """The permission that it used, like "concession.grant"."""
    subject: str
    """Like "inspection 12"."""
    means: Means

    @property
    def details(self) -> dict[str, str]:
        """For the audit entry of the act."""
        return {"signed_by": self.who, "signed_at": self.at.isoformat(), "signed_with": self.means}
