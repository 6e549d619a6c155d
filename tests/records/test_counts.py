"""Which defect, which style, which source, out of how many."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from made_entries import (
    DOUBTFUL_SCRATCH,
    MISSING_PRONG,
    MORNING,
    POROUS,
    SCRATCH,
    a_refusal,
    an_entry,
)

from loupebox.inspect.rates import wilson
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog


@pytest.fixture
def counted(log: QcLog) -> QcLog:
    """Two casters; of the first 2 in 3 pieces fail, of the second 1 in 2; one bag came from nowhere."""
    log.import_jobs(
        [
            Job(id="J-1", style="SOL6", caster="Anders", setter="Mai"),
            Job(id="J-2", style="SOL4", caster="Bianchi", setter="Mai"),
        ]
    )
    log.record(an_entry(MISSING_PRONG, POROUS, piece="1"))
    log.record(an_entry(POROUS, piece="1"))  # looked at again: still one piece
    log.record(an_entry(POROUS, piece="2"))
    log.record(an_entry(piece="3"))
    log.record(a_refusal(piece="4"))  # never judged
    log.record(an_entry(MISSING_PRONG, piece="5", job="J-2", style="SOL4", spec=None))
    log.record(an_entry(piece="6", job="J-2", style="SOL4", spec=None))
    log.record(an_entry(piece="7", job="J-3", captured_at=MORNING + timedelta(days=1)))
    return log


def as_rows(counts) -> list[tuple[object, ...]]:
    return [(c.key, c.defective, c.inspected, c.kinds) for c in counts]


def test_by_kind_each_is_out_of_all_judged_pieces(counted: QcLog) -> None:
    assert as_rows(counted.defect_counts("kind")) == [
        ("gas_porosity", 2, 6, (("gas_porosity", 2),)),
        ("prong_missing", 2, 6, (("prong_missing", 2),)),
    ]


def test_by_caster(counted: QcLog) -> None:
    assert as_rows(counted.defect_counts("caster")) == [
        ("Anders", 2, 3, (("gas_porosity", 2), ("prong_missing", 1))),
        ("Bianchi", 1, 2, (("prong_missing", 1),)),
        (None, 0, 1, ()),
    ]


def test_by_style_and_setter(counted: QcLog) -> None:
    assert as_rows(counted.defect_counts("style")) == [
        ("SOL6", 2, 4, (("gas_porosity", 2), ("prong_missing", 1))),
        ("SOL4", 1, 2, (("prong_missing", 1),)),
    ]
    assert [(c.key, c.defective, c.inspected) for c in counted.defect_counts("setter")] == [("Mai", 3, 5), (None, 0, 1)]
    assert [(c.key, c.inspected) for c in counted.defect_counts("polisher")] == [(None, 6)]


def test_since_a_day(counted: QcLog) -> None:
    tomorrow = MORNING.date() + timedelta(days=1)
    assert as_rows(counted.defect_counts("caster", tomorrow)) == [(None, 0, 1, ())]
    assert counted.defect_counts("kind", tomorrow) == ()


def test_nothing_inspected_counts_nothing(log: QcLog) -> None:
    assert log.defect_counts("kind") == ()
    assert log.defect_counts("style") == ()


def test_a_rate_says_how_sure_it_is(counted: QcLog) -> None:
    anders = counted.defect_counts("caster")[0]
    assert anders.rate == pytest.approx(2 / 3)
    assert anders.interval == wilson(2, 3)


def test_what_a_person_found_good_is_no_defect(log: QcLog) -> None:
    number = log.record(an_entry(MISSING_PRONG))
    log.decide(number, "accept", "Ana", "a hair lay over it", reason_code="dirt_or_reflection")
    assert log.defect_counts("kind") == ()
    leave = log.concessions.grant("SOL6", ["prong_missing"], 1, date(2026, 12, 31), "Ana", "customer_agreed")
    log.decide(number, "concession", "Ana", reason_code="customer_agreed", concession=leave.id)
    assert [c.key for c in log.defect_counts("kind")] == ["prong_missing"]


def test_a_doubt_is_a_defect_once_a_person_finds_it_bad(log: QcLog) -> None:
    number = log.record(an_entry(DOUBTFUL_SCRATCH, findings=(SCRATCH,)))
    assert log.defect_counts("kind") == ()
    log.decide(number, "rework", "Ana")
    assert [(c.key, c.defective) for c in log.defect_counts("kind")] == [("scratch", 1)]


def test_a_doubt_beside_a_failure_is_not_counted(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG, DOUBTFUL_SCRATCH, findings=(SCRATCH,)))
    assert [c.key for c in log.defect_counts("kind")] == ["prong_missing"]


def test_only_known_ways_to_count(log: QcLog) -> None:
    with pytest.raises(
        NotAllowed, match="cannot be counted by 'weather'; allowed are kind, style, caster, alloy, flask"
    ):
        log.defect_counts("weather")


def test_a_piece_with_a_source_of_its_own_counts_there(log: QcLog) -> None:
    log.import_jobs([Job(id="J-1", style="SOL6", setter="Mai", tree="T-1")])
    for number in range(4):
        log.record(an_entry(*((MISSING_PRONG,) if number < 2 else ()), piece=f"P-{number}"))
    log.bags.say_source("J-1", "P-0", "setter", "Bo", "Ines")
    log.bags.say_source("J-1", "P-0", "setter", "Ben", "Ines")  # the last one said counts
    found = {count.key: (count.defective, count.inspected) for count in log.defect_counts("setter")}
    assert found == {"Ben": (1, 1), "Mai": (1, 3)}
    assert [(count.key, count.inspected) for count in log.defect_counts("tree")] == [("T-1", 4)]
    assert [(count.key, count.inspected) for count in log.defect_counts("machine")] == [(None, 4)]
