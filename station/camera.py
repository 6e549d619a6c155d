"""The promise of a camera."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from loupebox.calibration.frame import Frame, Light, View


class Camera(Protocol):
    """Gives frames on request; whoever asks has set the light before.

    A frame tells the exposure and gain that it was truly taken with, and the camera's serial number. After `close`,
    which may be called twice, every `grab` raises. All faults raise `DeviceError`: there is no empty frame.
    """

    def grab(self, view: View, light: Light, exposure_ms: float, gain_db: float) -> Frame:
        """One new frame."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
