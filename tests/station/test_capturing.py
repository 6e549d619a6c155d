"""A capture that was taken reads back pixel by pixel; one that was not leaves nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from tiny_captures import tiny_frames

from loupebox.station.capture import CaptureError, read_capture
from loupebox.station.capturing import PieceTicket, Shot, take_capture
from loupebox.station.device import DeviceError
from loupebox.station.folder_camera import FolderCamera
from loupebox.station.simulated_lightbox import SimulatedLightbox

TICKET = PieceTicket("bench-2", "P-0042", "J-7", "SOL6", datetime.fromisoformat("2026-11-12T14:00:00+01:00"))
SHOTS = [
    Shot("face", "backlight", 4.0),
    Shot("top", "dome", 4.0, level=0.5),
    Shot("shank", "coaxial", 4.0),
]


class WatchedLightbox(SimulatedLightbox):
    """Remembers what it was set to."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[tuple[str, float]] = []

    def set(self, light, level) -> None:
        super().set(light, level)
        self.history.append((light, level))


def test_what_was_taken_reads_back(capture_folder: Path, tmp_path: Path) -> None:
    lightbox = WatchedLightbox()
    with FolderCamera(capture_folder) as camera:
        cameras = {shot.view: camera for shot in SHOTS}
        folder = take_capture(cameras, lightbox, SHOTS, TICKET, tmp_path / "new" / "capture")
    capture = read_capture(folder)
    assert (capture.record.station, capture.record.piece, capture.record.job) == ("bench-2", "P-0042", "J-7")
    assert capture.record.when == TICKET.when
    for key, pixels in tiny_frames().items():
        np.testing.assert_array_equal(capture.frames[key].pixels, pixels)  # type: ignore[index]
    assert lightbox.history == [("backlight", 1.0), ("dome", 0.5), ("coaxial", 1.0)]
    assert lightbox.state() == {}
    assert [path.name for path in folder.parent.iterdir()] == ["capture"]


def test_a_fault_leaves_no_folder_and_the_lights_off(capture_folder: Path, tmp_path: Path) -> None:
    lightbox = SimulatedLightbox()
    shots = [SHOTS[0], Shot("face", "dome", 4.0)]
    with FolderCamera(capture_folder) as camera, pytest.raises(DeviceError, match="no frame face/dome"):
        take_capture({"face": camera}, lightbox, shots, TICKET, tmp_path / "new" / "capture")
    assert lightbox.state() == {}
    assert not (tmp_path / "new").exists()


def test_a_view_without_a_camera_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="no camera for the face view; there are none"):
        take_capture({}, SimulatedLightbox(), SHOTS, TICKET, tmp_path / "capture")


def test_a_capture_is_never_overwritten(capture_folder: Path) -> None:
    before = {path: path.read_bytes() for path in capture_folder.iterdir()}
    with (
        FolderCamera(capture_folder) as camera,
        pytest.raises(CaptureError, match="exists already; a capture is never overwritten"),
    ):
        take_capture({"face": camera}, SimulatedLightbox(), SHOTS[:1], TICKET, capture_folder)
    assert {path: path.read_bytes() for path in capture_folder.iterdir()} == before


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_capturing import SHOTS, TICKET
from loupebox.station.capture import CaptureError
from loupebox.station.capturing import take_capture
from loupebox.station.folder_camera import FolderCamera
from loupebox.station.simulated_lightbox import SimulatedLightbox
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with FolderCamera(Path({source!r})) as camera:
    try:
        take_capture(dict.fromkeys(("face", "top", "shank"), camera), SimulatedLightbox(), SHOTS, TICKET, Path({new!r}))
    except CaptureError as error:
        print(error)
"""


def test_a_full_disk_leaves_nothing_half_written(capture_folder: Path, tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000
    new = tmp_path / "new" / "capture"
    script = FULL_DISK.format(tests=str(Path(__file__).parent), source=str(capture_folder), new=str(new))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout == f"capture folder {new} cannot be written: File too large\n"
    assert list(new.parent.iterdir()) == []
