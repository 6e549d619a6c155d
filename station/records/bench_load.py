"""How much work waits at each bench, for how long, and which bench holds up the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from loupebox.station.records.rework_order import WAITING, ReworkOrder

LONGEST_MINUTES = 240.0
"""An order that was held longer lay over a night or a holiday: its span says nothing about the work."""


@dataclass(frozen=True, slots=True)
class BenchLoad:
    """One bench. `usual_minutes` is the median of what an order took there lately, else of what it took at any bench.

    It is None while none was finished anywhere, so that benches are always compared by the same measure.
    """

    bench: str
    waiting: int
    taken: int
    late: int
    waits_since: datetime | None
    usual_minutes: float | None

    @property
    def hours_waiting(self) -> float | None:
        """How long one jeweller would need for what lies there."""
        if self.usual_minutes is None:
            return None
        return (self.waiting + self.taken) * self.usual_minutes / 60


def minutes_of(order: ReworkOrder) -> float | None:
    """What a finished order took: as told by the bench, else from taking to done; None when that cannot be told."""
    if order.work is not None and order.work.minutes > 0:
        return order.work.minutes
    taken, done = order.step("taken"), order.step("done")
    if taken is None or done is None:
        return None
    minutes = (done.at - taken.at).total_seconds() / 60
    return minutes if 0 < minutes <= LONGEST_MINUTES else None


def bench_loads(
    benches: Iterable[str], queue: Iterable[ReworkOrder], done: Iterable[ReworkOrder], now: datetime
) -> tuple[BenchLoad, ...]:
    """One load for each bench, the fullest first: by hours where they are known, else by orders."""
    waiting = list(queue)
    took = [(order.bench, minutes) for order in done if (minutes := minutes_of(order)) is not None]
    everywhere = median(minutes for _, minutes in took) if took else None
    loads: list[BenchLoad] = []
    for bench in sorted({*benches, *(order.bench for order in waiting)}):
        mine = [order for order in waiting if order.bench == bench and order.state in WAITING]
        still = [order for order in mine if order.state == "open"]
        here = [minutes for where, minutes in took if where == bench]
        loads.append(
            BenchLoad(
                bench=bench,
                waiting=len(still),
                taken=len(mine) - len(still),
                late=sum(order.due_at is not None and order.due_at < now for order in mine),
                waits_since=min((order.steps[0].at for order in still), default=None),
                usual_minutes=median(here) if here else everywhere,
            )
        )
    return tuple(sorted(loads, key=lambda load: (-(load.hours_waiting or 0), -load.waiting - load.taken, load.bench)))


def bottleneck(loads: Iterable[BenchLoad]) -> BenchLoad | None:
    """The bench with the most hours of work, else the most orders; None while nothing waits."""
    busy = [load for load in loads if load.waiting + load.taken]
    return max(busy, key=lambda load: (load.hours_waiting or 0, load.waiting + load.taken), default=None)
