"""Dark level and flat field."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.calibration.correction import FLAT_UNIT, correct
from loupebox.calibration.frame import Frame, FrameError


def frame(pixels: np.ndarray, bits: int = 8) -> Frame:
    return Frame(pixels, "face", "backlight", exposure_ms=1.0, gain_db=0.0, bits=bits, camera_serial="c1")


@given(st.integers(0, 255), st.floats(0, 100))
def test_the_dark_level_is_nothing_and_full_scale_is_one(sample: int, dark: float) -> None:
    linear = correct(frame(np.full((8, 8), sample, np.uint8)), dark, None)
    assert linear.signal.dtype == np.float32
    np.testing.assert_allclose(linear.signal, (sample - dark) / (255 - dark), atol=1e-6)
    assert linear.saturated.all() == (sample == 255)


def test_the_dark_level_is_meant_in_8_bit_whatever_the_camera_gives() -> None:
    fine = correct(frame(np.full((8, 8), 2048, np.uint16), bits=12), 10.0, None)
    np.testing.assert_allclose(fine.signal, (2048 / 4095 - 10 / 255) / (1 - 10 / 255), atol=1e-6)
    full = correct(frame(np.full((8, 8), 4095, np.uint16), bits=12), 10.0, None)
    assert full.saturated.all()
    np.testing.assert_allclose(full.signal, 1.0, atol=1e-6)


def test_a_flat_takes_uneven_light_out_again() -> None:
    """A linear slope survives bilinear resizing exactly, away from the border where it is held."""
    rows, columns = 64, 96
    x = np.arange(columns)
    slope = 0.8 + 0.004 * x
    coarse = 0.8 + 0.004 * (np.arange(columns // 8) * 8 + 3.5)
    flat = np.broadcast_to(np.round(coarse * FLAT_UNIT).astype(np.uint16), (rows // 8, columns // 8)).copy()
    raw = np.round(np.broadcast_to(slope * 30_000, (rows, columns))).astype(np.uint16)
    linear = correct(frame(raw, bits=16), 0.0, flat)
    np.testing.assert_allclose(linear.signal[:, 4:-4], 30_000 / 65_535, rtol=1e-4)


def test_one_flat_serves_all_channels_and_any_saturated_channel_counts() -> None:
    raw = np.zeros((8, 16, 3), np.uint8)
    raw[0, 0, 1] = 255
    raw[..., 2] = 100
    linear = correct(frame(raw), 0.0, np.full((1, 2), FLAT_UNIT // 2, np.uint16))
    assert linear.saturated.shape == (8, 16)
    assert linear.saturated.sum() == 1
    np.testing.assert_allclose(linear.signal[..., 2], 2 * 100 / 255, rtol=1e-5)


@pytest.mark.parametrize(
    ("dark", "flat", "says"),
    [
        (-1.0, None, "dark level is -1; allowed is 0 to below 128"),
        (128.0, None, "dark level is 128"),
        (float("nan"), None, "dark level is nan"),
        (0.0, np.ones((2, 2), np.float32), r"flat is float32 of shape \(2, 2\); allowed is uint16 of shape \(2, 2\)"),
        (0.0, np.ones((2, 3), np.uint16), r"flat is uint16 of shape \(2, 3\); allowed is uint16 of shape \(2, 2\)"),
        (0.0, np.zeros((2, 2), np.uint16), "flat goes down to 0; allowed is 5000 or more"),
    ],
)
def test_what_does_not_fit_is_named(dark: float, flat: np.ndarray | None, says: str) -> None:
    with pytest.raises(FrameError, match=f"face/backlight.*{says}"):
        correct(frame(np.zeros((16, 16), np.uint8)), dark, flat)
