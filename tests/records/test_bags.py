"""Bags move, are weighed, lose pieces, and close only when every piece is accounted for."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from at_once import at_once
from hypothesis import given
from hypothesis import strategies as st
from made_entries import MISSING_PRONG, a_refusal
from made_production import DOUBTFUL, DRAFT, a_bag, looked_at

from loupebox.inspect.metal_loss import Weighing, stage_losses
from loupebox.station.records.bag import Bag
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.piece_state import ACCOUNTED, PIECE_STATES, Look, state_of
from loupebox.station.records.qc_log import QcLog


def states(bag: Bag) -> dict[str, str]:
    return {piece.serial: piece.state for piece in bag.pieces}


def test_a_bag_moves_from_stage_to_stage(log: QcLog) -> None:
    a_bag(log, quantity=24)
    log.bags.move("J-1", "casting", "Jonas", pieces=24)
    log.bags.move("J-1", "setting", "Marta", pieces=20, from_stage="casting", note="4 to be filed")
    bag = log.bags.move("J-1", "polishing", "Ines", pieces=5, from_stage="setting")
    assert bag.at_stage == {"casting": 4, "setting": 15, "polishing": 5}
    assert [(m.number, m.from_stage, m.to_stage, m.pieces, m.who) for m in bag.moves] == [
        (1, None, "casting", 24, "Jonas"),
        (2, "casting", "setting", 20, "Marta"),
        (3, "setting", "polishing", 5, "Ines"),
    ]
    with pytest.raises(
        Conflict, match=r"16 pieces of bag J-1 cannot leave setting: 15 are there; the last move was to"
    ):
        log.bags.move("J-1", "polishing", "Ines", pieces=16, from_stage="setting")
    with pytest.raises(Conflict, match="1 pieces cannot come into bag J-1: it has 24, and 24 are at a stage already"):
        log.bags.move("J-1", "casting", "Ines", pieces=1)


def test_metal_loss_is_held_against_the_stages_standard(log: QcLog) -> None:
    log.specs.draft(DRAFT, "Marta")
    log.specs.approve("SOL6", "A", 1, "Ines")
    a_bag(log, quantity=10)
    assert log.bags.weigh("J-1", "polishing", "in", 40.0, "Jonas", pieces=10).losses[0].verdict == "open"
    bag = log.bags.weigh("J-1", "polishing", "out", 38.0, "Jonas", pieces=10, returned_g=0.5)
    (loss,) = bag.losses
    assert (loss.loss_g, loss.at_most_percent, loss.verdict) == (pytest.approx(1.5), 3.0, "above")
    assert bag.warnings == ("polishing: 1.50 g of metal lost, 3.8 %; allowed are 3 %",)
    log.bags.weigh("J-1", "setting", "in", 38.0, "Marta", pieces=10)
    bag = log.bags.weigh("J-1", "setting", "out", 39.0, "Marta", pieces=10, added_g=0.8)
    assert bag.warnings[1] == "setting: 0.20 g more came out than went in; a weight is wrong or was not entered"
    bag = log.bags.weigh("J-1", "final", "out", 29.0, "Marta", pieces=10)
    assert bag.warnings[-1] == "a piece weighs 2.90 g on average; allowed are 3 g or more"


@given(
    came=st.floats(1, 1000),
    added=st.floats(0, 50),
    returned=st.floats(0, 50),
    out=st.floats(0.1, 1000),
    at_most=st.floats(0, 20),
)
def test_no_metal_is_lost_in_the_sum(came: float, added: float, returned: float, out: float, at_most: float) -> None:
    weighings = [Weighing("polishing", "in", came, 5), Weighing("polishing", "out", out, 5, added, returned)]
    (loss,) = stage_losses(weighings, {"polishing": at_most})
    assert loss.loss_g is not None
    assert loss.in_g + loss.added_g == pytest.approx(loss.out_g + loss.returned_g + loss.loss_g)
    assert (loss.verdict == "gain") == (loss.loss_g < -0.02)
    assert (loss.verdict == "above") == (loss.loss_g > came * at_most / 100 + 0.02)


def test_a_bag_closes_when_all_is_accounted_for(log: QcLog) -> None:
    a_bag(log, quantity=8)
    a_bag(log, "J-2", quantity=4)
    looked_at(log, piece="P-1")
    log.decide(looked_at(log, MISSING_PRONG, piece="P-2"), "scrap", "Ines", reason_code="metal_unsound")
    conceded = looked_at(log, DOUBTFUL, piece="P-3")
    leave = log.concessions.grant("SOL6", ["out_of_round"], 1, date.max, "Lea", "customer_agreed")
    log.decide(conceded, "concession", "Ines", reason_code="customer_agreed", concession=leave.id)
    looked_at(log, MISSING_PRONG, piece="P-4")  # the station sends it to rework
    log.decide(looked_at(log, DOUBTFUL, piece="P-5"), "accept", "Ines")
    looked_at(log, DOUBTFUL, piece="P-6")
    log.record(a_refusal(piece="P-7"))
    with pytest.raises(Conflict) as told:
        log.bags.close("J-1", "Ines")
    assert str(told.value) == (
        "bag J-1 cannot be closed: 8 pieces in = 1 passed + 1 accepted + 1 conceded + 1 scrapped + 1 in rework + "
        "1 not inspected + 1 to review + 1 without a serial; missing: 1 without any serial in the records; "
        "1 not inspected (P-7); 1 to review (P-6)"
    )
    log.bags.take_out("J-1", "P-6", "Ines", to_job="J-2")
    log.bags.take_out("J-1", "P-7", "Ines", reason="fell into the drain")
    bag = log.bags.take_out("J-1", "P-8", "Ines", reason="never came")
    assert bag.missing == ()
    closing = log.bags.close("J-1", "Ines")
    assert sum(closing.counts.values()) == 8
    assert closing.counts == {
        "passed": 1, "accepted": 1, "conceded": 1, "scrapped": 1, "in rework": 1, "moved": 1, "lost": 2
    }  # fmt: skip
    arrived = log.bags.bag("J-2")
    assert (arrived.arrived, arrived.pieces_in, states(arrived)) == (1, 5, {"P-6": "not inspected"})


def test_a_closed_bag_stays_closed(log: QcLog) -> None:
    a_bag(log, quantity=1)
    looked_at(log)
    log.bags.close("J-1", "Ines")
    for act in (
        lambda: log.bags.close("J-1", "Karim"),
        lambda: log.bags.move("J-1", "final", "Karim", pieces=1),
        lambda: log.bags.weigh("J-1", "final", "in", 3.0, "Karim", pieces=1),
        lambda: log.bags.take_out("J-1", "P-1", "Karim", reason="gone"),
        lambda: log.bags.say_source("J-1", "P-1", "setter", "Anil", "Karim"),
    ):
        with pytest.raises(Conflict, match="bag J-1 was closed by Ines, 2026-11-20 "):
            act()
    looked_at(log)  # what the camera saw is recorded all the same
    assert log.bags.bag("J-1").closing is not None


def test_rework_brings_a_piece_back_to_be_looked_at_again(log: QcLog) -> None:
    a_bag(log, quantity=1)
    looked_at(log, MISSING_PRONG)
    (order,) = log.rework.queue()
    assert states(log.bags.bag("J-1")) == {"P-1": "in rework"}
    log.rework.take(order.id, "Anil")
    assert states(log.bags.bag("J-1")) == {"P-1": "in rework"}
    log.rework.finish(order.id, "Anil")
    assert log.bags.bag("J-1").missing == ("1 back from rework (P-1)",)
    looked_at(log)
    assert states(log.bags.bag("J-1")) == {"P-1": "passed"}


def test_hand_checks_count_beside_the_cameras(log: QcLog) -> None:
    a_bag(log, quantity=1)
    looked_at(log, tapped=True)
    (piece,) = log.bags.pieces("J-1")
    assert (piece.state, piece.hand_checks_due) == ("hand checks due", ("loose_stones",))
    failed = log.bags.hand_check("J-1", "P-1", "loose_stones", "not ok", "Marta", "the centre stone ticks")
    assert (failed.state, failed.hand_checks_due) == ("hand check failed", ())
    assert [(c.name, c.outcome, c.who, c.note) for c in failed.hand_checks] == [
        ("loose_stones", "not ok", "Marta", "the centre stone ticks")
    ]
    log.decide(1, "rework", "Ines", reason_code="failed_hand_check")
    (order,) = log.rework.queue()
    log.rework.take(order.id, "Anil")
    log.rework.finish(order.id, "Anil")
    looked_at(log, tapped=True)
    (piece,) = log.bags.pieces("J-1")
    assert piece.state == "hand checks due"  # the bench may have loosened another stone
    assert log.bags.hand_check("J-1", "P-1", "loose_stones", "ok", "Marta").state == "passed"
    with pytest.raises(NotAllowed, match="no sheet of its style has a hand check 'clasp'; allowed are loose_stones"):
        log.bags.hand_check("J-1", "P-1", "clasp", "ok", "Marta")
    with pytest.raises(NotAllowed, match="check 'loose_stones' of piece P-1 is not ok without a note"):
        log.bags.hand_check("J-1", "P-1", "loose_stones", "not ok", "Marta")
    with pytest.raises(NotRecorded, match="no piece P-9 is recorded in bag J-1"):
        log.bags.hand_check("J-1", "P-9", "loose_stones", "ok", "Marta")


LOOKS = st.builds(
    Look,
    inspection=st.just(1),
    verdict=st.sampled_from(["PASS", "REVIEW", "FAIL"]),
    disposition=st.sampled_from([None, "accept", "rework", "scrap", "concession"]),
    orders=st.frozensets(st.sampled_from(["open", "taken", "done", "withdrawn"])),
)


@given(
    look=st.none() | LOOKS,
    checks=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["ok", "not ok"])),
    wanted=st.frozensets(st.sampled_from("abc")),
)
def test_nothing_passes_that_failed_anywhere(look: Look | None, checks: dict[str, str], wanted: frozenset[str]) -> None:
    state = state_of(None, look, checks, wanted)
    assert state in PIECE_STATES
    if state in ("passed", "accepted"):
        assert look is not None
        assert look.verdict == "PASS" or look.disposition == "accept"
        assert wanted <= checks.keys()
        assert set(checks.values()) <= {"ok"}
    if look is None:
        assert state not in ACCOUNTED


REFUSED = (
    (lambda bags: bags.move("J-9", "wax", "A", pieces=1), NotRecorded, "no job 'J-9' is recorded"),
    (lambda bags: bags.move("J-1", "attic", "A", pieces=1), NotAllowed, "'attic' is no stage; allowed are wax, "),
    (lambda bags: bags.move("J-1", "wax", "A", pieces=0), NotAllowed, "0 pieces of bag J-1; allowed are 1 or"),
    (lambda bags: bags.move("J-1", "wax", " ", pieces=1), NotAllowed, "nobody moves bag J-1; say who"),
    (lambda bags: bags.move("J-1", "wax", "A", pieces=1, from_stage="wax"), NotAllowed, "from wax to wax"),
    (lambda bags: bags.weigh("J-1", "wax", "up", 1, "A", pieces=1), NotAllowed, "'up' is no direction"),
    (lambda bags: bags.weigh("J-1", "wax", "in", 0, "A", pieces=1), NotAllowed, "weight of bag J-1 is 0 g"),
    (lambda bags: bags.weigh("J-1", "wax", "in", float("nan"), "A", pieces=1), NotAllowed, "is nan g; allowed"),
    (lambda bags: bags.weigh("J-1", "wax", "in", 1, "A", pieces=1, added_g=1), NotAllowed, "on the way out"),
    (lambda bags: bags.take_out("J-1", "P-1", "A"), NotAllowed, "lost without a reason; say what happened"),
    (lambda bags: bags.take_out("J-1", "P-1", "A", to_job="J-1"), NotAllowed, "is in bag J-1 already"),
    (lambda bags: bags.take_out("J-1", "P-1", "A", to_job="J-9"), NotRecorded, "no job 'J-9' is recorded"),
    (lambda bags: bags.take_out("J-1", " ", "A", reason="x"), NotAllowed, "a piece has an empty serial"),
    (lambda bags: bags.say_source("J-1", "P-1", "dealer", "X", "A"), NotAllowed, "'dealer' is no source"),
    (lambda bags: bags.bag("J-9"), NotRecorded, "no job 'J-9' is recorded"),
)


def test_what_is_refused(log: QcLog) -> None:
    a_bag(log)
    for act, error, said in REFUSED:
        with pytest.raises(error, match=said):
            act(log.bags)


def test_a_bag_without_a_quantity_cannot_be_closed(log: QcLog) -> None:
    looked_at(log, job="J-7")
    with pytest.raises(Conflict, match="missing: the job does not say how many pieces it has"):
        log.bags.close("J-7", "Ines")


def test_of_many_who_move_a_bag_at_once_one_does(log: QcLog) -> None:
    a_bag(log, quantity=5)
    log.bags.move("J-1", "wax", "Jonas", pieces=5)
    way = ("wax", "casting", "setting", "polishing", "plating", "final")
    for here, there in pairwise(way):
        got = at_once(lambda i, a=here, b=there: log.bags.move("J-1", b, f"p{i}", pieces=5, from_stage=a))
        assert sum(isinstance(one, Bag) for one in got) == 1
        assert all(isinstance(one, Bag | Conflict) for one in got), got
    bag = log.bags.bag("J-1")
    assert bag.at_stage == {"final": 5}
    assert [move.number for move in bag.moves] == [1, 2, 3, 4, 5, 6]


def test_of_many_who_close_a_bag_or_take_a_piece_at_once_one_does(log: QcLog) -> None:
    a_bag(log, quantity=1)
    a_bag(log, "J-2", quantity=1)
    got = at_once(lambda i: log.bags.take_out("J-1", "P-1", f"p{i}", to_job="J-2" if i % 2 else None, reason="gone"))
    assert sum(isinstance(one, Bag) for one in got) == 1
    assert all(isinstance(one, Bag | Conflict) for one in got), got
    got = at_once(lambda i: log.bags.close("J-1", f"p{i}"))
    assert sum(not isinstance(one, Exception) for one in got) == 1
    assert all("was closed by p" in str(one) for one in got if isinstance(one, Exception)), got
