import dataclasses
import math

import numpy as np
import pytest
from drawn_head import BALL_MM, THRESHOLDS, DrawnHead, certificate, changed, pattern, sheet
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.inspect.head import HeadResult, measure_head
from loupebox.inspect.measurement import Measurement, Unmeasurable


def measured(drawn: DrawnHead, spec=None, um_per_px: float = 16.0, elevation_deg: float = 45.0) -> HeadResult:
    top, oblique = drawn.draw(um_per_px, elevation_deg=elevation_deg)
    certificates = certificate("top", um_per_px), certificate("oblique", um_per_px, elevation_deg)
    return measure_head(top, oblique, *certificates, spec or sheet(), THRESHOLDS)


def values(result: HeadResult) -> dict[str, float]:
    return {m.name: m.estimate.value for m in result.measurements if isinstance(m, Measurement)}


def states(result: HeadResult) -> list[str]:
    return [p.state for p in result.prongs]


def test_a_good_head_is_as_drawn():
    result = measured(DrawnHead(tuple(pattern())))
    assert result.wrong_style is None
    assert states(result) == ["good"] * 6
    assert [p.index for p in result.prongs] == [1, 2, 3, 4, 5, 6]
    assert values(result)["stone_diameter_mm"] == pytest.approx(6.5, abs=0.004)
    assert values(result)["stone_offset_mm"] == pytest.approx(0, abs=0.01)
    assert values(result)["prong_count"] == 6
    assert result.turn_deg == pytest.approx(0, abs=0.1)
    for prong in result.prongs:
        assert prong.reason == ""
        assert prong.angle_deg == pytest.approx(30 + 60 * (prong.index - 1), abs=0.3)
        assert prong.length_mm.value == pytest.approx(0.65, abs=0.01)
        assert prong.bend_mm.value == pytest.approx(0, abs=0.01)
        assert prong.lift_mm.value == pytest.approx(0, abs=0.04)


@settings(max_examples=8, deadline=None)
@given(
    turn=st.floats(-12, 12),
    x=st.floats(-0.6, 0.6),
    y=st.floats(-0.6, 0.6),
    scale=st.floats(15.0, 17.5),
    elevation=st.floats(40, 50),
)
def test_pose_and_scale_change_no_millimetre(turn, x, y, scale, elevation):
    drawn = DrawnHead(tuple(pattern(turn_deg=turn)), centre_xy_mm=(x, y))
    result = measured(drawn, um_per_px=scale, elevation_deg=elevation)
    assert states(result) == ["good"] * 6
    assert result.turn_deg == pytest.approx(turn, abs=0.15)
    assert values(result)["stone_diameter_mm"] == pytest.approx(6.5, abs=0.005)
    centre = result.stone_centre_xy_px
    assert ((centre[0] - 279.5) * scale / 1e3, (279.5 - centre[1]) * scale / 1e3) == pytest.approx((x, y), abs=0.003)
    for prong in result.prongs:
        assert prong.length_mm.value == pytest.approx(0.65, abs=0.012)
        assert prong.bend_mm.value == pytest.approx(0, abs=0.012)
        assert prong.lift_mm.value == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize("index", [1, 2, 5])
@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"length_mm": 0.2}, "short"),
        ({"length_mm": 1.05}, "long"),
        ({"bend_mm": 0.5}, "bent"),
        ({"bend_mm": -0.45}, "bent"),
        ({"lift_mm": 0.5}, "lifted"),
    ],
)
def test_each_fault_of_each_prong_is_told_apart(index, change, state):
    result = measured(DrawnHead(changed(pattern(), index, **change)))
    expected = ["good"] * 6
    expected[index - 1] = state
    assert states(result) == expected
    prong = result.prongs[index - 1]
    assert "allowed" in prong.reason
    if "length_mm" in change:
        assert prong.length_mm.value == pytest.approx(change["length_mm"], abs=0.02)
        assert "reaching over the stone" in prong.reason
    if "bend_mm" in change:
        assert prong.bend_mm.value == pytest.approx(change["bend_mm"], abs=0.03)
        assert "bent sideways" in prong.reason
    if "lift_mm" in change:
        assert prong.lift_mm.value == pytest.approx(0.5, abs=0.1)
        assert "lifted" in prong.reason


@pytest.mark.parametrize("gone", [(1,), (4,), (1, 2), (1, 4), (2, 6)])
def test_missing_prongs_are_missing_and_no_other_style(gone):
    prongs = pattern(turn_deg=8)
    result = measured(DrawnHead(tuple(p for i, p in enumerate(prongs, 1) if i not in gone)))
    assert result.wrong_style is None
    assert states(result) == ["missing" if i in gone else "good" for i in range(1, 7)]
    assert values(result)["prong_count"] == 6 - len(gone)
    lost = result.prongs[gone[0] - 1]
    assert lost.angle_deg == pytest.approx((38 + 60 * (gone[0] - 1)) % 360, abs=0.3)
    assert lost.length_mm is lost.bend_mm is lost.lift_mm is lost.tip_xy_px is None
    assert f"{lost.angle_deg:.0f} degrees" in lost.reason


@pytest.mark.parametrize("gone", [1, 3])
def test_a_missing_prong_of_four(gone):
    prongs = tuple(p for i, p in enumerate(pattern(4, 45.0, -7), 1) if i != gone)
    result = measured(DrawnHead(prongs, 5.0), sheet(4, 45.0, 5.0))
    assert result.wrong_style is None
    assert states(result) == ["missing" if i == gone else "good" for i in range(1, 5)]


def test_two_different_faults():
    prongs = changed(changed(pattern(turn_deg=-5), 2, bend_mm=0.6), 5, length_mm=0.1)
    assert states(measured(DrawnHead(prongs))) == ["good", "bent", "good", "good", "short", "good"]


def test_a_value_near_its_limit_is_unsure():
    result = measured(DrawnHead(changed(pattern(), 3, bend_mm=0.25)))
    assert states(result) == ["good", "good", "unsure", "good", "good", "good"]
    assert "too close to tell" in result.prongs[2].reason


@settings(max_examples=4, deadline=None)
@given(offset=st.floats(0.05, 0.2), direction=st.floats(0, 2 * math.pi))
def test_a_stone_that_sits_beside_the_middle(offset, direction):
    moved = (offset * math.cos(direction), offset * math.sin(direction))
    result = measured(DrawnHead(tuple(pattern()), stone_offset_xy_mm=moved))
    assert values(result)["stone_offset_mm"] == pytest.approx(offset, abs=0.012)


@pytest.mark.parametrize("turn", [-10, 0, 10])
@pytest.mark.parametrize(
    ("count", "first", "spec", "words"),
    [
        (4, 45.0, sheet(), ["4 prongs", "head of 4", "style has 6"]),
        (6, 30.0, sheet(4, 45.0), ["6 prongs", "head of 6", "style has 4"]),
        (8, 0.0, sheet(4, 45.0), ["8 prongs", "head of 8", "style has 4"]),
        (3, 90.0, sheet(), ["3 prongs", "head of 3", "style has 6"]),
        (5, 0.0, sheet(), ["5 prongs", "head of 5", "style has 6"]),
    ],
)
def test_another_pattern_is_another_style(turn, count, first, spec, words):
    result = measured(DrawnHead(tuple(pattern(count, first, turn))), spec)
    assert result.prongs == ()
    for word in words:
        assert word in result.wrong_style


def test_another_stone_is_another_style():
    result = measured(DrawnHead(tuple(pattern()), 5.0))
    assert result.wrong_style == "the stone is 5.00 mm wide, and the style's is 6.50 mm"
    assert result.prongs == ()


def test_a_plain_band_has_no_head():
    empty = np.zeros((704, 704, 4), np.float32)
    empty[..., 0] = 1
    empty[300:400, :, :2] = 0, 1
    empty = dataclasses.replace(DrawnHead((), has_stone=False).draw(size_px=704)[0], probabilities=empty)
    result = measure_head(empty, empty, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)
    assert result.wrong_style == "neither a stone nor prongs are seen in the top view"


def test_a_stone_without_prongs():
    result = measured(DrawnHead(()))
    assert result.wrong_style == "no prongs are seen at the stone, and the style has 6"


def test_prongs_that_lost_their_stone_cannot_be_measured():
    result = measured(DrawnHead(tuple(pattern()), has_stone=False))
    assert result.wrong_style is None
    assert result.prongs == ()
    assert values(result) == {"stone_1_present": 0}
    unknown = [m for m in result.measurements if isinstance(m, Unmeasurable)]
    assert {m.name for m in unknown} >= {"stone_diameter_mm", "stone_offset_mm", "stone_tilt_deg", "prong_count"}
    assert {m.reason for m in unknown} == {"no stone is seen in the top view"}


def test_without_the_oblique_view_nothing_is_good():
    top, blank = DrawnHead(tuple(pattern())).draw()[0], DrawnHead((), has_stone=False).draw()[1]
    result = measure_head(top, blank, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)
    assert states(result) == ["unsure"] * 6
    for prong in result.prongs:
        assert prong.lift_mm is None
        assert "oblique view does not show its tip" in prong.reason
        assert prong.length_mm.value == pytest.approx(0.65, abs=0.01)


def test_a_prong_image_inside_the_stone_is_no_prong():
    top, oblique = DrawnHead(tuple(pattern())).draw()
    top.probabilities[268:280, 318:348] = 0, 0, 0, 1
    result = measure_head(top, oblique, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)
    assert states(result) == ["good"] * 6


def test_noisy_probabilities_move_little():
    rng = np.random.default_rng(4)
    views = []
    for look in DrawnHead(changed(pattern(), 5, lift_mm=0.5)).draw():
        noisy = np.clip(look.probabilities + rng.normal(0, 0.12, look.probabilities.shape), 1e-3, None)
        for pointing in look.pointings.values():
            pointing.target_xy_px[...] += rng.normal(0, 3, pointing.target_xy_px.shape)
        views.append(dataclasses.replace(look, probabilities=(noisy / noisy.sum(2, keepdims=True)).astype(np.float32)))
    result = measure_head(*views, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)
    assert states(result) == ["good", "good", "good", "good", "lifted", "good"]
    assert values(result)["stone_diameter_mm"] == pytest.approx(6.5, abs=0.01)


def test_every_uncertainty_has_its_sources():
    result = measured(DrawnHead(tuple(pattern())))
    prong = result.prongs[0]
    assert {c.name for c in prong.lift_mm.budget} >= {
        "scale certificate", "elevation certificate", "pointing at the tip", "scatter of the girdle's outline",
    }  # fmt: skip
    assert prong.lift_mm.standard_uncertainty > THRESHOLDS.lift_mm
    assert prong.length_mm.standard_uncertainty > THRESHOLDS.length_mm
    assert 0 < prong.bend_mm.expanded_uncertainty < 0.06
    diameter = result.measurements[0].estimate
    assert diameter.budget[0].name == "scale certificate"
    assert diameter.budget[0].standard_uncertainty == pytest.approx(6.5 * 5e-5, rel=0.01)


def test_a_doubtful_elevation_widens_the_lift():
    """d(height)/d(elevation) = height tan e - back; levelling takes the second part, so moving the camera by what the
    certificate allows moves a lift by no more than the first."""
    top, oblique = DrawnHead(tuple(pattern())).draw()
    sure = measure_head(top, oblique, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)
    moved = measure_head(top, oblique, certificate("top"), certificate("oblique", 16.0, 45.2), sheet(), THRESHOLDS)
    doubtful = measure_head(
        top, oblique, certificate("top"), certificate("oblique", 16.0, 45.0, 0.2), sheet(), THRESHOLDS
    )
    for a, b, c in zip(sure.prongs, moved.prongs, doubtful.prongs, strict=True):
        said = next(x for x in c.lift_mm.budget if x.name == "elevation certificate").standard_uncertainty
        height_mm = sheet().tip_height_mm - BALL_MM
        assert said == pytest.approx(height_mm * math.radians(0.2), rel=0.15)
        assert abs(b.lift_mm.value - a.lift_mm.value) <= 2 * said


def test_a_model_of_other_classes_is_refused():
    good = DrawnHead(tuple(pattern())).draw()[0]
    fewer = dataclasses.replace(good, probabilities=good.probabilities[..., :3])
    for top, oblique, name in ((fewer, good, "top"), (good, fewer, "oblique")):
        with pytest.raises(ValueError, match=rf"{name} view have shape .*allowed is \(height, width, 4\)"):
            measure_head(top, oblique, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)


@pytest.mark.parametrize("elevation", [5.0, 90.0])
def test_an_oblique_view_from_the_wrong_place_is_refused(elevation):
    top, oblique = DrawnHead(tuple(pattern())).draw()
    with pytest.raises(ValueError, match=rf"drawn oblique .*elevation {elevation}"):
        measure_head(top, oblique, certificate("top"), certificate("oblique", 16.0, elevation), sheet(), THRESHOLDS)


def test_the_same_probabilities_give_the_same_result():
    top, oblique = DrawnHead(changed(pattern(), 2, lift_mm=0.3)).draw()
    results = [
        measure_head(top, oblique, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS) for _ in "ab"
    ]
    assert results[0].prongs == results[1].prongs
    assert results[0].measurements == results[1].measurements


def test_a_tip_of_which_the_pixels_are_not_sure_is_not_called_good():
    top, oblique = DrawnHead(tuple(pattern())).draw()
    for pointing in top.pointings.values():
        pointing.error_px[:, 190:] = 20.0  # prongs 1 and 6
    result = measure_head(top, oblique, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)
    assert states(result) == ["unsure", "good", "good", "good", "good", "unsure"]
    assert result.prongs[0].length_mm.expanded_uncertainty > 0.3
    assert "too close to tell" in result.prongs[0].reason


def test_a_faint_prong_is_not_called_missing():
    top, oblique = DrawnHead(tuple(pattern())).draw()
    top.marks["tip"][:, 340:] *= 0.4  # prongs 1 and 6
    for pointing in top.pointings.values():  # and its pixels do not agree
        pointing.target_xy_px[:, 170:] += np.random.default_rng(3).normal(0, 30, (280, 110, 2))
    result = measure_head(top, oblique, certificate("top"), certificate("oblique"), sheet(), THRESHOLDS)
    assert states(result) == ["unsure", "good", "good", "good", "good", "unsure"]
    assert result.prongs[0].reason == "at 30 degrees a prong is seen only faintly"


def test_a_piece_that_lies_tilted_has_no_lifted_prongs():
    """One degree carries a tip on the girdle of a 6.5 mm stone by 0.06 mm; the plane through the tips tells."""
    tilt = math.tan(math.radians(1.0))
    radius = 6.5 / 2 - 0.65 + BALL_MM
    prongs = [dataclasses.replace(p, lift_mm=tilt * radius * math.sin(math.radians(p.angle_deg))) for p in pattern()]
    lifted = dataclasses.replace(prongs[1], lift_mm=prongs[1].lift_mm + 0.4)
    result = measured(DrawnHead((prongs[0], lifted, *prongs[2:])))
    assert states(result) == ["good", "lifted", "good", "good", "good", "good"]
    assert result.prongs[1].lift_mm.value == pytest.approx(0.4, abs=0.03)
    for prong in (result.prongs[0], *result.prongs[2:]):
        assert prong.lift_mm.value == pytest.approx(0, abs=0.03)
