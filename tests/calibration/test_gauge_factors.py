"""Studies of load, rotation and day: against the printed two-factor example, written-out formulas, and known models."""

from __future__ import annotations

import numpy as np
import pytest
from test_gauge_crossed import PRINTED_BY_ANOVA, PRINTED_INTERVALS, aiag

from loupebox.calibration.gauge_anova import analyse_variance
from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_factors import FactorResult, FactorStudy, analyse_factors


def study(readings: np.ndarray, *factors: str, **nested: tuple[str, ...]) -> FactorStudy:
    levels = tuple(tuple(str(i + 1) for i in range(n)) for n in readings.shape[:-1])
    return FactorStudy(np.asarray(readings, float), factors, levels, nested)


def variances(result: FactorResult) -> dict[str, float]:
    return {c.name: c.variance for c in result.summary.components}


def test_two_crossed_factors_give_the_printed_figures() -> None:
    result = analyse_factors(study(aiag().readings, "part", "load"))
    rows = {row.source: row for row in result.table}
    assert [rows[s].degrees_of_freedom for s in ("part", "load", "part x load", "repeatability")] == [9, 2, 18, 60]
    assert round(rows["part"].sum_of_squares, 6) == 88.361934
    assert round(rows["load"].sum_of_squares, 6) == 3.167262
    assert round(rows["part x load"].sum_of_squares, 6) == 0.358982
    assert round(rows["part x load"].f or 0, 5) == 0.43372
    assert round(rows["part x load"].p or 0, 5) == 0.97411
    assert result.pooled == ("part x load",)
    for name, printed in PRINTED_BY_ANOVA.items():
        component = result.summary.component(name)
        assert round(component.standard_deviation, 6) == printed
        if name in PRINTED_INTERVALS:
            low, high = component.interval or (0, 0)
            assert (round(low, 3), round(high, 3)) == PRINTED_INTERVALS[name]
    assert result.summary.ndc == 4


@pytest.mark.parametrize("alpha", [0.25, 1.0])
def test_two_crossed_factors_agree_with_the_two_factor_study(alpha: float) -> None:
    crossed = analyse_variance(aiag(), tolerance=4.0, pooling_alpha=alpha)
    factors = analyse_factors(study(aiag().readings, "part", "load"), tolerance=4.0, pooling_alpha=alpha)
    for name in ("repeatability", "reproducibility", "gauge R&R", "part", "total"):
        a, b = crossed.summary.component(name), factors.summary.component(name)
        assert a.variance == pytest.approx(b.variance, rel=1e-9)
        assert a.interval == pytest.approx(b.interval, rel=1e-9)
        assert a.tolerance_percent == pytest.approx(b.tolerance_percent)


def test_a_nested_design_has_the_sums_of_squares_of_its_formulas() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (5, 3, 4, 2))  # part, day, load in part and day, repeats
    result = analyse_factors(study(x, "part", "day", "load", load=("part", "day")), pooling_alpha=1.0)
    rows = {row.source: row for row in result.table}
    assert list(rows) == ["part", "day", "part x day", "load in part, day", "repeatability", "total"]
    cell, load = x.mean(axis=(2, 3)), x.mean(axis=3)
    assert rows["part"].sum_of_squares == pytest.approx(24 * ((x.mean(axis=(1, 2, 3)) - x.mean()) ** 2).sum())
    assert rows["load in part, day"].sum_of_squares == pytest.approx(2 * ((load - cell[:, :, None]) ** 2).sum())
    assert rows["repeatability"].sum_of_squares == pytest.approx(((x - load[..., None]) ** 2).sum())
    assert rows["total"].sum_of_squares == pytest.approx(((x - x.mean()) ** 2).sum())
    assert [r.degrees_of_freedom for r in rows.values()] == [4, 2, 8, 45, 60, 119]
    # Loads are tested against the repeats, part and day against their interaction, and that against the loads.
    ms = {name: row.mean_square for name, row in rows.items()}
    assert rows["load in part, day"].f == pytest.approx(ms["load in part, day"] / ms["repeatability"])
    assert rows["part x day"].f == pytest.approx(ms["part x day"] / ms["load in part, day"])
    assert rows["part"].f == pytest.approx(ms["part"] / ms["part x day"])


def test_three_crossed_factors_split_all_of_the_variation() -> None:
    x = np.random.default_rng(2).normal(0, 1, (4, 3, 2, 2))
    rows = {r.source: r for r in analyse_factors(study(x, "part", "day", "rotation"), pooling_alpha=1.0).table}
    assert len(rows) == 9  # three factors, three pairs, one triple, repeatability, total
    parts = [r for name, r in rows.items() if name != "total"]
    assert sum(r.sum_of_squares for r in parts) == pytest.approx(rows["total"].sum_of_squares)
    assert sum(r.degrees_of_freedom for r in parts) == rows["total"].degrees_of_freedom == 47
    # No single mean square is the error of a factor here: Satterthwaite's ratio, part + triple over the two pairs.
    ms = {name: row.mean_square for name, row in rows.items()}
    ratio = (ms["part"] + ms["part x day x rotation"]) / (ms["part x day"] + ms["part x rotation"])
    assert rows["part"].f == pytest.approx(ratio)


def test_one_reading_a_cell_takes_the_last_term_for_repeatability() -> None:
    x = np.random.default_rng(3).normal(0, 1, (6, 4, 1))
    result = analyse_factors(study(x, "part", "day"))
    assert [r.source for r in result.table] == ["part", "day", "repeatability", "total"]
    assert result.table[2].degrees_of_freedom == 15


def test_components_of_a_known_model_come_back_and_their_intervals_hold_them() -> None:
    rng = np.random.default_rng(4)
    true = {"part": 1.0, "day": 0.09, "load in part, day": 0.04, "rotation": 0.02, "repeatability": 0.01}
    runs = 120
    found: dict[str, list[float]] = {name: [] for name in true}
    inside = 0
    for _ in range(runs):
        x = (
            rng.normal(0, 1.0, (8, 1, 1, 1, 1))
            + rng.normal(0, 0.3, (1, 5, 1, 1, 1))
            + rng.normal(0, 0.2, (8, 5, 2, 1, 1))
            + rng.normal(0, 0.02**0.5, (1, 1, 1, 3, 1))
            + rng.normal(0, 0.1, (8, 5, 2, 3, 2))
        )
        result = analyse_factors(study(x, "part", "day", "load", "rotation", load=("part", "day")))
        components = variances(result)
        for name in true:
            found[name].append(components[name])
        low, high = result.summary.component("gauge R&R").interval or (0.0, 0.0)
        inside += low**2 <= 0.16 <= high**2
    for name, value in true.items():
        # Clipping at zero lifts the mean of a component a little, never lowers it.
        assert abs(np.mean(found[name]) - value) < 4 * np.std(found[name]) / np.sqrt(runs) + 0.02 * value
    assert inside >= 0.82 * runs


def test_the_method_states_model_and_pooling() -> None:
    x = np.random.default_rng(1).normal(0, 1, (5, 3, 4, 2))
    method = analyse_factors(study(x, "part", "day", "load", load=("part", "day"))).method
    assert "5 parts x 3 days x 4 loads x 2 readings; load nested in part, day" in method
    assert "pooled with the repeatability (rule:" in method
    assert "90 % modified large sample intervals" in method
    assert "all crossed" in analyse_factors(study(aiag().readings, "part", "load")).method


def test_a_factor_is_never_pooled_and_a_large_interaction_is_kept() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(0, 0.01, (6, 4, 3)) + rng.normal(0, 1, (6, 4, 1))
    result = analyse_factors(study(x, "part", "day"))
    assert result.pooled == ()
    assert variances(result)["part x day"] == pytest.approx(1.0, rel=0.6)
    assert "day" in variances(analyse_factors(study(rng.normal(0, 1, (6, 4, 3)), "part", "day")))


GOOD = np.random.default_rng(1).normal(0, 1, (3, 2, 2))


@pytest.mark.parametrize(
    ("readings", "factors", "nested", "says"),
    [
        (GOOD, ("piece", "day"), {}, "factors are piece, day; one must be 'part'"),
        (GOOD, ("part", "total"), {}, "a factor is called 'total'"),
        (GOOD[:, :1], ("part", "day"), {}, "factor day has 1 level; needed are 2 or more"),
        (GOOD * np.nan, ("part", "day"), {}, "a reading is not finite"),
        (GOOD * 0, ("part", "day"), {}, "all readings are equal"),
        (GOOD, ("part", "day"), {"load": ("part",)}, "'load' is no factor here; there are part, day"),
        (GOOD, ("part", "day"), {"part": ("day",)}, "part cannot be nested in day"),
        (GOOD, ("part", "day"), {"day": ("day",)}, "day cannot be nested in day"),
        (GOOD[:, 0], ("part",), {}, "there are 1 factors; allowed are 2 to 5, part included"),
    ],
)
def test_wrong_studies_are_refused_in_words(
    readings: np.ndarray, factors: tuple[str, ...], nested: dict[str, tuple[str, ...]], says: str
) -> None:
    with pytest.raises(GaugeStudyError) as caught:
        study(readings, *factors, **nested)
    assert says in str(caught.value)
