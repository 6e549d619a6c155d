"""Decisions, the orders they open, and benches that take and finish them."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from made_entries import (
    DIAMETER,
    DOUBTFUL_SCRATCH,
    MISSING_PRONG,
    PORE,
    POROUS,
    PRONGS,
    SCRATCH,
    a_refusal,
    an_entry,
)
from other_process import reported, started, take

from loupebox.inspect.verdict import Check, Verdict
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.remedy import DIMENSION_KINDS, REMEDIES, Remedy, defects_of


def test_a_failure_proposes_one_order_for_each_remedy(log: QcLog) -> None:
    short = replace(PRONGS[0], index=5, state="short")
    short_prong = replace(MISSING_PRONG, name="prong_5", reason="prong 5 is short")
    number = log.record(an_entry(MISSING_PRONG, POROUS, short_prong, DOUBTFUL_SCRATCH, prongs=(*PRONGS, short)))
    orders = log.rework.queue()
    assert [(o.operation, o.bench, o.inspection_id, o.state) for o in orders] == [
        ("re-tip", "setting", number, "open"),
        ("laser weld", "laser", number, "open"),
    ]
    assert [[d.kind for d in o.defects] for o in orders] == [["prong_missing", "prong_short"], ["gas_porosity"]]
    (decision,) = log.inspection(number).dispositions
    assert (decision.kind, decision.who) == ("rework", "loupebox")
    assert decision.reason == "; ".join(c.reason for c in (MISSING_PRONG, POROUS, short_prong))


@pytest.mark.parametrize("checks", [(DIAMETER,), (DOUBTFUL_SCRATCH,)])
def test_only_a_failure_proposes_work(log: QcLog, checks: tuple[Check, ...]) -> None:
    log.record(an_entry(*checks))
    assert log.rework.queue() == ()


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        *((name, kind) for name, kind in DIMENSION_KINDS.items()),
        ("prong_1", "prong_unsure"),
        ("prong_3", "prong_missing"),
        ("prong_count", "prong_count"),
        ("porosity zone A", "gas_porosity"),
        ("scratch zone A", "scratch"),
        ("orange_peel zone B", "orange_peel"),
        ("hallmark", "hallmark"),
    ],
)
def test_every_check_has_a_name_in_the_shop(check: str, kind: str) -> None:
    failed = Check(check, Verdict.FAIL, "because")
    (defect,) = defects_of(an_entry(failed, findings=(PORE, SCRATCH)))
    assert defect.kind == kind
    assert kind in REMEDIES or kind == "hallmark"


def test_the_largest_pore_tells_which_porosity_it_is() -> None:
    shrinkage = replace(PORE, kind="shrinkage_porosity", size_mm=SCRATCH.size_mm)
    elsewhere = replace(PORE, kind="gas_porosity", zone="B", size_mm=replace(SCRATCH.size_mm, value=9.0))
    (defect,) = defects_of(an_entry(POROUS, findings=(PORE, shrinkage, SCRATCH, elsewhere)))
    assert defect.kind == "shrinkage_porosity"


def test_a_bench_sees_its_own_most_urgent_first(log: QcLog) -> None:
    log.import_jobs(
        [
            Job(id=name, style="SOL6", due=due)
            for name, due in [("late", date(2026, 12, 9)), ("soon", date(2026, 12, 1))]
        ]
    )
    for job in ("no due date", "late", "soon", "soon"):
        log.record(an_entry(MISSING_PRONG, POROUS, job=job, piece=f"{job} {len(log.rework.queue())}"))
    setting = log.rework.queue("setting")
    assert [o.job for o in setting] == ["soon", "soon", "late", "no due date"]
    assert setting[0].id < setting[1].id
    assert len(log.rework.queue()) == 8
    assert log.rework.queue("nobody's") == ()
    assert dict(log.rework.benches()) == {"casting": 0, "laser": 4, "mounting": 0, "polishing": 0, "setting": 4}


def test_urgent_goes_first_on_the_same_day(log: QcLog) -> None:
    first, second = (log.record(an_entry(DOUBTFUL_SCRATCH, piece=piece)) for piece in "ab")
    log.decide(first, "rework", "Ana")
    log.decide(second, "rework", "Ana", priority=1)
    assert [o.inspection_id for o in log.rework.queue()] == [second, first]


def test_the_life_of_an_order(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG))
    (order,) = log.rework.queue()
    assert log.rework.take(order.id, "Ben").state == "taken"
    assert [o.state for o in log.rework.queue()] == ["taken"]
    done = log.rework.finish(order.id, "Ben", "new tip, 0.8 mm")
    assert [(s.state, s.who, s.note) for s in done.steps] == [
        ("open", "loupebox", ""),
        ("taken", "Ben", ""),
        ("done", "Ben", "new tip, 0.8 mm"),
    ]
    assert [s.at for s in done.steps] == sorted(s.at for s in done.steps)
    assert done.step("taken") == done.steps[1]
    assert done.step("withdrawn") is None
    assert log.rework.queue() == ()
    assert log.rework.one(order.id) == done


def test_steps_out_of_order_are_told_why(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG))
    with pytest.raises(Conflict, match=r"rework order 1 \(re-tip, piece P-1\) cannot be done by Ben: nobody has taken"):
        log.rework.finish(1, "Ben")
    log.rework.take(1, "Ana")
    with pytest.raises(Conflict, match=r"order 1 .* cannot be taken by Ben: taken by Ana, 2026-11-20 02:\d\d UTC"):
        log.rework.take(1, "Ben")
    log.rework.finish(1, "Ana")
    with pytest.raises(Conflict, match=r"order 1 .* cannot be done by Ana: done by Ana"):
        log.rework.finish(1, "Ana")
    with pytest.raises(NotAllowed, match="rework order 1 cannot be taken by nobody; say who"):
        log.rework.take(1, " ")
    with pytest.raises(NotRecorded, match="no rework order 99 is recorded"):
        log.rework.take(99, "Ana")


def test_twenty_jewellers_reach_for_one_order(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG))
    together = threading.Barrier(20)
    got: list[str] = []
    told: list[str] = []

    def reach(who: str) -> None:
        together.wait()
        try:
            got.append(log.rework.take(1, who).steps[-1].who)
        except Conflict as conflict:
            told.append(str(conflict))

    jewellers = [threading.Thread(target=reach, args=(f"jeweller {n}",)) for n in range(20)]
    for jeweller in jewellers:
        jeweller.start()
    for jeweller in jewellers:
        jeweller.join()
    (winner,) = got
    assert len(told) == 19
    assert all(f"taken by {winner}, " in sentence for sentence in told)
    assert [s.who for s in log.rework.one(1).steps] == ["loupebox", winner]


def test_eight_stations_reach_for_one_order(log: QcLog, database: str, folder: Path) -> None:
    log.record(an_entry(MISSING_PRONG))
    with ExitStack() as all_of_them:
        stations = [all_of_them.enter_context(started(take, database, folder, 1, f"station {n}")) for n in range(8)]
        assert {reported(*station) for station in stations} == {"ready"}
        for _, pipe in stations:
            pipe.send("go")
        said = [reported(*station) for station in stations]
    (winner,) = [who for what, who in said if what == "taken"]
    assert [sentence for what, sentence in said if what == "Conflict" and f"taken by {winner}, " in sentence] == [
        sentence for what, sentence in said if what != "taken"
    ]
    assert len(said) == 8


def test_a_new_look_outdates_orders_that_nobody_took(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG, POROUS))
    log.rework.take(1, "Ben")
    again = log.record(an_entry(POROUS))
    states = {o.id: o.state for o in map(log.rework.one, (1, 2, 3))}
    assert states == {1: "taken", 2: "withdrawn", 3: "open"}
    assert log.rework.one(2).steps[-1].note == f"inspected again as {again}"
    log.record(an_entry(POROUS, piece="another"))
    log.record(a_refusal())  # tells nothing about the piece
    assert log.rework.one(3).state == "open"


def test_a_decision_replaces_what_the_station_proposed(log: QcLog) -> None:
    number = log.record(an_entry(MISSING_PRONG))
    log.decide(number, "rework", "Ana", "the whole head", remedy=Remedy("new head", "mounting"), priority=1)
    assert [(o.operation, o.bench, o.priority, o.steps[0].who) for o in log.rework.queue()] == [
        ("new head", "mounting", 1, "Ana")
    ]
    assert log.rework.one(1).state == "withdrawn"
    log.decide(number, "scrap", "Ana", "the shank is cracked", reason_code="metal_unsound", melt_weight_g=3.42)
    assert log.rework.queue() == ()
    assert log.rework.one(2).steps[-1].note == "decided: scrap"


def test_rework_on_a_doubtful_piece_gets_the_usual_remedy(log: QcLog) -> None:
    log.decide(log.record(an_entry(DOUBTFUL_SCRATCH, findings=(SCRATCH,))), "rework", "Ana")
    by_hand = log.record(an_entry(piece="by hand"))
    log.decide(by_hand, "rework", "Ana", "the stone is loose", reason_code="failed_hand_check")
    assert [(o.operation, o.bench) for o in log.rework.queue()] == [
        ("re-polish", "polishing"),
        ("look into it", "mounting"),
    ]


def test_what_cannot_be_decided(log: QcLog) -> None:
    failed = log.record(an_entry(MISSING_PRONG))
    refused = log.record(a_refusal(piece="blurred"))
    with pytest.raises(NotRecorded, match="no inspection 99 is recorded"):
        log.decide(99, "accept", "Ana")
    with pytest.raises(
        Conflict, match=f"inspection {refused} was refused, there is nothing to decide; capture the pie"
    ):
        log.decide(refused, "accept", "Ana")
    with pytest.raises(NotAllowed, match="'melt' is no decision; allowed are accept, rework, scrap, concession"):
        log.decide(failed, "melt", "Ana")
    with pytest.raises(NotAllowed, match="nobody signs the decision 'rework'; say who"):
        log.decide(failed, "rework", "")
    for kind in ("accept", "scrap", "concession"):
        with pytest.raises(NotAllowed, match=f"the decision '{kind}' on a piece with verdict FAIL needs a reason"):
            log.decide(failed, kind, "Ana", "words alone are none")
    log.rework.take(1, "Ben")
    with pytest.raises(Conflict, match=r"no longer be decided: its rework order 1 \(re-tip\) is taken by Ben; inspect"):
        log.decide(failed, "scrap", "Ana", reason_code="metal_unsound")
    assert [d.who for d in log.inspection(failed).dispositions] == ["loupebox"]
