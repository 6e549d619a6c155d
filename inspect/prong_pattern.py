"""Which prong is which: places of the style's pattern and the prongs that stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.robust_fit import TUKEY, robust_fit

Points = NDArray[np.float64]

LARGEST_TURN_DEG = 15.0
"""How far a piece may lie turned about the stone's axis."""
TOLERABLE_DEG = 6.0
"""A prong this far from its place costs 1."""
STRANGER_COST = 6.0
MISSING_COST = 3.0
ALIKE_DEG = 1.5
"""Prongs of a good setting stand within this of their places."""
OTHER_COUNTS = range(3, 9)
CLEARLY = 3.0
"""Another pattern must be cheaper by this to be believed: as much as one missing prong."""


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """How found prongs fill a pattern of places.

    Parameters
    ----------
    turn_deg : float
        Of the whole pattern, counter-clockwise.
    owner : tuple of int or None
        For each place the index of the prong that stands there; None where none does.
    strangers : tuple of int
        Prongs that have no place.
    cost : float
        0 when every place is filled exactly.
    """

    turn_deg: float
    owner: tuple[int | None, ...]
    strangers: tuple[int, ...]
    cost: float


def away_deg(angle_deg: float, reference_deg: float) -> float:
    """The turn from the reference to the angle, -180 to 180."""
    return (angle_deg - reference_deg + 180) % 360 - 180


def middle_turn(off_deg: Sequence[float]) -> float:
    """The mean of turns, in which one counts the less the further it lies from their median (Tukey's biweight)."""
    off = np.asarray(off_deg, np.float64)
    away = off - np.median(off)
    count = np.clip(1 - (away / (TUKEY * ALIKE_DEG)) ** 2, 0, 1) ** 2
    return float((count * off).sum() / count.sum()) if count.any() else float(np.median(off))


def pattern_middle(feet_xy_mm: Points, radius_mm: float) -> tuple[float, float, float] | None:
    """The middle x, y of prongs that stand on a circle of known radius, and its standard uncertainty; needs three.

    Parameters
    ----------
    feet_xy_mm : ndarray, shape (n, 2)
    radius_mm : float
    """
    if len(feet_xy_mm) < 3:
        return None
    fit = robust_fit(
        lambda p: np.hypot(feet_xy_mm[:, 0] - p[0], feet_xy_mm[:, 1] - p[1]) - radius_mm,
        np.zeros(2), np.full(2, 0.005), 0.03,
    )  # fmt: skip
    if fit is None:
        return None
    spread = float(np.sqrt(np.trace(fit.covariance) / 2))
    return float(fit.values[0]), float(fit.values[1]), spread


def match_pattern(
    places_deg: Sequence[float], found_deg: Sequence[float], largest_turn_deg: float = LARGEST_TURN_DEG
) -> PatternMatch:
    """Turn the pattern until the found prongs fill it best; one or two missing do not mislead it.

    Parameters
    ----------
    places_deg, found_deg : sequence of float
        Angles about the stone, counter-clockwise.
    largest_turn_deg : float
        Turns from minus to plus this are tried.
    """
    best = _fill(places_deg, found_deg, 0.0)
    for turn in np.arange(-largest_turn_deg, largest_turn_deg + 0.5, 2.0):
        match = _fill(places_deg, found_deg, float(turn))
        if match.cost < best.cost - 1e-9:
            best = match
    # The middle of what is left is the turn; bent prongs hardly pull it.
    for _ in range(3):
        off = [
            away_deg(found_deg[owner], place + best.turn_deg)
            for place, owner in zip(places_deg, best.owner, strict=True)
            if owner is not None
        ]
        if not off:
            break
        turn = float(np.clip(best.turn_deg + middle_turn(off), -largest_turn_deg, largest_turn_deg))
        best = _fill(places_deg, found_deg, turn)
    return best


def _fill(places_deg: Sequence[float], found_deg: Sequence[float], turn_deg: float) -> PatternMatch:
    """Give each place the nearest free prong, the closest pairs first."""
    pairs = sorted(
        (abs(away_deg(angle, place + turn_deg)), k, j)
        for k, place in enumerate(places_deg)
        for j, angle in enumerate(found_deg)
    )
    owner: list[int | None] = [None] * len(places_deg)
    taken: set[int] = set()
    cost = 0.0
    largest = TOLERABLE_DEG * STRANGER_COST**0.5
    for off, k, j in pairs:
        if off < largest and owner[k] is None and j not in taken:
            owner[k] = j
            taken.add(j)
            cost += (off / TOLERABLE_DEG) ** 2
    strangers = tuple(j for j in range(len(found_deg)) if j not in taken)
    cost += STRANGER_COST * len(strangers) + MISSING_COST * owner.count(None)
    return PatternMatch(turn_deg, tuple(owner), strangers, cost)


def better_count(places_deg: Sequence[float], found_deg: Sequence[float]) -> int | None:
    """The number of equally spaced prongs that explains the found ones clearly better than the style's, or None."""
    own = match_pattern(places_deg, found_deg).cost
    rivals = {
        n: match_pattern([k * 360 / n for k in range(n)], found_deg, 180 / n).cost
        for n in OTHER_COUNTS
        if n != len(places_deg)
    }
    n, cost = min(rivals.items(), key=lambda item: item[1])
    # With two prongs missing the style explains what is left; so few prongs fit other patterns too.
    return n if cost + CLEARLY <= own and own > 2 * MISSING_COST else None
