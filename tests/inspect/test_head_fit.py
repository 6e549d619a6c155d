import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.inspect.prong_state import state_of
from loupebox.inspect.robust_fit import robust_fit
from loupebox.inspect.spec import Head, Range
from loupebox.inspect.sub_pixel import bilinear, first_crossing, last_crossing
from loupebox.inspect.triangulation import height_mm, levelled
from loupebox.models.card import parse_card
from loupebox.models.errors import ModelError


def circle_points(x: float, y: float, radius: float, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return x + radius * np.cos(turn), y + radius * np.sin(turn)


def fit_circle(x, y, start):
    return robust_fit(
        lambda p: np.hypot(x - p[0], y - p[1]) - p[2], np.array(start, float), np.full(3, 0.01), 0.01
    )  # fmt: skip


@settings(deadline=None)
@given(x=st.floats(-2, 2), y=st.floats(-2, 2), radius=st.floats(5, 50))
def test_an_exact_circle(x, y, radius):
    fit = fit_circle(*circle_points(x, y, radius), (0, 0, 20))  # a start inside the circle
    assert fit.values == pytest.approx((x, y, radius), abs=1e-4)
    assert fit.used.all()


def test_a_fifth_of_wild_points_changes_nothing():
    x, y = circle_points(1, 2, 30)
    x[::5] += 7
    fit = fit_circle(x, y, (0, 0, 28))
    assert fit.values == pytest.approx((1, 2, 30), abs=0.01)
    assert not fit.used[::5][:10].all()


def test_the_covariance_is_that_of_normal_noise():
    """For points all round a circle the centre's variance is 2/n and the radius' 1/n of the noise's."""
    rng = np.random.default_rng(2)
    x, y = circle_points(0, 0, 40, 400)
    values, said = [], []
    for _ in range(200):
        fit = fit_circle(x + rng.normal(0, 0.2, 400), y + rng.normal(0, 0.2, 400), (0, 0, 39))
        values.append(fit.values)
        said.append(np.sqrt(np.diag(fit.covariance)))
    assert np.std(values, axis=0) == pytest.approx(0.2 * np.sqrt([2 / 400, 2 / 400, 1 / 400]), rel=0.15)
    assert np.mean(said, axis=0) == pytest.approx(0.2 * np.sqrt([2 / 400, 2 / 400, 1 / 400]), rel=0.15)


def test_what_does_not_determine_the_fit():
    one = np.zeros(30)
    assert fit_circle(one, one, (0, 1, 1)) is None
    assert fit_circle(one[:2], one[:2], (0, 1, 1)) is None
    assert fit_circle(one[:0], one[:0], (0, 1, 1)) is None


def test_between_pixels():
    y, x = np.mgrid[:9, :7].astype(np.float32)
    at = np.array([0.0, 3.25, 6.0, 8.0, -2.0]), np.array([0.0, 4.5, 8.0, 20.0, 1.0])
    assert bilinear(2 * x + 3 * y, *at) == pytest.approx([0, 20, 36, 36, 3])


def test_crossings_are_interpolated():
    profiles = np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0.75, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1.0], [1, 0, 1, 1, 1]])
    assert first_crossing(profiles, 0.5) == pytest.approx([1.5, 0.5, np.nan, np.nan, 0.5], nan_ok=True)
    assert last_crossing(profiles, 0.5) == pytest.approx([1.5, 3 + 1 / 3, np.nan, np.nan, np.nan], nan_ok=True)


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(-1, 3), st.floats(20, 70))
def test_height_from_two_views(back, height, elevation):
    e = math.radians(elevation)
    up = back * math.sin(e) + height * math.cos(e)
    assert height_mm(up, back, e) == pytest.approx(height, abs=1e-9)


def test_levelling_takes_what_all_share_and_no_lift():
    turn = np.radians(30 + 60 * np.arange(6))
    x, y = 2.6 * np.cos(turn), 2.6 * np.sin(turn)
    lift = np.array([0, 0, 0.35, 0, 0, 0.0])
    plane = 0.008 * x - 0.006 * y + 0.04
    assert levelled(x, y, lift + plane) == pytest.approx(lift, abs=0.015)
    all_up = levelled(x, y, np.full(6, 0.4))
    assert all_up == pytest.approx(np.full(6, 0.3), abs=0.001)


# States


HEAD = Head(
    prong_count=6,
    first_prong_deg=30.0,
    stone_diameter_mm=6.5,
    tip_height_mm=1.0,
    prong_length_mm=Range(lower=0.4, upper=1.0),
    bend_mm=Range(upper=0.25),
    lift_mm=Range(upper=0.18),
)


def mm(value: float, u: float = 0.02) -> Estimate:
    return Estimate(value, "mm", (Contribution("test", u),))


@pytest.mark.parametrize(
    ("length", "bend", "lift", "state", "words"),
    [
        (0.7, 0.0, 0.0, "good", []),
        (0.7, -0.2, -0.5, "good", []),
        (0.2, 0.0, 0.0, "short", ["reaching over the stone by 0.20 ± 0.04 mm", "0.40 to 1.00 mm allowed"]),
        (1.2, 0.0, 0.0, "long", ["1.20 ± 0.04 mm"]),
        (0.7, -0.4, 0.0, "bent", ["bent sideways by 0.40 ± 0.04 mm", "at most 0.25 mm allowed"]),
        (0.7, 0.0, 0.4, "lifted", ["lifted by 0.40 ± 0.04 mm", "at most 0.18 mm allowed"]),
        (0.2, 0.4, 0.4, "bent", ["bent", "lifted", "reaching"]),
        (0.42, 0.0, 0.0, "unsure", ["0.42", "too close to tell"]),
        (0.7, 0.0, 0.16, "unsure", ["lifted by 0.16", "too close to tell"]),
        (0.42, 0.4, 0.0, "bent", ["bent"]),
        (0.7, 0.0, None, "unsure", ["oblique view does not show its tip"]),
        (0.2, 0.0, None, "short", ["reaching"]),
    ],
)
def test_states_with_their_reasons(length, bend, lift, state, words):
    got, reason = state_of(mm(length), mm(bend), None if lift is None else mm(lift), HEAD)
    assert got == state
    assert (reason == "") == (state == "good")
    for word in words:
        assert word in reason


# The card


def card(**changes: object):
    data = {
        "schema": 1, "name": "head_parts", "version": "1.0.0", "task": "segmentation", "file": "head_parts.onnx",
        "sha256": "0" * 64, "input": {"channels": ["R", "G", "B"], "mean": [0, 0, 0], "deviation": [1, 1, 1]},
        "um_per_px": 32, "classes": ["background", "metal", "stone", "prong"],
        "thresholds": {"stone": 0.5, "prong": 0.4},
        "standard_uncertainties": {
            "stone_diameter_mm": 0.01, "stone_offset_mm": 0.02, "length_mm": 0.03, "bend_mm": 0.04, "lift_mm": 0.05,
            "length_gain": 0.6, "bend_gain": 0.7, "lift_gain": 0.8, "table_offset_mm": 0.06, "stone_tilt_deg": 0.7,
            "tip_width_mm": 0.08, "height_percent": 4.0, "contact_percent": 5.0, "outline_mm": 0.03,
        },
        "marks": ["tip", "table"], "pointers": ["tip", "inmost", "foot"],
        "trained_on": "nothing", "licence": "Apache-2.0", "measured": {"x": 1}, "requires_loupebox": ">=0.1.0",
    }  # fmt: skip
    return parse_card(json.dumps(data | changes), "card")


def test_thresholds_come_from_the_card():
    assert HeadThresholds.from_card(card()) == HeadThresholds(
        0.5, 0.4, 0.01, 0.02, 0.03, 0.04, 0.05, 0.6, 0.7, 0.8, 0.06, 0.7, 0.08, 4.0, 5.0, 0.03
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": ["background", "stone", "metal", "prong"]}, ["head_parts", "classes background, stone, metal"]),
        ({"pointers": ["tip"]}, ["points at tip", "heads need tip, table and tip, inmost, foot"]),
        ({"thresholds": {"stone": 0.5}}, ["thresholds lacks prong"]),
        ({"standard_uncertainties": {}}, ["standard_uncertainties lacks stone_diameter_mm"]),
    ],
)
def test_a_card_of_another_kind_is_refused(changes, words):
    with pytest.raises(ModelError) as error:
        HeadThresholds.from_card(card(**changes))
    for word in words:
        assert word in str(error.value)
