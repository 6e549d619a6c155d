"""Type 1 study by exact arithmetic and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_type1 import type1_study


def two_valued(mean: float, s: float, pairs: int) -> list[float]:
    """Readings whose mean and standard deviation (n - 1) are exact."""
    step = s * math.sqrt((2 * pairs - 1) / (2 * pairs))
    return [mean - step, mean + step] * pairs


def test_cg_and_cgk_of_readings_with_a_known_spread() -> None:
    # T = .2: 20 % is .04; s = .004 gives Cg = .04 / .024; a bias of .005 gives Cgk = (.02 - .005) / .012.
    result = type1_study(two_valued(17.355, 0.004, 15), 17.350, 0.2)
    assert result.standard_deviation == pytest.approx(0.004)
    assert result.bias.value == pytest.approx(0.005)
    assert result.cg == pytest.approx(1.6667, abs=1e-4)
    assert result.cgk == pytest.approx(1.25)
    assert result.repeatability_percent == pytest.approx(12.0)
    assert result.repeatability_and_bias_percent == pytest.approx(16.0)
    assert result.bias.t == pytest.approx(0.005 / (0.004 / math.sqrt(30)))
    assert not result.capable
    assert "not capable" in result.reason
    assert "is no chance" in result.reason


def test_bias_test_is_the_one_sample_t_test() -> None:
    x = np.random.default_rng(1).normal(10.001, 0.003, 40)
    result = type1_study(x, 10.0, 0.1)
    reference = stats.ttest_1samp(x, 10.0)
    assert result.bias.t == pytest.approx(reference.statistic)
    assert result.bias.p == pytest.approx(reference.pvalue)
    interval = reference.confidence_interval(0.95)
    assert result.bias.interval == pytest.approx((interval.low - 10.0, interval.high - 10.0))


@settings(max_examples=50, deadline=None)
@given(
    s=st.floats(1e-3, 1.0),
    bias=st.floats(-1.0, 1.0),
    scale=st.floats(0.01, 100),
    shift=st.floats(-100, 100),
)
def test_capability_does_not_depend_on_unit_or_origin(s: float, bias: float, scale: float, shift: float) -> None:
    x = np.array(two_valued(bias, s, 13))
    one = type1_study(x, 0.0, 2.0)
    other = type1_study(x * scale + shift, shift, 2.0 * scale)
    assert other.cg == pytest.approx(one.cg, rel=1e-5)
    assert other.cgk == pytest.approx(one.cgk, rel=1e-5, abs=1e-4)
    assert one.cgk <= one.cg


@settings(max_examples=50, deadline=None)
@given(s=st.floats(1e-3, 1.0), bias=st.floats(-1.0, 1.0))
def test_the_smallest_tolerance_is_just_capable(s: float, bias: float) -> None:
    x = two_valued(bias, s, 13)
    tolerance = type1_study(x, 0.0, 1.0).smallest_tolerance
    assert type1_study(x, 0.0, tolerance * 1.0001).capable
    assert not type1_study(x, 0.0, tolerance * 0.9999).capable


def test_a_bias_beyond_the_share_leaves_no_percentage() -> None:
    result = type1_study(two_valued(0.5, 0.01, 13), 0.0, 1.0)
    assert result.cgk < 0
    assert result.repeatability_and_bias_percent is None


def test_a_coarse_step_makes_it_incapable() -> None:
    readings = two_valued(0.0, 0.001, 13)
    assert type1_study(readings, 0.0, 1.0, resolution=0.05).capable
    result = type1_study(readings, 0.0, 1.0, resolution=0.06)
    assert not result.capable
    assert "the step is 6.0 % of the tolerance, wanted is at most 5 %" in result.reason


def test_what_is_no_study_is_refused() -> None:
    good = two_valued(1.0, 0.1, 13)
    type1_study(good[:25], 1.0, 1.0)
    with pytest.raises(GaugeStudyError, match="needs 25 readings or more, of one part; there are 24"):
        type1_study(good[:24], 1.0, 1.0)
    with pytest.raises(GaugeStudyError, match="reading 3 is nan"):
        type1_study([*good[:2], math.nan, *good], 1.0, 1.0)
    with pytest.raises(GaugeStudyError, match=r"all 30 readings are 1\.25: the gauge's step hides its spread"):
        type1_study([1.25] * 30, 1.0, 1.0)
    with pytest.raises(GaugeStudyError, match="tolerance is 0 wide"):
        type1_study(good, 1.0, 0.0)
    with pytest.raises(GaugeStudyError, match="reference value is inf"):
        type1_study(good, math.inf, 1.0)
    with pytest.raises(GaugeStudyError, match="resolution is -1"):
        type1_study(good, 1.0, 1.0, resolution=-1.0)
