"""Contours and the robust fit under them."""

from __future__ import annotations

import numpy as np
import pytest

from loupebox.inspect.contour import fit_contour
from loupebox.inspect.linear_fit import fit_linear
from loupebox.inspect.rays import directions_rad, points_at

ANGLE = directions_rad(1440)


def test_a_shifted_circle_has_no_first_harmonic_about_its_own_centre() -> None:
    contour = fit_contour(points_at((50.0, 60.0), ANGLE, np.full(1440, 500.0)), (57.0, 52.0))
    assert contour.centre_xy_px == pytest.approx((50, 60), abs=1e-3)
    np.testing.assert_allclose(contour.radius_px(ANGLE), 500, atol=2e-3)
    assert contour.accepted_share == 1


def test_clumps_of_dirt_do_not_move_it() -> None:
    rng = np.random.default_rng(3)
    true = 500 + 2 * np.cos(2 * ANGLE + 0.3) + 0.5 * np.sin(3 * ANGLE)
    seen = true + 0.02 * rng.standard_normal(1440)
    for at in (10, 300, 720, 1000):
        seen[at : at + 20] -= rng.uniform(1, 12)
    seen[1200:1220] = np.nan
    contour = fit_contour(points_at((0.0, 0.0), ANGLE, seen), (1.0, 1.0))
    np.testing.assert_allclose(contour.points_xy_px(1440), points_at((0.0, 0.0), ANGLE, true), atol=0.6)
    assert np.ptp(contour.diameters_px()) == pytest.approx(8, abs=0.02)
    assert contour.accepted_share == pytest.approx(1 - 100 / 1440, abs=0.005)
    assert 5 <= contour.largest_gap_deg <= 6
    assert contour.radius_standard_uncertainty_px < 0.02


def test_diameters_run_through_the_centre() -> None:
    contour = fit_contour(points_at((0.0, 0.0), ANGLE, 100 + np.cos(3 * ANGLE)), (0.0, 0.0))
    np.testing.assert_allclose(contour.diameters_px(), 200, atol=1e-3)
    np.testing.assert_allclose(contour.grown_px(0.5).diameters_px(), 201, atol=1e-3)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="20 values for 33 coefficients; allowed are 66 or more"):
        fit_contour(points_at((0.0, 0.0), directions_rad(20), np.full(20, 9.0)), (0.0, 0.0))


def test_the_linear_fit_is_least_squares_when_nothing_is_wrong() -> None:
    rng = np.random.default_rng(5)
    basis = np.column_stack([np.ones(400), np.linspace(-1, 1, 400)])
    values = basis @ [2.0, 3.0] + 0.1 * rng.standard_normal(400)
    fit = fit_linear(basis, values, 0.001)
    np.testing.assert_allclose(fit.coefficients, np.linalg.lstsq(basis, values, rcond=None)[0], atol=0.005)
    assert fit.scale == pytest.approx(0.1, rel=0.1)


def test_a_third_of_outliers_on_one_side_is_seen_as_such() -> None:
    basis = np.column_stack([np.ones(300), np.linspace(-1, 1, 300)])
    values = basis @ [2.0, 3.0] + 0.01 * np.random.default_rng(1).standard_normal(300)
    values[::3] += 5
    fit = fit_linear(basis, values, 0.001)
    np.testing.assert_allclose(fit.coefficients, [2, 3], atol=0.01)
    assert (fit.weights[::3] == 0).all()
