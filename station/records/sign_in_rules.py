"""What signing in costs and how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from loupebox.station.records.hashing import Hashing


@dataclass(frozen=True, slots=True)
class SignInRules:
    """A session ends when it was left alone for `idle`, and in any case after `longest`: a shift."""

    hashing: Hashing = field(default_factory=Hashing)
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    demo: bool = False
    """Whether this is a demo, which lets the people in who were made for it."""
