"""One contract, held against every camera; then what only one of them does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_captures import tiny_frames

from loupebox.station.camera import Camera
from loupebox.station.device import DeviceError
from loupebox.station.folder_camera import FolderCamera
from loupebox.station.video_camera import VideoCamera

HEIGHT, WIDTH, COUNT = 48, 64, 5


def video_pictures() -> list[np.ndarray]:
    """Grey pictures that no codec can confuse: each with its own level and a bright square at its own place."""
    pictures = []
    for k in range(COUNT):
        picture = np.full((HEIGHT, WIDTH, 3), 30 + 30 * k, np.uint8)
        picture[8:24, 8 * k : 8 * k + 16] = 220
        pictures.append(picture)
    return pictures


@pytest.fixture
def video_file(tmp_path: Path) -> Path:
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for picture in video_pictures():
        writer.write(picture)
    writer.release()
    return path


@pytest.fixture(params=["folder", "video"])
def start(request: pytest.FixtureRequest, capture_folder: Path, video_file: Path) -> Callable[[], Camera]:
    cameras: dict[str, Callable[[], Camera]] = {
        "folder": lambda: FolderCamera(capture_folder),
        "video": lambda: VideoCamera(video_file, "VIDEO-1"),
    }
    return cameras[request.param]


def test_a_frame_knows_how_it_was_taken(start: Callable[[], Camera]) -> None:
    with start() as camera:
        frame = camera.grab("top", "dome", 4.0, 0.0)
        assert (frame.view, frame.light, frame.exposure_ms, frame.gain_db) == ("top", "dome", 4.0, 0.0)
        assert frame.camera_serial
        assert not frame.pixels.flags.writeable
        assert frame.pixels.std() > 1


def test_a_closed_camera_gives_no_frame_and_closes_twice(start: Callable[[], Camera]) -> None:
    camera = start()
    camera.close()
    camera.close()
    with pytest.raises(DeviceError, match="closed"):
        camera.grab("top", "dome", 4.0, 0.0)


def test_leaving_the_block_closes(start: Callable[[], Camera]) -> None:
    with start() as camera:
        pass
    with pytest.raises(DeviceError, match="closed"):
        camera.grab("top", "dome", 4.0, 0.0)


@pytest.mark.parametrize("exposure_ms", [0.0, -1.0, float("nan")])
def test_an_impossible_exposure_is_refused(start: Callable[[], Camera], exposure_ms: float) -> None:
    with start() as camera, pytest.raises(DeviceError, match="exposure"):
        camera.grab("top", "dome", exposure_ms, 0.0)


def test_two_cameras_do_not_share_their_closing(start: Callable[[], Camera]) -> None:
    with start() as first:
        start().close()
        assert first.grab("top", "dome", 4.0, 0.0).pixels.size


def test_the_folder_camera_serves_the_frame_that_was_asked_for(capture_folder: Path) -> None:
    with FolderCamera(capture_folder) as camera:
        for (view, light), pixels in tiny_frames().items():
            np.testing.assert_array_equal(camera.grab(view, light, 4.0, 0.0).pixels, pixels)  # type: ignore[arg-type]
        with pytest.raises(DeviceError, match=r"no frame side/dome; it has face/backlight, top/dome, shank/coaxial"):
            camera.grab("side", "dome", 4.0, 0.0)


def test_the_folder_camera_does_not_start_on_a_bad_capture(capture_folder: Path) -> None:
    (capture_folder / "top_dome.png").unlink()
    with pytest.raises(DeviceError, match=r"cannot start: frame top/dome is missing"):
        FolderCamera(capture_folder)


def test_the_video_camera_gives_each_picture_once_and_then_says_that_it_ended(video_file: Path) -> None:
    with VideoCamera(video_file, "VIDEO-1") as camera:
        for picture in video_pictures():
            frame = camera.grab("face", "backlight", 4.0, 0.0)
            assert np.abs(frame.pixels.astype(int) - picture).mean() < 3  # MJPG is nearly lossless on flat pictures
        with pytest.raises(DeviceError, match="ended"):
            camera.grab("face", "backlight", 4.0, 0.0)


def test_the_video_camera_throws_stale_frames_away(video_file: Path) -> None:
    with VideoCamera(video_file, "VIDEO-1", grey=True, stale_frames=2) as camera:
        frame = camera.grab("face", "backlight", 4.0, 0.0)
    assert frame.pixels.shape == (HEIGHT, WIDTH)
    assert np.abs(frame.pixels.astype(int) - video_pictures()[2][..., 0]).mean() < 3


def test_the_video_camera_keeps_red_red(tmp_path: Path) -> None:
    path = tmp_path / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (WIDTH, HEIGHT))
    writer.write(np.full((HEIGHT, WIDTH, 3), (0, 0, 200), np.uint8))
    writer.release()
    with VideoCamera(path, "VIDEO-1") as camera:
        red, green, blue = camera.grab("top", "dome", 4.0, 0.0).pixels.mean((0, 1))
    assert red > 180
    assert max(green, blue) < 40


def test_the_video_camera_does_not_start_without_a_video(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"none\.avi cannot start: there is no such file"):
        VideoCamera(tmp_path / "none.avi", "VIDEO-1")
    (tmp_path / "text.avi").write_text("no video")
    with pytest.raises(DeviceError, match="OpenCV cannot open it"):
        VideoCamera(tmp_path / "text.avi", "VIDEO-1")
