"""Captures are read exactly, or refused in one sentence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from bad_captures import CASES, BadCapture
from hypothesis import given
from hypothesis import strategies as st
from tiny_captures import edit_capture, encoded, replace_frame, tiny_frames, write_capture

from loupebox.station.capture import CaptureError, parse_record, read_capture
from loupebox.station.image_file import ImageError, decode


def test_a_sound_capture_comes_back_pixel_by_pixel(capture_folder: Path) -> None:
    capture = read_capture(capture_folder)
    assert capture.record.piece == "P-0001"
    assert capture.record.when.isoformat() == "2026-11-10T09:30:00+01:00"
    for (view, light), pixels in tiny_frames().items():
        frame = capture.frames[view, light]
        np.testing.assert_array_equal(frame.pixels, pixels)
        assert frame.pixels.dtype == pixels.dtype
        assert not frame.pixels.flags.writeable
        assert frame.bits == 8 * pixels.dtype.itemsize
        assert frame.camera_serial == f"TEST-{view}"
        assert hashlib.sha256(capture.encoded[frame.sha256]).hexdigest() == frame.sha256


def test_tiff_and_twelve_bits_are_read(tmp_path: Path) -> None:
    frames = {("face", "backlight"): np.arange(4096, dtype=np.uint16).reshape(64, 64)}
    folder = write_capture(tmp_path / "c", frames)
    replace_frame(folder, 0, encoded(frames["face", "backlight"], ".tiff"))
    edit_capture(folder, lambda document: document["frames"][0].update(pixel_format="Mono12"))
    frame = read_capture(folder).frames["face", "backlight"]
    np.testing.assert_array_equal(frame.pixels, frames["face", "backlight"])
    assert frame.bits == 12


def test_a_frame_may_lie_in_a_subfolder_and_a_link_may_stay_inside(capture_folder: Path) -> None:
    (capture_folder / "sub").mkdir()
    (capture_folder / "top_dome.png").rename(capture_folder / "sub" / "real.png")
    (capture_folder / "top_dome.png").symlink_to(capture_folder / "sub" / "real.png")
    assert read_capture(capture_folder).frame("top", "dome") is not None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_capture_is_refused_in_one_sentence(case: BadCapture, capture_folder: Path) -> None:
    case.spoil(capture_folder)
    with pytest.raises(CaptureError) as caught:
        read_capture(capture_folder)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    for words in case.says:
        assert words in message


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="does not exist"):
        read_capture(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(CaptureError, match="is a file"):
        read_capture(tmp_path / "file")


WORDS = st.text("aZ09 -:/é\0", max_size=12)
KEYS = st.sampled_from(["schema", "station", "piece", "job", "style", "when", "frames", "extra"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(KEYS, JSON))
def test_any_json_is_parsed_or_refused_in_words(document: dict[str, object]) -> None:
    with pytest.raises(CaptureError) as caught:
        parse_record(json.dumps(document), "capture.json")
    assert str(caught.value).startswith("capture.json")


@given(st.text('{}[]":,1e-tru \\\0é'))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(CaptureError):
        parse_record(text, "capture.json")


SOUND = encoded(np.arange(600, dtype=np.uint8).reshape(20, 30))


@given(st.integers(0, len(SOUND) - 1), st.integers(1, 255))
def test_no_damaged_byte_of_a_png_is_taken_for_a_picture(at: int, flip: int) -> None:
    content = bytearray(SOUND)
    content[at] ^= flip
    with pytest.raises(ImageError):
        decode(bytes(content), "Mono8")


@given(st.integers(0, len(SOUND) - 1))
def test_no_cut_of_a_png_is_taken_for_a_picture(length: int) -> None:
    with pytest.raises(ImageError):
        decode(SOUND[:length], "Mono8")
