"""A telecentric camera against exact parallel projections."""

from __future__ import annotations

import math

import numpy as np
import pytest
from boards import LENS, PX_PER_MM, telecentric_view
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.calibration.telecentric import TelecentricFitError, fit_telecentric

TILTS = (0.0, 3.0, 8.0)


def test_without_noise_everything_comes_back() -> None:
    found = fit_telecentric([telecentric_view(f"{t}", t) for t in TILTS])
    assert found.magnification.value == pytest.approx(PX_PER_MM, rel=1e-7)
    assert found.um_per_px.value == pytest.approx(16.0, rel=1e-7)
    assert (found.lens.k1, found.lens.p1, found.lens.p2) == pytest.approx((LENS.k1, LENS.p1, LENS.p2), abs=1e-8)
    for view, tilt in zip(found.views, TILTS, strict=True):
        assert view.tilt.value == pytest.approx(tilt, abs=0.02)


def test_truth_lies_inside_the_stated_intervals() -> None:
    inside = {"magnification": 0, "k1": 0, "p1": 0, "p2": 0, "tilt": 0}
    runs = 60
    for seed in range(runs):
        views = [telecentric_view(f"{t}", t, 0.05, seed=10 * seed + i) for i, t in enumerate(TILTS)]
        found = fit_telecentric(views)
        assert found.noise_px == pytest.approx(0.05, rel=0.06)
        for name, estimate, true in (
            ("magnification", found.magnification, PX_PER_MM),
            ("k1", found.k1, LENS.k1),
            ("p1", found.p1, LENS.p1),
            ("p2", found.p2, LENS.p2),
            ("tilt", found.views[2].tilt, 8.0),
        ):
            inside[name] += estimate.interval[0] <= true <= estimate.interval[1]
    assert min(inside.values()) >= 0.86 * runs


def test_a_tilt_near_zero_is_not_claimed() -> None:
    views = [telecentric_view("a", 0.0, 0.05, seed=1), telecentric_view("b", 5.0, 0.05, seed=2)]
    tilt = fit_telecentric(views).views[0].tilt
    assert tilt.interval[0] <= 0.0
    assert 0.05 < tilt.expanded_uncertainty < 1.0


def test_the_axis_against_the_stage_from_known_heights() -> None:
    x_deg, y_deg = 0.4, -0.7
    heights = (0.0, 2.0, 5.0)

    def at(height: float, seed: int) -> tuple[float, float]:
        return tuple(PX_PER_MM * height * math.sin(math.radians(a)) for a in (x_deg, y_deg))  # type: ignore[return-value]

    views = [telecentric_view(f"{h}", 2.0, 0.05, shift_xy_px=at(h, i), seed=i) for i, h in enumerate(heights)]
    found = fit_telecentric(views, heights)
    assert found.axis_tilt_xy is not None
    for estimate, true in zip(found.axis_tilt_xy, (x_deg, y_deg), strict=True):
        assert abs(estimate.value - true) < 2 * estimate.expanded_uncertainty
        assert estimate.expanded_uncertainty < 0.01
    assert fit_telecentric(views).axis_tilt_xy is None


def test_a_bad_view_is_named() -> None:
    views = [telecentric_view(str(i), float(i), 0.05, seed=i) for i in range(5)]
    views[3] = telecentric_view("shaken", 3.0, 0.4, seed=9)
    assert [v.name for v in fit_telecentric(views).views if v.bad] == ["shaken"]


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 2047), st.floats(0, 1535))
def test_undistortion_is_the_inverse_of_distortion(x: float, y: float) -> None:
    point = np.array([[x, y]])
    assert np.abs(LENS.distorted_px(LENS.undistorted_px(point)) - point).max() < 1e-8


def test_the_middle_of_the_picture_is_not_distorted_and_a_corner_is() -> None:
    points = np.array([LENS.middle_xy_px, (0.0, 0.0)])
    shift = np.hypot(*(LENS.distorted_px(points) - points).T)
    assert shift[0] == pytest.approx(math.hypot(0, 0), abs=1e-9)
    assert shift[1] == pytest.approx(LENS.k1 * LENS.half_diagonal_px, rel=0.6)


def test_too_little_is_refused() -> None:
    one = telecentric_view("a", 1.0)
    with pytest.raises(TelecentricFitError, match="there are 1 views"):
        fit_telecentric([one])
    with pytest.raises(TelecentricFitError, match="2 heights for 2 views; needed is one a view, at least two differ"):
        fit_telecentric([one, one], [1.0, 1.0])
