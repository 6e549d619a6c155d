"""Bring events to their subscribers: a round sends what is due, a thread makes rounds while the station serves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loupebox.station.event_channel import Channel, NotDelivered
from loupebox.station.mqtt_topic import MqttTopic
from loupebox.station.records.subscribers import Errand, Subscribers
from loupebox.station.rounds import in_rounds
from loupebox.station.webhook import Webhook

ROUND_EVERY_S = 2.0

logger = logging.getLogger(__name__)


def channel_of(errand: Errand, clock_s: Callable[[], float]) -> Channel:
    """The way to a subscriber, by its address."""
    if errand.address.startswith("mqtt"):
        return MqttTopic(errand.address)
    return Webhook(errand.address, errand.secret or "", clock_s)


def deliver_due(subscribers: Subscribers, clock_s: Callable[[], float]) -> int:
    """Send everything that is due once; returns how many events were taken."""
    return sum(_deliver(subscribers, errand, clock_s) for errand in subscribers.errands())


def _deliver(subscribers: Subscribers, errand: Errand, clock_s: Callable[[], float]) -> int:
    channel, taken = channel_of(errand, clock_s), 0
    try:
        for letter, event in errand.again:
            try:
                channel.send(event)
            except NotDelivered as refused:
                subscribers.tried_again(letter, str(refused))
            else:
                subscribers.tried_again(letter, None)
                taken += 1
        for chain, number, event in errand.events:
            try:
                channel.send(event)
            except NotDelivered as refused:
                if not subscribers.failed(errand, chain, number, str(refused), for_good=refused.for_good):
                    return taken
                logger.error("event %s for %s was given up: %s", event.number, errand.name, refused)
            else:
                subscribers.taken(errand, chain, number)
                taken += 1
    finally:
        channel.close()
    subscribers.release(errand)
    return taken


@contextmanager
def delivering(
    subscribers: Subscribers, clock_s: Callable[[], float], every_s: float = ROUND_EVERY_S
) -> Iterator[None]:
    """Make rounds in a thread until the block ends; a round under way is finished."""
    with in_rounds("event delivery", lambda _: deliver_due(subscribers, clock_s), every_s):
        yield
