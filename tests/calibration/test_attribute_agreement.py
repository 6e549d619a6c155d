"""Kappas and rates against published tables."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loupebox.calibration.attribute_agreement import AttributeStudy, attribute_agreement, rate
from loupebox.calibration.attribute_kappa import cohen_kappa, fleiss_kappa
from loupebox.calibration.gauge_error import GaugeStudyError

# Fleiss (1971): 30 patients, 6 psychiatrists, 5 diagnoses. The shares of the categories, the printed kappa and
# its z vouch for the table.
FLEISS = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""

# AIAG MSA (4th edition): 50 parts, 3 appraisers, 3 trials. Rows are the first's calls, bad and good.
AIAG_TABLES = {
    "A*B": ([[44, 6], [3, 97]], 0.86),
    "B*C": ([[42, 5], [9, 94]], 0.79),
    "A*C": ([[43, 7], [8, 92]], 0.78),
    "A*reference": ([[45, 5], [3, 97]], 0.88),
    "B*reference": ([[45, 2], [3, 100]], 0.92),
    "C*reference": ([[42, 9], [6, 93]], 0.77),
}


def test_fleiss_1971() -> None:
    table = np.array([[int(c) for c in row] for row in FLEISS.split()])
    assert table.shape == (30, 5)
    assert [round(float(v), 3) for v in table.sum(axis=0) / 180] == [0.144, 0.144, 0.167, 0.306, 0.239]
    kappa = fleiss_kappa(table)
    assert round(kappa.value or 0, 3) == 0.430
    assert round(kappa.z or 0, 1) == 17.7
    assert kappa.word == "fair"


@pytest.mark.parametrize(("table", "printed"), AIAG_TABLES.values(), ids=AIAG_TABLES.keys())
def test_cohen_of_the_printed_cross_tables(table: list[list[int]], printed: float) -> None:
    kappa = cohen_kappa(table)
    assert round(kappa.value or 0, 2) == printed
    assert kappa.word == "good"


def test_fleiss_of_two_raters_with_equal_margins_is_cohens() -> None:
    assert fleiss_kappa([[2, 0]] * 40 + [[1, 1]] * 20 + [[0, 2]] * 30).value == pytest.approx(
        cohen_kappa([[40, 10], [10, 30]]).value
    )


@pytest.mark.parametrize("table", [[[20, 5], [10, 15]], [[44, 6], [3, 97]], [[9, 2, 1], [3, 20, 4], [0, 5, 16]]])
def test_the_interval_follows_from_the_gradient(table: list[list[int]]) -> None:
    """The delta method by finite differences, which knows nothing of the published formula."""
    counts = np.array(table, dtype=float)
    n = counts.sum()
    p = (counts / n).ravel()

    def kappa(shares: np.ndarray) -> float:
        s = shares.reshape(counts.shape)
        chance = s.sum(axis=1) @ s.sum(axis=0)
        return float((np.trace(s) - chance) / (1 - chance))

    step = 1e-6
    gradient = np.array([(kappa(p + step * e) - kappa(p - step * e)) / (2 * step) for e in np.eye(p.size)])
    variance = (gradient**2 @ p - (gradient @ p) ** 2) / n
    found = cohen_kappa(table)
    assert found.value == pytest.approx(kappa(p))
    assert found.interval is not None
    half = (found.interval[1] - found.interval[0]) / 2
    assert half == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-5)


def test_perfect_and_chance_agreement() -> None:
    assert cohen_kappa([[30, 0], [0, 20]]).value == 1.0
    assert cohen_kappa([[25, 25], [25, 25]]).value == pytest.approx(0.0)
    assert cohen_kappa([[0, 10], [10, 0]]).value == pytest.approx(-1.0)
    only_one = cohen_kappa([[50, 0], [0, 0]])
    assert only_one.value is None
    assert only_one.word is None
    assert fleiss_kappa([[3, 0], [3, 0]]).value is None


def test_fleiss_z_is_standard_normal_without_agreement() -> None:
    rng = np.random.default_rng(5)
    z = [fleiss_kappa(rng.multinomial(6, [0.5, 0.3, 0.2], size=60)).z for _ in range(400)]
    assert abs(np.mean(np.array(z, dtype=float))) < 4 / np.sqrt(400)
    assert np.std(np.array(z, dtype=float)) == pytest.approx(1.0, abs=4 / np.sqrt(800))


@pytest.mark.parametrize("table", [[[1, 2, 3]], [[-1, 2], [0, 0]], [[0, 0], [0, 0]], [[float("nan"), 1], [1, 1]]])
def test_what_is_no_table_of_two_raters_is_refused(table: list[list[float]]) -> None:
    with pytest.raises(GaugeStudyError, match="table"):
        cohen_kappa(table)


def test_unequal_numbers_of_raters_are_refused() -> None:
    with pytest.raises(GaugeStudyError, match="called 2 to 3 times"):
        fleiss_kappa([[2, 0], [2, 1]])
    with pytest.raises(GaugeStudyError, match="2 or more"):
        fleiss_kappa([[1, 0], [0, 1]])


# --- the whole study -------------------------------------------------------------------------------------------


def study_of(table: list[list[int]]) -> AttributeStudy:
    """One call each: the second rater of a cross table becomes the reference."""
    words = ("FAIL", "PASS")
    calls, reference = [], []
    for i, row in enumerate(table):
        for j, count in enumerate(row):
            calls += [((words[i],),)] * count
            reference += [words[j]] * count
    names = tuple(map(str, range(len(calls))))
    return AttributeStudy(tuple(calls), names, ("A",), "PASS", tuple(reference))


@pytest.mark.parametrize(("appraiser", "miss", "false_alarm"), [("A", 6.3, 4.9), ("B", 6.3, 2.0), ("C", 12.5, 8.8)])
def test_miss_and_false_alarm_rates_as_printed(appraiser: str, miss: float, false_alarm: float) -> None:
    result = attribute_agreement(study_of(AIAG_TABLES[f"{appraiser}*reference"][0]))
    (one,) = result.appraisers
    assert one.miss is not None
    assert one.false_alarm is not None
    assert 100 * (one.miss.value or 0) == pytest.approx(miss, abs=0.0501)
    assert 100 * (one.false_alarm.value or 0) == pytest.approx(false_alarm, abs=0.05)
    assert one.within is None
    assert result.pairs == ()


SMALL = AttributeStudy(
    calls=(
        (("PASS", "PASS"), ("PASS", "PASS")),
        (("PASS", "FAIL"), ("PASS", "PASS")),
        (("FAIL", "FAIL"), ("FAIL", "PASS")),
        (("REVIEW", "REVIEW"), ("FAIL", "FAIL")),
    ),
    parts=("p1", "p2", "p3", "p4"),
    appraisers=("ann", "bob"),
    accept="PASS",
    reference=("PASS", "PASS", "FAIL", "FAIL"),
)


def test_a_study_counted_by_hand() -> None:
    result = attribute_agreement(SMALL)
    ann, bob = result.appraisers
    assert (ann.repeated.count, ann.effectiveness.count) == (3, 2)
    assert (bob.repeated.count, bob.effectiveness.count) == (3, 3)
    # A REVIEW holds a bad part back, so it is no miss; it is not the reference's call either.
    assert (ann.miss.count, ann.miss.of, ann.false_alarm.count, ann.false_alarm.of) == (0, 4, 1, 4)
    assert (bob.miss.count, bob.false_alarm.count) == (1, 0)
    assert (result.everyone.miss.count, result.everyone.miss.of) == (1, 8)
    assert result.everyone.repeated.count == 1
    assert result.disputed == ("p2", "p3", "p4")
    assert result.categories == ("FAIL", "PASS", "REVIEW")
    (pair,) = result.pairs
    assert pair.kappa.observed == pytest.approx(4 / 8)
    assert "misses 1 of 8, 12.5 %" in result.reason


def test_without_reference_and_with_one_appraiser_only_repetition_counts() -> None:
    result = attribute_agreement(
        AttributeStudy(((("PASS", "PASS"),), (("FAIL", "PASS"),)), ("a", "b"), ("ann",), "PASS")
    )
    assert result.everyone.miss is None
    assert result.appraisers[0].repeated.count == 1
    assert result.disputed == ("b",)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), appraisers=st.integers(2, 4), trials=st.integers(1, 3))
def test_order_of_parts_and_appraisers_and_names_of_calls_change_nothing(
    seed: int, appraisers: int, trials: int
) -> None:
    rng = np.random.default_rng(seed)
    calls = rng.choice(["PASS", "FAIL"], size=(12, appraisers, trials), p=[0.6, 0.4])
    reference = np.array(["PASS"] * 6 + ["FAIL"] * 6)
    calls[0, 0, 0] = "PASS"

    def study(x: np.ndarray, truth: np.ndarray, accept: str) -> AttributeStudy:
        cells = tuple(tuple(tuple(map(str, cell)) for cell in part) for part in x)
        people = tuple(f"a{i}" for i in range(x.shape[1]))
        return AttributeStudy(cells, tuple(map(str, range(12))), people, accept, tuple(map(str, truth)))

    one = attribute_agreement(study(calls, reference, "PASS"))
    order, people = rng.permutation(12), rng.permutation(appraisers)
    rename = np.vectorize({"PASS": "zz", "FAIL": "aa"}.get)
    other = attribute_agreement(study(rename(calls[order][:, people]), rename(reference[order]), "zz"))
    assert one.between is not None
    assert other.between is not None
    assert other.between.value == pytest.approx(one.between.value)
    assert other.everyone.miss == one.everyone.miss
    assert other.everyone.false_alarm == one.everyone.false_alarm
    assert sorted(p.kappa.value or 9 for p in other.pairs) == pytest.approx(
        sorted(p.kappa.value or 9 for p in one.pairs)
    )
    assert [other.appraisers[i].effectiveness for i in range(appraisers)] == [
        one.appraisers[j].effectiveness for j in people
    ]


# --- rates -----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(of=st.integers(1, 400), data=st.data())
def test_the_interval_is_wilsons(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    found = rate(count, of)
    reference = stats.binomtest(count, of).proportion_ci(method="wilson")
    assert found.interval == pytest.approx((reference.low, reference.high), abs=1e-9)
    assert found.interval[0] <= (found.value or 0) <= found.interval[1]


def test_more_errors_give_a_higher_interval() -> None:
    for a, b in pairwise(rate(k, 20) for k in range(21)):
        assert a.interval[0] < b.interval[0]
        assert a.interval[1] < b.interval[1]


# --- refusals --------------------------------------------------------------------------------------------------


def test_what_is_no_study_is_refused() -> None:
    one = ((("PASS", "FAIL"),), (("PASS", "PASS"),))
    with pytest.raises(GaugeStudyError, match="nothing to agree with"):
        AttributeStudy(((("PASS",),), (("FAIL",),)), ("a", "b"), ("ann",), "PASS")
    with pytest.raises(GaugeStudyError, match="no part is called 'ok', the call that accepts; calls are FAIL, PASS"):
        AttributeStudy(one, ("a", "b"), ("ann",), "ok")
    with pytest.raises(GaugeStudyError, match=r"part b needs 2 call\(s\)"):
        AttributeStudy(((("PASS", "FAIL"),), (("PASS",),)), ("a", "b"), ("ann",), "PASS")
    with pytest.raises(GaugeStudyError, match="needs 2 parts"):
        AttributeStudy(one[:1], ("a",), ("ann",), "PASS")
    with pytest.raises(GaugeStudyError, match="2 parts and 1 references"):
        AttributeStudy(one, ("a", "b"), ("ann",), "PASS", ("PASS",))
    with pytest.raises(GaugeStudyError, match="2 parts and calls of 1"):
        AttributeStudy(one[:1], ("a", "b"), ("ann",), "PASS")
