"""The outbox keeps what the log does not have yet, and delivers it once and in order."""

from __future__ import annotations

import gc
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cut_line import CutLine
from forwarding_stations import inspect_through_cuts
from hypothesis import given
from hypothesis import strategies as st
from made_entries import MISSING_PRONG, SPEC, a_refusal, an_entry, estimate
from sqlalchemy import make_url

from loupebox.inspect.measurement import Measurement
from loupebox.station.entry_json import UnreadableEntry, from_text, to_text
from loupebox.station.forwarding import Forwarded, Forwarder, OutboxState, StandingForwarder, forward
from loupebox.station.outbox import Kept, Outbox
from loupebox.station.records.errors import NotRecorded, OutOfReach, RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.qc_log import QcLog
from loupebox.station.rounds import in_rounds


@pytest.fixture
def outbox(folder: Path) -> Outbox:
    return Outbox(folder / "outbox")


@pytest.fixture
def opening(database: str, folder: Path) -> Callable[[], QcLog]:
    return lambda: QcLog.open(database, folder / "frames")


def out_of_reach() -> QcLog:
    raise OutOfReach("cannot read the database: nobody answers")


def test_what_is_kept_is_delivered_whole(outbox: Outbox, opening: Callable[[], QcLog]) -> None:
    entry = an_entry(MISSING_PRONG)
    direct = opening()
    first = direct.record(replace(entry, piece="direct"))
    outbox.put(entry)
    assert forward(outbox, opening) == Forwarded(delivered=1)
    kept = outbox.one(1)
    assert kept.state == "delivered"
    assert kept.inspection is not None
    expected, found = direct.inspection(first), direct.inspection(kept.inspection)
    for part in ("measurements", "findings", "prongs", "defects", "frames", "report"):
        assert getattr(found, part) == getattr(expected, part), part
    assert [direct.frame(f.sha256)[0] for f in found.frames] == [f.content for f in entry.frames]
    direct.close()


@given(value=st.floats(allow_nan=False, allow_infinity=False), u=st.floats(0, 1e6), dof=st.floats(1, float("inf")))
def test_numbers_come_back_to_the_last_bit(value: float, u: float, dof: float) -> None:
    made = estimate(value, u=u)
    made = replace(made, budget=(replace(made.budget[0], degrees_of_freedom=dof),))
    entry = an_entry(frames=(), measurements=(Measurement("inner_diameter_mm", made),))
    assert from_text(to_text(entry), ImageStore.__new__(ImageStore)) == entry


def test_an_unreachable_log_stops_nobody_and_loses_nothing(outbox: Outbox, opening: Callable[[], QcLog]) -> None:
    for piece in ("P-1", "P-2", "P-3"):
        outbox.put(an_entry(piece=piece))
        assert forward(outbox, out_of_reach).out_of_reach == "cannot read the database: nobody answers"
    assert [kept.piece for kept in outbox.waiting()] == ["P-1", "P-2", "P-3"]
    assert forward(Outbox(outbox.folder), opening).delivered == 3
    assert outbox.waiting() == ()
    log = opening()
    assert [item.piece for item in reversed(log.recent().items)] == ["P-1", "P-2", "P-3"]
    log.close()


def test_when_the_answer_was_lost_nothing_is_doubled(outbox: Outbox, opening: Callable[[], QcLog]) -> None:
    kept = outbox.put(an_entry())
    log = opening()
    number = log.record(from_text(outbox.body(kept), outbox.frames), origin=kept.origin)  # and nobody is told
    assert forward(outbox, opening).delivered == 1
    assert outbox.one(kept.number).inspection == number
    assert len(log.recent().items) == 1
    log.close()


def test_a_refused_one_holds_up_its_own_piece_only(outbox: Outbox, opening: Callable[[], QcLog]) -> None:
    log = opening()
    log.record(an_entry(piece="first"))
    other_text = replace(SPEC, text="schema = 1 # altered\n")
    poison = outbox.put(an_entry(piece="P-1", spec=other_text))
    outbox.put(an_entry(piece="P-1"))
    outbox.put(a_refusal(piece="P-2"))
    assert forward(outbox, opening) == Forwarded(delivered=1, refused=1)
    (aside,) = outbox.set_aside()
    assert (aside.number, aside.piece) == (poison.number, "P-1")
    assert "already recorded with another text" in aside.error
    assert [kept.piece for kept in outbox.waiting()] == ["P-1"]
    outbox.retry(poison.number)
    assert forward(outbox, opening).refused == 1
    outbox.drop(poison.number, "the sheet was altered by mistake")
    assert forward(outbox, opening) == Forwarded(delivered=1)
    assert outbox.one(poison.number).error.endswith("dropped: the sheet was altered by mistake")
    with pytest.raises(NotRecorded, match="nothing with the number 1 was set aside"):
        outbox.drop(poison.number, "again")
    log.close()


def test_frames_leave_the_outbox_when_nobody_needs_them(outbox: Outbox, opening: Callable[[], QcLog]) -> None:
    entry = an_entry(piece="P-1")
    outbox.put(entry)
    outbox.put(replace(entry, piece="P-2"))
    first = outbox.next()
    assert first is not None
    outbox.delivered(first, 1)
    assert outbox.frames.read(entry.frames[0].sha256) == entry.frames[0].content
    assert forward(outbox, opening).delivered == 1
    with pytest.raises(NotRecorded):
        outbox.frames.read(entry.frames[0].sha256)


def test_one_at_a_time_delivers(outbox: Outbox, opening: Callable[[], QcLog]) -> None:
    outbox.put(an_entry())
    with Outbox(outbox.folder).only_one() as mine:
        assert mine
        assert forward(outbox, opening) == Forwarded(elsewhere=True)
    assert forward(outbox, opening).delivered == 1


def test_a_kept_text_that_is_no_entry_is_said() -> None:
    with pytest.raises(UnreadableEntry, match="the kept inspection cannot be read"):
        from_text('{"frames": [], "piece": 3}', ImageStore.__new__(ImageStore))


# The driver leaves its own socket to the garbage collector when the line broke.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_line_breaks_in_the_middle_of_anything(postgres_log: str, folder: Path) -> None:
    # Every cut is logged with its traceback; captured, these would hold the broken sockets into some later test.
    logging.disable(logging.CRITICAL)
    try:
        told = inspect_through_cuts(postgres_log, folder, stations=2, pieces=24, cuts=8, seed=4, done=lambda _: None)
    finally:
        logging.disable(logging.NOTSET)
        gc.collect()  # now, and not in the middle of another test
    assert told.cuts == 8
    assert told.rounds_that_failed >= 8
    assert told.once_and_in_order, told


class WatchedOutbox(Outbox):
    """Calls after each delivery."""

    told: Callable[[], None]

    def delivered(self, kept: Kept, inspection: int) -> None:
        super().delivered(kept, inspection)
        self.told()


def test_a_delivery_can_be_ended_between_two(folder: Path, opening: Callable[[], QcLog]) -> None:
    outbox, stop = WatchedOutbox(folder / "outbox"), threading.Event()
    for piece in ("P-1", "P-2", "P-3"):
        outbox.put(an_entry(piece=piece))
    outbox.told = stop.set
    forwarder = Forwarder(outbox, opening)
    assert forwarder.forward(stop).delivered == 1
    assert [kept.piece for kept in outbox.waiting()] == ["P-2", "P-3"]
    forwarder.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_serving_station_delivers_as_soon_as_its_server_is_back(postgres_log: str, folder: Path) -> None:
    url = make_url(postgres_log)
    assert url.port is not None
    line = CutLine(url.port, cuts=0, chance=random.Random(1), most_bytes=1, missed=3)
    logging.disable(logging.CRITICAL)
    try:
        log = QcLog.open(url.set(port=line.port).render_as_string(hide_password=False), folder / "frames")
        outbox, everything = WatchedOutbox(folder / "outbox"), threading.Event()
        outbox.told = lambda: None if outbox.waiting() else everything.set()
        for piece in ("P-1", "P-2", "P-3"):
            outbox.put(an_entry(piece=piece))
        forwarder = StandingForwarder(outbox, log)
        assert forwarder.state() == OutboxState(waiting=3, set_aside=0, out_of_reach="")
        line.cuts_left = 1  # with the next byte
        with forwarder.running(every_s=0.01):
            assert everything.wait(60)
        assert line.cuts_left == 0
        assert forwarder.state() == OutboxState(waiting=0, set_aside=0, out_of_reach="")
        assert [item.piece for item in reversed(log.recent().items)] == ["P-1", "P-2", "P-3"]
        log.close()
    finally:
        line.close()
        logging.disable(logging.NOTSET)
        gc.collect()


def test_a_round_that_fails_is_followed_by_another(caplog: pytest.LogCaptureFixture) -> None:
    rounds, enough = iter((RecordsError("no room"), ZeroDivisionError("a fault"))), threading.Event()

    def act(_: threading.Event) -> None:
        for error in rounds:
            raise error
        enough.set()

    with in_rounds("a thing", act, every_s=0.001):
        assert enough.wait(30)
    assert [record.getMessage() for record in caplog.records[:2]] == ["a thing has to wait: no room", "a thing failed"]
    assert "a thing" not in {thread.name for thread in threading.enumerate()}
