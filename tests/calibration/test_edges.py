"""Edges to a small part of a pixel, against exact blurred steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from loupebox.calibration.edges import locate_edges, sample_profiles

X = np.arange(0, 20.01, 0.5)


def step(position: np.ndarray, sigma: float, low: float = 0.1, high: float = 0.9) -> np.ndarray:
    return low + (high - low) * ndtr((X - position[:, None]) / sigma)


@settings(max_examples=60, deadline=None)
@given(st.floats(6, 14), st.floats(0.6, 2.0), st.floats(0.0, 0.4), st.floats(0.5, 1.0), st.booleans())
def test_an_exact_edge_comes_back_exactly(position: float, sigma: float, low: float, high: float, falls: bool) -> None:
    levels = (high, low) if falls else (low, high)
    edges = locate_edges(step(np.array([position]), sigma, *levels), 0.5)
    assert edges.position_px[0] == pytest.approx(position, abs=1e-3)
    assert edges.sigma_px[0] == pytest.approx(sigma, rel=1e-2)
    assert edges.contrast[0] == pytest.approx(levels[1] - levels[0], rel=1e-2)


def test_scatter_is_near_the_cramer_rao_bound() -> None:
    """REFERENCES.md: (noise / contrast) sqrt(2 sqrt(pi) s) with known levels; ours are free."""
    rng = np.random.default_rng(7)
    sigma, noise = 1.0, 0.01
    position = 10 + rng.uniform(-1, 1, 4000)
    edges = locate_edges(step(position, sigma) + noise * rng.standard_normal((4000, len(X))), 0.5, sigma)
    # Two samples a pixel, so the noise of a pixel is noise / sqrt(2).
    bound = noise / math.sqrt(2) / 0.8 * math.sqrt(2 * math.sqrt(math.pi) * sigma)
    error = edges.position_px - position
    assert bound < error.std() < 1.15 * bound
    assert abs(error.mean()) < 4 * bound / math.sqrt(4000)


def test_light_that_differs_from_profile_to_profile_moves_nothing() -> None:
    bright = np.linspace(0.3, 1.0, 50)
    profiles = step(np.full(50, 9.3), 1.1, 0.0, 1.0) * bright[:, None]
    np.testing.assert_allclose(locate_edges(profiles, 0.5, 1.1).position_px, 9.3, atol=1e-6)


def test_a_profile_without_an_edge_is_not_a_number() -> None:
    profiles = np.stack([np.full(len(X), 0.5), step(np.array([10.0]), 1.0)[0]])
    found = locate_edges(profiles, 0.5)
    assert np.isnan(found.position_px[0])
    assert found.position_px[1] == pytest.approx(10.0, abs=1e-6)


def test_a_thin_line_fits_badly() -> None:
    line = 0.9 - 0.8 * np.exp(-0.5 * (X - 10) ** 2)
    misfit = locate_edges(np.stack([line, step(np.array([10.0]), 1.0)[0]]), 0.5).misfit
    assert misfit[1] < 1e-4
    assert not misfit[0] < 0.12


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="7 samples; allowed are 8 or more"):
        locate_edges(np.zeros((1, 7)), 0.5)


def test_sampling_a_plane_is_exact() -> None:
    y, x = np.mgrid[:20, :30].astype(np.float32)
    places = np.array([[3.25, 7.5]]), np.array([[4.75, 11.0]])
    np.testing.assert_allclose(sample_profiles(2 * x + 3 * y, *places), 2 * places[0] + 3 * places[1], atol=1e-4)
