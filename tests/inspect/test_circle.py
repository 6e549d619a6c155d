"""The largest inscribed circle, where geometry gives it exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.inspect.circle import maximum_inscribed_circle

ANGLE = np.arange(1440) * 2 * np.pi / 1440


def curve(radius: np.ndarray | float, centre: tuple[float, float] = (3.0, 4.0)) -> np.ndarray:
    return np.column_stack([centre[0] + radius * np.cos(ANGLE), centre[1] + radius * np.sin(ANGLE)])


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 1e4), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_a_circle_is_its_own(radius: float, start_x: float, start_y: float) -> None:
    found = maximum_inscribed_circle(curve(radius), (3 + start_x * radius, 4 + start_y * radius))
    assert found.radius == pytest.approx(radius, rel=1e-9)
    assert math.dist(found.centre_xy, (3, 4)) < 1e-6 * radius


def test_an_ellipse_holds_a_circle_of_its_short_axis() -> None:
    radius = 1 / np.sqrt((np.cos(ANGLE) / 520) ** 2 + (np.sin(ANGLE) / 500) ** 2)
    assert maximum_inscribed_circle(curve(radius), (9.0, 2.0)).radius == pytest.approx(500, abs=1e-4)


@pytest.mark.parametrize("lobes", [3, 4, 5, 7])
def test_a_lobed_curve_is_touched_at_its_near_points(lobes: int) -> None:
    found = maximum_inscribed_circle(curve(500 + 10 * np.cos(lobes * ANGLE)), (-20.0, 20.0))
    assert found.radius == pytest.approx(490, abs=1e-3)


def test_a_triangle_holds_its_incircle() -> None:
    corners = np.array([[0, 0], [4, 0], [0, 3]], float)
    side = np.linspace(0, 1, 400, endpoint=False)[:, None]
    points = np.concatenate([a + side * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    found = maximum_inscribed_circle(points, (1.5, 0.8))
    assert found.radius == pytest.approx(1.0, abs=2e-5)
    assert found.centre_xy == pytest.approx((1.0, 1.0), abs=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_no_point_lies_inside_and_no_neighbouring_centre_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    radius = 100 + sum(rng.normal(0, 1) * np.cos(k * ANGLE + rng.uniform(0, 6)) for k in range(1, 8))
    points = curve(radius)
    found = maximum_inscribed_circle(points, (3.0, 4.0))
    distance = np.hypot(*(points - found.centre_xy).T)
    assert distance.min() == pytest.approx(found.radius, rel=1e-12)
    for step in (1e-3, 1e-2, 1.0):
        for turn in np.arange(0, 2 * np.pi, np.pi / 8):
            other = np.array(found.centre_xy) + step * np.array([math.cos(turn), math.sin(turn)])
            assert np.hypot(*(points - other).T).min() <= found.radius + 1e-9


@pytest.mark.parametrize("points", [np.zeros((2, 2)), np.full((5, 2), np.nan)])
def test_what_is_no_contour_is_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="3 or more finite points"):
        maximum_inscribed_circle(points, (0.0, 0.0))
