"""The rework queue: what waits at which bench, taken and finished by one press each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.closeup import SPOT_RADIUS_PX, Closeup, closeup
from loupebox.api.dependencies import Line, Log, Number
from loupebox.api.pages import render
from loupebox.station.records.person import Actor
from loupebox.station.records.rework_order import ReworkOrder

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
    priority: int = Field(description="1 goes before 2 among orders of one due day")
    due: date | None
    state: Literal["open", "taken", "done", "withdrawn"]
    defects: tuple[Defect, ...]
    steps: tuple[Step, ...]


class Bench(BaseModel):
    """A bench and how much waits there."""

    name: str
    waiting: int


class Done(BaseModel):
    """What the inspector should know of the work."""

    model_config = ConfigDict(extra="forbid")

    note: Line = ""


@dataclass(frozen=True, slots=True)
class Card:
    """An order on the page, with the place that it is about."""

    order: ReworkOrder
    picture: Closeup | None
    late: bool


def is_late(order: ReworkOrder) -> bool:
    """Its due day is over and the work is not."""
    return order.due is not None and order.due < date.today() and order.state in ("open", "taken")


@router.get("/api/v1/rework", dependencies=[READS])
def queue(log: Log, bench: Annotated[str | None, Query(description="only this bench")] = None) -> list[Order]:
    """Open and taken orders, the most urgent first."""
    return [Order.model_validate(order) for order in log.rework_queue(bench)]


@router.get("/api/v1/benches", dependencies=[READS])
def benches(log: Log) -> list[Bench]:
    """Each bench and how many orders wait there or are in work."""
    return [Bench(name=name, waiting=count) for name, count in log.benches()]


@router.get("/api/v1/rework/{number}", dependencies=[READS])
def order(number: Number, log: Log) -> Order:
    """One order in any state."""
    return Order.model_validate(log.rework_order(number))


@router.post("/api/v1/rework/{number}/take")
def take(number: Number, who: Worker, log: Log) -> Order:
    """Take an open order; 409 when somebody else was first."""
    return Order.model_validate(log.take(number, who.name))


@router.post("/api/v1/rework/{number}/done")
def done(number: Number, who: Worker, body: Done, log: Log) -> Order:
    """Finish a taken order; the piece goes back to inspection."""
    return Order.model_validate(log.finish(number, who.name, body.note))


@router.get("/rework", include_in_schema=False, dependencies=[READS])
def page(request: Request, log: Log, bench: str = "") -> Response:
    cards = [
        Card(o, closeup(log.inspection(o.inspection_id), [d.check_name for d in o.defects]), is_late(o))
        for o in log.rework_queue(bench or None)
    ]
    return render(request, "rework.html", cards=cards, bench=bench, benches=log.benches(), spot_radius=SPOT_RADIUS_PX)


@router.post("/rework/{number}/take", include_in_schema=False)
def take_form(number: Number, log: Log, who: Worker, bench: Annotated[Line, Form()] = "") -> Response:
    log.take(number, who.name)
    return _back(bench, number)


@router.post("/rework/{number}/done", include_in_schema=False)
def done_form(
    number: Number,
    log: Log,
    who: Worker,
    note: Annotated[Line, Form()] = "",
    bench: Annotated[Line, Form()] = "",
) -> Response:
    log.finish(number, who.name, note)
    return _back(bench, number)


def _back(bench: str, number: int) -> Response:
    query = "?" + urlencode({"bench": bench}) if bench else ""
    return RedirectResponse(f"/rework{query}#order-{number}", status_code=303)
