"""The band from below, in exact pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ring_pictures import face_certificate
from scipy.special import ndtr

from loupebox.calibration.estimate import Estimate
from loupebox.calibration.frame import LinearFrame
from loupebox.inspect.measurement import Measurement, Unmeasurable
from loupebox.inspect.shank import measure_shank

CERTIFICATE = face_certificate(8.0).model_copy(update={"view": "shank"})
Y, X = np.mgrid[:448, :896].astype(np.float64)


def picture(
    width_mm: float = 2.2,
    turn_deg: float = 0.0,
    waist_mm: float = 0.0,
    noise: float = 0.01,
    sigma: float = 0.8,
    at: float = 221.3,
) -> np.ndarray:
    """A dark band across, `waist_mm` narrower a third of the way along."""
    turn = math.radians(turn_deg)
    across = (Y - at) * math.cos(turn) - (X - 447.5) * math.sin(turn)
    half = (width_mm - waist_mm * np.exp(-0.5 * ((X - 300) / 220) ** 2)) / 2 / 0.008
    blur = math.sqrt(sigma**2 + 1 / 12)
    dark = ndtr((across + half) / blur) * ndtr((half - across) / blur)
    light = 0.85 - 0.8 * dark + noise * np.random.default_rng(1).standard_normal(dark.shape)
    return np.round(np.clip(light, 0, 1) * 255) / 255


def frame(signal: np.ndarray) -> LinearFrame:
    signal = np.asarray(signal, np.float32)
    return LinearFrame(signal, signal >= 1, "shank", "backlight")


def width(signal: np.ndarray) -> Estimate:
    (result, _), mask = measure_shank(frame(signal), CERTIFICATE)
    assert isinstance(result, Measurement), result
    assert mask is not None
    return result.estimate


@pytest.mark.parametrize("turn_deg", [0.0, 1.5, -3.0])
@pytest.mark.parametrize("width_mm", [1.2, 2.2, 2.8])
def test_the_width_is_true_to_half_a_micrometre_however_it_lies(width_mm: float, turn_deg: float) -> None:
    found = width(picture(width_mm, turn_deg))
    assert found.value == pytest.approx(width_mm, abs=0.0005)
    assert found.expanded_uncertainty <= 0.02


def test_the_narrowest_place_counts() -> None:
    assert width(picture(2.2, waist_mm=0.05)).value == pytest.approx(2.15, abs=0.002)


def test_dust_on_the_edge_and_specks_on_the_metal_do_not_count() -> None:
    signal = picture(2.2)
    half = round(2.2 / 2 / 0.008)
    for x in (100, 330, 610):
        signal[221 - half - 6 : 221 - half + 2, x : x + 14] = 0.05
    signal[200:204, 500:504] = 0.85
    found = width(signal)
    assert found.value == pytest.approx(2.2, abs=0.0005)
    _, mask = measure_shank(frame(signal), CERTIFICATE)
    assert mask is not None
    assert mask[202, 502]


def test_the_mask_is_the_metal_to_half_a_pixel() -> None:
    _, mask = measure_shank(frame(picture(2.2, at=220.0, noise=0.0)), CERTIFICATE)
    assert mask is not None
    expected = np.abs(Y - 220.0) < 2.2 / 2 / 0.008
    assert (mask != expected).sum() <= 896


def test_in_a_large_frame_the_band_is_found_on_a_coarse_picture_and_its_mask_is_as_fine() -> None:
    """1700 rows are looked at on 425; a mirror bright on the metal is no hole in it, dust beside it no metal."""
    y = np.arange(1700)[:, None] + np.zeros(1810)
    edge = 0.9
    signal = 0.85 - 0.8 * ndtr((y - 700.3) / edge) * ndtr((1101.8 - y) / edge)
    signal[850:900, 400:460] = 0.8
    signal[300:305, 900:905] = 0.05
    (width_mm, _), mask = measure_shank(frame(signal), CERTIFICATE)
    assert isinstance(width_mm, Measurement)
    assert width_mm.estimate.value == pytest.approx(401.5 * 0.008, abs=0.0005)
    assert mask is not None
    assert np.array_equal(mask, (y > 700.3) & (y < 1101.8))


def with_part(rows: slice, columns: slice, value: float) -> np.ndarray:
    signal = picture()
    signal[rows, columns] = value
    return signal


@pytest.mark.parametrize(
    ("signal", "says"),
    [
        (np.full((448, 896), 0.8), "of one brightness"),
        (np.zeros((448, 896)), "of one brightness"),
        (np.full((448, 896), np.nan), "not finite"),
        (np.zeros((20, 20)), "only 20 x 20 px"),
        (picture(at=100.0), "runs out of the frame at the top or bottom"),
        (with_part(slice(None), slice(400, 500), 0.85), "no band runs across"),
        (with_part(slice(60, 130), slice(0, 500), 0.05), "edge of the band is dirty or damaged"),
    ],
    ids=["bright", "dark", "nan", "small", "cut", "broken", "covered"],
)
def test_what_shows_no_band_is_told_by_name(signal: np.ndarray, says: str) -> None:
    (result, _), mask = measure_shank(frame(signal), CERTIFICATE)
    assert isinstance(result, Unmeasurable)
    assert result.name == "shank_width_mm"
    assert says in result.reason
    assert (mask is None) == (not says.endswith("damaged"))


def test_another_view_is_a_mistake_of_the_caller() -> None:
    wrong = LinearFrame(frame(picture()).signal, frame(picture()).saturated, "face", "backlight")
    with pytest.raises(ValueError, match="frame is of view face; a shank is measured in view shank"):
        measure_shank(wrong, CERTIFICATE)
    coaxial = LinearFrame(wrong.signal, wrong.saturated, "shank", "coaxial")
    with pytest.raises(ValueError, match="allowed is shank/backlight"):
        measure_shank(coaxial, CERTIFICATE)
