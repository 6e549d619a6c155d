"""What one request writes is one transaction with its answer: whole or not at all, once however often it is asked."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from made_entries import MISSING_PRONG, Clock, an_entry
from sqlalchemy import select

from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.engine import reading
from loupebox.station.records.errors import Conflict, NotAllowed
from loupebox.station.records.one_change import KEPT, AskedBefore, OneChange, StoredAnswer, joined
from loupebox.station.records.one_change_tables import ANSWER
from loupebox.station.records.qc_log import QcLog

KEY = "0f7a5f5e-6f0e-4a53-8c1d-2f5f7a1e9b10"
ANSWERED = StoredAnswer(200, "application/json", "/there", b'{"state":"taken"}')


@pytest.fixture
def log(log: QcLog) -> QcLog:
    log.record(an_entry(MISSING_PRONG))
    return log


def asked(log: QcLog, request: bytes = b"POST /take", key: str = KEY, holder: str = "person 1") -> OneChange:
    """A change that may begin; fails the test when it was answered before."""
    change = log.one_change(key, request)
    assert change.arm(holder) is None
    return change


def audited(log: QcLog) -> list[str]:
    with reading(log._engine) as connection:
        return list(connection.execute(select(AUDIT.c.action).order_by(AUDIT.c.id)).scalars())


def test_the_same_request_gets_the_same_answer_and_nothing_is_done_again(log: QcLog) -> None:
    change = asked(log)
    with joined(change):
        log.rework.take(1, "Ben")
        assert log.rework.one(1).state == "taken"  # what was written is seen inside
    change.finish(ANSWERED)
    assert log.rework.one(1).state == "taken"
    assert log.one_change(KEY, b"POST /take").arm("person 1") == ANSWERED
    assert log.one_change(KEY, b"POST /take").arm("person 2") is None


def test_nobody_sees_a_part_of_it(log: QcLog) -> None:
    before = audited(log)
    change = asked(log)
    with joined(change):
        log.rework.take(1, "Ben")
        log.rework.finish(1, "Ben")
    seen: list[str] = []
    other = threading.Thread(target=lambda: seen.append(log.rework.one(1).state))
    other.start()
    other.join()
    assert seen == ["open"]
    change.undo()
    assert log.rework.one(1).state == "open"
    assert log.one_change(KEY, b"POST /take").arm("person 1") is None
    assert audited(log) == before


def test_what_fails_inside_takes_nothing_else_with_it(log: QcLog) -> None:
    change = asked(log)
    with joined(change):
        log.rework.take(1, "Ben")
        with pytest.raises(Conflict, match="taken by Ben"):
            log.rework.take(1, "Ana")
        log.rework.finish(1, "Ben")
    change.finish(ANSWERED)
    assert [step.who for step in log.rework.one(1).steps] == ["loupebox", "Ben", "Ben"]
    assert audited(log)[-2:] == ["rework.taken", "rework.done"]


def test_a_refusal_is_kept_too(log: QcLog) -> None:
    refusal = StoredAnswer(409, "application/problem+json", None, b"{}")
    change = asked(log)
    with joined(change), pytest.raises(Conflict):
        log.rework.finish(1, "Ben")
    change.finish(refusal)
    assert log.one_change(KEY, b"POST /take").arm("person 1") == refusal


def test_before_it_is_known_who_asks_nothing_joins(log: QcLog) -> None:
    change = log.one_change(KEY, b"POST /take")
    with joined(change):
        log.rework.take(1, "Ben")
    assert change.connection is None
    change.finish(ANSWERED)
    assert log.rework.one(1).state == "taken"
    assert log.one_change(KEY, b"POST /take").arm("person 1") is None


def test_a_key_is_for_one_request(log: QcLog) -> None:
    asked(log).finish(ANSWERED)
    with pytest.raises(NotAllowed, match="this Idempotency-Key was used for another request"):
        log.one_change(KEY, b"POST /done").arm("person 1")
    for key in ("short", "x" * 129, "0f7a5f5e-6f0e-4a53-8c1d-2f5f7a1e9bé", "0f7a5f5e-6f0e-4a53\n"):
        with pytest.raises(NotAllowed, match=r"Idempotency-Key has .* allowed are 16 to 128"):
            log.one_change(key, b"")


def test_a_secret_is_not_told_again_and_nothing_tells_the_request(log: QcLog) -> None:
    request = b'POST /sign {"pin": "271828"}'
    asked(log, request).finish(StoredAnswer(201, "application/json", None, b"the secret"), secret=True)
    with pytest.raises(Conflict, match="its answer held a secret, which is told only once"):
        log.one_change(KEY, request).arm("person 1")
    with reading(log._engine) as connection:
        kept = str(connection.execute(select(ANSWER)).all())
    assert "secret'" not in kept
    assert "271828" not in kept
    assert KEY not in kept


def test_answers_are_kept_for_a_week(log: QcLog) -> None:
    asked(log).finish(ANSWERED)
    assert isinstance(log._clock, Clock)
    log._clock.now += KEPT
    asked(log, key=KEY[::-1]).finish(ANSWERED)
    with reading(log._engine) as connection:
        assert len(connection.execute(select(ANSWER)).all()) == 1
    log._clock.now += timedelta(days=-7)


def test_of_twins_at_once_one_is_done_and_the_other_gets_its_answer(log: QcLog) -> None:
    together = threading.Barrier(8)
    told: list[StoredAnswer] = []
    done: list[str] = []

    def ask(who: str) -> None:
        change = log.one_change(KEY, b"POST /take")
        together.wait()
        answer = change.arm("person 1")
        if answer is None:
            try:
                with joined(change):
                    log.rework.take(1, who)
                change.finish(ANSWERED)
                done.append(who)
                return
            except AskedBefore:
                change.undo()
                answer = change.stored()
        assert answer is not None
        told.append(answer)

    twins = [threading.Thread(target=ask, args=(f"twin {n}",)) for n in range(8)]
    for twin in twins:
        twin.start()
    for twin in twins:
        twin.join()
    assert len(done) == 1
    assert told == [ANSWERED] * 7
    assert [step.who for step in log.rework.one(1).steps] == ["loupebox", *done]
