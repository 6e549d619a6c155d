"""From the outbox to the log: in order, each once, as soon as the log can be reached."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from loupebox.station.entry_json import UnreadableEntry, from_text
from loupebox.station.outbox import Outbox
from loupebox.station.records.errors import OutOfReach, RecordsError
from loupebox.station.records.qc_log import QcLog
from loupebox.station.rounds import in_rounds

ROUND_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a round did: how many the log has now, how many it refused, and why the round ended early, if it did."""

    delivered: int = 0
    refused: int = 0
    out_of_reach: str = ""
    elsewhere: bool = False
    """Another process is delivering just now."""


class Forwarder:
    """Delivers for one outbox; `open_log` opens the log, and is asked only when something is to be delivered."""

    def __init__(self, outbox: Outbox, open_log: Callable[[], QcLog]) -> None:
        self._outbox = outbox
        self._open_log = open_log
        self._log: QcLog | None = None

    def forward(self, stop: threading.Event | None = None) -> Forwarded:
        """Deliver everything that waits, or until it is to stop.

        An inspection that the log already has, since the answer to the last try was lost, is not recorded again.
        """
        with self._outbox.only_one() as mine:
            return self._forward(stop or threading.Event()) if mine else Forwarded(elsewhere=True)

    def log(self) -> QcLog:
        """The log, opened when it is not yet."""
        self._log = self._log or self._open_log()
        return self._log

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _forward(self, stop: threading.Event) -> Forwarded:
        delivered = refused = 0
        kept = self._outbox.next()
        while kept is not None and not stop.is_set():
            try:
                entry = from_text(self._outbox.body(kept), self._outbox.frames)
                number = self.log().record(entry, origin=kept.origin)
            except OutOfReach as error:
                return Forwarded(delivered, refused, str(error))
            except (RecordsError, UnreadableEntry) as error:
                self._outbox.refused(kept, str(error))
                refused += 1
            else:
                self._outbox.delivered(kept, number)
                delivered += 1
            kept = self._outbox.next(after=kept.number)
        return Forwarded(delivered, refused)


def forward(outbox: Outbox, open_log: Callable[[], QcLog]) -> Forwarded:
    """One round."""
    forwarder = Forwarder(outbox, open_log)
    try:
        return forwarder.forward()
    finally:
        forwarder.close()


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How many inspections wait for the log and how many it refused, and why the last round ended early, if it did."""

    waiting: int
    set_aside: int
    out_of_reach: str


class StandingForwarder:
    """Delivers while the station serves, over the log that it serves from; the log's server may be away meanwhile."""

    def __init__(self, outbox: Outbox, log: QcLog) -> None:
        self._outbox = outbox
        self._forwarder = Forwarder(outbox, lambda: log)
        self._last = Forwarded()

    @contextmanager
    def running(self, every_s: float = ROUND_EVERY_S) -> Iterator[None]:
        """A round every so often until the block ends; what is being delivered then is finished first."""

        def deliver(stop: threading.Event) -> None:
            self._last = self._forwarder.forward(stop)

        with in_rounds("delivery from the outbox", deliver, every_s):
            yield

    def state(self) -> OutboxState:
        """Asks the outbox; the log is not needed for it."""
        return OutboxState(len(self._outbox.waiting()), len(self._outbox.set_aside()), self._last.out_of_reach)
