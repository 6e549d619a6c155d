"""What a model's card says was measured, as rows and curves to draw; whatever the layout of that part of the card."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 320.0, 160.0
POINTS = 48
LEAST_MM, DECADES = 0.01, 2.5
"""A curve is drawn from a hundredth of a millimetre to about 3 mm, by the logarithm of the size."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many out of so many, with the 95 % interval; shares lie from 0 to 1."""

    name: tuple[str, ...]
    found: int
    of: int
    low: float
    high: float

    @property
    def missed(self) -> int:
        return self.of - self.found

    @property
    def rate(self) -> float:
        return self.found / self.of


@dataclass(frozen=True, slots=True)
class Curve:
    """Probability of detection by size: logistic in the logarithm of the size (MIL-HDBK-1823A)."""

    name: tuple[str, ...]
    intercept: float
    slope: float
    a90_mm: float
    a90_95_mm: float | None
    largest_missed_mm: float | None

    def chance(self, size_mm: float) -> float:
        """Of a defect of this size to be found."""
        return 1 / (1 + math.exp(-(self.intercept + self.slope * math.log(size_mm))))

    @property
    def line(self) -> str:
        """The curve as points of an SVG of WIDTH by HEIGHT."""
        sizes = (LEAST_MM * 10 ** (DECADES * k / (POINTS - 1)) for k in range(POINTS))
        return " ".join(f"{place(size):.1f},{HEIGHT * (1 - self.chance(size)):.1f}" for size in sizes)

    @property
    def at_a90(self) -> float | None:
        """Where the size that is found nine times out of ten lies; None beyond the drawing."""
        x = place(self.a90_mm)
        return round(x, 1) if 0 <= x <= WIDTH else None


def place(size_mm: float) -> float:
    """How far to the right a size lies."""
    return WIDTH * math.log10(size_mm / LEAST_MM) / DECADES


def figures(measured: Mapping[str, Any]) -> tuple[tuple[Share, ...], tuple[Curve, ...]]:
    """All shares and curves of a card, in its order."""
    found = list(_walk((), measured))
    shares = tuple(one for one in found if isinstance(one, Share))
    return shares, tuple(one for one in found if isinstance(one, Curve))


def _walk(name: tuple[str, ...], part: Any) -> Iterator[Share | Curve]:
    if not isinstance(part, Mapping):
        return
    if _are_numbers(part, "a90_mm", "intercept", "slope") and part["a90_mm"] > 0:
        yield Curve(
            name, part["intercept"], part["slope"], part["a90_mm"], part.get("a90_95_mm"), part.get("largest_missed_mm")
        )
    interval = part.get("interval_95", part.get("wilson_95"))
    for key in ("found", "n"):
        if _are_numbers(part, key, "of") and part["of"] > 0 and isinstance(interval, list) and len(interval) == 2:
            yield Share(name, part[key], part["of"], interval[0], interval[1])
            break
    for key, value in part.items():
        yield from _walk((*name, key), value)


def _are_numbers(part: Mapping[str, Any], *keys: str) -> bool:
    return all(isinstance(part.get(key), int | float) for key in keys)
