"""Stability against the NIST/SEMATECH handbook's individuals chart and SciPy's regression."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_stability import stability_study

NIST = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def test_the_handbooks_chart() -> None:
    result = stability_study(NIST)
    assert round(result.mean, 2) == 50.81
    assert round(result.limits[1], 4) == 55.8041
    # Printed is 45.8159; mean and upper limit as printed put it at 2 x 50.81 - 55.8041.
    assert result.limits[0] == pytest.approx(45.8159, abs=1e-4)
    assert round(result.moving_range_limit, 4) == 6.1347
    assert result.beyond == ()
    assert result.jumps == ()


def test_a_drift_is_found_by_its_slope() -> None:
    result = stability_study(NIST)
    reference = stats.linregress(np.arange(1, 11), NIST)
    assert result.drift.value == pytest.approx(reference.slope)
    assert result.drift.p == pytest.approx(reference.pvalue)
    assert result.drift.significant
    assert not result.stable
    assert result.reason == "not stable: a drift of 0.5109 a reading (p 0.011)"


def test_a_jump_and_an_outlier_are_named() -> None:
    level = [10.0, 10.1, 9.9, 10.0, 10.1, 9.9, 10.0, 10.1, 9.9, 10.0, 10.1, 9.9, 10.0, 10.1, 9.9]
    assert stability_study(level).stable
    level[7] = 12.0
    result = stability_study(level)
    assert result.beyond == (8,)
    assert result.jumps == (8, 9)
    assert "reading 8 outside the limits" in result.reason
    assert "a jump before reading 8, 9" in result.reason


def test_times_change_the_drift_and_nothing_else() -> None:
    by_count, by_day = stability_study(NIST), stability_study(NIST, [7.0 * i for i in range(10)], "day")
    assert by_day.drift.value == pytest.approx(by_count.drift.value / 7)
    assert by_day.drift.p == pytest.approx(by_count.drift.p)
    assert by_day.limits == by_count.limits
    assert "a day" in by_day.reason


def test_readings_that_are_all_equal_are_stable() -> None:
    result = stability_study([17.35] * 12)
    assert result.stable
    assert result.limits == (17.35, 17.35)
    assert result.drift.t is None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.floats(-50, 50), scale=st.floats(0.1, 10))
def test_shift_and_scale_move_the_chart_as_they_should(seed: int, shift: float, scale: float) -> None:
    x = np.random.default_rng(seed).normal(0, 1, 20)
    one, other = stability_study(list(x)), stability_study(list(x * scale + shift))
    assert other.limits == pytest.approx([scale * v + shift for v in one.limits], abs=1e-9)
    assert other.drift.value == pytest.approx(scale * one.drift.value, abs=1e-10)
    assert other.beyond == one.beyond
    mirrored = stability_study(list(-x))
    assert mirrored.drift.p == pytest.approx(one.drift.p)
    assert mirrored.jumps == one.jumps


def test_what_is_no_study_is_refused() -> None:
    with pytest.raises(GaugeStudyError, match="needs 10 readings or more; there are 9"):
        stability_study(NIST[:9])
    with pytest.raises(GaugeStudyError, match="value of reading 2 is nan"):
        stability_study([1.0, math.nan, *NIST])
    with pytest.raises(GaugeStudyError, match="time of reading 10 is inf"):
        stability_study(NIST, [*range(9), math.inf])
    with pytest.raises(GaugeStudyError, match="reading 4 has time 2 after 2"):
        stability_study(NIST, [0, 1, 2, 2, 3, 4, 5, 6, 7, 8])
    with pytest.raises(GaugeStudyError, match="10 readings and 3 times"):
        stability_study(NIST, [1, 2, 3])
