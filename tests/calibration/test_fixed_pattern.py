"""Unevenness, hot and dead pixels and the flat, against a sensor whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from virtual_sensor import VirtualSensor

from loupebox.calibration.correction import correct
from loupebox.calibration.fixed_pattern import FixedPattern, FrameStack, fixed_pattern
from loupebox.calibration.frame import Frame
from loupebox.calibration.light_level import light_level
from loupebox.calibration.photon_transfer import SensorStudyError

HOT, DEAD = ((10, 20), (300, 5)), ((50, 60), (200, 230), (0, 0))
Y, X = np.mgrid[:240, :320]
SHADING = 1 - 0.25 * (((X - 160) / 160) ** 2 + ((Y - 100) / 160) ** 2)


def stack(sensor: VirtualSensor, electrons: float, count: int = 16, shading: np.ndarray | float = 1.0) -> FrameStack:
    frames = FrameStack()
    for i in range(count):
        frames.add(sensor.frame(electrons, 1000 + i + int(electrons), shading))
    return frames


def study(sensor: VirtualSensor, shading: np.ndarray | float = SHADING) -> FixedPattern:
    return fixed_pattern(stack(sensor, 0.0), stack(sensor, 8000.0, shading=shading), sensor.full_scale)


def test_unevenness_comes_back_without_the_temporal_noise() -> None:
    sensor = VirtualSensor(hot=HOT, dead=DEAD)
    found = study(sensor)
    assert found.dsnu_dn == pytest.approx(sensor.dsnu_e * sensor.gain_dn_per_e, rel=0.05)
    assert found.prnu_percent == pytest.approx(100 * sensor.prnu, rel=0.05)


def test_hot_and_dead_pixels_are_named_and_no_others() -> None:
    found = study(VirtualSensor(hot=HOT, dead=DEAD))
    assert {tuple(map(int, p)) for p in found.hot_xy_px} == set(HOT)
    assert {tuple(map(int, p)) for p in found.dead_xy_px} == set(DEAD)
    clean = study(VirtualSensor())
    assert (len(clean.hot_xy_px), len(clean.dead_xy_px)) == (0, 0)


def test_the_flat_makes_shaded_frames_even() -> None:
    sensor = VirtualSensor(prnu=0.0, dsnu_e=0.0)
    flat = study(sensor).flat
    raw = sensor.frame(9000.0, 7, SHADING)
    frame = Frame(raw, "face", "backlight", 4.0, 0.0, 12, "V")
    even = correct(frame, sensor.dark_level_dn / 4095 * 255, flat).signal
    blocks = even.reshape(15, 16, 20, 16).mean(axis=(1, 3))
    assert np.ptp(blocks) / blocks.mean() < 0.012
    assert np.ptp(raw.reshape(15, 16, 20, 16).mean(axis=(1, 3))) / raw.mean() > 0.3


def test_flats_have_an_eighth_of_any_size() -> None:
    assert study(VirtualSensor(shape=(83, 101)), 1.0).flat.shape == (11, 13)


def test_what_is_no_flat_field_is_refused() -> None:
    sensor = VirtualSensor(shape=(80, 80))
    with pytest.raises(SensorStudyError, match="there are 3 dark frames"):
        fixed_pattern(stack(sensor, 0.0, 3), stack(sensor, 8000.0), 4095)
    with pytest.raises(SensorStudyError, match="the lit frames stand at 0% of full scale; allowed are 10 % to 90 %"):
        fixed_pattern(stack(sensor, 0.0), stack(sensor, 0.0), 4095)
    edge = np.ones((80, 80))
    edge[:, :30] = 0.02
    with pytest.raises(SensorStudyError, match=r"the light falls to .* of its brightest place"):
        fixed_pattern(stack(sensor, 0.0), stack(sensor, 8000.0, shading=edge), 4095)
    with pytest.raises(SensorStudyError, match="one channel"):
        FrameStack().add(np.zeros((4, 4, 3), np.uint8))


def test_levels_and_repeatability_of_a_light() -> None:
    rng = np.random.default_rng(3)
    shares = 0.6 * (1 + rng.normal(0, 0.004, 200))
    found = light_level("face", "backlight", shares.tolist())
    assert found.level.value == pytest.approx(0.6, rel=0.001)
    assert found.repeatability_percent == pytest.approx(0.4, rel=0.15)
    assert not found.drift.significant
    warming = light_level("face", "dome", [0.6 * (1 + 0.001 * i) for i in range(10)])
    assert warming.drift.significant
    assert warming.drift.value == pytest.approx(0.001, rel=0.01)


def test_a_light_that_stays_dark_or_was_hardly_tried_is_told() -> None:
    with pytest.raises(ValueError, match="face/dome was taken 4 times; needed are 5 or more"):
        light_level("face", "dome", [0.5] * 4)
    with pytest.raises(ValueError, match="face/dome did not shine"):
        light_level("face", "dome", [0.0] * 5)
