"""Orders in the hands of people: where, how long, how often, and what became of the defect."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from made_entries import (
    BANGKOK,
    DIAMETER,
    MISSING_PRONG,
    PORE,
    POROUS,
    PRONGS,
    SCRATCH,
    a_refusal,
    an_entry,
    frame,
)

from loupebox.inspect.verdict import Verdict
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.rechecks import RecheckRecord
from loupebox.station.records.rework_mark import ReworkMark
from loupebox.station.records.rework_order import ReworkWork


def test_an_order_carries_the_exact_place(log: QcLog) -> None:
    shank, top = frame(b"the shank", "shank", "coaxial"), frame(b"the top")
    prongs = [
        {"index": 1, "angle_deg": 30.0, "tip_xy_px": [501.5, 351.5]},
        {"index": 3, "angle_deg": 90.0, "tip_xy_px": None},
    ]
    log.record(an_entry(MISSING_PRONG, POROUS, DIAMETER, frames=(shank, top), report={"prongs": prongs}))
    retip, weld = log.rework.queue()
    assert weld.marks == (
        ReworkMark("finding", "gas_porosity", "shank", "coaxial", shank.sha256, PORE.box_xywh_px, PORE.polygon_xy_px),
    )
    # Missing: at its angle, straight up, as far from the middle (351.5, 351.5) as the other tip is.
    (mark,) = retip.marks
    assert (mark.what, mark.name, mark.frame_sha256) == ("prong", "prong_3", top.sha256)
    x, y, w, h = mark.box_xywh_px
    assert (x + w / 2, y + h / 2) == pytest.approx((351.5, 201.5))


def test_a_dimension_is_shown_by_its_whole_picture(log: QcLog) -> None:
    log.record(an_entry(replace(DIAMETER, verdict=Verdict.FAIL)))
    (order,) = log.rework.queue()
    assert [(m.what, m.view, m.light, m.box_xywh_px) for m in order.marks] == [
        ("characteristic", "face", "backlight", (0, 0, 704, 704))
    ]


def test_time_and_material_are_kept_with_the_order(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG))
    assert log.rework.take(1, "Ben").work is None
    spent = ReworkWork(minutes=12.5, metal_added_g=0.04, metal_removed_g=0.01, stones=1)
    assert log.rework.finish(1, "Ben", "new tip", spent).work == spent


@pytest.mark.parametrize("wrong", [{"minutes": -1}, {"metal_added_g": 1e6}, {"stones": 5000}])
def test_impossible_work_leaves_the_order_as_it_was(log: QcLog, wrong: dict[str, float]) -> None:
    log.record(an_entry(MISSING_PRONG))
    log.rework.take(1, "Ben")
    with pytest.raises(NotAllowed, match=rf"{next(iter(wrong))} is .*; allowed is 0 to"):
        log.rework.finish(1, "Ben", work=ReworkWork(**wrong))
    assert log.rework.one(1).state == "taken"


def test_orders_are_moved_hurried_asked_about_and_withdrawn(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG, POROUS))
    due = datetime(2026, 11, 21, 9, tzinfo=BANGKOK)
    log.rework.move(1, "laser", "Lea", "the setter is ill")
    log.rework.prioritise(1, 1, "Lea")
    log.rework.set_due(1, due, "Lea")
    log.rework.ask(1, "Ben", "is the seat to be kept?")
    order = log.rework.answer(1, "Ana", "yes")
    assert (order.bench, order.priority, order.due_at) == ("laser", 1, due)
    assert [(c.what, c.before, c.after, c.who, c.note) for c in order.changes] == [
        ("bench", "setting", "laser", "Lea", "the setter is ill"),
        ("priority", "2", "1", "Lea", ""),
        ("due_at", "", due.isoformat(), "Lea", ""),
    ]
    assert [(m.kind, m.who, m.text) for m in order.messages] == [
        ("question", "Ben", "is the seat to be kept?"),
        ("answer", "Ana", "yes"),
    ]
    assert [o.id for o in log.rework.queue("laser")] == [1, 2]
    assert log.rework.move(1, "laser", "Lea").changes == order.changes  # it is there already
    assert log.rework.withdraw(1, "Lea", "the customer waits").state == "withdrawn"
    with pytest.raises(Conflict, match="the bench of rework order 1 cannot be changed by Lea: it is withdrawn by Lea"):
        log.rework.move(1, "setting", "Lea")
    with pytest.raises(NotAllowed, match="cannot be withdrawn without a word"):
        log.rework.withdraw(2, "Lea", " ")
    with pytest.raises(NotAllowed, match="priority is 9; allowed are 1, 2, 3"):
        log.rework.prioritise(2, 9, "Lea")


def test_a_piece_lies_at_one_bench_only(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG, POROUS))
    log.rework.take(1, "Ben")
    with pytest.raises(Conflict, match=r"the piece is at the bench setting, order 1 \(re-tip\) is taken by Ben"):
        log.rework.take(2, "Cho")
    assert log.rework.one(2).state == "open"
    log.rework.finish(1, "Ben")
    assert log.rework.take(2, "Cho").state == "taken"


def work_on(log: QcLog, order: int) -> None:
    log.rework.take(order, "Ben")
    log.rework.finish(order, "Ben")


def test_a_third_loop_waits_for_a_lead(log: QcLog) -> None:
    for loop in (1, 2):
        log.record(an_entry(MISSING_PRONG))
        (order,) = log.rework.queue()
        assert order.loop == loop
        work_on(log, order.id)
    third = log.record(an_entry(MISSING_PRONG))
    assert log.rework.queue() == ()
    assert [s.id for s in log.undecided()] == [third]
    with pytest.raises(NotAllowed, match="piece P-1 has been worked on 2 times; another rework order needs a lead's"):
        log.decide(third, "rework", "Ana")
    log.decide(third, "rework", "Lea", lead=True)
    (order,) = log.rework.queue()
    assert (order.loop, order.steps[0].who) == (3, "Lea")
    assert log.undecided() == ()


def test_the_same_piece_in_another_bag_begins_anew(log: QcLog) -> None:
    for _ in range(2):
        log.record(an_entry(MISSING_PRONG))
        work_on(log, log.rework.queue()[0].id)
    log.record(an_entry(MISSING_PRONG, job="R-1"))
    assert [o.loop for o in log.rework.queue()] == [1]


def test_what_was_mended_is_looked_at_first_and_told(log: QcLog) -> None:
    first = log.record(an_entry(MISSING_PRONG, POROUS))
    assert log.rework.look_first("P-1", "J-1") == ()
    work_on(log, 1)
    assert [o.id for o in log.rework.look_first("P-1", "J-1")] == [1]
    log.record(a_refusal())  # says nothing of the piece
    assert [o.id for o in log.rework.look_first("P-1", "J-1")] == [1]
    mended = (PRONGS[0], replace(PRONGS[1], state="good"))
    again = log.record(an_entry(POROUS, prongs=mended, findings=(PORE, SCRATCH)))
    assert log.rework.look_first("P-1", "J-1") == ()
    assert log.rework.rechecked(first) == ()
    assert log.rework.rechecked(again) == (
        RecheckRecord(first, "finding", "gas_porosity", "still there"),
        RecheckRecord(first, "finding", "scratch", "new"),
        RecheckRecord(first, "prong", "prong_3", "gone"),
    )
    with pytest.raises(NotRecorded, match="no piece 'P-9' of job 'J-1' is recorded"):
        log.rework.look_first("P-9", "J-1")


def test_a_decision_made_in_ignorance_of_another_is_told(log: QcLog) -> None:
    number = log.record(an_entry(MISSING_PRONG))
    (proposed,) = log.inspection(number).dispositions
    log.decide(number, "rework", "Ana", seen=proposed.id)
    with pytest.raises(Conflict, match="piece P-1 was decided in the meantime: 'rework' by Ana"):
        log.decide(number, "scrap", "Bea", reason_code="metal_unsound", seen=proposed.id)


def test_scrap_carries_its_melt_weight_and_a_reason_that_fits(log: QcLog) -> None:
    number = log.record(an_entry(MISSING_PRONG))
    with pytest.raises(NotAllowed, match="'hidden_in_wear' is no reason for the decision 'scrap'; allowed: cannot_be"):
        log.decide(number, "scrap", "Ana", reason_code="hidden_in_wear")
    for kind, code, weight in (("scrap", "metal_unsound", -1.0), ("rework", None, 3.0)):
        with pytest.raises(NotAllowed, match="melt_weight_g is"):
            log.decide(number, kind, "Ana", reason_code=code, melt_weight_g=weight)
    log.decide(number, "scrap", "Ana", reason_code="metal_unsound", melt_weight_g=3.42)
    last = log.inspection(number).dispositions[-1]
    assert (last.reason_code, last.melt_weight_g) == ("metal_unsound", 3.42)
    assert log.inspection(number).summary.verdict == "FAIL"  # of the camera: for ever
