"""Tables of what becomes of a piece: decisions, and the work that they order."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Index

from loupebox.calibration.frame import LIGHTS, VIEWS
from loupebox.inspect.recheck import WHATS
from loupebox.station.records.columns import (
    EvidenceRow,
    StoredRow,
    json,
    key,
    link,
    maybe_moment,
    moment,
    one_of,
    table_of,
)

DispositionKind = Literal["accept", "rework", "scrap", "concession"]
"""Accept: a person looked and it is good. Concession: it is not, and it is delivered all the same."""

ReworkState = Literal["open", "taken", "done", "withdrawn"]

DISPOSITION_KINDS: tuple[DispositionKind, ...] = get_args(DispositionKind)
REWORK_STATES: tuple[ReworkState, ...] = get_args(ReworkState)

ChangeOf = Literal["bench", "priority", "due_at"]
CHANGES_OF: tuple[ChangeOf, ...] = get_args(ChangeOf)
MessageKind = Literal["question", "answer"]
MESSAGE_KINDS: tuple[MessageKind, ...] = get_args(MessageKind)


class DispositionRow(EvidenceRow, table=True):
    """A decision on an inspection; a later one outweighs it and leaves it standing."""

    __table_args__ = (one_of("kind", DISPOSITION_KINDS),)

    id: int | None = key()
    inspection: int = link("inspection.id")
    kind: str
    who: str
    reason: str
    """In words; `reason_code` is the choice from the list that an override needs."""
    decided_at: datetime = moment()
    reason_code: str | None = None
    melt_weight_g: float | None = None


class ReworkOrderRow(StoredRow, table=True):
    """Work for a bench. `state` is the last of its events, kept here so that a bench's queue is one look-up."""

    __table_args__ = (one_of("state", REWORK_STATES), Index(None, "state", "bench"))

    id: int | None = key()
    disposition: int = link("disposition.id")
    operation: str
    bench: str
    priority: int
    due_at: datetime | None = maybe_moment()
    state: str
    loop: int = 1
    """1 for the first time that this piece is worked on after an inspection."""


class ReworkEventRow(EvidenceRow, table=True):
    """A step of an order's life; only ever added to."""

    __table_args__ = (one_of("state", REWORK_STATES),)

    id: int | None = key()
    rework_order: int = link("rework_order.id")
    state: str
    who: str
    note: str
    at: datetime = moment()


class ReworkMarkRow(EvidenceRow, table=True):
    """Where in which picture the work is needed; of a dimension the box is the whole picture."""

    __table_args__ = (one_of("what", WHATS), one_of("view", VIEWS), one_of("light", LIGHTS))

    id: int | None = key()
    rework_order: int = link("rework_order.id")
    what: str
    name: str
    view: str
    light: str
    frame_sha256: str
    box_xywh_px: list[float] = json()
    polygon_xy_px: list[list[float]] = json()


class ReworkChangeRow(EvidenceRow, table=True):
    """An order that was given to another bench, another priority or another due time."""

    __table_args__ = (one_of("what", CHANGES_OF),)

    id: int | None = key()
    rework_order: int = link("rework_order.id")
    what: str
    before: str
    after: str
    who: str
    note: str
    at: datetime = moment()


class ReworkMessageRow(EvidenceRow, table=True):
    """What the bench asks the inspector, and the answers."""

    __table_args__ = (one_of("kind", MESSAGE_KINDS),)

    id: int | None = key()
    rework_order: int = link("rework_order.id")
    kind: str
    who: str
    text: str
    at: datetime = moment()


class ReworkWorkRow(EvidenceRow, table=True):
    """What the work took."""

    id: int | None = key()
    rework_order: int = link("rework_order.id")
    who: str
    minutes: float
    metal_added_g: float
    metal_removed_g: float
    stones: int
    at: datetime = moment()


DISPOSITION = table_of(DispositionRow)
REWORK_ORDER = table_of(ReworkOrderRow)
REWORK_EVENT = table_of(ReworkEventRow)
REWORK_MARK = table_of(ReworkMarkRow)
REWORK_CHANGE = table_of(ReworkChangeRow)
REWORK_MESSAGE = table_of(ReworkMessageRow)
REWORK_WORK = table_of(ReworkWorkRow)
