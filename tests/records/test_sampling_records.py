"""Lots drawn, judged, and what the next one gets."""

from __future__ import annotations

import pytest
from at_once import at_once
from made_entries import MISSING_PRONG, an_entry
from made_production import DOUBTFUL, looked_at

from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.sampling import Lot, drawn


def a_lot(log: QcLog, job: str, pieces: int = 3) -> None:
    """A bag whose pieces all have a serial."""
    log.import_jobs([Job(id=job, style="SOL6", quantity=pieces)])
    log.bags.name_pieces(job, [f"{job}/{number}" for number in range(pieces)], "Ines")


def all_inspected(log: QcLog, lot: Lot, bad: int) -> None:
    for number, serial in enumerate(lot.sample):
        looked_at(log, *((MISSING_PRONG,) if number < bad else ()), piece=serial, job=lot.job)


def a_whole_lot(log: QcLog, job: str, bad: int, pieces: int = 3) -> Lot:
    a_lot(log, job, pieces)
    lot = log.sampling.draw("castings", job, "Ines")
    all_inspected(log, lot, bad)
    return log.sampling.judge("castings", lot.number, "Ines")[0]


def test_a_lot_is_drawn_judged_and_accepted(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 6.5, "Ines")
    a_lot(log, "J-1", 6)
    lot = log.sampling.draw("castings", "J-1", "Ines")
    assert (lot.number, lot.lot_size, lot.severity, lot.plan.letter, lot.plan.sample_size) == (1, 6, "normal", "A", 2)
    assert lot.state == "drawn"
    assert set(lot.left) == set(lot.sample) <= {f"J-1/{i}" for i in range(6)}
    with pytest.raises(Conflict, match="cannot be judged yet: 2 of 2 drawn pieces are not decided"):
        log.sampling.judge("castings", 1, "Ines")
    all_inspected(log, lot, bad=0)
    judged, scheme = log.sampling.judge("castings", 1, "Ines")
    assert (judged.state, judged.nonconforming, scheme.state.score, scheme.open_lot) == ("accepted", 0, 2, None)
    others = {piece.state for piece in log.bags.pieces("J-1") if piece.serial not in lot.sample}
    assert others == {"accepted by sampling"}
    assert log.bags.close("J-1", "Ines").counts == {"passed": 2, "accepted by sampling": 4}
    assert log.sampling.lot_of("J-1") == judged


def test_a_lot_that_is_not_accepted_is_inspected_whole(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 6.5, "Ines")
    a_lot(log, "J-1", 6)
    lot = log.sampling.draw("castings", "J-1", "Ines")
    all_inspected(log, lot, bad=1)
    judged, _ = log.sampling.judge("castings", 1, "Ines")
    assert (judged.state, judged.nonconforming) == ("not accepted", 1)
    assert log.bags.bag("J-1").missing[0].startswith("4 not inspected (")


def test_a_mended_piece_still_counts_as_found_bad(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 6.5, "Ines")
    a_lot(log, "J-1", 2)
    lot = log.sampling.draw("castings", "J-1", "Ines")
    all_inspected(log, lot, bad=1)
    looked_at(log, piece=lot.sample[0], job="J-1")  # after the bench
    assert log.sampling.judge("castings", 1, "Ines")[0].nonconforming == 1


def test_people_decide_what_the_camera_doubts(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 6.5, "Ines")
    a_lot(log, "J-1", 2)
    lot = log.sampling.draw("castings", "J-1", "Ines")
    numbers = [looked_at(log, DOUBTFUL, piece=serial, job="J-1") for serial in lot.sample]
    log.decide(numbers[0], "accept", "Ines")
    assert log.sampling.lots("castings")[0].left == (lot.sample[1],)
    log.decide(numbers[1], "rework", "Ines")
    assert log.sampling.judge("castings", 1, "Ines")[0].nonconforming == 1


def test_severity_follows_the_lots(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 6.5, "Ines")
    assert [a_whole_lot(log, f"J-{i}", bad=1, pieces=2).severity for i in (1, 2)] == ["normal", "normal"]
    assert log.sampling.scheme("castings").state.severity == "tightened"
    assert [a_whole_lot(log, f"T-{i}", bad=1, pieces=3).severity for i in range(5)] == 5 * ["tightened"]
    stopped = log.sampling.scheme("castings")
    assert stopped.state.discontinued
    a_lot(log, "J-9", 2)
    with pytest.raises(Conflict, match="'castings' is discontinued: 5 lots were not accepted on tightened inspection"):
        log.sampling.draw("castings", "J-9", "Ines")
    with pytest.raises(NotAllowed, match="is resumed without a reason; say why"):
        log.sampling.resume("castings", "Ines", "")
    resumed = log.sampling.resume("castings", "Ines", "the caster changed the flux")
    assert (resumed.state.severity, resumed.state.discontinued) == ("tightened", False)
    assert log.sampling.say_steady("castings", True, "Ines", "one alloy, one flask size").state.steady
    assert not log.sampling.say_steady("castings", False, "Ines", "new furnace").state.steady


def test_one_lot_after_the_other(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 1.0, "Ines")
    a_lot(log, "J-1")
    a_lot(log, "J-2")
    log.sampling.draw("castings", "J-1", "Ines")
    with pytest.raises(Conflict, match="lot 1 of 'castings', bag J-1, is not judged yet"):
        log.sampling.draw("castings", "J-2", "Ines")
    log.sampling.withdraw("castings", 1, "Ines", "inspected whole after all")
    assert log.sampling.draw("castings", "J-2", "Ines").number == 2
    assert [lot.state for lot in log.sampling.lots("castings")] == ["withdrawn", "drawn"]


def test_the_dice_fall_the_same_way_for_the_same_seed() -> None:
    serials = [f"P-{i}" for i in range(50)]
    assert drawn(serials, 8, "seed") == drawn(serials[::-1], 8, "seed")
    assert drawn(serials, 8, "seed") != drawn(serials, 8, "other")
    counted = {s: sum(s in drawn(serials, 8, str(seed)) for seed in range(600)) for s in serials}
    assert 0.09 < min(counted.values()) / 600 < max(counted.values()) / 600 < 0.23  # each with a chance of 0.16


REFUSED = (
    (lambda s: s.begin("castings", "II", 1.0, "A"), Conflict, "there is a sampling scheme 'castings' already"),
    (lambda s: s.begin("x", "IV", 1.0, "A"), NotAllowed, "'IV' is no inspection level; allowed are S-1"),
    (lambda s: s.begin("x", "II", 0.7, "A"), NotAllowed, r"AQL is 0\.7 %; allowed are 0\.01, "),
    (lambda s: s.begin("x", "II", 15.0, "A"), NotAllowed, r"AQL is 15 %; allowed are .*, 10$"),
    (lambda s: s.begin(" ", "II", 1.0, "A"), NotAllowed, "the scheme has no name"),
    (lambda s: s.scheme("x"), NotRecorded, "no sampling scheme 'x' is recorded"),
    (lambda s: s.draw("castings", "J-9", "A"), NotRecorded, "no job 'J-9' is recorded"),
    (lambda s: s.draw("castings", "J-1", "A"), NotAllowed, "bag J-1 has 5 pieces and 1 of them have a serial"),
    (lambda s: s.draw("castings", "J-1", ""), NotAllowed, "nobody does that; say who"),
    (lambda s: s.judge("castings", 4, "A"), NotRecorded, "no lot 4 of 'castings' is recorded"),
    (lambda s: s.resume("castings", "A", "why"), Conflict, "is not discontinued"),
    (lambda s: s.withdraw("castings", 1, "A", " "), NotAllowed, "is withdrawn without a reason"),
)


def test_what_is_refused(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 1.0, "Ines")
    log.import_jobs([Job(id="J-1", style="SOL6", quantity=5)])
    log.record(an_entry())
    for act, error, said in REFUSED:
        with pytest.raises(error, match=said):
            act(log.sampling)


def test_of_many_who_draw_at_once_one_does(log: QcLog) -> None:
    log.sampling.begin("castings", "II", 1.0, "Ines")
    for i in range(5):
        a_lot(log, f"J-{i}")
    got = at_once(lambda i: log.sampling.draw("castings", f"J-{i % 5}", f"p{i}"))
    assert sum(isinstance(one, Lot) for one in got) == 1
    assert all(isinstance(one, Lot | Conflict) for one in got), got
