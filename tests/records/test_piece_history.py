"""One list of all that ever happened to a piece."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_entries import MISSING_PRONG, PRONGS, a_refusal, an_entry

from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.rework_order import ReworkWork


def test_the_whole_life_of_a_piece(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG))
    log.record(an_entry(MISSING_PRONG, piece="another"))
    log.rework.prioritise(1, 1, "Lea", "the customer waits")
    log.rework.ask(1, "Ben", "which alloy?")
    log.rework.answer(1, "Ana", "750 yellow")
    log.rework.take(1, "Ben")
    log.rework.finish(1, "Ben", "new tip", ReworkWork(minutes=12, metal_added_g=0.04))
    log.record(a_refusal())
    log.record(an_entry(prongs=(PRONGS[0], replace(PRONGS[1], state="good"))))
    log.import_jobs([Job(id="R-1", style="SOL6")])
    log.returns.receive("P-1", "R-1", "stone_loose", "Ana", "rattles", "Mr. Otto")
    back = log.record(an_entry(job="R-1"))
    log.decide(back, "scrap", "Ana", reason_code="metal_unsound", melt_weight_g=3.5)

    events = log.history.of_piece("P-1")
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert [(e.kind, e.job, e.who, e.words) for e in events] == [
        ("inspection", "J-1", "station bench 1", "inspected: FAIL: prong 3 at 150 deg is missing"),
        ("decision", "J-1", "loupebox", "decided: rework: prong 3 at 150 deg is missing"),
        ("order", "J-1", "loupebox", "re-tip at setting: open"),
        ("order", "J-1", "Lea", "re-tip: priority from 2 to 1: the customer waits"),
        ("order", "J-1", "Ben", "re-tip, question: which alloy?"),
        ("order", "J-1", "Ana", "re-tip, answer: 750 yellow"),
        ("order", "J-1", "Ben", "re-tip at setting: taken"),
        ("order", "J-1", "Ben", "re-tip at setting: done: new tip"),
        ("order", "J-1", "Ben", "re-tip took 12 min, 0.04 g added, 0 g removed, 0 stones"),
        ("inspection", "J-1", "station bench 1", "inspected: refused: retake, because the top view is blurred"),
        (
            "inspection",
            "J-1",
            "station bench 1",
            "inspected: PASS (since the look before: gas porosity still there, prong 3 gone)",
        ),
        ("return", "R-1", "Ana", "came back from Mr. Otto: stone loose: rattles"),
        ("inspection", "R-1", "station bench 1", "inspected: PASS"),
        ("decision", "R-1", "Ana", "decided: scrap, metal unsound, 3.5 g into the melt"),
    ]
    assert events[0].inspection == 1
    assert {event.order for event in events if event.kind == "order"} == {1}


def test_a_piece_that_was_never_here(log: QcLog) -> None:
    with pytest.raises(NotRecorded, match="no piece 'P-9' is recorded"):
        log.history.of_piece("P-9")


def test_a_return_knows_the_earlier_life_and_is_received_once(log: QcLog) -> None:
    log.record(an_entry())
    log.import_jobs([Job(id="R-1", style="SOL6")])
    received = log.returns.receive("P-1", "R-1", "stone_loose", "Ana")
    assert (received.earlier_job, received.complaint) == ("J-1", "stone_loose")
    assert log.returns.page("P-1") == log.returns.page(job="R-1") == (received,)
    assert log.returns.receive("stranger", "R-1", "other", "Ana").earlier_job is None
    with pytest.raises(Conflict, match="piece P-1 has already been received in job R-1"):
        log.returns.receive("P-1", "R-1", "stone_loose", "Ana")
    with pytest.raises(NotRecorded, match="no job 'R-9' is recorded"):
        log.returns.receive("P-1", "R-9", "stone_loose", "Ana")
    with pytest.raises(NotAllowed, match=r"'ugly' is no complaint; allowed are .*stone_loose"):
        log.returns.receive("P-1", "R-1", "ugly", "Ana")
