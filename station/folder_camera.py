"""A camera that serves the frames of a capture folder: the factory's code path with stored pixels."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from loupebox.calibration.frame import Frame, Light, View
from loupebox.station.capture import Capture, CaptureError, read_capture
from loupebox.station.device import DeviceError


class FolderCamera:
    """Serves each frame of the folder as often as asked, with the exposure and gain that it was once taken with."""

    def __init__(self, folder: Path) -> None:
        self._name = f"folder camera {folder}"
        try:
            self._capture: Capture | None = read_capture(folder)
        except CaptureError as error:
            raise DeviceError(f"{self._name} cannot start: {error}") from error

    def grab(self, view: View, light: Light, exposure_ms: float, gain_db: float) -> Frame:
        if self._capture is None:
            raise DeviceError(f"{self._name} is closed")
        if not exposure_ms > 0:
            raise DeviceError(f"{self._name}: exposure is {exposure_ms:g} ms; allowed is more than 0")
        frame = self._capture.frame(view, light)
        if frame is None:
            there = ", ".join(f"{v}/{n}" for v, n in self._capture.frames)
            raise DeviceError(f"{self._name} has no frame {view}/{light}; it has {there}")
        return frame

    def close(self) -> None:
        self._capture = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
