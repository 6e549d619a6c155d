"""What yesterday's pieces would have got under other limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec_sheets import SOLITAIRE, changed

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.finding import Finding
from loupebox.inspect.judge import judge
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong import Prong
from loupebox.inspect.prong_state import state_of
from loupebox.inspect.spec import Spec, load_spec
from loupebox.inspect.verdict import Verdict
from loupebox.inspect.what_if import OTHER_PATTERN, judge_again

OLD = load_spec(SOLITAIRE, "SOL6.toml")
MEASURED = [
    Measurement("inner_diameter_mm", Estimate(17.35, "mm", (Contribution("all", 0.002),))),
    Measurement("out_of_round_mm", Estimate(0.02, "mm", (Contribution("all", 0.002),))),
    Measurement("prong_count", Estimate(6, "1")),
]


def new(*replacements: tuple[str, str]) -> Spec:
    return load_spec(changed(*replacements), "new.toml")


def mm(value: float, expanded: float = 0.02) -> Estimate:
    return Estimate(value, "mm", (Contribution("all", expanded / 2),))


def prong(index: int, length: float = 0.7, bend: float = 0.0, lift: float = 0.0) -> Prong:
    assert OLD.head is not None
    state, reason = state_of(mm(length), mm(bend), mm(lift), OLD.head)
    return Prong(index, 30.0 + 60 * (index - 1), state, reason, mm(length), mm(bend), mm(lift))


def six(**changes: Prong) -> list[Prong]:
    return [changes.get(f"p{i}", prong(i)) for i in range(1, 7)]


def pore(size: float = 0.08) -> Finding:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    return Finding("gas_porosity", "shank", "coaxial", corners, 0.008, mm(size, 0.01), size / 2, size**2, "A", 0.9)


@given(
    lengths=st.lists(st.floats(0.2, 1.3), min_size=6, max_size=6),
    bends=st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=6),
    lifts=st.lists(st.floats(-0.1, 0.5), min_size=6, max_size=6),
    sizes=st.lists(st.floats(0.02, 0.3), max_size=3),
)
def test_the_same_sheet_says_the_same(
    lengths: list[float], bends: list[float], lifts: list[float], sizes: list[float]
) -> None:
    prongs = [prong(i, *numbers) for i, numbers in enumerate(zip(lengths, bends, lifts, strict=True), 1)]
    findings = [pore(size) for size in sizes]
    assert judge_again(OLD, OLD, MEASURED, prongs, findings) == judge(OLD, MEASURED, prongs, findings)


def test_the_same_sheet_leaves_minus_nought_as_it_reads() -> None:
    prongs = six(p2=prong(2, lift=-0.0))
    assert judge_again(OLD, OLD, MEASURED, prongs, []) == judge(OLD, MEASURED, prongs, [])


def test_a_tighter_bend_fails_a_prong_that_was_good() -> None:
    bent = six(p3=prong(3, bend=-0.2))
    assert judge(OLD, MEASURED, bent, []).verdict is Verdict.PASS
    again = judge_again(new(("bend_mm = { upper = 0.25", "bend_mm = { upper = 0.15")), OLD, MEASURED, bent, [])
    assert again.verdict is Verdict.FAIL
    assert again.reasons[0].startswith("Prong 3 at 150° is bent: bent sideways by 0.20 ± 0.02 mm")


def test_wider_limits_forgive_a_lifted_prong() -> None:
    lifted = six(p1=prong(1, lift=0.3))
    assert judge(OLD, MEASURED, lifted, []).verdict is Verdict.FAIL
    wider = new(("lift_mm = { upper = 0.18", "lift_mm = { upper = 0.40"))
    assert judge_again(wider, OLD, MEASURED, lifted, []).verdict is Verdict.PASS


def test_lift_counts_from_the_new_height() -> None:
    higher = new(("tip_height_mm = 1.10", "tip_height_mm = 0.90"))
    again = judge_again(higher, OLD, MEASURED, six(), [])
    assert again.verdict is Verdict.FAIL  # every tip now stands 0.20 mm above where it should
    assert "is lifted" in again.reasons[0]
    assert "0.20 ± 0.02 mm" in again.reasons[0]


def test_another_pattern_cannot_be_judged() -> None:
    turned = new(("first_prong_deg = 30.0", "first_prong_deg = 0.0"))
    again = judge_again(turned, OLD, MEASURED, six(), [])
    assert again.verdict is Verdict.REVIEW
    assert OTHER_PATTERN in again.reasons[0]


def test_what_is_missing_stays_missing_and_what_is_faint_unsure() -> None:
    gone = replace(prong(2), state="missing", reason="no prong", length_mm=None, bend_mm=None, lift_mm=None)
    faint = replace(prong(4), state="bent", reason="far aside", bend_mm=mm(0.4), length_mm=None, lift_mm=None)
    found = {c.name: c for c in judge_again(OLD, OLD, MEASURED, six(p2=gone, p4=faint), []).checks}
    assert (found["prong_2"].verdict, found["prong_4"].verdict) == (Verdict.FAIL, Verdict.FAIL)
    wider = new(("bend_mm = { upper = 0.25", "bend_mm = { upper = 0.50"))
    found = {c.name: c for c in judge_again(wider, OLD, MEASURED, six(p2=gone, p4=faint), []).checks}
    assert (found["prong_2"].verdict, found["prong_4"].verdict) == (Verdict.FAIL, Verdict.REVIEW)


@pytest.mark.parametrize(("at_most", "verdict"), [(0, Verdict.FAIL), (1, Verdict.PASS)])
def test_findings_get_the_zone_of_the_new_sheet(at_most: int, verdict: Verdict) -> None:
    moved = new(('shank = "A"', 'shank = "B"'), ('zone = "A"', 'zone = "B"'), ("at_most = 1", f"at_most = {at_most}"))
    assert judge_again(moved, OLD, MEASURED, six(), [pore()]).verdict is verdict
