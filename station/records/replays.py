"""That an inspection was replayed, by whom, and whether it came out the same: in the audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine

from loupebox.station.records.audit import JSON, append_audit
from loupebox.station.records.engine import writing

MOST_TOLD = 50
"""So many differences are written down; all of them are counted."""


class Replays:
    """One call is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def note(self, inspection: int, who: str, differences: Sequence[str], changed: Sequence[str]) -> None:
        """What came out otherwise, and which software or models are others than those that inspected."""
        with writing(self._engine) as connection:
            append_audit(
                connection,
                who=who,
                action="inspection.replayed",
                subject=f"inspection {inspection}",
                details={
                    "same": not differences,
                    "count": len(differences),
                    "differences": list[JSON](differences[:MOST_TOLD]),
                    "changed": list[JSON](changed),
                },
                at=self._clock(),
            )
