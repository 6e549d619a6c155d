"""The rework queue for programs and for the scripts of our pages: what waits at which bench, taken and finished."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Line, Log, Number, Wanted
from loupebox.inspect.recheck import What
from loupebox.station.records.person import Actor
from loupebox.station.records.rework_desk import MOST
from loupebox.station.records.rework_order import WAITING, ReworkOrder, ReworkWork
from loupebox.station.records.rework_tables import ChangeOf, MessageKind

router = APIRouter(tags=["rework"])

READS = Depends(Allowed("rework.read"))
Worker = Annotated[Actor, Depends(Allowed("rework.take"))]


class Step(BaseModel):
    """One event in the life of an order."""

    model_config = ConfigDict(from_attributes=True)

    state: Literal["open", "taken", "done", "withdrawn"]
    who: str
    note: str
    at: datetime


class Defect(BaseModel):
    """What the work must mend."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    check_name: str = Field(description="name of the check in the inspection's report")
    verdict: str
    reason: str


class Mark(BaseModel):
    """A place in a picture that the work is about; of a dimension the box is the whole picture."""

    model_config = ConfigDict(from_attributes=True)

    what: What
    name: str = Field(description='kind of a finding, "prong_3", or name of a dimension')
    view: str
    light: str
    frame_sha256: str = Field(description="the picture, at /frames/{checksum}.png")
    box_xywh_px: tuple[float, float, float, float]
    polygon_xy_px: tuple[tuple[float, float], ...]


class Change(BaseModel):
    """An order given to another bench, priority or due time."""

    model_config = ConfigDict(from_attributes=True)

    what: ChangeOf
    before: str
    after: str
    who: str
    note: str
    at: datetime


class Message(BaseModel):
    """A question of the bench, or the inspector's answer."""

    model_config = ConfigDict(from_attributes=True)

    kind: MessageKind
    who: str
    text: str
    at: datetime


class Work(BaseModel):
    """What the work took."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    minutes: float = Field(default=0, ge=0, le=MOST["minutes"])
    metal_added_g: float = Field(default=0, ge=0, le=MOST["metal_added_g"])
    metal_removed_g: float = Field(default=0, ge=0, le=MOST["metal_removed_g"])
    stones: int = Field(default=0, ge=0, le=MOST["stones"], description="stones used")


class Spent(BaseModel):
    """The sum of what the work took."""

    model_config = ConfigDict(from_attributes=True)

    minutes: float
    metal_added_g: float
    metal_removed_g: float
    stones: int


class Order(BaseModel):
    """Work on one piece for one bench."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    inspection_id: int
    piece: str
    job: str
    style: str
    operation: str
    bench: str
    priority: int = Field(description="1 goes before 2 among orders of one due time")
    due_at: datetime | None
    state: Literal["open", "taken", "done", "withdrawn"]
    loop: int = Field(description="1 for the first time that the piece is worked on")
    defects: tuple[Defect, ...]
    marks: tuple[Mark, ...]
    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    messages: tuple[Message, ...]
    work: Spent | None = Field(description="null while nobody has said what the work took")


class Bench(BaseModel):
    """A bench and how much waits there."""

    name: str
    waiting: int


class Edition(BaseModel):
    """While the number stays, so do all orders."""

    edition: int


class Done(BaseModel):
    """What the inspector should know of the work, and what it took."""

    model_config = ConfigDict(extra="forbid")

    note: Line = ""
    work: Work | None = None


def is_late(order: ReworkOrder) -> bool:
    """Its due time is over and the work is not."""
    return order.due_at is not None and order.due_at < datetime.now(UTC) and order.state in WAITING


@router.get("/api/v1/rework", dependencies=[READS])
def queue(log: Log, bench: Wanted = None) -> list[Order]:
    """Open and taken orders, the most urgent first."""
    return [Order.model_validate(order) for order in log.rework.queue(bench)]


@router.get("/api/v1/benches", dependencies=[READS])
def benches(log: Log) -> list[Bench]:
    """Each bench and how many orders wait there or are in work."""
    return [Bench(name=name, waiting=count) for name, count in log.rework.benches()]


@router.get("/api/v1/rework-edition", dependencies=[READS])
def edition(log: Log) -> Edition:
    """Whether anything has changed since one last looked, without reading it all."""
    return Edition(edition=log.rework.edition())


@router.get("/api/v1/rework/{number}", dependencies=[READS])
def order(number: Number, log: Log) -> Order:
    """One order in any state."""
    return Order.model_validate(log.rework.one(number))


@router.post("/api/v1/rework/{number}/take")
def take(number: Number, who: Worker, log: Log) -> Order:
    """Take an open order; 409 when somebody else was first."""
    return Order.model_validate(log.rework.take(number, who.name))


@router.post("/api/v1/rework/{number}/done")
def done(number: Number, who: Worker, body: Done, log: Log) -> Order:
    """Finish a taken order; the piece goes back to inspection."""
    return Order.model_validate(log.rework.finish(number, who.name, body.note, spent(body.work)))


def spent(work: Work | None) -> ReworkWork | None:
    return None if work is None else ReworkWork(**work.model_dump())
