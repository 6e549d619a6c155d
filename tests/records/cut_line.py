"""A line to a server that breaks in the middle of anything, and comes back when it was missed."""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import threading

CHUNK = 4096


class CutLine:
    """Passes bytes between clients and a server on 127.0.0.1, and breaks `cuts` times.

    Each time after a random number of bytes, in whatever direction they go and whatever they mean; what just came is
    lost. Then new connections are dropped until `missed` of them were tried.
    """

    def __init__(self, server_port: int, cuts: int, chance: random.Random, most_bytes: int, missed: int = 2) -> None:
        self._server_port = server_port
        self._chance = chance
        self._most_bytes = most_bytes
        self._missed = missed
        self.cuts_left = cuts
        self._bytes_left = self._new_budget()
        self._tries_left = 0
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for end in (*self._pairs, self._listener, self._wake, self._woken):
            end.close()
        self._selector.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._pairs:  # unless it went with another one a moment ago
                    self._pass_on(key.fileobj)  # type: ignore[arg-type]

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._tries_left > 0:
            self._tries_left -= 1
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self._server_port))
        for one, other in ((client, server), (server, client)):
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, source: socket.socket) -> None:
        with contextlib.suppress(OSError):
            content = source.recv(CHUNK)
            if content and self.cuts_left > 0:
                self._bytes_left -= len(content)
                if self._bytes_left <= 0:
                    self._break()
                    return
            if content:
                self._pairs[source].sendall(content)
                return
        self._drop(source)

    def _break(self) -> None:
        for end in list(self._pairs):
            self._drop(end)
        self.cuts_left -= 1
        self._bytes_left, self._tries_left = self._new_budget(), self._missed

    def _drop(self, end: socket.socket) -> None:
        for one in (end, self._pairs.get(end)):
            if one is not None and one in self._pairs:
                del self._pairs[one]
                self._selector.unregister(one)
                one.close()

    def _new_budget(self) -> int:
        return self._chance.randint(1, self._most_bytes)
