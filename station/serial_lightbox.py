"""A lightbox on a serial line.

The protocol is ASCII, each line ended by a line feed; the station speaks first and the lightbox answers:

    SET <light> <level>     ->  OK <light> <level>      level 0 to 1000 thousandths; all other lights go off
    OFF                     ->  OK OFF
    GET                     ->  STATE <light>=<level> ...   or STATE alone when dark
    anything it cannot do   ->  ERR <reason in words>

The answer comes when the light shines steadily. 115200 baud, 8 data bits, no parity, 1 stop bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self, cast, get_args

import serial

from loupebox.calibration.frame import Light
from loupebox.station.device import DeviceError
from loupebox.station.lightbox import check_request

_THOUSANDTHS = 1000
_LONGEST_ANSWER = 1000


class SerialLightbox:
    """Speaks the protocol above; `port` is a device such as /dev/ttyUSB0 or COM3."""

    def __init__(self, port: str, *, timeout_s: float = 1.0) -> None:
        self._name = f"serial lightbox {port}"
        try:
            self._line: serial.Serial | None = serial.Serial(
                port, baudrate=115200, timeout=timeout_s, write_timeout=timeout_s
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise DeviceError(f"{self._name} cannot start: {error}") from error

    def set(self, light: Light, level: float) -> None:
        check_request(self._name, light, level)
        thousandths = round(level * _THOUSANDTHS)
        self._expect(f"SET {light} {thousandths}", f"OK {light} {thousandths}")

    def off(self) -> None:
        self._expect("OFF", "OK OFF")

    def state(self) -> Mapping[Light, float]:
        answer = self._ask("GET")
        word, *entries = answer.split(" ")
        state: dict[Light, float] = {}
        for entry in entries:
            light, _, level = entry.partition("=")
            if light not in get_args(Light) or not level.isdecimal() or int(level) > _THOUSANDTHS:
                raise DeviceError(f"{self._name} answered '{answer}' to GET; '{entry}' is no light with its level")
            state[cast(Light, light)] = int(level) / _THOUSANDTHS
        if word != "STATE":
            raise DeviceError(f"{self._name} answered '{answer}' to GET; allowed is STATE and the lights")
        return state

    def close(self) -> None:
        if self._line is None:
            return
        try:
            self.off()
        finally:
            self._line.close()
            self._line = None

    def _expect(self, command: str, wanted: str) -> None:
        answer = self._ask(command)
        if answer != wanted:
            raise DeviceError(f"{self._name} answered '{answer}' to '{command}'; it should be '{wanted}'")

    def _ask(self, command: str) -> str:
        if self._line is None:
            raise DeviceError(f"{self._name} is closed")
        try:
            self._line.reset_input_buffer()  # a late answer to an earlier question is no answer to this one
            self._line.write(command.encode("ascii") + b"\n")
            raw = self._line.read_until(b"\n", _LONGEST_ANSWER)
        except (serial.SerialException, OSError) as error:
            raise DeviceError(f"{self._name} broke off at '{command}': {error}") from error
        answer = raw.decode("ascii", errors="replace").strip()
        if not raw.endswith(b"\n"):
            got = f"'{answer}' and no end of line" if raw else "nothing"
            raise DeviceError(f"{self._name} answered {got} to '{command}' within {self._line.timeout:g} s")
        if answer.startswith("ERR"):
            raise DeviceError(f"{self._name} refused '{command}': {answer.removeprefix('ERR').strip()}")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
