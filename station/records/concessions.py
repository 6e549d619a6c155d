"""Concessions: leave to deliver so many pieces of a style in spite of these defects, until a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from loupebox.inspect.verdict import Verdict
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.concession_tables import CONCESSION, CONCESSION_USE
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import DEFECT, INSPECTION
from loupebox.station.records.override_reason import REASONS_FOR, OverrideReason
from loupebox.station.records.production_tables import STYLE

MOST_PIECES = 100_000


@dataclass(frozen=True, slots=True)
class Concession:
    """A concession as it stands: `used` of `pieces` are used up, and the last day is `until`."""

    id: int
    style: str
    kinds: tuple[str, ...]
    pieces: int
    used: int
    until: date
    granted_by: str
    reason_code: OverrideReason
    note: str
    granted_at: datetime

    @property
    def left(self) -> int:
        """Pieces that it still covers, as long as it runs."""
        return self.pieces - self.used


class Concessions:
    """Grant and look up; they are used by decisions."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def grant(
        self,
        style: str,
        kinds: Sequence[str],
        pieces: int,
        until: date,
        who: str,
        reason_code: OverrideReason,
        note: str = "",
    ) -> Concession:
        """Allow `pieces` pieces of a style to be delivered with defects of these kinds, up to and with day `until`."""
        now = self._clock()
        if not who.strip():
            raise NotAllowed("nobody grants the concession; say who")
        if not kinds:
            raise NotAllowed("the concession covers no kind of defect; name at least one")
        if not 1 <= pieces <= MOST_PIECES:
            raise NotAllowed(f"the concession is for {pieces} pieces; allowed are 1 to {MOST_PIECES}")
        if until < now.date():
            raise NotAllowed(f"the concession would end on {until}, which is over; allowed is today or later")
        if reason_code not in REASONS_FOR["concession"]:
            raise NotAllowed(
                f"'{reason_code}' is no reason for a concession; allowed: {', '.join(REASONS_FOR['concession'])}"
            )
        with writing(self._engine) as connection:
            if connection.execute(select(STYLE.c.code).where(STYLE.c.code == style)).first() is None:
                raise NotRecorded(f"no style '{style}' is recorded")
            number = add(
                connection,
                CONCESSION,
                style=style,
                kinds=sorted(set(kinds)),
                pieces=pieces,
                used=0,
                until=until,
                granted_by=who,
                reason_code=reason_code,
                note=note,
                granted_at=now,
            )
            append_audit(
                connection,
                who=who,
                action="concession.granted",
                subject=f"concession {number}",
                details={
                    "style": style,
                    "kinds": [*sorted(set(kinds))],
                    "pieces": pieces,
                    "until": until.isoformat(),
                    "reason_code": reason_code,
                    "note": note,
                },
                at=now,
            )
            return _one(connection, number)

    def one(self, number: int) -> Concession:
        """The concession of this number."""
        with reading(self._engine) as connection:
            return _one(connection, number)

    def page(self, style: str | None = None, limit: int = 50, cursor: int | None = None) -> tuple[Concession, ...]:
        """Concessions of a style or of all, used up and expired ones too, the latest first, from before `cursor` on."""
        query = select(CONCESSION).order_by(CONCESSION.c.id.desc()).limit(limit)
        if style is not None:
            query = query.where(CONCESSION.c.style == style)
        if cursor is not None:
            query = query.where(CONCESSION.c.id < cursor)
        with reading(self._engine) as connection:
            return tuple(_concession(row) for row in connection.execute(query))

    def usable(self, style: str) -> tuple[Concession, ...]:
        """Those of a style that still cover a piece today."""
        today = self._clock().date()
        query = select(CONCESSION).where(
            CONCESSION.c.style == style, CONCESSION.c.used < CONCESSION.c.pieces, CONCESSION.c.until >= today
        )
        with reading(self._engine) as connection:
            return tuple(_concession(row) for row in connection.execute(query.order_by(CONCESSION.c.id)))


def use_concession(
    connection: Connection, concession: int, disposition: int, inspection: int, who: str, now: datetime
) -> None:
    """Count the inspected piece against the concession, once; refused when it does not cover the piece or is over."""
    found = _one(connection, concession)
    seen = connection.execute(select(INSPECTION).where(INSPECTION.c.id == inspection)).one()
    if seen.style != found.style:
        raise NotAllowed(f"concession {concession} is for style {found.style}; the piece is of style {seen.style}")
    if now.astimezone(timezone(timedelta(minutes=seen.utc_offset_min))).date() > found.until:
        raise Conflict(f"concession {concession} ended on {found.until}; it can no longer be used")
    worst = (Verdict.FAIL,) if seen.verdict == Verdict.FAIL else (Verdict.REVIEW,)
    kinds = connection.execute(
        select(DEFECT.c.kind).where(DEFECT.c.inspection == inspection, DEFECT.c.verdict.in_(worst))
    ).scalars()
    if strange := sorted(set(kinds) - set(found.kinds)):
        raise NotAllowed(
            f"concession {concession} covers {', '.join(found.kinds)}; inspection {inspection} has {', '.join(strange)}"
        )
    place = None
    if not _has_place(connection, concession, seen.piece):
        changed = connection.execute(
            update(CONCESSION)
            .where(CONCESSION.c.id == concession, CONCESSION.c.used < CONCESSION.c.pieces)
            .values(used=CONCESSION.c.used + 1)
        ).rowcount
        if not changed:
            raise Conflict(
                f"concession {concession} is used up: all {found.pieces} pieces have been delivered under it"
            )
        place = _one(connection, concession).used
    add(connection, CONCESSION_USE, concession=concession, disposition=disposition, piece=seen.piece, place=place)
    append_audit(
        connection,
        who=who,
        action="concession.used",
        subject=f"concession {concession}",
        details={"inspection": inspection, "place": place, "pieces": found.pieces},
        at=now,
    )


def _has_place(connection: Connection, concession: int, piece: int) -> bool:
    query = select(func.count()).where(CONCESSION_USE.c.concession == concession, CONCESSION_USE.c.piece == piece)
    return connection.execute(query).scalar_one() > 0


def _one(connection: Connection, number: int) -> Concession:
    row = connection.execute(select(CONCESSION).where(CONCESSION.c.id == number)).one_or_none()
    if row is None:
        raise NotRecorded(f"no concession {number} is recorded")
    return _concession(row)


def _concession(row: Row[Any]) -> Concession:
    values = dict(row._mapping)
    return Concession(**{**values, "kinds": tuple(values["kinds"])})
