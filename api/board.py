"""The lead's board: what waits at each bench, for how long, which bench holds up the others; move and hurry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Line, Log, Number
from loupebox.api.pages import render
from loupebox.api.rework import is_late
from loupebox.station.records.bench_load import BenchLoad, bench_loads, bottleneck
from loupebox.station.records.person import Actor
from loupebox.station.records.rework_order import ReworkOrder

router = APIRouter(include_in_schema=False)

Assigner = Annotated[Actor, Depends(Allowed("rework.assign"))]

LATELY = 200
"""Orders finished last, from which a bench's usual time is told."""
ROWS = 40
"""Of one bench; more are in its queue."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One bench on the board; `share` is its work in percent of the fullest bench's."""

    load: BenchLoad
    orders: tuple[ReworkOrder, ...]
    left_out: int
    share: float

    @property
    def late(self) -> list[int]:
        """Numbers of the orders whose time is over."""
        return [order.id for order in self.orders if is_late(order)]


@router.get("/board")
def board(request: Request, log: Log, who: Assigner) -> Response:
    """Benches side by side, the fullest first."""
    queue = log.rework.queue()
    names = [name for name, _ in log.rework.benches()]
    loads = bench_loads(names, queue, log.rework.done(limit=LATELY), datetime.now(UTC))
    most = max((_weight(load) for load in loads), default=0) or 1
    lanes = [
        Lane(
            load,
            tuple([order for order in queue if order.bench == load.bench][:ROWS]),
            max(load.waiting + load.taken - ROWS, 0),
            round(100 * _weight(load) / most, 1),
        )
        for load in loads
    ]
    return render(
        request,
        "board.html",
        lanes=[lane for lane in lanes if lane.orders],
        idle=[lane.load.bench for lane in lanes if not lane.orders],
        slowest=bottleneck(loads),
        names=names,
        total=len(queue),
        late=sum(is_late(order) for order in queue),
        edition=log.rework.edition(),
    )


@router.post("/board/{number}/move")
def move(number: Number, log: Log, who: Assigner, bench: Annotated[Line, Form()]) -> Response:
    log.rework.move(number, bench, who.name)
    return _back(number)


@router.post("/board/{number}/priority")
def prioritise(number: Number, log: Log, who: Assigner, priority: Annotated[int, Form(ge=1, le=3)]) -> Response:
    log.rework.prioritise(number, priority, who.name)
    return _back(number)


def _weight(load: BenchLoad) -> float:
    return load.hours_waiting if load.hours_waiting is not None else load.waiting + load.taken


def _back(number: int) -> Response:
    return RedirectResponse(f"/board#order-{number}", status_code=303)
