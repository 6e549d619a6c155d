"""Values over time as a plain drawing: points with their whiskers, limits as lines, in percent of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """One value with its expanded uncertainty, when it was found, and what was allowed."""

    at: datetime
    value: float
    expanded_uncertainty: float
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class Dot:
    """A reading as drawn, in percent: to the right, and down."""

    x: float
    y: float
    top: float
    bottom: float
    reading: Reading


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn; limits are those of the last reading."""

    dots: tuple[Dot, ...]
    least: float | None
    most: float | None
    low: float
    high: float


def chart(readings: Sequence[Reading]) -> Chart:
    """Lay out at least one reading, the earliest first."""
    last = readings[-1]
    edges = [r.value - r.expanded_uncertainty for r in readings] + [r.value + r.expanded_uncertainty for r in readings]
    edges += [limit for limit in (last.least, last.most) if limit is not None]
    margin = 0.08 * (max(edges) - min(edges)) or abs(edges[0]) * 0.01 or 1.0
    low, high = min(edges) - margin, max(edges) + margin
    span_s = (last.at - readings[0].at).total_seconds()

    def down(value: float) -> float:
        return round(100 * (high - value) / (high - low), 2)

    def right(at: datetime) -> float:
        return round(4 + 92 * (at - readings[0].at).total_seconds() / span_s, 2) if span_s else 50.0

    dots = tuple(
        Dot(
            right(r.at),
            down(r.value),
            down(r.value + r.expanded_uncertainty),
            down(r.value - r.expanded_uncertainty),
            r,
        )
        for r in readings
    )
    limits = [None if limit is None else down(limit) for limit in (last.least, last.most)]
    return Chart(dots, limits[0], limits[1], low, high)
