"""What became of a defect: matched by place and kind, whatever way the piece was put down."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.inspect.recheck import OUTLINE_MM, PLACEMENT_MM, Look, Rechecked, Spot, recheck
from loupebox.inspect.verdict import Verdict

PORE = Spot("gas_porosity", "shank", (2.0, 1.0), 0.12)
SCRATCH = Spot("scratch", "shank", (4.0, 1.5), 0.9)


def moved(spot: Spot, x: float, y: float) -> Spot:
    return replace(spot, centre_xy_mm=(spot.centre_xy_mm[0] + x, spot.centre_xy_mm[1] + y))


def test_the_mended_one_is_gone_and_the_other_is_still_there() -> None:
    assert recheck(Look((PORE, SCRATCH)), Look((SCRATCH,))) == (
        Rechecked("finding", "gas_porosity", "gone", 0, None),
        Rechecked("finding", "scratch", "still there", 1, 0),
    )


def test_what_the_repair_left_behind_is_new() -> None:
    elsewhere = moved(SCRATCH, 3.0, 0.0)
    assert recheck(Look((PORE,)), Look((PORE, elsewhere)))[-1] == Rechecked("finding", "scratch", "new", None, 1)


def test_a_scratch_is_no_pore_and_the_top_is_not_the_shank() -> None:
    for other in (replace(PORE, kind="scratch"), replace(PORE, view="top")):
        assert [r.outcome for r in recheck(Look((PORE,)), Look((other,)))] == ["gone", "new"]


def test_which_porosity_it_is_was_only_a_guess() -> None:
    (same,) = recheck(Look((PORE,)), Look((replace(PORE, kind="shrinkage_porosity"),)))
    assert same == Rechecked("finding", "gas_porosity", "still there", 0, 0)


def test_one_of_two_neighbours_is_told_from_the_other_although_the_piece_lies_elsewhere() -> None:
    """Neighbours 0.5 mm apart, the piece put down 0.45 mm aside: the nearest is the wrong one, the shift tells."""
    left, right = PORE, moved(PORE, 0.5, 0.0)
    after = tuple(moved(spot, 0.45, 0.0) for spot in (left, SCRATCH))
    found = recheck(Look((left, right, SCRATCH)), Look(after))
    assert [(r.before, r.after, r.outcome) for r in found] == [
        (0, 0, "still there"),
        (1, None, "gone"),
        (2, 1, "still there"),
    ]


def test_nothing_is_sought_farther_than_a_piece_is_put_aside() -> None:
    outcomes = {
        shift: recheck(Look((PORE,)), Look((moved(PORE, shift, 0),)))[0].outcome
        for shift in (PLACEMENT_MM - 0.01, PLACEMENT_MM + 0.01)
    }
    assert outcomes == {PLACEMENT_MM - 0.01: "still there", PLACEMENT_MM + 0.01: "gone"}


def test_a_scratch_polished_half_away_is_still_there() -> None:
    rest = replace(moved(SCRATCH, 0.225, 0.0), size_mm=0.45)
    assert recheck(Look((PORE, SCRATCH)), Look((PORE, rest)))[1].outcome == "still there"


places = st.tuples(st.integers(0, 9), st.integers(0, 5))


@given(
    spots=st.lists(places, unique=True, max_size=12),
    gone=st.sets(st.integers(0, 11)),
    shift_mm=st.floats(0, PLACEMENT_MM * 0.999),
    angle=st.floats(0, 2 * math.pi),
    wander_mm=st.floats(0, OUTLINE_MM / 4),
)
def test_every_subset_is_told_under_every_shift(
    spots: list[tuple[int, int]], gone: set[int], shift_mm: float, angle: float, wander_mm: float
) -> None:
    """Findings at least 3 mm apart, so that no other shift can explain as much as the true one."""
    before = [Spot("scratch", "shank", (3.0 * x, 3.0 * y), 0.1 + 0.01 * k) for k, (x, y) in enumerate(spots)]
    dx, dy = shift_mm * math.cos(angle), shift_mm * math.sin(angle)
    kept = [k for k in range(len(before)) if k not in gone]
    after = [moved(before[k], dx + wander_mm * (-1) ** k / 2, dy) for k in kept]
    found = recheck(Look(tuple(before)), Look(tuple(after)))
    assert {(r.before, r.after) for r in found if r.outcome == "still there"} == {(k, n) for n, k in enumerate(kept)}
    assert {r.before for r in found if r.outcome == "gone"} == set(range(len(before))) - set(kept)
    assert not [r for r in found if r.outcome == "new"]


@pytest.mark.parametrize(
    ("was", "now", "outcome"),
    [
        ("missing", "good", "gone"),
        ("bent", "bent", "still there"),
        ("short", "long", "still there"),
        ("good", "bent", "new"),
        ("bent", "unsure", "cannot tell"),
        ("unsure", "good", "gone"),
        ("unsure", "lifted", "new"),
    ],
)
def test_prongs_are_known_by_their_place(was, now, outcome) -> None:
    found = recheck(Look(prongs={1: "good", 3: was}), Look(prongs={1: "good", 3: now}))
    assert found == (Rechecked("prong", "prong_3", outcome),)


def test_a_prong_that_is_not_seen_again_cannot_be_told() -> None:
    assert recheck(Look(prongs={2: "bent"}), Look()) == (Rechecked("prong", "prong_2", "cannot tell"),)


@pytest.mark.parametrize(
    ("was", "now", "outcome"),
    [
        (Verdict.FAIL, Verdict.PASS, "gone"),
        (Verdict.FAIL, Verdict.FAIL, "still there"),
        (Verdict.FAIL, Verdict.REVIEW, "cannot tell"),
        (Verdict.FAIL, None, "cannot tell"),
        (Verdict.REVIEW, Verdict.PASS, "gone"),
        (Verdict.PASS, Verdict.FAIL, "new"),
        (None, Verdict.FAIL, "new"),
    ],
)
def test_dimensions_are_known_by_their_name(was, now, outcome) -> None:
    looks = [Look(checks={} if verdict is None else {"inner_diameter_mm": verdict}) for verdict in (was, now)]
    assert recheck(*looks) == (Rechecked("characteristic", "inner_diameter_mm", outcome),)


def test_what_was_and_is_good_is_not_mentioned() -> None:
    good = Look(prongs={1: "good"}, checks={"inner_diameter_mm": Verdict.PASS})
    assert recheck(good, good) == ()
