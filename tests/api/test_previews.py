"""Previews show the right part, at the right size, with the right brightness."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from loupebox.api.previews import Crop, as_png, brightened, preview
from loupebox.station.records.errors import Damaged, NotAllowed


def encoded(pixels: np.ndarray, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def shown(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(content)).convert("RGB"))


def test_gamma_by_the_formula() -> None:
    assert brightened(np.array([[0, 64, 255]], np.uint8)).tolist() == [[0, round(255 * (64 / 255) ** (1 / 2.2)), 255]]
    twelve_bits = brightened(np.array([[0, 4095]], np.uint16))
    assert twelve_bits.tolist() == [[0, 255]]
    assert brightened(np.array([[65535]], np.uint16)).tolist() == [[255]]


def test_colours_keep_their_places() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :, 2] = 255  # red, as OpenCV orders it
    red, green, blue = shown(preview(encoded(pixels), 64))[32, 32]
    assert red > 240
    assert max(green, blue) < 15


def test_a_crop_is_that_part_and_smaller_frames_are_not_enlarged() -> None:
    pixels = np.zeros((100, 200), np.uint8)
    pixels[40:60, 150:200] = 255
    cut = shown(preview(encoded(pixels), 480, Crop(150, 40, 50, 20)))
    assert cut.shape[:2] == (20, 50)
    assert cut.min() > 240
    assert shown(preview(encoded(pixels), 50)).shape[:2] == (25, 50)


def test_a_crop_outside_the_frame_is_refused() -> None:
    with pytest.raises(NotAllowed, match=r"crop \(500, 0, 10, 10\) lies outside the frame"):
        preview(encoded(np.zeros((10, 10), np.uint8)), 100, Crop(500, 0, 10, 10))


def test_a_stored_file_that_is_no_picture_is_told() -> None:
    with pytest.raises(Damaged, match="a stored frame of 4 bytes is no picture"):
        preview(b"GIF?", 100)


def test_png_is_passed_on_and_tiff_keeps_every_sample() -> None:
    pixels = np.random.default_rng(1).integers(0, 4096, (20, 30), dtype=np.uint16)
    png, tiff = encoded(pixels), encoded(pixels, ".tiff")
    assert as_png(png) is png
    assert np.array_equal(cv2.imdecode(np.frombuffer(as_png(tiff), np.uint8), cv2.IMREAD_UNCHANGED), pixels)
    colour = np.random.default_rng(2).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    back = cv2.imdecode(np.frombuffer(as_png(encoded(colour, ".tiff")), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(back, colour)
