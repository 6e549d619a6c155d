"""A lightbox of memory alone, for stations whose frames come from a folder."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from loupebox.calibration.frame import Light
from loupebox.station.device import DeviceError
from loupebox.station.lightbox import check_request

_NAME = "simulated lightbox"


class SimulatedLightbox:
    """Keeps the state that a real lightbox would have."""

    def __init__(self) -> None:
        self._state: dict[Light, float] | None = {}

    def set(self, light: Light, level: float) -> None:
        check_request(_NAME, light, level)
        self._open().clear()
        if level > 0:
            self._open()[light] = level

    def off(self) -> None:
        self._open().clear()

    def state(self) -> Mapping[Light, float]:
        return dict(self._open())

    def close(self) -> None:
        self._state = None

    def _open(self) -> dict[Light, float]:
        if self._state is None:
            raise DeviceError(f"{_NAME} is closed")
        return self._state

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
