"""Sampling plans, switching rules and risks, against what the standard prints."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling_tables import AQLS, CORNERS, LEVELS, MASTER, TABLE_1

from loupebox.inspect.sampling_plan import (
    AQLS_PERCENT,
    LETTERS,
    SAMPLING_SEVERITIES,
    SamplingPlan,
    code_letter,
    lot_plan,
    sampling_plan,
)
from loupebox.inspect.sampling_risk import chance_accepted, chance_accepted_of_lot, plan_risk, quality_passed
from loupebox.inspect.sampling_switch import (
    START,
    LotResult,
    SwitchingState,
    after_lot,
    after_resumption,
    after_steady,
    what_next,
)

LETTER = st.sampled_from(LETTERS[:-1])
AQL = st.sampled_from(AQLS_PERCENT)


def written(plan: SamplingPlan) -> str:
    return f"{plan.letter}{plan.sample_size}/{plan.accept}"


@pytest.mark.parametrize(("lot_sizes", "letters"), TABLE_1.items())
def test_code_letters_of_table_1(lot_sizes: tuple[int, int], letters: str) -> None:
    for lot_size in lot_sizes:
        assert " ".join(code_letter(lot_size, level) for level in LEVELS) == letters


@pytest.mark.parametrize("severity", SAMPLING_SEVERITIES)
def test_master_tables_2a_2b_2c(severity: str) -> None:
    found = {letter: " ".join(written(sampling_plan(letter, a, severity)) for a in AQLS) for letter in LETTERS[:-1]}
    assert found == MASTER[severity]


@pytest.mark.parametrize(("cell", "plan"), CORNERS.items())
def test_corners_of_the_master_tables(cell: tuple[str, str, float], plan: str) -> None:
    severity, letter, aql = cell
    assert written(sampling_plan(letter, aql, severity)) == plan


def test_rejection_is_one_above_acceptance() -> None:
    assert sampling_plan("L", 1.0, "normal").reject == 6


@given(letter=LETTER, aql=AQL)
def test_tightened_accepts_less_often_than_normal(letter: str, aql: float) -> None:
    normal, tightened = (sampling_plan(letter, aql, s) for s in ("normal", "tightened"))
    if min(normal.accept, tightened.accept) < min(normal.sample_size, tightened.sample_size):
        bad = min(aql / 100, 0.9)
        assert chance_accepted(tightened, bad) <= chance_accepted(normal, bad) + 1e-12


def test_lots_smaller_than_their_sample_are_inspected_whole() -> None:
    assert lot_plan(10, "II", 1.0, "normal") == SamplingPlan("E", 10, 0)
    assert lot_plan(1, "II", 1.0, "normal").sample_size == 1


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: code_letter(1, "II"), "a lot of 1 cannot be sampled; allowed are 2 pieces or more"),
        (lambda: sampling_plan("L", 0.7, "normal"), "AQL is 0.7; allowed are 0.01, 0.015"),
        (lambda: sampling_plan("S", 1.0, "normal"), "code letter is 'S'; allowed are A, B"),
        (lambda: quality_passed(SamplingPlan("A", 2, 30)), "it lets everything through"),
        (lambda: chance_accepted(SamplingPlan("A", 2, 0), 1.5), "nonconforming is 1.5; allowed is 0 to 1"),
        (lambda: chance_accepted_of_lot(SamplingPlan("A", 2, 0), 5, 6), "6 of 5 pieces"),
        (lambda: after_resumption(START), "nothing to resume"),
        (lambda: after_lot(SwitchingState(discontinued=True), good(), 1.0), "sampling is discontinued"),
    ],
)
def test_what_is_refused(act, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        act()


def test_an_aql_of_1_percent_can_pass_4_59_percent() -> None:
    plan = sampling_plan("L", 1.0, "normal")
    assert (plan.sample_size, plan.accept) == (200, 5)
    assert 100 * quality_passed(plan) == pytest.approx(4.59, abs=0.005)


# ISO 2859-1:1999, tables 6 and 10: consumer's risk quality in per cent nonconforming, single sampling, normal.
@pytest.mark.parametrize(("letter", "aql", "percent"), [("E", 1.0, 16.2), ("K", 0.65, 4.20), ("J", 1.0, 6.52)])
def test_consumers_risk_quality(letter: str, aql: float, percent: float) -> None:
    assert 100 * quality_passed(sampling_plan(letter, aql, "normal")) == pytest.approx(percent, abs=0.06)


@given(letter=st.sampled_from("EFGHJKLM"), chance=st.floats(0.01, 0.99))
def test_the_quality_passed_is_passed_with_that_chance(letter: str, chance: float) -> None:
    plan = sampling_plan(letter, 1.0, "normal")
    assert chance_accepted(plan, quality_passed(plan, chance)) == pytest.approx(chance, abs=1e-9)


def test_one_lot_by_counting_every_draw() -> None:
    plan = SamplingPlan("A", 2, 0)  # 2 of 5 pieces, 2 of them bad: 3 of the 10 pairs are good
    assert chance_accepted_of_lot(plan, 5, 2) == pytest.approx(0.3)


NORMAL_L = sampling_plan("L", 1.0, "normal")  # accepts 5; one AQL tighter accepts 3
TIGHTENED_L = sampling_plan("L", 1.0, "tightened")


def good(plan: SamplingPlan = NORMAL_L) -> LotResult:
    return LotResult(plan, 0)


def bad(plan: SamplingPlan = NORMAL_L) -> LotResult:
    return LotResult(plan, plan.accept + 1)


def run(state: SwitchingState, *results: LotResult) -> SwitchingState:
    for result in results:
        state = after_lot(state, result, 1.0)
    return state


def test_two_of_five_lots_tighten() -> None:
    assert run(START, bad(), *4 * [good()]).severity == "normal"
    assert run(START, bad(), good(), good(), good(), bad()).severity == "tightened"
    assert run(START, bad(), good(), good(), good(), good(), bad()).severity == "normal"
    assert run(START, bad(), bad()) == SwitchingState("tightened")


def test_five_accepted_in_a_row_relax() -> None:
    tightened = SwitchingState("tightened")
    assert run(tightened, *4 * [good(TIGHTENED_L)]).severity == "tightened"
    assert run(tightened, *5 * [good(TIGHTENED_L)]) == START
    broken = run(tightened, *4 * [good(TIGHTENED_L)], bad(TIGHTENED_L), *4 * [good(TIGHTENED_L)])
    assert broken.severity == "tightened"


def test_the_fifth_rejected_lot_on_tightened_discontinues() -> None:
    four = run(SwitchingState("tightened"), *4 * [good(TIGHTENED_L), bad(TIGHTENED_L)])
    assert (four.discontinued, four.rejected_on_tightened) == (False, 4)
    stopped = after_lot(four, bad(TIGHTENED_L), 1.0)
    assert stopped.discontinued
    assert after_resumption(stopped) == SwitchingState("tightened")


def test_ten_good_lots_score_thirty_and_a_steady_production_is_reduced() -> None:
    assert run(START, *9 * [good()]).score == 27
    assert run(START, *10 * [good()]).severity == "normal"  # nobody has said that production is steady
    assert after_steady(run(START, *10 * [good()]), True) == SwitchingState("reduced", steady=True)
    assert run(after_steady(START, True), *10 * [good()]).severity == "reduced"


def test_what_one_tighter_aql_would_refuse_starts_the_score_anew() -> None:
    nine = run(START, *9 * [good()])
    assert after_lot(nine, LotResult(NORMAL_L, 3), 1.0).score == 30
    assert after_lot(nine, LotResult(NORMAL_L, 4), 1.0).score == 0


def test_plans_that_accept_none_or_one_score_two() -> None:
    plan = sampling_plan("E", 1.0, "normal")
    assert plan.accept == 0
    assert run(START, *14 * [good(plan)]).score == 28
    assert run(START, good(plan), bad(plan)).score == 0


def test_reduced_ends_with_a_rejected_lot_or_an_unsteady_production() -> None:
    reduced = SwitchingState("reduced", steady=True)
    plan = sampling_plan("L", 1.0, "reduced")
    assert run(reduced, *20 * [good(plan)]).severity == "reduced"
    assert run(reduced, bad(plan)) == START
    assert after_steady(reduced, False) == START


@given(seed=st.integers(0, 10_000), quality=st.floats(0.0, 0.1))
def test_severities_follow_one_another_as_the_standard_draws_them(seed: int, quality: float) -> None:
    chance = random.Random(seed)
    state = after_steady(START, True)
    seen = [state]
    for _ in range(60):
        if state.discontinued:
            break
        plan = sampling_plan("J", 1.0, state.severity)
        state = after_lot(state, LotResult(plan, sum(chance.random() < quality for _ in range(plan.sample_size))), 1.0)
        seen.append(state)
    allowed = {("normal", "tightened"), ("tightened", "normal"), ("normal", "reduced"), ("reduced", "normal")}
    assert {(a.severity, b.severity) for a, b in pairwise(seen) if a.severity != b.severity} <= allowed
    assert all(state.score == 0 for state in seen if state.severity != "normal")


def test_the_risk_of_a_plan_that_lets_everything_through_is_certain() -> None:
    everything = plan_risk(SamplingPlan("A", 2, 2), 10, 10.0)
    assert (everything.chance_at_aql, everything.passed_in_ten) == (1.0, None)


def lots_named(sentences: tuple[str, ...], pattern: str) -> int | None:
    """The number of lots that one of the sentences says."""
    found = [re.search(pattern, sentence) for sentence in sentences]
    return next((int(match[1]) for match in found if match), None)


@given(outcomes=st.lists(st.booleans(), max_size=40), steady=st.booleans())
def test_what_comes_next_is_what_then_comes(outcomes: list[bool], steady: bool) -> None:
    """Each sentence is held against the rules themselves: after so many lots it happens, after one less it does not."""
    state = after_steady(START, steady)
    for accepted in outcomes:
        if state.discontinued:
            break
        state = after_lot(state, good() if accepted else bad(), 1.0)
    said = what_next(state)
    if state.discontinued:
        assert "resumed" in said[0]
        return
    if (lots := lots_named(said, r"normal again after (\d) more lots? accepted in a row")) is not None:
        assert run(state, *lots * [good()]) == START
        assert run(state, *(lots - 1) * [good()]).severity == "tightened"
        stop = lots_named(said, r"discontinued after (\d) more lots? not accepted")
        assert stop is not None
        assert run(state, *stop * [bad()]).discontinued
        assert not run(state, *(stop - 1) * [bad()]).discontinued
    elif state.severity == "reduced":
        assert "1 lot not accepted" in said[0]
        assert after_lot(state, bad(), 1.0) == after_steady(state, False) == START
    elif said[0] == "tightened if the next lot is not accepted":
        assert after_lot(state, bad(), 1.0).severity == "tightened"
        assert run(state, good(), bad()).severity == "normal"
    elif (lots := lots_named(said, r"1 lot not accepted among the next (\d)")) is not None:
        assert run(state, *(lots - 1) * [good()], bad()).severity == "tightened"
        assert run(state, *lots * [good()], bad()).severity != "tightened"
    else:
        assert said[0] == "tightened after 2 of 5 successive lots not accepted"
        assert after_lot(state, bad(), 1.0).severity == "normal"
        assert run(state, bad(), bad()).severity == "tightened"
    if state.severity == "normal":
        enough = "switching score" not in said[1]
        assert enough is (after_steady(state, True).severity == "reduced")
        assert ("steady" in said[1]) is not state.steady
