"""What the doctor found out about one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["fine", "look", "absent", "wrong"]


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing looked at; `absent` things are optional, `look` works still and wants something done."""

    what: str
    state: State
    words: str
    advice: str = ""
    """What to do next."""


def tried(what: str, look: Callable[[], str | Examined], advice: str = "") -> Examined:
    """What the look found, fine when that is only words; or wrong with what it raised."""
    try:
        found = look()
        return found if isinstance(found, Examined) else Examined(what, "fine", found)
    except Exception as error:  # whatever is broken here is exactly what the doctor is asked to tell
        return Examined(what, "wrong", " ".join(str(error).split()) or type(error).__name__, advice)
