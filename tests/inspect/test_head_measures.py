"""Stone, crown and prongs of drawn heads, whose every number is exact."""

import dataclasses
import math

import numpy as np
import pytest
from drawn_head import BALL_MM, THRESHOLDS, DrawnHead, certificate, changed, pattern, resting_height_mm, sheet

from loupebox.calibration.estimate import Estimate
from loupebox.inspect.head import HeadResult, measure_head
from loupebox.inspect.judge import judge
from loupebox.inspect.measurement import Measurement, Unmeasurable
from loupebox.inspect.spec import Head, Range, Spec, Stone
from loupebox.inspect.verdict import Verdict

SOUND = dataclasses.replace(THRESHOLDS, lift_mm=0.02, lift_gain=0.2)


def measured(drawn: DrawnHead, stones: tuple[Stone, ...] = ()) -> HeadResult:
    return measure_head(*drawn.draw(), certificate("top"), certificate("oblique"), sheet(), SOUND, stones)


def estimate(result: HeadResult, name: str) -> Estimate:
    found = next(m for m in result.measurements if m.name == name)
    assert isinstance(found, Measurement), found
    return found.estimate


def reason(result: HeadResult, name: str) -> str:
    found = next(m for m in result.measurements if m.name == name)
    assert isinstance(found, Unmeasurable), found
    return found.reason


@pytest.fixture(scope="module")
def good() -> HeadResult:
    return measured(DrawnHead(tuple(pattern())))


def test_a_round_level_stone(good):
    for name in ("stone_diameter_mm", "stone_widest_mm", "stone_narrowest_mm"):
        assert estimate(good, name).value == pytest.approx(6.5, abs=0.006)
    assert estimate(good, "table_offset_mm").value == pytest.approx(0, abs=0.008)
    assert estimate(good, "stone_tilt_deg").value == pytest.approx(0, abs=0.3)
    assert estimate(good, "stone_1_present").value == 1


@pytest.mark.parametrize("slope_xy", [(0.07, 0.0), (-0.07, 0.03), (0.0, 0.1), (0.03, -0.09)])
def test_a_tilted_stone(slope_xy):
    drawn = DrawnHead(tuple(pattern()), slope_xy=slope_xy)
    result = measured(drawn)
    slope = math.hypot(*slope_xy)
    assert estimate(result, "stone_tilt_deg").value == pytest.approx(math.degrees(math.atan(slope)), abs=0.5)
    assert estimate(result, "table_offset_mm").value == pytest.approx(drawn.crown_mm[1] * slope, abs=0.01)


def test_without_table_or_oblique_view_the_tilt_is_not_told():
    top, oblique = DrawnHead(tuple(pattern())).draw()
    blank = DrawnHead((), has_stone=False).draw()[1]
    certificates = certificate("top"), certificate("oblique")
    assert "the oblique view does not show" in reason(
        measure_head(top, blank, *certificates, sheet(), SOUND), "stone_tilt_deg"
    )
    top.marks["table"][...] = 0
    result = measure_head(top, oblique, *certificates, sheet(), SOUND)
    assert reason(result, "stone_tilt_deg") == "the stone's table is not seen in the top view"
    assert "table is not seen" in reason(result, "prong_1_contact_percent")


def test_an_oval_stone_has_two_diameters():
    top, oblique = DrawnHead(()).draw()
    y, x = np.mgrid[:560, :560]
    away = np.hypot((x - 279.5) / 206, (y - 279.5) / 200) - 1
    inside = 1 / (1 + np.exp(np.clip(away * 200 / 0.5, -30, 30)))
    prongs = DrawnHead(tuple(pattern())).draw()[0]
    top = dataclasses.replace(prongs, probabilities=np.stack([1 - inside, 0 * inside, inside, 0 * inside], -1))
    result = measure_head(top, oblique, certificate("top"), certificate("oblique"), sheet(), SOUND)
    assert estimate(result, "stone_widest_mm").value == pytest.approx(0.032 * 206, abs=0.012)
    assert estimate(result, "stone_narrowest_mm").value == pytest.approx(0.032 * 200, abs=0.012)


def test_angles_widths_heights_and_contacts_of_good_prongs(good):
    width, height = DrawnHead(()).crown_mm
    assert estimate(good, "prong_spacing_deg").value == pytest.approx(0, abs=0.4)
    for index in range(1, 7):
        assert estimate(good, f"prong_{index}_angle_deg").value == pytest.approx(60 * index - 30, abs=0.3)
        assert estimate(good, f"prong_{index}_tip_width_mm").value == pytest.approx(2 * BALL_MM, abs=0.015)
        # The doubt of a height is some 0.04 mm, of a crown as flat as this one some 5 per cent.
        assert estimate(good, f"prong_{index}_height_percent").value == pytest.approx(
            100 * resting_height_mm(0.65) / height, abs=5
        )
        contact = estimate(good, f"prong_{index}_contact_percent")
        assert contact.value == pytest.approx(100 * 0.65 / width, abs=2)
        assert {c.name for c in contact.budget} >= {"the crown's width", "gap under the tip", "the model's share"}


def test_prongs_that_stand_unevenly():
    """Prongs 2 and 3 lean towards each other by 0.2 mm: 2 x 4.0 degrees of the 60 between them, at their tips."""
    prongs = changed(changed(pattern(), 2, bend_mm=0.2), 3, bend_mm=-0.2)
    far = 6.5 / 2 - 0.65 + BALL_MM
    found = estimate(measured(DrawnHead(prongs)), "prong_spacing_deg")
    assert found.value == pytest.approx(2 * math.degrees(math.atan(0.2 / far)), abs=0.5)
    assert [c.name for c in found.budget] == ["place of the one tip", "place of the next tip"]


def test_a_lifted_prong_has_no_contact_that_could_be_told():
    result = measured(DrawnHead(changed(pattern(), 4, lift_mm=0.4)))
    assert reason(result, "prong_4_contact_percent").startswith("its tip stands 0.4")
    height = DrawnHead(()).crown_mm[1]
    assert estimate(result, "prong_4_height_percent").value == pytest.approx(
        100 * (resting_height_mm(0.65) + 0.4) / height, abs=8
    )
    assert estimate(result, "prong_3_contact_percent").value > 0


def test_a_missing_prong_is_missing_in_every_measure():
    result = measured(DrawnHead(tuple(pattern())[1:]))
    assert "1 of 6 prongs" in reason(result, "prong_spacing_deg")
    for what in ("angle_deg", "tip_width_mm", "height_percent", "contact_percent"):
        assert reason(result, f"prong_1_{what}") == "no prong is seen clearly at 30 degrees"


def placed(name: str, x_mm: float, diameter_mm: float) -> Stone:
    return Stone(name=name, length_mm=diameter_mm, setting="prong", x_mm=x_mm, y_mm=0.0)


THREE = (placed("left", -4.0, 1.2), placed("centre", 0.0, 6.5), placed("right", 4.0, 1.2))


@pytest.mark.parametrize("turn", [-9.0, 0.0, 9.0])
def test_three_stones_in_their_seats(turn):
    a = math.radians(turn)
    sides = [(x * math.cos(a), x * math.sin(a), 1.2) for x in (-4.0, 4.0)]
    full = measured(DrawnHead(tuple(pattern(turn_deg=turn)), more_stones=tuple(sides)), THREE)
    assert [estimate(full, f"stone_{n}_present").value for n in (1, 2, 3)] == [1, 1, 1]
    gone = measured(DrawnHead(tuple(pattern(turn_deg=turn)), more_stones=(sides[0],)), THREE)
    assert [estimate(gone, f"stone_{n}_present").value for n in (1, 2, 3)] == [1, 1, 0]


def test_a_seat_outside_of_the_frame_or_half_covered_is_not_told():
    far = (*THREE[:2], placed("right", 14.0, 1.2))
    assert reason(measured(DrawnHead(tuple(pattern())), far), "stone_3_present").startswith("the seat 'right' lies")
    half = measured(DrawnHead(tuple(pattern()), more_stones=((-4.0 - 0.7, 0.0, 1.2),)), THREE)
    assert "of where the stone of the seat 'left' belongs" in reason(half, "stone_1_present")


def test_a_map_without_places_is_held_against_the_stone_in_the_middle():
    stones = (Stone(name="melee", length_mm=1.1, count=8, setting="pavé"),
              Stone(name="solitaire", length_mm=6.5, setting="prong"))  # fmt: skip
    gone = measured(DrawnHead(tuple(pattern())[:5], has_stone=False), stones)
    assert [m.name for m in gone.measurements if isinstance(m, Measurement)] == ["stone_2_present"]
    assert estimate(gone, "stone_2_present").value == 0


# Judged


def spec(head: Head) -> Spec:
    return Spec.model_validate({
        "schema": 1, "style": "X", "revision": "A", "name": "x", "family": "solitaire", "stage": "final",
        "approved_by": "x", "approved_on": "2026-01-01", "head": head,
        "characteristic": ({"name": "stone_tilt_deg", "upper": 4.0, "severity": "major"},
                           {"name": "prong_spacing_deg", "upper": 3.0, "severity": "minor"}),
    }, strict=False)  # fmt: skip


def test_a_missing_stone_fails():
    result = measured(DrawnHead(tuple(pattern()), has_stone=False))
    judged = judge(spec(sheet()), result.measurements, result.prongs, None)
    assert judged.verdict is Verdict.FAIL
    assert judged.reasons[0] == "The stone 'centre' is missing from its seat."


def test_a_tilted_stone_fails():
    result = measured(DrawnHead(tuple(pattern()), slope_xy=(0.12, 0.0)))
    failed = [c.name for c in judge(spec(sheet()), result.measurements, result.prongs, None).checks
              if c.verdict is Verdict.FAIL]  # fmt: skip
    assert failed == ["stone_tilt_deg"]


def test_each_prong_is_held_against_the_limits_of_its_measures():
    limited = sheet().model_copy(update={
        "tip_width_mm": Range(lower=0.5), "height_percent": Range(upper=200.0), "contact_percent": Range(lower=30.0),
    })  # fmt: skip
    result = measured(DrawnHead(changed(pattern(), 4, lift_mm=0.4)))
    checks = {c.name: c for c in judge(spec(limited), result.measurements, result.prongs, None).checks}
    assert [checks[f"prong_{n}_tip_width_mm"].verdict for n in (1, 4)] == [Verdict.PASS] * 2
    assert checks["prong_1_contact_percent"].verdict is Verdict.PASS
    doubt = checks["prong_4_contact_percent"]
    assert doubt.verdict is Verdict.REVIEW
    assert doubt.reason.startswith("Prong 4 contact cannot be measured because its tip stands 0.4")
    assert checks["prong_3_height_percent"].reason.startswith("Prong 3 height ")
    thin = sheet().model_copy(update={"tip_width_mm": Range(lower=0.8)})
    checks = {c.name: c for c in judge(spec(thin), result.measurements, result.prongs, None).checks}
    assert checks["prong_2_tip_width_mm"].verdict is Verdict.FAIL
