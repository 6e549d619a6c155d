"""The blur of a picture, against exact blurred edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from loupebox.calibration.sharpness import edge_sigma_px

Y, X = np.mgrid[:300, :320].astype(np.float64)


def disc(sigma: float, noise: float = 0.0, seed: int = 1) -> np.ndarray:
    """A dark disc seen by square pixels through a Gaussian blur."""
    radius = np.hypot(X - 160.3, Y - 149.6)
    clean = 0.1 + 0.7 * ndtr((radius - 100) / math.sqrt(sigma**2 + 1 / 12))
    return clean + noise * np.random.default_rng(seed).standard_normal(clean.shape)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("sigma", [0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0])
def test_the_blur_comes_back(sigma: float, noise: float) -> None:
    found = edge_sigma_px(disc(sigma, noise))
    assert found is not None
    assert abs(found - sigma) < max(0.13, 0.1 * sigma)


def test_the_sharpest_part_counts_where_the_rest_is_out_of_focus() -> None:
    picture = np.concatenate([disc(4.0), disc(1.0)], axis=1)
    assert edge_sigma_px(picture) == pytest.approx(1.0, abs=0.1)


def test_exposure_does_not_matter() -> None:
    assert edge_sigma_px(0.4 * disc(1.2)) == pytest.approx(edge_sigma_px(disc(1.2)), abs=0.01)


def test_colour_counts_as_its_mean_and_clipped_highlights_do_not_count() -> None:
    soft = np.repeat(disc(2.0)[:, :, None], 3, axis=2)
    clipped = np.minimum(8 * soft, 1.0)
    assert edge_sigma_px(soft) == pytest.approx(2.0, abs=0.1)
    assert edge_sigma_px(np.concatenate([soft, clipped], axis=1)) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((300, 300)),
        np.full((300, 300), np.nan),
        0.5 + 0.02 * np.random.default_rng(0).standard_normal((300, 300)),
        np.ones((20, 20)),
    ],
    ids=["black", "nan", "noise", "tiny"],
)
def test_a_picture_without_edges_has_no_blur(picture: np.ndarray) -> None:
    assert edge_sigma_px(picture) is None
