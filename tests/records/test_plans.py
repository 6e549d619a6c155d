"""What people ask for all day is looked up and never searched for: it must stay quick when the log has grown.

Plans are SQLite's, which tells them without having many rows. The times with a million inspections are shown by
benchmarks/million.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from made_entries import MISSING_PRONG, MORNING, an_entry
from sqlalchemy import event

from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.qc_log import QcLog

TODAY: date = MORNING.date()
Question = Callable[[QcLog], object]
QUESTIONS: dict[str, Question] = {
    "open one": lambda log: log.inspection(1),
    "a page of a day": lambda log: log.recent(50, InspectionFilter(day=TODAY)),
    "the failed of a day": lambda log: log.recent(50, InspectionFilter(day=TODAY, outcome="FAIL")),
    "all pieces of a day": lambda log: log.pieces_of_day(TODAY),
    "the latest day": lambda log: (log.latest_day(), log.days_beside(TODAY)),
    "the last": lambda log: log.recent(50),
    "the next page": lambda log: log.recent(50, cursor=2),
    "the last refused": lambda log: log.recent(50, InspectionFilter(outcome="REFUSED")),
    "a bag": lambda log: log.bags.bag("J-1"),
    "inspections of a bag": lambda log: log.recent(50, InspectionFilter(job="J-1")),
    "one piece": lambda log: log.recent(50, InspectionFilter(piece="P-1")),
    "a bench's queue": lambda log: log.rework.queue("setting"),
    "the benches": lambda log: log.rework.benches(),
    "where to look first": lambda log: log.rework.look_first("P-1", "J-1"),
    "take an order": lambda log: log.rework.take(1, "Ben"),
    "record again what failed": lambda log: log.record(an_entry(MISSING_PRONG)),
    "decide": lambda log: log.decide(1, "rework", "Ana"),
}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[QcLog]:
    log = QcLog.open(tmp_path / "qc.sqlite", tmp_path / "frames")
    log.record(an_entry(MISSING_PRONG))
    yield log
    log.close()


def plans(log: QcLog, ask: Question) -> list[str]:
    """How SQLite finds the rows of each statement."""
    said: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "INSERT")) and isinstance(values, tuple):
            said.append((statement, values))

    event.listen(log._engine, "before_cursor_execute", hear)
    ask(log)
    event.remove(log._engine, "before_cursor_execute", hear)
    assert said
    with log._engine.connect() as connection:
        found = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values) for statement, values in said]
        return [row[3] for rows in found for row in rows]


GROWS = "inspection|piece|job|measurement|finding|prong|frame|defect|disposition|rework_\\w+|recheck|audit|hand_check"
ALL_IN_A_STATE = "ix_rework_order_state_bench (state=?)"
"""Of open orders there are few, of those that are done there are more every day."""
MAY_WALK = {"the last": ["inspection"], "the benches": []}
"""The newest rows are the end of the table."""


@pytest.mark.parametrize("what", QUESTIONS)
def test_what_grows_is_looked_up(log: QcLog, what: str) -> None:
    steps = plans(log, QUESTIONS[what])
    searched = [match[1] for step in steps if (match := re.match(rf"SCAN ({GROWS})\b", step))]
    assert searched == MAY_WALK.get(what, []), steps
    if what != "the benches":
        assert not [step for step in steps if ALL_IN_A_STATE in step], steps


def test_a_day_and_a_verdict_are_one_look_up(log: QcLog) -> None:
    steps = plans(log, QUESTIONS["the failed of a day"])
    assert "SEARCH inspection USING INDEX ix_inspection_day_verdict (day=? AND verdict=?)" in steps
