"""Three verdicts and the probability of conformance."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.verdict import Check, Judgement, Limits, Verdict, conformance_probability, judge_estimate


def estimate(value: float, standard_uncertainty: float) -> Estimate:
    return Estimate(value, "mm", (Contribution("all", standard_uncertainty),))


@pytest.mark.parametrize(
    ("value", "u", "limits", "probability"),
    [
        (-5.47, 0.05, Limits(None, -5.40), 0.919),
        (509.7, 8.6, Limits(490.0, None), 0.989),
        (13.6, 1.8, Limits(12.5, 16.3), 0.663),
    ],
)
def test_conformance_is_as_printed_in_jcgm_106(value: float, u: float, limits: Limits, probability: float) -> None:
    assert conformance_probability(estimate(value, u), limits) == pytest.approx(probability, abs=5e-4)


def test_without_uncertainty_the_limits_belong_inside() -> None:
    limits = Limits(1.0, 2.0)
    for value, inside in ((1.0, 1.0), (2.0, 1.0), (0.999, 0.0), (2.001, 0.0)):
        assert conformance_probability(estimate(value, 0.0), limits) == inside
        assert judge_estimate(estimate(value, 0.0), limits) is (Verdict.PASS if inside else Verdict.FAIL)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (9.0, Verdict.FAIL),
        (9.49, Verdict.FAIL),
        (9.51, Verdict.REVIEW),
        (10.0, Verdict.REVIEW),
        (10.49, Verdict.REVIEW),
        (10.51, Verdict.PASS),
        (15.0, Verdict.PASS),
        (19.49, Verdict.PASS),
        (19.51, Verdict.REVIEW),
        (20.51, Verdict.FAIL),
    ],
)
def test_the_guard_band_is_one_expanded_uncertainty_on_both_sides(value: float, verdict: Verdict) -> None:
    assert judge_estimate(estimate(value, 0.25), Limits(10.0, 20.0)) is verdict


def test_an_open_side_never_fails() -> None:
    assert judge_estimate(estimate(1e9, 1.0), Limits(10.0, None)) is Verdict.PASS
    assert judge_estimate(estimate(-1e9, 1.0), Limits(None, 10.0)) is Verdict.PASS


def test_an_uncertainty_wider_than_the_limits_can_only_be_reviewed() -> None:
    assert judge_estimate(estimate(15.0, 10.0), Limits(14.0, 16.0)) is Verdict.REVIEW


@given(st.floats(-30, 50), st.floats(0.001, 5))
def test_a_pass_is_sure_and_a_fail_is_sure(value: float, u: float) -> None:
    limits = Limits(10.0, 20.0)
    verdict, probability = (
        judge_estimate(estimate(value, u), limits),
        conformance_probability(estimate(value, u), limits),
    )
    if verdict is Verdict.PASS:
        assert probability > 0.95
    if verdict is Verdict.FAIL:
        assert probability < 0.025


@given(st.floats(-30, 50), st.floats(0.001, 5))
def test_knowing_it_better_never_turns_a_pass_into_a_fail(value: float, u: float) -> None:
    limits = Limits(10.0, 20.0)
    before, after = judge_estimate(estimate(value, u), limits), judge_estimate(estimate(value, u / 2), limits)
    assert before in (after, Verdict.REVIEW)


def test_the_worst_check_decides_and_is_told_first() -> None:
    checks = tuple(Check(v.value, v, f"{v.value}.") for v in (Verdict.PASS, Verdict.REVIEW, Verdict.FAIL))
    judgement = Judgement(checks)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reasons == ("FAIL.", "REVIEW.")
    assert Judgement(()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("lower", "upper", "says"), [(None, None, "both are missing"), (2.0, 1.0, "lower limit 2 lies above upper limit 1")]
)
def test_limits_that_allow_nothing_are_refused(lower: float | None, upper: float | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Limits(lower, upper)


def test_conformance_is_never_outside_0_to_1() -> None:
    assert 0 <= conformance_probability(estimate(15, 1e-9), Limits(10.0, 20.0)) <= 1
    assert not math.isnan(conformance_probability(estimate(15, 1e9), Limits(10.0, 20.0)))
