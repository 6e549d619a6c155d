"""Both ways out hold the same promise; what is special to each follows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from event_receivers import HttpReceiver, MqttReceiver

from loupebox.station.event_channel import Channel, NotDelivered
from loupebox.station.mqtt_topic import MqttTopic
from loupebox.station.records.event import Event
from loupebox.station.webhook import Webhook, key_of, new_secret, signature

BANGKOK = timezone(timedelta(hours=7))
EVENT = Event(
    number="station-1:42",
    action="rework.taken",
    subject="order 9",
    who="Nok",
    station="station-1",
    at=datetime(2026, 11, 20, 8, 30, tzinfo=BANGKOK),
    details={"piece": "J-26-0412-08", "note": "ซ่อม <b>"},
)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NOW_S = 1_795_000_000.9
Receiver = HttpReceiver | MqttReceiver


def channel_to(url: str, timeout_s: float = 15.0) -> Channel:
    return MqttTopic(url, timeout_s) if url.startswith("mqtt") else Webhook(url, SECRET, lambda: NOW_S, timeout_s)


@pytest.fixture(params=[HttpReceiver, MqttReceiver])
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def sending() -> Iterator[Callable[..., Channel]]:
    opened: list[Channel] = []

    def opening(url: str, timeout_s: float = 15.0) -> Channel:
        opened.append(channel_to(url, timeout_s))
        return opened[-1]

    yield opening
    for channel in opened:
        channel.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_what_is_sent_arrives_whole_and_in_order(receiver: Receiver, sending: Callable[..., Channel]) -> None:
    channel = sending(receiver.url)
    channel.send(EVENT)
    channel.send(EVENT)
    first, second = receiver.next(), receiver.next()
    assert first.document == {
        "type": "rework.taken",
        "timestamp": "2026-11-20T01:30:00Z",
        "data": {
            "number": "station-1:42",
            "subject": "order 9",
            "who": "Nok",
            "station": "station-1",
            "details": {"piece": "J-26-0412-08", "note": "ซ่อม <b>"},
        },
    }
    assert second.body == first.body


def test_a_closed_channel_can_be_used_again(receiver: Receiver, sending: Callable[..., Channel]) -> None:
    channel = sending(receiver.url)
    channel.send(EVENT)
    channel.close()
    sending(receiver.url).send(EVENT)
    assert receiver.next().body == receiver.next().body


@pytest.mark.parametrize("scheme", ["http", "mqtt"])
def test_nobody_there_is_said(scheme: str, sending: Callable[..., Channel]) -> None:
    with pytest.raises(NotDelivered, match="refused") as refused:
        sending(f"{scheme}://127.0.0.1:{unused_port()}/shop").send(EVENT)
    assert not refused.value.for_good


@pytest.mark.parametrize("scheme", ["http", "mqtt"])
def test_a_receiver_that_never_answers_is_given_up(scheme: str, sending: Callable[..., Channel]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        channel = sending(f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/shop", 0.2)
        with pytest.raises(NotDelivered):
            channel.send(EVENT)


def test_mqtt_topic_follows_the_action(sending: Callable[..., Channel]) -> None:
    receiver = MqttReceiver()
    try:
        sending(receiver.url).send(EVENT)
        assert receiver.next().where == "shop/rework/taken"
    finally:
        receiver.close()


@pytest.fixture
def http() -> Iterator[Callable[..., HttpReceiver]]:
    made: list[HttpReceiver] = []

    def opening(*statuses: int) -> HttpReceiver:
        made.append(HttpReceiver(*statuses))
        return made[-1]

    yield opening
    for receiver in made:
        receiver.close()


def test_a_webhook_is_signed_over_number_time_and_body(http: Callable[..., HttpReceiver]) -> None:
    receiver = http()
    channel_to(receiver.url).send(EVENT)
    heard = receiver.next()
    assert heard.where == "/hook"
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["webhook-id"] == "station-1:42"
    assert heard.headers["webhook-timestamp"] == "1795000000"
    signed = b"station-1:42.1795000000." + heard.body
    expected = base64.b64encode(hmac.digest(bytes(range(32)), signed, hashlib.sha256)).decode()
    assert heard.headers["webhook-signature"] == f"v1,{expected}"


def test_signature_of_a_worked_example() -> None:
    # By hand: printf '%s' 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:<24 times 6b>
    key = b"k" * 24
    assert signature(key, "msg_1", 1_700_000_000, b'{"a":1}') == "v1,bYr7Rz93bX8WqNI5XVthzq7NE/LcYrDkos9dgSLYHOc="


@pytest.mark.parametrize(
    ("status", "for_good"), [(301, False), (307, False), (400, False), (404, False), (410, True), (500, False)]
)
def test_only_2xx_confirms(status: int, for_good: bool, http: Callable[..., HttpReceiver]) -> None:
    receiver = http(status)
    with pytest.raises(NotDelivered, match=f"the receiver answered {status}") as refused:
        channel_to(receiver.url).send(EVENT)
    assert refused.value.for_good is for_good
    receiver.next()
    assert receiver.heard.empty()  # a redirect is not followed


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="])
def test_a_bad_secret_is_refused_by_what_is_allowed(secret: str) -> None:
    with pytest.raises(ValueError, match="'whsec_' and 24 to 64 bytes in base64"):
        key_of(secret)


def test_new_secrets_differ_and_are_sound() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(key_of(first)) == 32


def test_a_moment_is_told_in_utc() -> None:
    at = datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert b'"timestamp": "2026-01-01T00:00:00.250000Z"' in Event("1", "a.b", "s", "w", "x", at, {}).body()
