"""What two documents say otherwise, value by value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SAME_DIGITS = 1e-6
"""Numbers that differ by less than this part of themselves are the same: another processor rounds otherwise."""
NAMES = ("name", "index", "view")
"""By what a person tells the items of a list apart, where they have it; else by their place."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value: where it stands, what is recorded, what came out now; None where there is nothing."""

    where: str
    recorded: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.where}: recorded {_shown(self.recorded)}, now {_shown(self.now)}"


def differences(recorded: Any, now: Any, where: str = "") -> Iterator[Difference]:
    """Every value that is not the same, in the order of the documents."""
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*recorded, *now]):
            yield from differences(recorded.get(key), now.get(key), f"{where}.{key}" if where else str(key))
    elif isinstance(recorded, Sequence) and isinstance(now, Sequence) and not isinstance(recorded, str):
        yield from differences(_by_name(recorded), _by_name(now), where)
    elif not _same(recorded, now):
        yield Difference(where, recorded, now)


def _by_name(items: Sequence[Any]) -> dict[str, Any]:
    """The items under names that a person understands, the second of a name with its place."""
    named: dict[str, Any] = {}
    for place, item in enumerate(items, 1):
        known = next((str(item[n]) for n in NAMES if n in item), "") if isinstance(item, Mapping) else ""
        named[known if known and known not in named else f"{known} {place}".strip()] = item
    return named


def _same(one: Any, other: Any) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (one, other))
    return math.isclose(one, other, rel_tol=SAME_DIGITS, abs_tol=1e-9) if numbers else one == other


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
