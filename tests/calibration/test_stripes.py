"""Stripes: exact sinusoids in, their mean, modulation and phase out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.calibration.stripes import StripesError, decode, imbalance

SHAPE = (5, 7)
rng = np.random.default_rng(3)
NOISE = rng.standard_normal((4, *SHAPE))


def stripes(mean, modulation, phase_rad):
    return [np.asarray(mean + modulation * np.cos(phase_rad + k * np.pi / 2), np.float32) for k in range(4)]


def angle_between(a, b):
    return np.abs((np.asarray(a, float) - b + np.pi) % (2 * np.pi) - np.pi)


@given(
    mean=st.floats(0.05, 1.0),
    contrast=st.floats(0.02, 1.0),
    start=st.floats(-np.pi, np.pi),
    step_x=st.floats(-1.5, 1.5),
    step_y=st.floats(-1.5, 1.5),
)
def test_exact_sinusoids_come_back(mean, contrast, start, step_x, step_y):
    phase = start + step_x * np.arange(SHAPE[1])[None, :] + step_y * np.arange(SHAPE[0])[:, None]
    maps = decode(stripes(mean, mean * contrast, phase))
    assert maps.mean == pytest.approx(mean, abs=1e-5)
    assert maps.modulation == pytest.approx(mean * contrast, abs=1e-5)
    assert angle_between(maps.phase_rad, phase).max() < 1e-3 / contrast


@given(light=st.floats(0.0, 0.5))
def test_even_stray_light_changes_only_the_mean(light):
    phase = np.linspace(-3, 3, 35).reshape(SHAPE)
    without, with_light = decode(stripes(0.4, 0.3, phase)), decode(stripes(0.4 + light, 0.3, phase))
    assert with_light.mean == pytest.approx(without.mean + light, abs=1e-5)
    assert with_light.modulation == pytest.approx(without.modulation, abs=1e-5)


def test_noise_reaches_the_phase_as_the_theory_says():
    # Four frames of noise s give a phase noise of s / (B sqrt 2).
    many = np.random.default_rng(5).normal(0, 0.01, (4, 200, 200))
    frames = [i + n for i, n in zip(stripes(0.5, 0.4, np.full((200, 200), 0.7)), many, strict=True)]
    assert decode(frames).phase_rad.std() == pytest.approx(0.01 / 0.4 / np.sqrt(2), rel=0.02)


def test_a_light_that_did_not_fire_shows_as_imbalance():
    frames = stripes(0.4, 0.3, np.linspace(0, 12 * np.pi, 35).reshape(SHAPE))
    assert imbalance(frames) < 1e-6
    frames[2] = np.zeros_like(frames[2])
    assert imbalance(frames) > 0.2
    assert imbalance([np.zeros(SHAPE, np.float32)] * 4) == 0


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([np.zeros(SHAPE, np.float32)] * 3, "stripes came as 3 frames; allowed are exactly 4"),
        ([np.zeros(SHAPE, np.float32)] * 3 + [np.zeros((5, 6), np.float32)], "shapes [(5, 7), (5, 7), (5, 7), (5, 6)]"),
        ([np.zeros((2, 2, 3), np.float32)] * 4, "allowed are four equal shapes (height, width)"),
    ],
)
def test_what_is_no_set_of_stripes_is_refused(frames, words):
    for function in (decode, imbalance):
        with pytest.raises(StripesError) as refusal:
            function(frames)
        assert words in str(refusal.value)


def test_maps_cannot_be_changed():
    maps = decode(stripes(0.5, 0.2, np.zeros(SHAPE)))
    with pytest.raises(ValueError, match="read-only"):
        maps.mean[0, 0] = 1
