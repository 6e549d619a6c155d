"""Where a station's inspections go: straight into its own file, or through the outbox to a server that may be away.

Inspecting needs nothing from the server: certificates and models are the station's own, and of the sheets that were
approved in the records the station keeps the last that it saw. What needs more than one pair of eyes at one record,
decisions, rework and approvals, is done while the server can be reached and at no other time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loupebox.station.forwarding import Forwarded, Forwarder
from loupebox.station.outbox import Outbox
from loupebox.station.records.engine import url_of
from loupebox.station.records.entry import InspectionEntry
from loupebox.station.records.errors import OutOfReach
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings
from loupebox.station.station_log import open_log


@dataclass(frozen=True, slots=True)
class KeptSheet:
    """A sheet as it was approved: its text, and what errors call it."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an inspection: its number in the log, or None while it waits in the outbox, and why it does."""

    number: int | None
    waiting: int = 0
    why: str = ""


class Desk:
    """Takes inspections in; `open_desk` makes it."""

    def __init__(self, settings: Settings, log: QcLog | None, outbox: Outbox | None) -> None:
        self._settings = settings
        self._log = log
        self._outbox = outbox
        self._forwarder = None if outbox is None else Forwarder(outbox, lambda: open_log(settings))
        self._sheets = settings.data_dir / "sheets"

    def approved_here(self, style: str) -> KeptSheet | None:
        """The sheet of a style that was approved in the records, from the records or as it was last seen there."""
        if self._log is not None:
            return _kept(self._log, style)
        place = self._sheets / f"{style.encode().hex()}.json"  # a style may be called anything, a file may not
        try:
            assert self._forwarder is not None
            sheet = _kept(self._forwarder.log(), style)
        except OutOfReach:
            return KeptSheet(**json.loads(place.read_text(encoding="utf-8"))) if place.exists() else None
        self._sheets.mkdir(parents=True, exist_ok=True)
        if sheet is None:
            place.unlink(missing_ok=True)
        else:
            unfinished = place.with_suffix(f".{os.getpid()}.unfinished")
            unfinished.write_text(json.dumps({"text": sheet.text, "name": sheet.name}), encoding="utf-8")
            unfinished.replace(place)
        return sheet

    def record(self, entry: InspectionEntry) -> Recorded:
        """Record an inspection; when this returns it is on a disk."""
        if self._log is not None:
            return Recorded(self._log.record(entry))
        assert self._outbox is not None
        kept = self._outbox.put(entry)
        told = self.forward()
        kept = self._outbox.one(kept.number)
        return Recorded(kept.inspection, len(self._outbox.waiting()), told.out_of_reach or kept.error)

    def forward(self) -> Forwarded:
        """Deliver what waits; nothing ever does where the log is the station's own file."""
        return Forwarded() if self._forwarder is None else self._forwarder.forward()

    def close(self) -> None:
        """Let go of everything."""
        if self._log is not None:
            self._log.close()
        if self._forwarder is not None:
            self._forwarder.close()


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """The desk of the station with these settings, until the block ends."""
    server = has_server(settings)
    desk = Desk(settings, None if server else open_log(settings), outbox_of(settings) if server else None)
    try:
        yield desk
    finally:
        desk.close()


def has_server(settings: Settings) -> bool:
    """Whether the log is on a server, which may be away, and not the station's own file."""
    return url_of(settings.database_location).get_backend_name() != "sqlite"


def outbox_of(settings: Settings) -> Outbox:
    """The outbox beside this station's data."""
    return Outbox(Path(settings.data_dir) / "outbox")


def _kept(log: QcLog, style: str) -> KeptSheet | None:
    sheet = log.specs.approved_here(style)
    return None if sheet is None else KeptSheet(sheet.text, sheet.name)
