"""How much work lies at which bench, and which one holds up the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loupebox.station.records.bench_load import bench_loads, bottleneck, minutes_of
from loupebox.station.records.rework_order import ReworkOrder, ReworkStep, ReworkWork

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def order(number: int, bench: str, *steps: tuple[str, float], work: float | None = None, due_h: float = 5):
    """An order with its steps so many minutes after noon, due so many hours after noon."""
    return ReworkOrder(
        id=number, inspection_id=1, piece=f"P-{number}", job="J", style="SOL6", operation="re-tip", bench=bench,
        priority=2, due_at=NOON + timedelta(hours=due_h), state=steps[-1][0], loop=1, defects=(), marks=(),  # pyright: ignore[reportArgumentType]
        steps=tuple(ReworkStep(state, "Ben", "", NOON + timedelta(minutes=at)) for state, at in steps),  # pyright: ignore[reportArgumentType]
        changes=(), messages=(), work=None if work is None else ReworkWork(work),
    )  # fmt: skip


OPEN = ("open", -90.0)
TAKEN = ("taken", 0.0)


def test_minutes_are_those_told_else_those_passed() -> None:
    assert minutes_of(order(1, "laser", OPEN, TAKEN, ("done", 30), work=12)) == 12
    assert minutes_of(order(1, "laser", OPEN, TAKEN, ("done", 30))) == 30
    assert minutes_of(order(1, "laser", OPEN, TAKEN, ("done", 30), work=0)) == 30
    assert minutes_of(order(1, "laser", OPEN, TAKEN, ("done", 60 * 15))) is None
    assert minutes_of(order(1, "laser", OPEN, TAKEN)) is None


def test_few_slow_orders_hold_up_more_than_many_quick_ones() -> None:
    queue = [order(n, "polishing", OPEN) for n in range(3)] + [order(9, "setting", OPEN, TAKEN, due_h=-1)]
    done = [order(20, "polishing", OPEN, TAKEN, ("done", 5)), order(21, "setting", OPEN, TAKEN, ("done", 60))]
    loads = bench_loads(["polishing", "setting", "laser"], queue, done, NOON)
    assert [(load.bench, load.waiting, load.taken, load.late, load.usual_minutes) for load in loads] == [
        ("setting", 0, 1, 1, 60),
        ("polishing", 3, 0, 0, 5),
        ("laser", 0, 0, 0, 32.5),
    ]
    assert [load.hours_waiting for load in loads] == pytest.approx([1.0, 0.25, 0.0])
    slowest = bottleneck(loads)
    assert slowest is not None
    assert slowest.bench == "setting"
    assert loads[1].waits_since == NOON - timedelta(minutes=90)


def test_without_any_finished_order_the_number_decides() -> None:
    queue = [order(1, "laser", OPEN), order(2, "setting", OPEN), order(3, "setting", OPEN)]
    loads = bench_loads([], queue, [], NOON)
    assert [(load.bench, load.hours_waiting) for load in loads] == [("setting", None), ("laser", None)]
    slowest = bottleneck(loads)
    assert slowest is not None
    assert slowest.bench == "setting"
    assert bottleneck(bench_loads(["laser"], [], [], NOON)) is None
