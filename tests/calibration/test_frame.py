"""Pixels that know how they were taken, and cannot be changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loupebox.calibration.frame import Frame, FrameError, LinearFrame


def frame(pixels: Any, bits: int = 8) -> Frame:
    return Frame(pixels, "top", "dome", exposure_ms=5.0, gain_db=0.0, bits=bits, camera_serial="c1")


def test_a_frame_is_read_only_and_leaves_the_array_it_came_from_alone() -> None:
    pixels = np.zeros((4, 5), np.uint8)
    taken = frame(pixels)
    with pytest.raises(ValueError, match="read-only"):
        taken.pixels[0, 0] = 1
    pixels[0, 0] = 1
    assert pixels.flags.writeable


def test_a_linear_frame_is_read_only() -> None:
    linear = LinearFrame(np.zeros((4, 5), np.float32), np.zeros((4, 5), np.bool_), "top", "dome")
    for array in (linear.signal, linear.saturated):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_full_scale_follows_the_bits() -> None:
    assert frame(np.zeros((4, 5), np.uint16), bits=12).full_scale == 4095
    assert frame(np.zeros((4, 5, 3), np.uint8)).is_colour


def test_luminance_is_the_mean_of_the_channels() -> None:
    signal = np.array([[[0.1, 0.2, 0.6]]], np.float32)
    linear = LinearFrame(signal, np.zeros((1, 1), np.bool_), "top", "dome")
    assert linear.luminance[0, 0] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("pixels", "bits", "says"),
    [
        (np.zeros((4, 5), np.float32), 8, "samples of float32; allowed are uint8 and uint16"),
        (np.zeros((4, 5), np.int16), 8, "samples of int16"),
        (np.zeros(4, np.uint8), 8, r"shape \(4,\); allowed are"),
        (np.zeros((4, 5, 4), np.uint8), 8, r"shape \(4, 5, 4\); allowed are"),
        (np.zeros((0, 5), np.uint8), 8, "needs at least one pixel"),
        (np.zeros((4, 5), np.uint8), 12, "says 12 bits in uint8; allowed are 8 to 8"),
    ],
)
def test_what_is_no_frame_is_refused_by_name(pixels: Any, bits: int, says: str) -> None:
    with pytest.raises(FrameError, match=f"frame top/dome .*{says}"):
        frame(pixels, bits)
