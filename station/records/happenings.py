"""What happened in the shop since some moment, for screens that show it: the audit's acts without the people's own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, or_, select

from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.engine import reading

NOUNS = (
    "calibration",
    "concession",
    "hand_check",
    "inspection",
    "job",
    "label",
    "piece",
    "rework",
    "sampling",
    "spec",
    "startup",
)
"""Acts on these are no secret to whoever is signed in; sessions, tokens, people and signatures are."""
MOST = 200


@dataclass(frozen=True, slots=True)
class Happening:
    """One act: "rework.taken" of "order 12"; numbers grow, though not without gaps."""

    number: int
    action: str
    subject: str


class Happenings:
    """Read only; one call is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last(self) -> int:
        """The number of the last act of all."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(AUDIT.c.id))).scalar_one() or 0

    def after(self, number: int) -> tuple[Happening, ...]:
        """What happened after this number, the first first, at most MOST of it."""
        wanted = or_(*(AUDIT.c.action.startswith(f"{noun}.") for noun in NOUNS))
        query = (
            select(AUDIT.c.id, AUDIT.c.action, AUDIT.c.subject)
            .where(AUDIT.c.id > number, wanted)
            .order_by(AUDIT.c.id)
            .limit(MOST)
        )
        with reading(self._engine) as connection:
            return tuple(Happening(row.id, row.action, row.subject) for row in connection.execute(query))
