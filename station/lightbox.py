"""The promise of a lightbox."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self, get_args

from loupebox.calibration.frame import Light
from loupebox.station.device import DeviceError


class Lightbox(Protocol):
    """Shines one light at a time. All faults, and every call but `close` after `close`, raise `DeviceError`."""

    def set(self, light: Light, level: float) -> None:
        """Switch this light to a level from 0 to 1 and all others off; it shines steadily when this returns."""
        ...

    def off(self) -> None:
        """Switch everything off."""
        ...

    def state(self) -> Mapping[Light, float]:
        """Level of each light that shines; empty when dark. What the device says, not what it was told."""
        ...

    def close(self) -> None:
        """Switch everything off and let go of the device; may be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def check_request(name: str, light: str, level: float) -> None:
    """Refuse what no lightbox can shine."""
    if light not in get_args(Light):
        raise DeviceError(f"{name} has no light '{light}'; allowed are {', '.join(get_args(Light))}")
    if not 0 <= level <= 1:
        raise DeviceError(f"{name}: level of {light} is {level:g}; allowed is 0 to 1")
