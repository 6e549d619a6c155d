"""Leave to deliver some pieces in spite of some defects: counted down, over some day, and only for what it covers."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from made_entries import MISSING_PRONG, MORNING, POROUS, an_entry

from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.qc_log import QcLog

CODE = "customer_agreed"
LATER = date(2026, 12, 24)


def deliver(log: QcLog, inspection: int, concession: int) -> int:
    return log.decide(inspection, "concession", "Ana", reason_code=CODE, concession=concession)


@pytest.fixture
def failed(log: QcLog) -> list[int]:
    return [log.record(an_entry(MISSING_PRONG, piece=f"P-{n}")) for n in range(3)]


def test_it_counts_down_and_is_refused_when_used_up(log: QcLog, failed: list[int]) -> None:
    leave = log.concessions.grant("SOL6", ["prong_missing"], 2, LATER, "Lea", CODE, "order 4711")
    for n, inspection in enumerate(failed[:2], start=1):
        deliver(log, inspection, leave.id)
        assert log.concessions.one(leave.id).left == 2 - n
    with pytest.raises(Conflict, match="concession 1 is used up: all 2 pieces have been delivered under it"):
        deliver(log, failed[2], leave.id)
    assert [d.kind for d in log.inspection(failed[2]).dispositions] == ["rework"]
    assert [d.kind for d in log.inspection(failed[0]).dispositions] == ["rework", "concession"]


def test_a_piece_uses_it_up_once_however_often_it_is_looked_at(log: QcLog, failed: list[int]) -> None:
    leave = log.concessions.grant("SOL6", ["prong_missing"], 1, LATER, "Lea", CODE)
    deliver(log, failed[0], leave.id)
    again = log.record(an_entry(MISSING_PRONG, piece="P-0"))
    deliver(log, again, leave.id)
    assert log.concessions.one(leave.id).used == 1


def test_it_covers_its_kinds_and_its_style_only(log: QcLog, failed: list[int]) -> None:
    leave = log.concessions.grant("SOL6", ["prong_missing"], 9, LATER, "Lea", CODE)
    porous = log.record(an_entry(MISSING_PRONG, POROUS, piece="porous"))
    with pytest.raises(NotAllowed, match="concession 1 covers prong_missing; inspection 4 has gas_porosity"):
        deliver(log, porous, leave.id)
    other = log.record(an_entry(MISSING_PRONG, piece="other", style="SOL4", spec=None, job="J-4"))
    with pytest.raises(NotAllowed, match="concession 1 is for style SOL6; the piece is of style SOL4"):
        deliver(log, other, leave.id)
    assert log.concessions.one(leave.id).used == 0


def test_it_ends_with_its_day_on_the_station_s_wall(log: QcLog, failed: list[int]) -> None:
    today = MORNING.date()
    leave = log.concessions.grant("SOL6", ["prong_missing"], 9, today, "Lea", CODE)
    deliver(log, failed[0], leave.id)
    log._clock.now += timedelta(hours=15)  # 17 o'clock in UTC: in Bangkok the next day has begun
    with pytest.raises(Conflict, match=f"concession 1 ended on {today}; it can no longer be used"):
        deliver(log, failed[1], leave.id)


def test_what_cannot_be_granted(log: QcLog, failed: list[int]) -> None:
    sound = {"style": "SOL6", "kinds": ["scratch"], "pieces": 5, "until": LATER, "who": "Lea", "reason_code": CODE}
    for wrong, said in (
        ({"kinds": []}, "covers no kind of defect"),
        ({"pieces": 0}, "is for 0 pieces; allowed are 1 to"),
        ({"until": date(2026, 1, 1)}, "would end on 2026-01-01, which is over"),
        ({"who": " "}, "nobody grants the concession"),
        ({"reason_code": "metal_unsound"}, "'metal_unsound' is no reason for a concession; allowed: customer_agreed"),
    ):
        with pytest.raises(NotAllowed, match=said):
            log.concessions.grant(**{**sound, **wrong})
    with pytest.raises(NotRecorded, match="no style 'SOL9' is recorded"):
        log.concessions.grant(**{**sound, "style": "SOL9"})
    assert log.concessions.page() == ()


def test_a_decision_on_concession_names_one_and_no_other_does(log: QcLog, failed: list[int]) -> None:
    with pytest.raises(NotAllowed, match="the decision 'concession' names no concession"):
        log.decide(failed[0], "concession", "Ana", reason_code=CODE)
    with pytest.raises(NotAllowed, match="the decision 'rework' names a concession"):
        log.decide(failed[0], "rework", "Ana", concession=1)
    with pytest.raises(NotRecorded, match="no concession 7 is recorded"):
        deliver(log, failed[0], 7)


def test_twenty_reach_for_the_last_piece(log: QcLog) -> None:
    numbers = [log.record(an_entry(MISSING_PRONG, piece=f"P-{n}")) for n in range(20)]
    leave = log.concessions.grant("SOL6", ["prong_missing"], 3, LATER, "Lea", CODE)
    together = threading.Barrier(len(numbers))
    told: list[str] = []

    def reach(inspection: int) -> None:
        together.wait()
        try:
            deliver(log, inspection, leave.id)
        except Conflict as conflict:
            told.append(str(conflict))

    people = [threading.Thread(target=reach, args=(number,)) for number in numbers]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(told) == 17
    assert all("is used up" in sentence for sentence in told)
    assert log.concessions.one(leave.id).left == 0
    assert sum(log.inspection(n).dispositions[-1].kind == "concession" for n in numbers) == 3
