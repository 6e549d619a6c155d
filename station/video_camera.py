"""Any camera or video that OpenCV opens: a webcam, an RTSP address, a file."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from loupebox.calibration.frame import Frame, Light, View
from loupebox.station.device import DeviceError


class VideoCamera:
    """Frames of an OpenCV VideoCapture, 8 bit, colour or grey.

    OpenCV has no portable exposure control, so the frames carry the exposure that was asked for: set the camera itself
    to it. `stale_frames` are thrown away before each grab: drivers keep that many from before the light changed.
    """

    def __init__(
        self, source: Path | str | int, camera_serial: str, *, grey: bool = False, stale_frames: int = 0
    ) -> None:
        self._name = f"video camera {source}"
        self._serial, self._grey, self._stale_frames = camera_serial, grey, stale_frames
        if isinstance(source, Path) and not source.is_file():
            raise DeviceError(f"{self._name} cannot start: there is no such file")
        self._video: cv2.VideoCapture | None = cv2.VideoCapture(str(source) if isinstance(source, Path) else source)
        if not self._video.isOpened():
            self.close()
            raise DeviceError(f"{self._name} cannot start: OpenCV cannot open it")

    def grab(self, view: View, light: Light, exposure_ms: float, gain_db: float) -> Frame:
        if self._video is None:
            raise DeviceError(f"{self._name} is closed")
        if not exposure_ms > 0:
            raise DeviceError(f"{self._name}: exposure is {exposure_ms:g} ms; allowed is more than 0")
        for _ in range(self._stale_frames):
            self._video.grab()
        given, bgr = self._video.read()
        if not given:
            raise DeviceError(f"{self._name} gave no frame for {view}/{light}: it has ended or was unplugged")
        pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY if self._grey else cv2.COLOR_BGR2RGB)
        if pixels.dtype != "uint8":
            raise DeviceError(f"{self._name} gave samples of {pixels.dtype}; allowed is uint8")
        return Frame(pixels, view, light, exposure_ms, gain_db, 8, self._serial)  # pyright: ignore[reportArgumentType]

    def close(self) -> None:
        if self._video is not None:
            self._video.release()
            self._video = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
