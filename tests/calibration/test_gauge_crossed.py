"""Crossed gauge R&R against the printed example of AIAG MSA (4th edition), and by properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loupebox.calibration.gauge_anova import AnovaResult, analyse_variance
from loupebox.calibration.gauge_average_range import AverageRangeResult, average_and_range, range_variances
from loupebox.calibration.gauge_crossed import CrossedStudy
from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_intervals import MeanSquareTerm, variance_interval
from loupebox.calibration.gauge_range_factors import average_limit_factor, d2, k_factor, range_limit_factors
from loupebox.calibration.gauge_summary import summarise

# Rows are appraiser and trial (A1 A2 A3 B1 ...), columns parts 1 to 10.
AIAG = """
.29 -.56 1.34 .47 -.80 .02 .59 -.31 2.26 -1.36
.41 -.68 1.17 .50 -.92 -.11 .75 -.20 1.99 -1.25
.64 -.58 1.27 .64 -.84 -.21 .66 -.17 2.01 -1.31
.08 -.47 1.19 .01 -.56 -.20 .47 -.63 1.80 -1.68
.25 -1.22 .94 1.03 -1.20 .22 .55 .08 2.12 -1.62
.07 -.68 1.34 .20 -1.28 .06 .83 -.34 2.19 -1.50
.04 -1.38 .88 .14 -1.46 -.29 .02 -.46 1.77 -1.49
-.11 -1.13 1.09 .20 -1.07 -.67 .01 -.56 1.45 -1.77
-.15 -.96 .67 .11 -1.45 -.49 .21 -.49 1.87 -2.16
"""

PRINTED_BY_RANGES = {
    "repeatability": 0.20188,
    "reproducibility": 0.22963,
    "gauge R&R": 0.30575,
    "part": 1.10456,
    "total": 1.14610,
}
PRINTED_BY_ANOVA = {
    "repeatability": 0.199933,
    "reproducibility": 0.226838,
    "gauge R&R": 0.302372,
    "part": 1.042327,
    "total": 1.085300,
}
PRINTED_INTERVALS = {
    "repeatability": (0.177, 0.231),
    "reproducibility": (0.128, 1.014),
    "gauge R&R": (0.235, 1.033),
    "part": (0.759, 1.717),
}


def aiag() -> CrossedStudy:
    readings = np.array(AIAG.split(), dtype=float).reshape(3, 3, 10).transpose(2, 0, 1)
    return CrossedStudy(readings, tuple(map(str, range(1, 11))), ("A", "B", "C"))


def sd(result: AnovaResult | AverageRangeResult, name: str) -> float:
    return result.summary.component(name).standard_deviation


def percent(result: AnovaResult | AverageRangeResult, name: str) -> float:
    return result.summary.component(name).study_percent


# --- factors ---------------------------------------------------------------------------------------------------


def test_factors_are_those_of_the_printed_tables() -> None:
    assert [d2(n) for n in range(2, 11)] == [1.128, 1.693, 2.059, 2.326, 2.534, 2.704, 2.847, 2.970, 3.078]
    assert [k_factor(n, 30) for n in (2, 3)] == [0.8862, 0.5908]  # K1, more than 15 ranges
    assert [k_factor(n, 1) for n in (2, 3)] == [0.7071, 0.5231]  # K2
    assert [k_factor(n, 1) for n in range(2, 11)] == [
        0.7071, 0.5231, 0.4467, 0.4030, 0.3742, 0.3534, 0.3375, 0.3249, 0.3146,
    ]  # K3  # fmt: skip
    assert range_limit_factors(2) == (0.0, 3.267)
    assert range_limit_factors(7)[0] == pytest.approx(0.076, abs=1e-3)
    assert average_limit_factor(2) == pytest.approx(1.880, abs=1e-3)
    assert average_limit_factor(3) == pytest.approx(1.023, abs=1e-3)


def test_few_ranges_use_the_factor_for_few_ranges() -> None:
    # Duncan's table D3: d2*(2, 5) = 1.19105, d2*(3, 4) = 1.74989.
    assert k_factor(2, 5) == pytest.approx(1 / 1.19105, abs=1e-4)
    assert k_factor(3, 4) == pytest.approx(1 / 1.74989, abs=1e-4)
    assert k_factor(2, 15) < k_factor(2, 16)


@pytest.mark.parametrize("size", [1, 101])
def test_a_range_needs_a_sensible_number_of_readings(size: int) -> None:
    with pytest.raises(GaugeStudyError, match=f"range of {size} readings; allowed are 2 to 100"):
        d2(size)


# --- average and range -----------------------------------------------------------------------------------------


def test_the_forms_arithmetic_gives_the_printed_digits() -> None:
    # The manual rounds the three ranges to .3417, .4446 and 3.511 before it goes on; with them every digit agrees.
    k1, k2, k3 = k_factor(3, 30), k_factor(3, 1), k_factor(10, 1)
    summary = summarise(range_variances(0.3417 * k1, 0.4446 * k2, 3.511 * k3, readings_each=30), None)
    for name, value in PRINTED_BY_RANGES.items():
        assert round(summary.component(name).standard_deviation, 5) == value
    assert round(summary.component("reproducibility").study_percent, 2) == 20.04
    assert round(summary.component("gauge R&R").study_percent, 2) == 26.68
    assert round(summary.component("part").study_percent, 2) == 96.38
    # Printed is 17.62; its own division .20188 / 1.14610 gives 17.61.
    assert summary.component("repeatability").study_percent == pytest.approx(17.62, abs=0.01)
    assert round(summary.ndc_exact or 0, 3) == 5.094
    assert summary.ndc == 5


def test_average_and_range_of_the_printed_readings() -> None:
    result = average_and_range(aiag())
    assert round(result.mean_range, 4) == 0.3417
    assert result.range_of_appraisers == pytest.approx(0.4446, abs=1e-4)
    assert round(result.range_of_parts, 3) == 3.511
    assert (result.k1, result.k2, result.k3) == (0.5908, 0.5231, 0.3146)
    # Without the manual's rounding in between, its figures hold to four decimals.
    for name, printed in PRINTED_BY_RANGES.items():
        assert sd(result, name) == pytest.approx(printed, abs=5e-5)
    for name, printed in {"repeatability": 17.62, "reproducibility": 20.04, "gauge R&R": 26.68, "part": 96.38}.items():
        assert percent(result, name) == pytest.approx(printed, abs=0.01)
    assert result.summary.ndc == 5
    assert round(result.summary.ndc_exact or 0, 3) == 5.094
    assert result.charts.beyond_range == (("B", "4"),)
    assert result.charts.range_limits[1] == pytest.approx(0.8796, abs=5e-4)
    assert result.summary.acceptance == "conditional"
    assert "d2*" in result.method


# --- analysis of variance --------------------------------------------------------------------------------------


def test_analysis_of_variance_gives_every_printed_figure() -> None:
    result = analyse_variance(aiag())
    rows = {row.source: row for row in result.table}
    assert [rows[s].degrees_of_freedom for s in ("part", "appraiser", "interaction", "repeatability")] == [9, 2, 18, 60]
    assert round(rows["part"].sum_of_squares, 6) == 88.361934
    assert round(rows["appraiser"].sum_of_squares, 6) == 3.167262
    assert round(rows["interaction"].sum_of_squares, 6) == 0.358982
    assert round(rows["repeatability"].sum_of_squares, 6) == 2.758933
    assert round(rows["interaction"].f or 0, 5) == 0.43372
    assert round(rows["interaction"].p or 0, 5) == 0.97411
    assert result.pooled
    reduced = {row.source: row for row in result.reduced_table}
    assert "interaction" not in reduced
    assert reduced["repeatability"].degrees_of_freedom == 78
    assert round(reduced["repeatability"].mean_square, 7) == 0.0399733
    variances = {c.name: c.variance for c in result.summary.components}
    assert round(variances["repeatability"], 7) == 0.0399733
    assert round(variances["reproducibility"], 7) == 0.0514553
    assert round(variances["part"], 7) == 1.0864466
    for name, printed in PRINTED_BY_ANOVA.items():
        assert round(sd(result, name), 6) == printed
    for name, printed in {"repeatability": 18.42, "reproducibility": 20.90, "gauge R&R": 27.86, "part": 96.04}.items():
        assert round(percent(result, name), 2) == printed
    assert result.summary.ndc == 4
    assert round(result.summary.ndc_exact or 0, 4) == 4.8605
    for name, printed in PRINTED_INTERVALS.items():
        low, high = result.summary.component(name).interval or (0, 0)
        assert (round(low, 3), round(high, 3)) == printed


def test_the_method_says_what_the_pooling_rule_did() -> None:
    assert "pooled with the repeatability (rule: pooled above 0.25)" in analyse_variance(aiag()).method
    kept = analyse_variance(aiag(), pooling_alpha=1.0)
    assert "kept apart" in kept.method
    assert not kept.pooled
    assert kept.reduced_table == kept.table
    # The interaction comes out negative here, so it counts as zero.
    assert kept.summary.component("interaction").variance == 0.0
    assert sd(kept, "repeatability") == pytest.approx(np.sqrt(2.7589333 / 60), abs=1e-6)


def test_components_of_a_known_model_come_back_on_average() -> None:
    rng = np.random.default_rng(7)
    true = {"part": 1.0, "appraiser": 0.25, "interaction": 0.16, "repeatability": 0.09}
    names = {n: tuple(f"{n}{i}" for i in range(k)) for n, k in (("p", 12), ("a", 6))}
    found = {name: [] for name in true}
    for _ in range(100):
        x = (
            rng.normal(0, 1.0, (12, 1, 1))
            + rng.normal(0, 0.5, (1, 6, 1))
            + rng.normal(0, 0.4, (12, 6, 1))
            + rng.normal(0, 0.3, (12, 6, 3))
        )
        result = analyse_variance(CrossedStudy(x, names["p"], names["a"]))
        for name in true:
            found[name].append(result.summary.component(name).variance)
    for name, value in true.items():
        standard_error = np.std(found[name]) / np.sqrt(100)
        assert abs(np.mean(found[name]) - value) < 4 * standard_error


# --- intervals -------------------------------------------------------------------------------------------------

CASES = {
    "one mean square": [(1.0, 2.0, 7)],
    "sum": [(0.1, 5.0, 2), (0.9, 1.0, 60)],
    "difference": [(0.1, 8.0, 9), (-0.1, 1.0, 18)],
    "difference of equals": [(1.0, 1.0, 9), (-1.0, 1.0, 18)],
    "two plus, one minus": [(0.05, 12.0, 4), (0.4, 2.0, 12), (-0.2, 1.0, 40)],
    "one plus, two minus": [(0.5, 12.0, 9), (-0.2, 3.0, 12), (-0.1, 2.0, 4)],
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_intervals_cover_as_often_as_they_say(case: list[tuple[float, float, int]]) -> None:
    rng = np.random.default_rng(3)
    truth = sum(c * e for c, e, _ in case)
    below = above = 0
    runs = 1200
    draws = [[e * rng.chisquare(df) / df for _, e, df in case] for _ in range(runs)]
    for squares in draws:
        terms = [MeanSquareTerm(c, ms, df) for (c, _, df), ms in zip(case, squares, strict=True)]
        low, high = variance_interval(terms, 0.90)
        below += high < truth
        above += low > truth
    # Ends are cut at zero, so a true difference of zero is never below the interval's reach.
    assert below / runs < 0.05 + 4 * np.sqrt(0.05 * 0.95 / runs)
    assert above / runs < 0.05 + 4 * np.sqrt(0.05 * 0.95 / runs)
    assert (below + above) / runs > 0.02


def test_one_mean_square_has_the_exact_chi_square_interval() -> None:
    low, high = variance_interval([MeanSquareTerm(1.0, 2.0, 10)], 0.90)
    # Upper and lower 5 % points of chi-square with 10 degrees of freedom, as printed in every table.
    assert low == pytest.approx(20 / 18.307, rel=1e-4)
    assert high == pytest.approx(20 / 3.940, rel=1e-4)


def test_a_difference_is_sure_to_be_positive_just_when_the_f_test_says_so() -> None:
    at_the_limit = float(stats.f.isf(0.05, 9, 18))
    for ratio, low in ((at_the_limit, 0.0), (0.9 * at_the_limit, 0.0)):
        terms = [MeanSquareTerm(1.0, ratio, 9), MeanSquareTerm(-1.0, 1.0, 18)]
        assert variance_interval(terms, 0.90)[0] == pytest.approx(low, abs=1e-9)
    beyond = [MeanSquareTerm(1.0, 1.1 * at_the_limit, 9), MeanSquareTerm(-1.0, 1.0, 18)]
    assert variance_interval(beyond, 0.90)[0] > 0.05


def test_two_terms_in_proportion_to_their_freedom_are_one_mean_square() -> None:
    # 4 + 12 degrees of freedom, and a third term of next to nothing that makes it a difference.
    terms = [MeanSquareTerm(1.0, 4.0, 4), MeanSquareTerm(1.0, 12.0, 12), MeanSquareTerm(-1e-13, 1.0, 5)]
    low, _ = variance_interval(terms, 0.90)
    assert low == pytest.approx(16.0 * 16 / stats.chi2.isf(0.05, 16), rel=1e-6)


# --- acceptance ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "word"), [(0.0999, "good"), (0.10, "conditional"), (0.30, "conditional"), (0.3001, "not acceptable")]
)
def test_acceptance_words_change_at_10_and_30_percent(share: float, word: str) -> None:
    gauge = share**2
    summary = summarise({"gauge R&R": gauge, "part": 1 - gauge, "total": 1.0}, None)
    assert summary.acceptance == word
    assert word in summary.reason


def test_the_worse_of_study_and_tolerance_decides() -> None:
    variances = {"gauge R&R": 1e-4, "part": 1.0, "total": 1.0001}
    assert summarise(variances, None).acceptance == "good"
    summary = summarise(variances, 0.2)
    assert summary.component("gauge R&R").tolerance_percent == pytest.approx(30.0)
    assert summarise(variances, 0.15).acceptance == "not acceptable"
    assert "40.00 % of the tolerance" in summarise(variances, 0.15).reason


def test_too_few_categories_are_told() -> None:
    assert "tells 4 categories of parts apart (4.86), wanted are 5 or more" in analyse_variance(aiag()).summary.reason


def test_a_gauge_without_variation_has_no_number_of_categories() -> None:
    x = np.repeat(np.array([[[1.1]], [[2.3]], [[17.35]]]), 2, axis=1).repeat(3, axis=2)
    for result in (average_and_range(study := named(x)), analyse_variance(study)):
        assert result.summary.ndc is None
        assert result.summary.acceptance == "good"


# --- refusals --------------------------------------------------------------------------------------------------


def named(x: np.ndarray, factor: str = "appraiser") -> CrossedStudy:
    parts = tuple(f"p{i}" for i in range(x.shape[0]))
    return CrossedStudy(x, parts, tuple(f"a{i}" for i in range(x.shape[1])), factor)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 2, 2), "at least 2 parts; there is 1"),
        ((2, 1, 2), "at least 2 loads; there is 1"),
        ((2, 2, 1), "at least 2 trials; there is 1"),
    ],
)
def test_a_study_needs_two_of_everything(shape: tuple[int, int, int], message: str) -> None:
    with pytest.raises(GaugeStudyError, match=message):
        named(np.arange(np.prod(shape), dtype=float).reshape(shape), "load")


def test_what_is_no_study_is_refused_by_name() -> None:
    x = np.arange(8.0).reshape(2, 2, 2)
    broken = x.copy()
    broken[1, 0, 1] = np.nan
    with pytest.raises(GaugeStudyError, match="part p1, appraiser a0, trial 2 is nan"):
        named(broken)
    with pytest.raises(GaugeStudyError, match=r"all 8 readings are 1\.5"):
        named(np.full((2, 2, 2), 1.5))
    with pytest.raises(GaugeStudyError, match="part a stands there twice"):
        CrossedStudy(x, ("a", "a"), ("b", "c"))
    with pytest.raises(GaugeStudyError, match="shape"):
        CrossedStudy(x, ("a", "b", "c"), ("b", "c"))
    with pytest.raises(GaugeStudyError, match="factor is called 'part'"):
        named(x, "part")
    for tolerance in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(GaugeStudyError, match="allowed is a finite width above 0"):
            analyse_variance(named(x), tolerance)


def test_readings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="read-only"):
        aiag().readings[0, 0, 0] = 5.0


# --- properties ------------------------------------------------------------------------------------------------

shapes = st.tuples(st.integers(2, 6), st.integers(2, 4), st.integers(2, 4))


def random_study(seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    p, a, _ = shape
    return rng.normal(size=(p, 1, 1)) * 2 + rng.normal(size=(1, a, 1)) + rng.normal(size=shape) * 0.5


def numbers(result: AnovaResult | AverageRangeResult) -> list[float]:
    return [c.standard_deviation for c in result.summary.components] + [
        c.study_percent for c in result.summary.components
    ]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shape=shapes, shift=st.floats(-50, 50), scale=st.floats(0.01, 100))
def test_shift_changes_nothing_and_scale_scales(
    seed: int, shape: tuple[int, int, int], shift: float, scale: float
) -> None:
    x = random_study(seed, shape)
    for analyse in (analyse_variance, average_and_range):
        one, other = analyse(named(x), 3.0), analyse(named(x * scale + shift), 3.0 * scale)
        for a, b in zip(one.summary.components, other.summary.components, strict=True):
            assert b.standard_deviation == pytest.approx(scale * a.standard_deviation, rel=1e-6, abs=1e-9 * scale)
            assert b.study_percent == pytest.approx(a.study_percent, rel=1e-6, abs=1e-6)
            assert b.tolerance_percent == pytest.approx(a.tolerance_percent, rel=1e-6, abs=1e-6)
        assert one.summary.acceptance == other.summary.acceptance


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shape=shapes)
def test_order_of_parts_appraisers_and_trials_changes_nothing(seed: int, shape: tuple[int, int, int]) -> None:
    x = random_study(seed, shape)
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(x[rng.permutation(shape[0])][:, rng.permutation(shape[1])], axis=2)
    for analyse in (analyse_variance, average_and_range):
        assert numbers(analyse(named(shuffled))) == pytest.approx(numbers(analyse(named(x))), rel=1e-9, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shape=shapes)
def test_parts_of_the_whole_add_up(seed: int, shape: tuple[int, int, int]) -> None:
    result = analyse_variance(named(random_study(seed, shape)), pooling_alpha=seed % 2)
    *parts, total = result.table
    assert sum(r.degrees_of_freedom for r in parts) == total.degrees_of_freedom == np.prod(shape) - 1
    x = random_study(seed, shape)
    assert total.sum_of_squares == pytest.approx(((x - x.mean()) ** 2).sum())
    assert sum(r.sum_of_squares for r in parts) == pytest.approx(total.sum_of_squares)
    v = {c.name: c.variance for c in result.summary.components}
    assert v["total"] == pytest.approx(v["gauge R&R"] + v["part"])
    assert v["gauge R&R"] == pytest.approx(v["repeatability"] + v["reproducibility"])
    assert v["reproducibility"] == pytest.approx(v["appraiser"] + v.get("interaction", 0.0))
