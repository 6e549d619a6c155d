"""Who is told what, in which order, how often, and what is given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made_entries import Clock, an_entry

from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.subscriber import check_subscription, shown_address, wants
from loupebox.station.records.subscribers import LEASE, RETRY_AFTER, Errand

HOOK = "https://erp.example/hook"


def only_errand(log: QcLog) -> Errand:
    (errand,) = log.subscribers.errands()
    return errand


def take_all(log: QcLog, errand: Errand) -> list[str]:
    for chain, number, _ in errand.events:
        log.subscribers.taken(errand, chain, number)
    log.subscribers.release(errand)
    return [event.action for _, _, event in errand.events]


def test_a_subscriber_is_told_what_happens_from_then_on(log: QcLog) -> None:
    log.record(an_entry(piece="before"))
    log.subscribers.subscribe("erp", HOOK, ["inspection.*"], None, "Ada")
    number = log.record(an_entry(piece="after"))
    errand = only_errand(log)
    (event,) = [event for _, _, event in errand.events]
    assert (event.action, event.subject) == ("inspection.recorded", f"inspection {number}")
    assert event.details["piece"] == "after"
    assert (errand.address, errand.name) == (HOOK, "erp")
    assert log.subscribers.one("erp").waiting == 1
    take_all(log, errand)
    assert log.subscribers.one("erp").waiting == 0
    assert list(log.subscribers.errands()) == []


def test_from_the_start_means_everything(log: QcLog) -> None:
    log.record(an_entry(piece="before"))
    log.subscribers.subscribe("erp", HOOK, ["*"], None, "Ada", from_start=True)
    actions = take_all(log, only_errand(log))
    assert "inspection.recorded" in actions
    assert actions[-1] == "subscriber.added"


def test_order_is_that_of_the_chain_and_nothing_is_skipped(log: QcLog) -> None:
    log.subscribers.subscribe("erp", HOOK, ["inspection.recorded"], None, "Ada")
    numbers = [log.record(an_entry(piece=f"P-{k}")) for k in range(7)]
    errand = only_errand(log)
    assert [event.subject for _, _, event in errand.events] == [f"inspection {number}" for number in numbers]
    assert len({event.number for _, _, event in errand.events}) == 7


def test_a_kill_between_sending_and_noting_sends_the_same_number_again(log: QcLog, clock: Clock) -> None:
    log.subscribers.subscribe("erp", HOOK, ["inspection.recorded"], None, "Ada")
    log.record(an_entry())
    first = only_errand(log)  # and then nobody hears of this sender again
    assert list(log.subscribers.errands()) == []  # the lease holds
    clock.now += LEASE
    second = only_errand(log)
    assert [event.number for _, _, event in second.events] == [event.number for _, _, event in first.events]


def test_a_failed_event_waits_longer_each_time_and_holds_up_the_rest(log: QcLog, clock: Clock) -> None:
    log.subscribers.subscribe("erp", HOOK, ["inspection.recorded"], None, "Ada")
    log.record(an_entry(piece="P-1"))
    log.record(an_entry(piece="P-2"))
    for attempt, wait in enumerate(RETRY_AFTER, 1):
        errand = only_errand(log)
        chain, number, event = errand.events[0]
        assert event.details["piece"] == "P-1"
        before = clock.now
        assert not log.subscribers.failed(errand, chain, number, "the receiver answered 500", for_good=False)
        told = log.subscribers.one("erp")
        assert (told.attempts, told.waiting, told.dead) == (attempt, 2, 0)
        assert told.error == "the receiver answered 500"
        assert before + wait <= told.due_at <= before + wait + timedelta(minutes=5)
        clock.now = told.due_at
    errand = only_errand(log)
    chain, number, _ = errand.events[0]
    assert log.subscribers.failed(errand, chain, number, "the receiver answered 500", for_good=False)
    (letter,) = log.subscribers.dead_letters()
    assert (letter.subscriber, letter.attempts, letter.action) == ("erp", len(RETRY_AFTER) + 1, "inspection.recorded")
    assert [event.details["piece"] for _, _, event in only_errand(log).events] == ["P-2"]


def test_a_dead_letter_is_sent_again_when_somebody_asks(log: QcLog) -> None:
    log.subscribers.subscribe("erp", HOOK, ["inspection.recorded"], None, "Ada")
    log.record(an_entry())
    errand = only_errand(log)
    chain, number, event = errand.events[0]
    assert log.subscribers.failed(errand, chain, number, "the receiver answered 410", for_good=True)
    log.subscribers.release(errand)
    assert log.subscribers.one("erp").dead == 1
    (letter,) = log.subscribers.dead_letters()
    log.subscribers.send_again(letter.id, "Ada")
    ((again, what),) = only_errand(log).again
    assert (again, what.number) == (letter.id, event.number)
    log.subscribers.tried_again(letter.id, "still 410")
    assert log.subscribers.dead_letters()[0].error == "still 410"
    log.subscribers.send_again(letter.id, "Ada")
    log.subscribers.tried_again(letter.id, None)
    assert log.subscribers.dead_letters()[0].resent_at is not None
    assert log.subscribers.one("erp").dead == 0
    with pytest.raises(NotRecorded, match=f"no dead letter {letter.id} that waits"):
        log.subscribers.send_again(letter.id, "Ada")


def test_a_retired_subscriber_is_told_nothing(log: QcLog) -> None:
    log.subscribers.subscribe("erp", HOOK, ["*"], None, "Ada")
    log.record(an_entry())
    log.subscribers.retire("erp", "Ada")
    assert log.subscribers.all() == ()
    assert list(log.subscribers.errands()) == []
    with pytest.raises(NotRecorded, match="no subscriber 'erp'"):
        log.subscribers.retire("erp", "Ada")


def test_two_subscribers_do_not_hold_each_other_up(log: QcLog) -> None:
    for name in ("a", "b"):
        log.subscribers.subscribe(name, HOOK, ["inspection.recorded"], None, "Ada")
    log.record(an_entry())
    first, second = log.subscribers.errands()
    chain, number, _ = first.events[0]
    log.subscribers.failed(first, chain, number, "no", for_good=False)
    take_all(log, second)
    assert [(s.name, s.waiting) for s in log.subscribers.all()] == [("a", 1), ("b", 0)]


def test_a_name_is_given_once(log: QcLog) -> None:
    log.subscribers.subscribe("erp", HOOK, ["*"], None, "Ada")
    with pytest.raises(Conflict, match="subscriber 'erp' already"):
        log.subscribers.subscribe("erp", HOOK, ["*"], None, "Ada")


@pytest.mark.parametrize(
    ("name", "address", "actions", "said"),
    [
        ("e r p", HOOK, ["*"], "a subscriber cannot be called 'e r p'"),
        ("", HOOK, ["*"], "cannot be called ''"),
        ("erp", "ftp://erp.example", ["*"], "allowed are URLs with http, https, mqtt, mqtts"),
        ("erp", "https://", ["*"], "is no address for events"),
        ("erp", "https://erp.example:99999/", ["*"], "is no address for events"),
        ("erp", "ftp://ada:pass@x/", ["*"], "'ftp://ada:...@x/'"),
        ("erp", HOOK, [], "asks for no actions"),
        ("erp", HOOK, ["rework.*.x"], "'rework.*.x' names no action; allowed are noun.verb, noun.* and *"),
    ],
)
def test_a_subscription_that_cannot_work_is_refused(name: str, address: str, actions: list[str], said: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        check_subscription(name, address, actions)
    assert said.replace("...", "***") in str(refused.value)
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize(
    ("actions", "action", "wanted"),
    [
        (["*"], "rework.taken", True),
        (["rework.*"], "rework.taken", True),
        (["rework.*"], "rework_order.taken", False),
        (["rework.taken"], "rework.taken", True),
        (["rework.taken"], "rework.done", False),
        (["spec.*", "rework.done"], "rework.done", True),
    ],
)
def test_what_a_subscription_covers(actions: list[str], action: str, wanted: bool) -> None:
    assert wants(actions, action) is wanted


def test_a_password_is_never_shown() -> None:
    assert shown_address("mqtts://shop:s3cret@broker.example:8883/qc") == "mqtts://shop:***@broker.example:8883/qc"
    assert shown_address(HOOK) == HOOK
