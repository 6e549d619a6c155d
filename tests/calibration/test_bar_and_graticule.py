"""Widths of drawn bars and pitches of drawn lines come back to a small part of a pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from loupebox.calibration.bar import Bar, measure_bar
from loupebox.calibration.graticule import Graticule, measure_graticule

Y, X = np.mgrid[:240, :320].astype(float)
BLUR = math.hypot(0.8, math.sqrt(1 / 12))


def bar(width: float, slope_deg: float = 3.0, noise: float = 0.005, seed: int = 1) -> np.ndarray:
    tilt = math.radians(slope_deg)
    distance = (Y - 119.3) * math.cos(tilt) - (X - 160) * math.sin(tilt)
    inside = ndtr((distance + width / 2) / BLUR) - ndtr((distance - width / 2) / BLUR)
    return (0.8 - 0.75 * inside + np.random.default_rng(seed).normal(0, noise, Y.shape)).astype(np.float32)


def lines(pitch: float, slope_deg: float = 0.8, noise: float = 0.005, seed: int = 1) -> np.ndarray:
    tilt = math.radians(slope_deg)
    place = ((X - 100.4) * math.cos(tilt) + (Y - 120) * math.sin(tilt)) % pitch - pitch / 2
    width = pitch / 5
    inside = ndtr((place + width / 2) / BLUR) - ndtr((place - width / 2) / BLUR)
    return (0.8 - 0.6 * inside + np.random.default_rng(seed).normal(0, noise, Y.shape)).astype(np.float32)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("slope", [0.0, 3.0, -8.0])
def test_the_width_of_a_bar(slope: float, turned: bool) -> None:
    picture = bar(90.37, slope)
    found = measure_bar(picture.T if turned else picture)
    assert isinstance(found, Bar)
    assert found.width_px == pytest.approx(90.37, abs=0.01)
    assert found.standard_uncertainty_px < 0.003


def test_the_stated_uncertainty_of_a_width_is_its_scatter() -> None:
    found = [measure_bar(bar(90.37, seed=s)) for s in range(24)]
    widths = np.array([b.width_px for b in found if isinstance(b, Bar)])
    stated = np.mean([b.standard_uncertainty_px for b in found if isinstance(b, Bar)])
    assert len(widths) == 24
    assert 0.5 < widths.std(ddof=1) / stated < 2.0


def test_dirt_on_a_bar_does_not_move_it() -> None:
    picture = bar(90.37)
    picture[60:90, 100:125] = 0.05
    found = measure_bar(picture)
    assert isinstance(found, Bar)
    assert found.width_px == pytest.approx(90.37, abs=0.02)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.8, -1.2])
@pytest.mark.parametrize("pitch", [12.34, 25.07])
def test_the_pitch_of_lines(pitch: float, slope: float, turned: bool) -> None:
    picture = lines(pitch, slope)
    found = measure_graticule(picture.T if turned else picture)
    assert isinstance(found, Graticule)
    assert abs(found.pitch_px - pitch) < max(4 * found.standard_uncertainty_px, 5e-4)
    assert found.standard_uncertainty_px < 3e-4 * pitch


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((20, 20), np.float32), "64 px each way"),
        (np.full((100, 100), 0.5, np.float32), "no bar is seen: the contrast is 0.00"),
        (bar(90.0)[100:], "no dark bar runs through the whole picture"),
        (bar(90.0, noise=0.3), "no dark bar|of an edge of the bar is clear"),
    ],
)
def test_what_is_no_bar_is_told(picture: np.ndarray, says: str) -> None:
    found = measure_bar(picture)
    assert isinstance(found, str)
    assert any(part in found for part in says.split("|"))


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((20, 20), np.float32), "64 px each way"),
        (np.full((100, 100), 0.5, np.float32), "fewer than 5 lines"),
        (lines(90.0), "fewer than 5 lines"),
        (np.random.default_rng(1).random((200, 200)).astype(np.float32), "lines"),
    ],
)
def test_what_is_no_graticule_is_told(picture: np.ndarray, says: str) -> None:
    found = measure_graticule(picture)
    assert isinstance(found, str)
    assert says in found
