"""Pendants and pairs of earrings, drawn exactly."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ring_pictures import as_frame, face_certificate

from loupebox.calibration.frame import LinearFrame
from loupebox.inspect.caliper import caliper_sizes, mirror_distance
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.pieces import measure_pieces
from loupebox.models.training.drawn_pieces import Egg, backlit, placed

UM_PER_PX = 36.0
CERTIFICATE = face_certificate(UM_PER_PX)
GOOD = Egg(14.0, 7.0, 0.12)


def picture(*pieces: tuple[Egg, tuple[float, float], float, bool], noise: float = 0.01, seed: int = 0) -> LinearFrame:
    """Each piece with its place, turn, and whether it is mirrored."""
    outlines = [
        placed(egg.outline_mm() * ([-1, 1] if mirrored else [1, 1]), at, turn, UM_PER_PX)
        for egg, at, turn, mirrored in pieces
    ]
    light = cv2.GaussianBlur(backlit(outlines, (720, 560)), (0, 0), 0.8) + 0.05
    return as_frame(light + noise * np.random.default_rng(seed).standard_normal(light.shape))


def pair(right: Egg, turn: float = -20.0) -> LinearFrame:
    return picture((GOOD, (180.3, 280.6), 15.0, False), (right, (520.7, 270.2), turn, True))


def found(frame: LinearFrame, family: str) -> dict[str, float]:
    results = measure_pieces(frame, CERTIFICATE, family)  # type: ignore[arg-type]
    assert not isinstance(results, str), results
    return {m.name: m.estimate.value for m in results}


@pytest.mark.parametrize("turn", [0.0, 33.0, -140.0])
@pytest.mark.parametrize("egg", [Egg(14.0, 7.0), Egg(9.0, 8.0, 0.05)], ids=["long", "leaning"])
def test_a_pendant_has_the_largest_and_smallest_caliper_size(egg: Egg, turn: float) -> None:
    length, width = caliper_sizes(egg.outline_mm())
    frame = picture((egg, (351.2, 283.7), turn, False))
    results = measure_pieces(frame, CERTIFICATE, "pendant")
    assert not isinstance(results, str), results
    for result, truth in zip(results, (length, width), strict=True):
        assert isinstance(result, Measurement)
        assert result.estimate.value == pytest.approx(truth, abs=0.004)
        assert abs(result.estimate.value - truth) <= result.estimate.expanded_uncertainty
        assert result.estimate.expanded_uncertainty < 0.012


def test_a_pair_of_mirror_images_has_no_differences() -> None:
    seen = found(pair(GOOD), "earrings")
    length, width = caliper_sizes(GOOD.outline_mm())
    assert seen["left_length_mm"] == pytest.approx(length, abs=0.004)
    assert seen["right_width_mm"] == pytest.approx(width, abs=0.004)
    assert seen["pair_length_difference_mm"] < 0.004
    assert seen["pair_width_difference_mm"] < 0.004
    assert seen["pair_mirror_mm"] < 0.01


def test_an_earring_that_is_larger_or_not_mirrored_is_told() -> None:
    larger = found(pair(Egg(14.2, 7.0, 0.12)), "earrings")
    truth = caliper_sizes(Egg(14.2, 7.0, 0.12).outline_mm())[0] - caliper_sizes(GOOD.outline_mm())[0]
    assert larger["pair_length_difference_mm"] == pytest.approx(truth, abs=0.005)
    assert larger["pair_mirror_mm"] > 0.06
    twice = picture((GOOD, (180.3, 280.6), 15.0, False), (GOOD, (520.7, 270.2), -20.0, False))
    assert found(twice, "earrings")["pair_mirror_mm"] > 0.08


def test_how_a_pair_lies_does_not_matter() -> None:
    here, there = found(pair(GOOD), "earrings"), found(pair(GOOD, 160.0), "earrings")
    for name, value in here.items():
        assert there[name] == pytest.approx(value, abs=0.004)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.5, 50), st.floats(0.5, 50), st.floats(-180, 180), st.floats(-99, 99))
def test_calipers_on_a_turned_rectangle(one: float, other: float, turn: float, away: float) -> None:
    corners = np.array([[0, 0], [one, 0], [one, other], [0, other]], float)
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    sizes = caliper_sizes(corners @ np.array([[c, s], [-s, c]]) + away)
    assert sizes == pytest.approx((math.hypot(one, other), min(one, other)), rel=1e-6)


def test_a_shape_is_its_own_mirror_image_or_not() -> None:
    straight, leaning = Egg(14.0, 7.0).outline_mm(2000), GOOD.outline_mm(2000)
    assert mirror_distance(straight, straight) < 1e-3
    assert mirror_distance(leaning, leaning * [-1, 1]) < 1e-3
    assert mirror_distance(leaning, leaning) > 0.08


@pytest.mark.parametrize(
    ("frame", "family", "says"),
    [
        (as_frame(np.full((400, 400), 0.8)), "pendant", "of one brightness"),
        (as_frame(np.zeros((400, 400))), "pendant", "of one brightness"),
        (as_frame(np.full((400, 400), np.nan)), "pendant", "not finite"),
        (as_frame(np.full((20, 400), 0.8)), "pendant", "only 400 x 20 px"),
        (pair(GOOD), "pendant", "2 pieces are seen; allowed is 1"),
        (picture((GOOD, (351.2, 283.7), 0.0, False)), "earrings", "1 piece is seen; allowed is 2"),
        (picture((GOOD, (30.0, 283.7), 0.0, False)), "pendant", "cut by the border"),
    ],
    ids=["bright", "dark", "nan", "small", "two", "one", "cut"],
)
def test_what_shows_no_such_piece_is_told_by_name(frame: LinearFrame, family: str, says: str) -> None:
    results = measure_pieces(frame, CERTIFICATE, family)  # type: ignore[arg-type]
    assert isinstance(results, str)
    assert says in results


def test_another_view_is_a_mistake_of_the_caller() -> None:
    frame = pair(GOOD)
    wrong = LinearFrame(frame.signal, frame.saturated, "top", "dome")
    with pytest.raises(ValueError, match="allowed is face/backlight, grey"):
        measure_pieces(wrong, CERTIFICATE, "pendant")
