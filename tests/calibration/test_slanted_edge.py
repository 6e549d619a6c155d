"""MTF50 of a slanted edge against the analytic Gaussian with a square pixel."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy.special import ndtr

from loupebox.calibration.slanted_edge import SlantedEdge, equivalent_sigma_px, gaussian_mtf50, slanted_edge

ORACLE = ((0.7, 0.2471), (1.0, 0.1800), (1.5, 0.1227))


@cache
def edge(sigma: float, angle_deg: float = 5.0, size: int = 200) -> np.ndarray:
    """An edge through a Gaussian blur, averaged over each square pixel by 8 x 8 points."""
    fine = (np.arange(8) - 3.5) / 8
    tilt = math.radians(angle_deg)
    y, x = np.mgrid[:size, :size].astype(float)
    picture = np.zeros((size, size))
    for dy in fine:
        for dx in fine:
            distance = (x + dx - size / 2) * math.cos(tilt) - (y + dy - size / 2) * math.sin(tilt)
            picture += ndtr(distance / sigma) / 64
    return 0.1 + 0.7 * picture


def measured(picture: np.ndarray) -> SlantedEdge:
    found = slanted_edge(picture.astype(np.float32))
    assert isinstance(found, SlantedEdge), found
    return found


@pytest.mark.parametrize(("sigma", "mtf50"), ORACLE)
def test_the_three_published_figures(sigma: float, mtf50: float) -> None:
    found = measured(edge(sigma))
    assert found.mtf50.value == pytest.approx(mtf50, abs=4e-4)
    assert found.sigma_px == pytest.approx(sigma, rel=0.01)
    assert found.angle_deg == pytest.approx(5.0, abs=0.02)


@pytest.mark.parametrize(("sigma", "mtf50"), ORACLE)
def test_the_transfer_function_is_that_of_the_blur_and_the_pixel(sigma: float, mtf50: float) -> None:
    found = measured(edge(sigma))
    f = found.frequency_per_px
    expected = np.exp(-2 * (math.pi * sigma * f) ** 2) * np.sinc(f)
    clear = f < 1.5 * mtf50
    assert np.abs(found.mtf - expected)[clear].max() < 0.01


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("angle", [2.5, 5.0, -8.0, 14.0])
def test_direction_and_angle_do_not_matter(turn: int, angle: float) -> None:
    found = measured(np.rot90(edge(1.0, angle), turn))
    assert found.mtf50.value == pytest.approx(0.18, rel=0.006)


def test_exposure_does_not_matter() -> None:
    assert measured(0.3 * edge(1.0)).mtf50.value == pytest.approx(measured(edge(1.0)).mtf50.value, rel=1e-4)


def test_the_stated_interval_holds_the_truth() -> None:
    runs = 40
    clean = edge(1.0)
    noise = np.random.default_rng(9)
    inside = 0
    for _ in range(runs):
        found = measured(clean + noise.normal(0, 0.01, clean.shape)).mtf50
        inside += found.interval[0] <= gaussian_mtf50(1.0) <= found.interval[1]
        assert found.expanded_uncertainty < 0.03 * found.value
    assert inside >= 0.87 * runs


def test_sigma_and_mtf50_are_each_others_inverse() -> None:
    for sigma in (0.4, 0.8, 2.0, 5.0):
        assert equivalent_sigma_px(gaussian_mtf50(sigma)) == pytest.approx(sigma, rel=1e-6)
    assert equivalent_sigma_px(0.7) == 0.0  # sharper than a pixel


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((20, 20)), "the region is 20 x 20 px; needed are 64 px each way"),
        (np.full((100, 100), np.nan), "not finite"),
        (np.full((100, 100), 0.5), "no edge is seen"),
        (edge(1.0, 0.3), "0.3° from the pixels' axis; allowed is 1 to 20°"),
        (edge(1.0, 30.0), "30.0° from the pixels' axis; allowed is 1 to 20°"),
        (0.5 + 0.3 * np.random.default_rng(1).standard_normal((100, 100)), "rows show one clean edge"),
        (edge(1.0, 2.0)[:, 94:], "too near to the border"),
    ],
    ids=["small", "nan", "flat", "straight", "steep", "noise", "border"],
)
def test_what_is_no_slanted_edge_is_refused_in_words(picture: np.ndarray, says: str) -> None:
    found = slanted_edge(picture.astype(np.float32))
    assert isinstance(found, str)
    assert says in found
