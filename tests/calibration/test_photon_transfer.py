"""Gain, noise, full well and linearity against a sensor whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from virtual_sensor import VirtualSensor

from loupebox.calibration.photon_transfer import ExposureStep, PhotonTransfer, SensorStudyError, photon_transfer

E_PER_MS = 1000.0


def steps(
    sensor: VirtualSensor, exposures_ms: np.ndarray | list[float], e_per_ms: float = E_PER_MS
) -> list[ExposureStep]:
    return [
        ExposureStep.of_pair(
            sensor.frame(e_per_ms * ms, 2 * i), sensor.frame(e_per_ms * ms, 2 * i + 1), float(ms), sensor.full_scale
        )
        for i, ms in enumerate(exposures_ms)
    ]


def study(sensor: VirtualSensor, exposures_ms: np.ndarray | None = None) -> PhotonTransfer:
    dark = steps(sensor, [1.0, 1.0, 1.0, 1.0], e_per_ms=0.0)
    return photon_transfer(steps(sensor, np.linspace(0.4, 17, 24) if exposures_ms is None else exposures_ms), dark)


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_truth_lies_inside_the_stated_intervals(seed: int) -> None:
    sensor = VirtualSensor(seed=seed)
    found = study(sensor)
    for estimate, true in (
        (found.gain, sensor.gain_dn_per_e),
        (found.dark_noise, sensor.dark_noise_e),
        (found.saturation_capacity, sensor.full_well_e),
    ):
        assert estimate is not None
        # Four intervals for three quantities in four sensors: a wider one keeps the test from failing by chance.
        assert abs(estimate.value - true) < 1.6 * estimate.expanded_uncertainty
    assert found.gain.expanded_uncertainty < 0.01 * found.gain.value
    assert found.dark_noise.expanded_uncertainty < 0.02 * found.dark_noise.value
    assert found.dark_level.value == pytest.approx(64.0, abs=0.1)
    assert not found.dark_noise_hidden
    assert found.linearity_error_percent < 0.1
    assert found.dynamic_range_db == pytest.approx(20 * np.log10(14_000 / 7.0), abs=0.5)
    assert found.snr_max_db == pytest.approx(10 * np.log10(14_000), abs=0.3)


def test_intervals_of_the_gain_hold_the_truth_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(60):
        sensor = VirtualSensor(seed=100 + seed, shape=(80, 80))
        gain = study(sensor, np.linspace(0.4, 17, 12)).gain
        inside += gain.interval[0] <= sensor.gain_dn_per_e <= gain.interval[1]
    assert inside >= 53


def test_a_bent_answer_shows_as_linearity_error() -> None:
    found = study(VirtualSensor(square_response=0.04))
    # Truth: deviations of x (1 - 0.04 x) from its relative-weighted line between 5 and 95 % of saturation.
    x = np.linspace(0.05, 0.95, 200)
    y = x * (1 - 0.04 * x)
    basis = np.stack([1 / y, x / y], axis=1)
    line = np.stack([np.ones_like(x), x], axis=1) @ np.linalg.lstsq(basis, np.ones_like(y), rcond=None)[0]
    assert found.linearity_error_percent == pytest.approx(100 * np.abs((y - line) / line).mean(), rel=0.35)
    assert found.linearity_error_percent > 3 * study(VirtualSensor()).linearity_error_percent


def test_without_saturation_there_is_no_capacity() -> None:
    found = study(VirtualSensor(), np.linspace(0.4, 9, 12))
    assert found.saturation_capacity is None
    assert found.dynamic_range_db is None
    assert found.gain.value == pytest.approx(0.25, rel=0.01)


def test_noise_that_the_converter_hides_is_an_upper_limit() -> None:
    coarse = VirtualSensor(bits=8, gain_dn_per_e=0.017, dark_level_dn=4.0)
    found = study(coarse)
    assert found.dark_noise_hidden
    assert found.gain.value == pytest.approx(0.017, rel=0.03)


@pytest.mark.parametrize(
    ("exposures", "says"),
    [
        (np.linspace(1, 10, 4), "there are 4 pairs with light and 4 without; needed are 6 and 2"),
        (np.linspace(20, 40, 8), "lie between darkness and 70% of saturation"),
    ],
)
def test_what_cannot_be_studied_is_told(exposures: np.ndarray, says: str) -> None:
    with pytest.raises(SensorStudyError) as caught:
        study(VirtualSensor(), exposures)
    assert says in str(caught.value)


def test_frames_of_a_pair_have_one_shape() -> None:
    with pytest.raises(SensorStudyError, match="have shapes"):
        ExposureStep.of_pair(np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8), 1.0, 255)
