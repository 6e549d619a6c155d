"""From findings to a verdict, in sentences."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec_sheets import SOLITAIRE, changed

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.finding import Finding, FindingKind, Zone
from loupebox.inspect.judge import judge
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.prong import PRONG_STATES, Prong, ProngState
from loupebox.inspect.spec import load_spec
from loupebox.inspect.verdict import Check, Verdict

SPEC = load_spec(SOLITAIRE, "SOL6.toml")


def mm(value: float, expanded: float = 0.004) -> Estimate:
    return Estimate(value, "mm", (Contribution("all", expanded / 2),))


def measurements(inner: float = 17.35, oval: float = 0.02) -> list[MeasurementResult]:
    return [Measurement("inner_diameter_mm", mm(inner)), Measurement("out_of_round_mm", mm(oval))]


def prongs(**states: ProngState) -> list[Prong]:
    """Six prongs, good but for those named: prongs(p3="bent")."""
    return [
        Prong(i, 30 + 60 * (i - 1), states.get(f"p{i}", "good"), "the numbers say so" if f"p{i}" in states else "")
        for i in range(1, 7)
    ]


def finding(
    kind: FindingKind = "gas_porosity", size: float = 0.08, expanded: float = 0.01, zone: Zone = "A"
) -> Finding:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    return Finding(kind, "shank", "coaxial", corners, 0.008, mm(size, expanded), size / 2, size**2 / 2, zone, 0.9)


def checks(
    found: list[MeasurementResult] | None = None,
    of_prongs: Any = "good",
    findings: list[Finding] | None = (),  # type: ignore[assignment]
) -> dict[str, Check]:
    judged = judge(
        SPEC, measurements() if found is None else found, prongs() if of_prongs == "good" else of_prongs, findings
    )
    assert len({c.name for c in judged.checks}) == len(judged.checks)
    return {c.name: c for c in judged.checks}


def test_a_good_piece_passes_every_check_in_the_order_of_the_sheet() -> None:
    judged = judge(SPEC, measurements(), prongs(), [])
    assert judged.verdict is Verdict.PASS
    assert [c.name for c in judged.checks] == [
        "inner_diameter_mm",
        "out_of_round_mm",
        "prong_count",
        *(f"prong_{i}" for i in range(1, 7)),
        "porosity zone A",
    ]
    assert judged.reasons == ()


@pytest.mark.parametrize(
    ("inner", "verdict", "sentence"),
    [
        (17.35, "PASS", "Inner diameter 17.350 ± 0.004 mm is within 17.250 to 17.450 mm."),
        (
            17.147,
            "FAIL",
            "Inner diameter 17.147 ± 0.004 mm is below the lower limit 17.250 mm (US 6¾ instead of 7).",
        ),
        (17.5, "FAIL", "Inner diameter 17.500 ± 0.004 mm is above the upper limit 17.450 mm (US 7¼ instead of 7)."),
        (17.252, "REVIEW", "Inner diameter 17.252 ± 0.004 mm is too close to the lower limit 17.250 mm to decide."),
        (17.45, "REVIEW", "Inner diameter 17.450 ± 0.004 mm is too close to the upper limit 17.450 mm to decide."),
    ],
)
def test_a_dimension_is_told_with_its_numbers(inner: float, verdict: str, sentence: str) -> None:
    check = checks(measurements(inner))["inner_diameter_mm"]
    assert (check.verdict.value, check.reason) == (verdict, sentence)
    assert check.estimate == mm(inner)
    assert check.limits == SPEC.limits("inner_diameter_mm")
    assert check.conformance_probability is not None


def test_one_sided_limits_read_well() -> None:
    assert checks()["out_of_round_mm"].reason == "Out of round 0.020 ± 0.004 mm is not above the upper limit 0.080 mm."
    failed = checks(measurements(oval=0.2))["out_of_round_mm"]
    assert failed.reason == "Out of round 0.200 ± 0.004 mm is above the upper limit 0.080 mm."


def test_what_was_not_measured_is_reviewed_with_its_reason() -> None:
    found = checks([Unmeasurable("inner_diameter_mm", "the ring is cut by the border of the frame")])
    assert found["inner_diameter_mm"].verdict is Verdict.REVIEW
    assert "cannot be measured because the ring is cut by the border of the frame." in found["inner_diameter_mm"].reason
    assert found["out_of_round_mm"].verdict is Verdict.REVIEW
    assert "was not measured" in found["out_of_round_mm"].reason


def test_a_measurement_that_the_sheet_does_not_name_is_not_judged() -> None:
    judged = judge(SPEC, [*measurements(), Measurement("shank_width_mm", mm(99.0))], prongs(), [])
    assert judged.verdict is Verdict.PASS


@pytest.mark.parametrize("state", [s for s in PRONG_STATES if s != "good"])
def test_a_prong_that_is_not_good_is_one_check(state: ProngState) -> None:
    found = checks(of_prongs=prongs(p3=state))
    open_checks = [c for c in found.values() if c.verdict is not Verdict.PASS]
    assert [c.name for c in open_checks] == ["prong_3"]
    assert open_checks[0].verdict is (Verdict.REVIEW if state == "unsure" else Verdict.FAIL)
    assert "at 150°" in open_checks[0].reason
    assert "the numbers say so" in open_checks[0].reason
    assert ("needs a look" if state == "unsure" else f"is {state}") in open_checks[0].reason


def test_a_wrong_number_of_prongs_fails() -> None:
    found = checks(of_prongs=prongs()[:4])
    assert found["prong_count"].verdict is Verdict.FAIL
    assert found["prong_count"].reason == "4 prongs judged, 6 are on the spec sheet."


def test_a_head_that_was_not_looked_at_or_understood_is_reviewed() -> None:
    assert checks(of_prongs=None)["prong_count"].verdict is Verdict.REVIEW
    found = checks([*measurements(), Unmeasurable("prong_count", "no stone is seen")], of_prongs=[])
    assert "because no stone is seen" in found["prong_count"].reason


def test_a_band_has_no_prongs_to_judge() -> None:
    text = changed(('"solitaire"', '"band"'))
    head, zones = text.index("[head]"), text.index("[zones]")
    judged = judge(load_spec(text[:head] + text[zones:], "BAND.toml"), measurements(), None, [])
    assert judged.verdict is Verdict.PASS
    assert not any(c.name.startswith("prong") for c in judged.checks)


ALLOWED = "allowed in zone A: 1 pore of up to 0.10 mm"


@pytest.mark.parametrize(
    ("sizes", "verdict", "says"),
    [
        ([], "PASS", f"No pore of 0.05 mm or more ({ALLOWED})."),
        ([0.03], "PASS", f"No pore of 0.05 mm or more ({ALLOWED})."),
        ([0.08], "PASS", f"1 pore, the largest 0.080 ± 0.010 mm; {ALLOWED}."),
        ([0.08, 0.03, 0.02], "PASS", "1 pore, the largest 0.080"),
        ([0.12], "FAIL", f"1 pore, the largest 0.120 ± 0.010 mm; {ALLOWED}."),
        ([0.08, 0.07], "FAIL", "2 pores, the largest 0.080"),
        ([0.105], "REVIEW", "too close to the largest size to decide"),
        ([0.095], "REVIEW", "too close to the largest size to decide"),
        (
            [0.08, 0.052],
            "REVIEW",
            "2 pores, the largest 0.080 ± 0.010 mm, 1 of a size around 0.05 mm that may not count",
        ),
        ([0.052], "PASS", "1 pore, the largest 0.052"),
        ([0.08, 0.07, 0.052], "FAIL", "3 pores"),
    ],
    ids=str,
)
def test_pores_are_counted_and_sized_with_their_uncertainty(sizes: list[float], verdict: str, says: str) -> None:
    check = checks(findings=[finding(size=s) for s in sizes])["porosity zone A"]
    assert check.verdict.value == verdict, check.reason
    assert says in check.reason


def test_a_zone_that_allows_none_says_so() -> None:
    sheet = load_spec(changed(("at_most = 1", "at_most = 0")), "SOL6.toml")
    (check,) = (c for c in judge(sheet, measurements(), None, [finding(size=0.08)]).checks if "porosity" in c.name)
    assert check.verdict is Verdict.FAIL
    assert check.reason == "1 pore, the largest 0.080 ± 0.010 mm; allowed in zone A: none."


def test_gas_and_shrinkage_pores_count_together() -> None:
    both = [finding("gas_porosity"), finding("shrinkage_porosity")]
    assert checks(findings=both)["porosity zone A"].verdict is Verdict.FAIL


def test_a_finding_without_a_rule_is_reviewed_and_told_once() -> None:
    found = checks(findings=[finding("scratch", 0.4), finding("scratch", 0.6), finding(zone="B")])
    assert found["scratch zone A"].verdict is Verdict.REVIEW
    assert found["scratch zone A"].reason == (
        "2 scratches, the largest 0.600 ± 0.010 mm, in zone A: the spec sheet has no rule for it."
    )
    assert found["porosity zone B"].verdict is Verdict.REVIEW
    assert found["porosity zone A"].verdict is Verdict.PASS


def test_a_surface_that_was_not_inspected_never_passes() -> None:
    check = checks(findings=None)["porosity zone A"]
    assert check.verdict is Verdict.REVIEW
    assert "was not inspected for pores" in check.reason


SIZES = st.lists(st.floats(0.01, 0.3), max_size=6)


@given(SIZES, st.floats(0.01, 0.3))
def test_another_pore_never_makes_it_better(sizes: list[float], more: float) -> None:
    order = list(Verdict)
    before = checks(findings=[finding(size=s) for s in sizes])["porosity zone A"].verdict
    after = checks(findings=[finding(size=s) for s in [*sizes, more]])["porosity zone A"].verdict
    assert order.index(after) >= order.index(before)


@given(SIZES)
def test_the_order_of_findings_does_not_matter(sizes: list[float]) -> None:
    found = [finding(size=s) for s in sizes]
    assert (
        len(
            {
                str(checks(findings=list(p))["porosity zone A"])
                for p in itertools.islice(itertools.permutations(found), 6)
            }
        )
        == 1
    )


@given(st.floats(15, 20), st.sampled_from(PRONG_STATES), SIZES)
def test_every_reason_is_a_whole_sentence_and_judging_repeats_itself(
    inner: float, state: ProngState, sizes: list[float]
) -> None:
    arguments = SPEC, measurements(inner), prongs(p2=state), [finding(size=s) for s in sizes]
    judged = judge(*arguments)
    assert judged == judge(*arguments)
    for check in judged.checks:
        assert re.fullmatch(r"[A-Z0-9].*[^.]\.", check.reason), check.reason
        assert "None" not in check.reason
        assert "_" not in check.reason
