"""Linearity against the printed example of AIAG MSA (4th edition) and SciPy's own regression."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_linearity import ReferencePart, linearity_study

# The manual's example; its average biases, line, R-squared and t values below vouch for the readings.
AIAG = {
    2.0: "2.70 2.50 2.40 2.50 2.70 2.30 2.50 2.50 2.40 2.40 2.60 2.40",
    4.0: "5.10 3.90 4.20 5.00 3.80 3.90 3.90 3.90 3.90 4.00 4.10 3.80",
    6.0: "5.80 5.70 5.90 5.90 6.00 6.10 6.00 6.10 6.40 6.30 6.00 6.10",
    8.0: "7.60 7.70 7.80 7.70 7.80 7.80 7.80 7.70 7.80 7.50 7.60 7.70",
    10.0: "9.10 9.30 9.50 9.30 9.40 9.50 9.50 9.50 9.60 9.20 9.30 9.40",
}


def aiag() -> list[ReferencePart]:
    return [ReferencePart(f"{r:g}", r, tuple(map(float, text.split()))) for r, text in AIAG.items()]


def test_the_printed_example() -> None:
    result = linearity_study(aiag())
    assert [round(p.bias.value, 6) for p in result.parts] == [0.491667, 0.125, 0.025, -0.291667, -0.616667]
    assert round(result.slope.value, 6) == -0.131667
    assert round(result.intercept.value, 6) == 0.736667
    assert round(100 * (result.r_squared or 0), 1) == 71.4
    assert round(result.residual_standard_deviation, 5) == 0.23954
    assert round(result.slope.t or 0, 3) == -12.043
    assert round(result.intercept.t or 0, 3) == 10.158
    assert not result.acceptable
    assert "not acceptable" in result.reason


def test_the_line_is_that_of_scipy() -> None:
    parts = aiag()
    x = np.concatenate([[p.reference] * len(p.readings) for p in parts])
    y = np.concatenate([np.array(p.readings) - p.reference for p in parts])
    reference = stats.linregress(x, y)
    result = linearity_study(parts)
    assert result.slope.p == pytest.approx(reference.pvalue)
    assert result.slope.standard_error == pytest.approx(reference.stderr)
    assert result.intercept.standard_error == pytest.approx(reference.intercept_stderr)
    # At zero reference the band is the interval of the intercept; here it is drawn from 2 to 10.
    assert [b[0] for b in (result.band[0], result.band[-1])] == [2.0, 10.0]


def test_the_band_is_the_interval_of_the_intercept_seen_from_there() -> None:
    band = linearity_study(aiag()).band
    for at, line, low, high in (band[0], band[30], band[-1]):
        seen = [ReferencePart(p.name, p.reference - at, tuple(v - at for v in p.readings)) for p in aiag()]
        intercept = linearity_study(seen).intercept
        assert intercept.value == pytest.approx(line)
        assert intercept.interval == pytest.approx((low, high))


def test_the_band_is_narrowest_in_the_middle_and_holds_the_line() -> None:
    band = linearity_study(aiag()).band
    widths = [high - low for _, _, low, high in band]
    assert min(widths) == pytest.approx(widths[len(widths) // 2])
    assert all(low < line < high for _, line, low, high in band)


def test_a_gauge_without_trend_is_acceptable() -> None:
    noise = [-0.01, 0.01, -0.02, 0.02, 0.0, 0.0]
    parts = [ReferencePart(str(r), r, tuple(r + n for n in noise)) for r in (1.0, 2.0, 3.0)]
    result = linearity_study(parts)
    assert result.acceptable
    assert result.slope.value == pytest.approx(0.0, abs=1e-12)
    assert "acceptable" in result.reason


def test_a_constant_bias_is_not_acceptable_though_the_line_is_flat() -> None:
    noise = [-0.01, 0.01, -0.02, 0.02]
    result = linearity_study([ReferencePart(str(r), r, tuple(r + 0.1 + n for n in noise)) for r in (1.0, 2.0, 3.0)])
    assert not result.acceptable
    assert not result.slope.significant
    assert result.mean_bias.value == pytest.approx(0.1)


def test_readings_that_are_all_right_have_no_r_squared() -> None:
    result = linearity_study([ReferencePart(str(r), r, (r, r)) for r in (1.0, 2.0, 4.0)])
    assert result.acceptable
    assert result.r_squared is None
    assert result.slope.t is None
    assert result.slope.p == 1.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.floats(-20, 20), scale=st.floats(0.1, 10))
def test_unit_and_constant_move_the_line_as_they_should(seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    parts = [ReferencePart(str(r), r, tuple(r * 1.1 + rng.normal(0, 0.2, 5))) for r in (1.0, 2.0, 3.0, 5.0)]
    moved = [ReferencePart(p.name, scale * p.reference, tuple(scale * (v + shift) for v in p.readings)) for p in parts]
    one, other = linearity_study(parts), linearity_study(moved)
    assert other.slope.value == pytest.approx(one.slope.value, abs=1e-9)
    assert other.intercept.value == pytest.approx(scale * (one.intercept.value + shift), abs=1e-9)
    assert other.r_squared == pytest.approx(one.r_squared, abs=1e-9)
    backwards = linearity_study(parts[::-1])
    assert backwards.slope.value == pytest.approx(one.slope.value)
    assert [p.part.reference for p in backwards.parts] == [1.0, 2.0, 3.0, 5.0]


def test_what_is_no_study_is_refused() -> None:
    with pytest.raises(GaugeStudyError, match="parts of at least 3 sizes; there are 2"):
        linearity_study([ReferencePart(str(i), r, (r, r)) for i, r in enumerate((1.0, 2.0, 2.0))])
    with pytest.raises(GaugeStudyError, match=r"part c was read 1 time\(s\)"):
        linearity_study([ReferencePart("a", 1, (1, 1)), ReferencePart("b", 2, (2, 2)), ReferencePart("c", 3, (3,))])
    with pytest.raises(GaugeStudyError, match="part b holds nan"):
        linearity_study(
            [ReferencePart("a", 1, (1, 1)), ReferencePart("b", 2, (2, math.nan)), ReferencePart("c", 3, (3, 3))]
        )
