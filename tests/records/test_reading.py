"""Lists: by day, page by page, filtered, and what waits for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_entries import DOUBTFUL_SCRATCH, MISSING_PRONG, MORNING, a_refusal, an_entry

from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.qc_log import QcLog

TODAY = MORNING.date()


def numbers(summaries) -> list[int]:
    return [summary.id for summary in summaries]


def test_a_day_shows_each_piece_as_it_was_seen_last(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG, piece="mended"))
    refused = log.record(a_refusal(piece="blurred", captured_at=MORNING + timedelta(hours=2)))
    mended = log.record(an_entry(piece="mended", captured_at=MORNING + timedelta(hours=1)))
    log.record(an_entry(piece="tomorrow", captured_at=MORNING + timedelta(days=1)))
    today = log.pieces_of_day(TODAY)
    assert [(line.id, line.piece, line.outcome, line.attempt) for line in today] == [
        (refused, "blurred", "REFUSED", 1),
        (mended, "mended", "PASS", 2),
    ]


def test_the_same_serial_in_two_bags_is_two_pieces(log: QcLog) -> None:
    both = [log.record(an_entry(piece="1", job=job)) for job in ("J-1", "J-2")]
    assert sorted(numbers(log.pieces_of_day(TODAY))) == both
    assert [line.attempt for line in log.pieces_of_day(TODAY)] == [1, 1]


def test_the_day_is_the_one_on_the_stations_wall(log: QcLog) -> None:
    """08:30 in Bangkok is half past one at night in UTC, and 00:30 is still yesterday there."""
    log.record(an_entry(captured_at=MORNING.replace(hour=0)))
    assert log.latest_day() == TODAY


def test_days_lead_to_each_other(log: QcLog) -> None:
    assert log.latest_day() is None
    for days in (0, 3, 7):
        log.record(an_entry(captured_at=MORNING + timedelta(days=days)))
    assert log.latest_day() == TODAY + timedelta(days=7)
    assert log.days_beside(TODAY + timedelta(days=3)) == (TODAY, TODAY + timedelta(days=7))
    assert log.days_beside(TODAY + timedelta(days=7)) == (TODAY + timedelta(days=3), None)
    assert log.days_beside(date(2000, 1, 1)) == (None, TODAY)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 8))
def test_pages_join_up_to_the_whole_list(filled_log: QcLog, limit: int) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        page = filled_log.recent(limit, cursor=cursor)
        assert len(page.items) <= limit
        seen += numbers(page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == limit
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.fixture
def filled_log(log: QcLog) -> QcLog:
    log.record(an_entry(piece="a"))
    log.record(an_entry(MISSING_PRONG, piece="a"))
    log.record(a_refusal(piece="b"))
    log.record(an_entry(DOUBTFUL_SCRATCH, piece="b"))
    log.record(an_entry(piece="c", style="BAND", job="J-2", spec=None))
    log.record(an_entry(piece="d", job="J-2", captured_at=MORNING + timedelta(days=1)))
    log.record(an_entry(MISSING_PRONG, piece="d", job="J-2", captured_at=MORNING + timedelta(days=2)))
    return log


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (InspectionFilter(outcome="PASS"), [6, 5, 1]),
        (InspectionFilter(outcome="FAIL"), [7, 2]),
        (InspectionFilter(outcome="REVIEW"), [4]),
        (InspectionFilter(outcome="REFUSED"), [3]),
        (InspectionFilter(style="BAND"), [5]),
        (InspectionFilter(job="J-2"), [7, 6, 5]),
        (InspectionFilter(piece="a"), [2, 1]),
        (InspectionFilter(day=TODAY), [5, 4, 3, 2, 1]),
        (InspectionFilter(since=TODAY + timedelta(days=1)), [7, 6]),
        (InspectionFilter(outcome="FAIL", job="J-1"), [2]),
        (InspectionFilter(piece="nobody"), []),
    ],
)
def test_filters(filled_log: QcLog, wanted: InspectionFilter, expected: list[int]) -> None:
    assert numbers(filled_log.recent(wanted=wanted).items) == expected


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_a_sensible_size(log: QcLog, limit: int) -> None:
    with pytest.raises(NotAllowed, match=f"a page of {limit} inspections is not possible; allowed are 1 to 500"):
        log.recent(limit)


def test_reviews_wait_until_somebody_decides_or_looks_again(log: QcLog) -> None:
    first, second, third = (log.record(an_entry(DOUBTFUL_SCRATCH, piece=piece)) for piece in "abc")
    assert numbers(log.undecided()) == [first, second, third]
    log.decide(first, "accept", "Ana")
    assert numbers(log.undecided()) == [second, third]
    log.record(a_refusal(piece="b"))  # tells nothing about the piece
    assert numbers(log.undecided()) == [second, third]
    log.record(an_entry(piece="b"))
    assert numbers(log.undecided()) == [third]


def test_pictures_of_several_inspections(filled_log: QcLog) -> None:
    found = filled_log.frames_of([1, 5, 99])
    assert {number: [(f.view, f.light) for f in frames] for number, frames in found.items()} == {
        1: [("face", "backlight"), ("top", "dome")],
        5: [("face", "backlight"), ("top", "dome")],
        99: [],
    }


def test_the_decision_stands_beside_the_verdict(log: QcLog) -> None:
    number = log.record(an_entry(DOUBTFUL_SCRATCH))
    log.decide(number, "rework", "Ana")
    log.decide(number, "accept", "Ben", "looked at it under the loupe")
    (line,) = log.recent().items
    assert (line.verdict, line.disposition) == ("REVIEW", "accept")
    assert [(d.kind, d.who) for d in log.inspection(number).dispositions] == [("rework", "Ana"), ("accept", "Ben")]


def test_a_line_names_the_revision_that_judged(log: QcLog) -> None:
    log.record(an_entry())
    log.record(replace(an_entry(), spec=None))
    assert [line.spec_revision for line in log.recent().items] == [None, "A"]
