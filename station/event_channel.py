"""The promise of a way to one receiver of events."""

from __future__ import annotations

from typing import Protocol

from loupebox.station.records.event import Event


class NotDelivered(Exception):
    """The receiver did not take an event; `for_good` when it asked never to be sent it again."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Channel(Protocol):
    """A way to one receiver."""

    def send(self, event: Event) -> None:
        """Return once the receiver has confirmed the event; raise `NotDelivered` otherwise."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
