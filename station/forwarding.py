"""From the outbox to the log: in order, each once, as soon as the log can be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loupebox.station.entry_json import UnreadableEntry, from_text
from loupebox.station.outbox import Outbox
from loupebox.station.records.errors import OutOfReach, RecordsError
from loupebox.station.records.qc_log import QcLog


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

    def forward(self) -> Forwarded:
        """Deliver everything that waits.

        An inspection that the log already has, since the answer to the last try was lost, is not recorded again.
        """
        with self._outbox.only_one() as mine:
            return self._forward() if mine else Forwarded(elsewhere=True)

    def log(self) -> QcLog:
        """The log, opened when it is not yet."""
        self._log = self._log or self._open_log()
        return self._log

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _forward(self) -> Forwarded:
        delivered = refused = 0
        kept = self._outbox.next()
        while kept is not None:
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
