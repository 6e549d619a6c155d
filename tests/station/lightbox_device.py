"""The other end of the serial line: a lightbox that follows the documented protocol, on a pty."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable


class LightboxDevice:
    """Answers in a thread of its own until closed; `answer` may be replaced to misbehave."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.lit: dict[str, int] = {}
        self.heard: list[str] = []
        self.answer: Callable[[str], bytes] = self.follow
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def follow(self, command: str) -> bytes:
        """The answer that the protocol asks for."""
        match command.split(" "):
            case ["SET", light, level]:
                self.lit = {light: int(level)} if int(level) else {}
                return f"OK {light} {level}\n".encode()
            case ["OFF"]:
                self.lit = {}
                return b"OK OFF\n"
            case ["GET"]:
                return " ".join(["STATE", *(f"{k}={v}" for k, v in self.lit.items())]).encode() + b"\n"
        return b"ERR unknown command\n"

    def _serve(self) -> None:
        pending = b""
        while True:
            ready, _, _ = select.select([self._master, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            pending += os.read(self._master, 1000)
            *lines, pending = pending.split(b"\n")
            for line in lines:
                self.heard.append(line.decode("ascii"))
                os.write(self._master, self.answer(self.heard[-1]))

    def close(self) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join()
        for descriptor in (self._master, self._slave, self._stop_read, self._stop_write):
            os.close(descriptor)
