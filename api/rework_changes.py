"""What lead, bench and inspector do with an order beside taking and finishing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Line, Log, Name, Number, Wanted
from loupebox.api.rework import Order
from loupebox.inspect.recheck import Outcome, What
from loupebox.station.records.person import Actor
from loupebox.station.records.rework_tables import ReworkState

router = APIRouter(tags=["rework"])

READS = Depends(Allowed("rework.read"))
Assigner = Annotated[Actor, Depends(Allowed("rework.assign"))]
Worker = Annotated[Actor, Depends(Allowed("rework.take"))]
Decider = Annotated[Actor, Depends(Allowed("inspection.decide"))]
Words = Annotated[Line, StringConstraints(min_length=1)]


class OrderPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[Order, ...]
    next_cursor: int | None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Move(_Body):
    """Another bench."""

    bench: Name
    note: Line = ""


class Priority(_Body):
    """1 goes before 2."""

    priority: int = Field(ge=1, le=3)
    note: Line = ""


class Due(_Body):
    """Another time by which the work must be done."""

    due_at: AwareDatetime
    note: Line = ""


class Withdrawal(_Body):
    """Why the work is not wanted any more."""

    note: Words


class Said(_Body):
    """A question or an answer."""

    text: Words


class Recheck(BaseModel):
    """One thing of the inspection before, or of this one, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    earlier: int = Field(description="number of the inspection before")
    what: What
    name: str
    outcome: Outcome


@router.get("/api/v1/rework-orders", dependencies=[READS])
def listing(
    log: Log,
    state: ReworkState | None = None,
    bench: Wanted = None,
    piece: Wanted = None,
    job: Wanted = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> OrderPage:
    """Orders in any state, the last opened first; /api/v1/rework has what waits, by urgency."""
    found = log.rework.page(limit + 1, cursor, state=state, bench=bench, piece=piece, job=job)
    items = tuple(Order.model_validate(order) for order in found[:limit])
    return OrderPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.post("/api/v1/rework/{number}/move")
def move(number: Number, body: Move, who: Assigner, log: Log) -> Order:
    """Give an open order to another bench."""
    return Order.model_validate(log.rework.move(number, body.bench, who.name, body.note))


@router.post("/api/v1/rework/{number}/priority")
def prioritise(number: Number, body: Priority, who: Assigner, log: Log) -> Order:
    """Let an order go before others of the same due time, or after them."""
    return Order.model_validate(log.rework.prioritise(number, body.priority, who.name, body.note))


@router.post("/api/v1/rework/{number}/due")
def set_due(number: Number, body: Due, who: Assigner, log: Log) -> Order:
    """Set when the work must be done."""
    return Order.model_validate(log.rework.set_due(number, body.due_at, who.name, body.note))


@router.post("/api/v1/rework/{number}/withdraw")
def withdraw(number: Number, body: Withdrawal, who: Assigner, log: Log) -> Order:
    """The work is not wanted any more."""
    return Order.model_validate(log.rework.withdraw(number, who.name, body.note))


@router.post("/api/v1/rework/{number}/questions")
def ask(number: Number, body: Said, who: Worker, log: Log) -> Order:
    """The bench asks the inspector."""
    return Order.model_validate(log.rework.ask(number, who.name, body.text))


@router.post("/api/v1/rework/{number}/answers")
def answer(number: Number, body: Said, who: Decider, log: Log) -> Order:
    """The inspector answers."""
    return Order.model_validate(log.rework.answer(number, who.name, body.text))


@router.get("/api/v1/look-first", dependencies=[READS])
def look_first(
    log: Log, piece: Annotated[Name, Query(max_length=120)], job: Annotated[Name, Query(max_length=120)]
) -> list[Order]:
    """What was done on a piece since it was last judged: its marks are to be looked at first, then anything new."""
    return [Order.model_validate(order) for order in log.rework.look_first(piece, job)]


@router.get("/api/v1/inspections/{number}/rechecks", dependencies=[READS])
def rechecks(number: Number, log: Log) -> list[Recheck]:
    """What became of what the inspection before had seen: gone, still there, new, or it cannot be told."""
    log.inspection(number)
    return [Recheck.model_validate(thing) for thing in log.rework.rechecked(number)]
