"""A characteristic as a bar: limits, guard bands, value and coverage interval on one scale, in percent of its width."""

from __future__ import annotations

from dataclasses import dataclass

MARGIN = 0.6
"""Room beside each limit, as a share of the tolerance: a failing value lies outside, and by how much must be seen."""

FINEST = 1e-6
"""The least stretch that a bar shows, so that equal limits and no uncertainty have a place too."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the bar, in percent of its width."""

    start: float
    end: float

    @property
    def width(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Bar:
    """Where everything lies, in percent of the bar's width from its left end."""

    allowed: Span
    sure: Span | None
    guards: tuple[Span, ...]
    lower: float | None
    upper: float | None
    nominal: float | None
    value: float
    interval: Span


def bar(
    value: float,
    expanded_uncertainty: float,
    lower: float | None,
    upper: float | None,
    nominal: float | None = None,
) -> Bar:
    """Lay out one characteristic; an open side runs to the end of the bar.

    `sure` is where a value of this uncertainty passes: the limits drawn in by the guard bands. It is None when the
    uncertainty leaves no such place.
    """
    if lower is None and upper is None:
        raise ValueError("a bar needs a lower or an upper limit; both are missing")
    interval_low, interval_high = value - expanded_uncertainty, value + expanded_uncertainty
    # With one limit only, the distance from nought stands in for the tolerance: bend and lift are such magnitudes.
    low = lower if lower is not None else min(0.0, interval_low, upper or 0.0)
    high = upper if upper is not None else max(2 * low, interval_high, low)
    margin = MARGIN * max(high - low, 4 * expanded_uncertainty, FINEST)
    start = low if lower is None else low - margin
    end = high + margin
    reach = 0.06 * (max(end, interval_high) - min(start, interval_low))
    if interval_low < start:
        start = interval_low - reach
    if interval_high > end:
        end = interval_high + reach

    def at(x: float) -> float:
        return round(100 * (x - start) / (end - start), 3)

    guards: list[Span] = []
    sure_low, sure_high = start if lower is None else low, end if upper is None else high
    if lower is not None:
        sure_low = low + expanded_uncertainty
        guards.append(Span(at(low), min(at(sure_low), at(high if upper is not None else end))))
    if upper is not None:
        sure_high = high - expanded_uncertainty
        guards.append(Span(max(at(sure_high), at(low if lower is not None else start)), at(high)))
    return Bar(
        allowed=Span(at(start if lower is None else lower), at(end if upper is None else upper)),
        sure=Span(at(sure_low), at(sure_high)) if sure_high > sure_low else None,
        guards=tuple(guards),
        lower=None if lower is None else at(lower),
        upper=None if upper is None else at(upper),
        nominal=None if nominal is None or not start <= nominal <= end else at(nominal),
        value=at(value),
        interval=Span(at(interval_low), at(interval_high)),
    )
