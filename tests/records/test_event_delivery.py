"""From the log to a real receiver: rounds, retries, dead letters, and the thread that makes the rounds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from event_receivers import HttpReceiver, MqttReceiver
from made_entries import Clock, an_entry

from loupebox.station.event_delivery import deliver_due, delivering
from loupebox.station.records.qc_log import QcLog
from loupebox.station.webhook import new_secret


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    made = HttpReceiver()
    yield made
    made.close()


def a_round(log: QcLog, clock: Clock) -> int:
    return deliver_due(log.subscribers, lambda: clock.now.timestamp())


def test_every_event_arrives_once_and_in_order(log: QcLog, clock: Clock, receiver: HttpReceiver) -> None:
    log.subscribers.subscribe("erp", receiver.url, ["inspection.*"], new_secret(), "Ada")
    for k in range(5):
        log.record(an_entry(piece=f"P-{k}"))
    assert a_round(log, clock) == 5
    assert a_round(log, clock) == 0
    heard = [receiver.next() for _ in range(5)]
    assert [h.document["data"]["details"]["piece"] for h in heard] == [f"P-{k}" for k in range(5)]
    assert len({h.headers["webhook-id"] for h in heard}) == 5
    assert receiver.heard.empty()


def test_a_receiver_that_fails_for_a_while_misses_nothing(log: QcLog, clock: Clock) -> None:
    receiver = HttpReceiver(500, 503)
    try:
        log.subscribers.subscribe("erp", receiver.url, ["inspection.*"], new_secret(), "Ada")
        for k in range(2):
            log.record(an_entry(piece=f"P-{k}"))
        taken = []
        for _ in range(3):
            taken.append(a_round(log, clock))
            clock.now = max(clock.now, log.subscribers.one("erp").due_at)
        assert taken == [0, 0, 2]
        pieces = [receiver.next().document["data"]["details"]["piece"] for _ in range(4)]
        assert pieces == ["P-0", "P-0", "P-0", "P-1"]
    finally:
        receiver.close()


def test_gone_is_given_up_at_once_and_the_next_goes_on(log: QcLog, clock: Clock) -> None:
    receiver = HttpReceiver(410)
    try:
        log.subscribers.subscribe("erp", receiver.url, ["inspection.*"], new_secret(), "Ada")
        for k in range(2):
            log.record(an_entry(piece=f"P-{k}"))
        assert a_round(log, clock) == 1
        (letter,) = log.subscribers.dead_letters()
        assert letter.error == "the receiver answered 410"
        log.subscribers.send_again(letter.id, "Ada")
        assert a_round(log, clock) == 1
        first, second, again = (receiver.next() for _ in range(3))
        assert again.body == first.body != second.body
        assert again.headers["webhook-id"] == first.headers["webhook-id"]
    finally:
        receiver.close()


def test_a_broker_is_told_too(log: QcLog, clock: Clock) -> None:
    broker = MqttReceiver()
    try:
        log.subscribers.subscribe("shop", broker.url, ["inspection.recorded"], None, "Ada")
        log.record(an_entry())
        assert a_round(log, clock) == 1
        assert broker.next().where == "shop/inspection/recorded"
    finally:
        broker.close()


def test_the_station_makes_rounds_by_itself(log: QcLog, clock: Clock, receiver: HttpReceiver) -> None:
    log.subscribers.subscribe("erp", receiver.url, ["inspection.*"], new_secret(), "Ada")
    with delivering(log.subscribers, lambda: clock.now.timestamp(), every_s=0.02):
        log.record(an_entry(piece="P-1"))
        assert receiver.next().document["data"]["details"]["piece"] == "P-1"
    log.record(an_entry(piece="P-2"))
    assert receiver.heard.empty()  # the block is over
    assert a_round(log, clock) == 1
