"""What became of each defect when a piece is looked at again: gone, still there, new, or it cannot be told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from scipy.optimize import linear_sum_assignment

from loupebox.calibration.frame import View
from loupebox.inspect.finding import FindingKind
from loupebox.inspect.judge import RULE_OF
from loupebox.inspect.prong import ProngState
from loupebox.inspect.verdict import Verdict

What = Literal["finding", "prong", "characteristic"]
Outcome = Literal["gone", "still there", "new", "cannot tell"]
WHATS: tuple[What, ...] = get_args(What)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

PLACEMENT_MM = 1.0
"""How far a piece may lie from where it lay the last time; a starting value of ours."""
OUTLINE_MM = 0.15
"""How far the middle of one and the same defect may wander between two looks once the shift is taken out; ours."""
_SHIFTS_FROM = 8
"""Only the largest findings of each look vote on the shift; the small ones follow."""
_FORBIDDEN = 1e6


@dataclass(frozen=True, slots=True)
class Spot:
    """A surface finding as far as it can be known again.

    Parameters
    ----------
    kind : FindingKind
    view : View
    centre_xy_mm : tuple of float
        Middle of its box in millimetres of the frame, x to the right and y down.
    size_mm : float
        Largest extent.
    """

    kind: FindingKind
    view: View
    centre_xy_mm: tuple[float, float]
    size_mm: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one inspection saw.

    Parameters
    ----------
    spots : tuple of Spot
    prongs : mapping of int to ProngState
        By the number of the prong's place.
    checks : mapping of str to Verdict
        Every other check by name: dimensions and counts.
    """

    spots: tuple[Spot, ...] = ()
    prongs: Mapping[int, ProngState] = field(default_factory=dict[int, ProngState])
    checks: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])


@dataclass(frozen=True, slots=True)
class Rechecked:
    """One thing of the earlier look or of the later one, and what became of it.

    Parameters
    ----------
    what : What
    name : str
        Kind of a finding, "prong_3", or the name of a check.
    outcome : Outcome
    before, after : int or None
        Places of a finding in `Look.spots` of the earlier and of the later look; None where it is not.
    """

    what: What
    name: str
    outcome: Outcome
    before: int | None = None
    after: int | None = None


def recheck(earlier: Look, later: Look, placement_mm: float = PLACEMENT_MM) -> tuple[Rechecked, ...]:
    """Match two looks at one piece.

    Parameters
    ----------
    earlier, later : Look
    placement_mm : float
        How far the piece may have been put down from its earlier place, in any direction, not turned.

    Returns
    -------
    tuple of Rechecked
        Every finding of both looks once, or once for both when it is the same; every prong and check that was or is
        not as it should be. Those of the earlier look come first.

    Notes
    -----
    Findings of one view are the same when their kinds fall under one rule of the spec sheet (gas and shrinkage porosity
    do) and they lie in one place after a common shift of all of them. Among the shifts that make most findings agree
    the one with the smallest sum of distances is taken; pairs by the assignment that minimises it (Kuhn 1955).
    A finding that has been turned out of the camera's view is "gone" from it: only a person can say more.
    """
    return (
        *_findings(earlier.spots, later.spots, placement_mm),
        *_prongs(earlier.prongs, later.prongs),
        *_checks(earlier.checks, later.checks),
    )


def _findings(before: Sequence[Spot], after: Sequence[Spot], placement_mm: float) -> Iterator[Rechecked]:
    same: dict[int, int] = {}
    for view in dict.fromkeys(spot.view for spot in before):
        old = [k for k, spot in enumerate(before) if spot.view == view]
        new = [k for k, spot in enumerate(after) if spot.view == view]
        pairs = _pairs([before[k] for k in old], [after[k] for k in new], placement_mm)
        same.update({old[i]: new[j] for i, j in pairs})
    for k, spot in enumerate(before):
        yield Rechecked("finding", spot.kind, "still there" if k in same else "gone", k, same.get(k))
    for k, spot in enumerate(after):
        if k not in same.values():
            yield Rechecked("finding", spot.kind, "new", None, k)


def _pairs(before: Sequence[Spot], after: Sequence[Spot], placement_mm: float) -> list[tuple[int, int]]:
    """Which are the same, under the shift that makes most of them agree."""
    best: list[tuple[int, int]] = []
    least = math.inf
    for shift in _shifts(before, after, placement_mm):
        pairs, distance = _assigned(before, after, shift)
        if (len(pairs), -distance) > (len(best), -least):
            best, least = pairs, distance
    return best


def _shifts(before: Sequence[Spot], after: Sequence[Spot], placement_mm: float) -> Iterator[tuple[float, float]]:
    """None at all, and each that brings a large finding onto one of its kind."""
    yield 0.0, 0.0
    old, new = (sorted(spots, key=lambda s: -s.size_mm)[:_SHIFTS_FROM] for spots in (before, after))
    for a in old:
        for b in new:
            shift = b.centre_xy_mm[0] - a.centre_xy_mm[0], b.centre_xy_mm[1] - a.centre_xy_mm[1]
            if RULE_OF[a.kind] == RULE_OF[b.kind] and math.hypot(*shift) <= placement_mm:
                yield shift


def _assigned(
    before: Sequence[Spot], after: Sequence[Spot], shift: tuple[float, float]
) -> tuple[list[tuple[int, int]], float]:
    """As many pairs as can be, then those that lie closest; and the sum of their distances."""
    cost = np.full((len(before), len(after)), _FORBIDDEN)
    for i, a in enumerate(before):
        for j, b in enumerate(after):
            apart = math.dist((a.centre_xy_mm[0] + shift[0], a.centre_xy_mm[1] + shift[1]), b.centre_xy_mm)
            # A mark of which more or less is seen than last time has another middle, by half of the difference.
            allowed = OUTLINE_MM + abs(a.size_mm - b.size_mm) / 2
            if RULE_OF[a.kind] == RULE_OF[b.kind] and apart <= allowed:
                cost[i, j] = apart
    rows, columns = linear_sum_assignment(cost)
    pairs = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if cost[i, j] < _FORBIDDEN]
    return pairs, float(sum(cost[i, j] for i, j in pairs))


def _prongs(before: Mapping[int, ProngState], after: Mapping[int, ProngState]) -> Iterator[Rechecked]:
    for index in sorted(before.keys() | after.keys()):
        was, now = before.get(index, "unsure"), after.get(index, "unsure")
        if was == now == "good":
            continue
        outcome: Outcome
        if now == "unsure":
            outcome = "cannot tell"
        elif now == "good":
            outcome = "gone"
        else:
            outcome = "new" if was in ("good", "unsure") else "still there"
        yield Rechecked("prong", f"prong_{index}", outcome)


def _checks(before: Mapping[str, Verdict], after: Mapping[str, Verdict]) -> Iterator[Rechecked]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name, Verdict.PASS), after.get(name, Verdict.REVIEW)
        if was is now is Verdict.PASS:
            continue
        outcome: Outcome
        if now is Verdict.REVIEW:
            outcome = "cannot tell"
        elif now is Verdict.PASS:
            outcome = "gone"
        else:
            outcome = "still there" if was is Verdict.FAIL else "new"
        yield Rechecked("characteristic", name, outcome)
