"""Tables of what becomes of a piece: decisions, and the work that they order."""

from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import Index

from loupebox.station.records.columns import EvidenceRow, StoredRow, key, link, moment, one_of, table_of

DispositionKind = Literal["accept", "rework", "scrap", "concession"]
"""Accept: a person looked and it is good. Concession: it is not, and it is delivered all the same."""

ReworkState = Literal["open", "taken", "done", "withdrawn"]

DISPOSITION_KINDS: tuple[DispositionKind, ...] = get_args(DispositionKind)
REWORK_STATES: tuple[ReworkState, ...] = get_args(ReworkState)


class DispositionRow(EvidenceRow, table=True):
    """A decision on an inspection; a later one outweighs it and leaves it standing."""

    __table_args__ = (one_of("kind", DISPOSITION_KINDS),)

    id: int | None = key()
    inspection: int = link("inspection.id")
    kind: str
    who: str
    reason: str
    decided_at: datetime = moment()


class ReworkOrderRow(StoredRow, table=True):
    """Work for a bench. `state` is the last of its events, kept here so that a bench's queue is one look-up."""

    __table_args__ = (one_of("state", REWORK_STATES), Index(None, "state", "bench"))

    id: int | None = key()
    disposition: int = link("disposition.id")
    operation: str
    bench: str
    priority: int
    due: date | None = None
    state: str


class ReworkEventRow(EvidenceRow, table=True):
    """A step of an order's life; only ever added to."""

    __table_args__ = (one_of("state", REWORK_STATES),)

    id: int | None = key()
    rework_order: int = link("rework_order.id")
    state: str
    who: str
    note: str
    at: datetime = moment()


DISPOSITION = table_of(DispositionRow)
REWORK_ORDER = table_of(ReworkOrderRow)
REWORK_EVENT = table_of(ReworkEventRow)
