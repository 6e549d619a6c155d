"""Start-up checks: the last one of each station, and all before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.start_up_tables import START_UP_CHECK


@dataclass(frozen=True, slots=True)
class StartUpRecord:
    """One start-up check as it was recorded; `document` is what was looked at and found."""

    number: int
    station: str
    at: datetime
    who: str
    passed: bool
    took_s: float
    document: Mapping[str, Any]


class StartUps:
    """The start-up checks of all stations that share the log; one call is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def record(
        self, station: str, *, who: str, passed: bool, took_s: float, document: Mapping[str, Any]
    ) -> StartUpRecord:
        """Keep a check, passed or not."""
        now = self._clock()
        text = json.dumps(dict(document), ensure_ascii=False, allow_nan=False)
        with writing(self._engine) as connection:
            number = add(
                connection,
                START_UP_CHECK,
                station=station,
                at=now,
                who=who,
                passed=passed,
                took_s=took_s,
                document=text,
            )
            append_audit(
                connection,
                who=who,
                action="startup.recorded",
                subject=f"start-up check {number}",
                details={"station": station, "passed": passed},
                at=now,
            )
        return StartUpRecord(number, station, now, who, passed, took_s, json.loads(text))

    def latest(self, station: str | None = None) -> StartUpRecord | None:
        """The last one of a station, or of any."""
        return next(iter(self.history(station, limit=1)), None)

    def history(
        self, station: str | None = None, *, limit: int = 100, cursor: int | None = None
    ) -> tuple[StartUpRecord, ...]:
        """The last first, from before the number `cursor`."""
        table = START_UP_CHECK
        query = select(table).order_by(table.c.id.desc()).limit(limit)
        query = query if station is None else query.where(table.c.station == station)
        query = query if cursor is None else query.where(table.c.id < cursor)
        with reading(self._engine) as connection:
            return tuple(_of(row) for row in connection.execute(query))


def _of(row: Any) -> StartUpRecord:
    return StartUpRecord(row.id, row.station, row.at, row.who, row.passed, row.took_s, json.loads(row.document))
