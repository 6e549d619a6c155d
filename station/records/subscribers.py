"""Subscribers and their events: who still needs which link of the audit, and what came of sending it.

An event counts as taken only after the receiver confirmed it, so a kill in between sends it once more under the same
number. Each subscriber gets the links of each chain in order: a failed one holds up what follows until it is taken
or, after the last of `RETRY_AFTER`, given up as a dead letter.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, insert, select, update

from loupebox.station.records.audit import append_audit
from loupebox.station.records.audit_tables import AUDIT, AUDIT_HEAD
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotRecorded
from loupebox.station.records.event import Event
from loupebox.station.records.subscriber import DeadLetter, Subscriber, check_subscription, wants
from loupebox.station.records.subscriber_tables import DEAD_LETTER, SUBSCRIBER, SUBSCRIBER_CURSOR

RETRY_AFTER = tuple(timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200, 18000, 36000, 36000))
"""Waiting times between tries, 31 hours in all; when the try after the last fails too, the event is given up."""
LEASE = timedelta(minutes=5)
"""How long one sender keeps a subscriber to itself; after a kill another goes on."""
BATCH = 200


@dataclass(frozen=True, slots=True)
class Errand:
    """What one sender has to do for one subscriber now, nobody else doing it meanwhile."""

    subscriber: int
    name: str
    address: str
    secret: str | None
    events: tuple[tuple[str, int, Event], ...]
    """Chain, number, and what to send."""
    seen: tuple[tuple[str, int], ...]
    """How far each chain was looked through; up to there the subscriber needs nothing else."""
    again: tuple[tuple[int, Event], ...]
    """Dead letters that somebody asked to send again, by their number."""


class Subscribers:
    """Add and retire subscribers; hand out their events, and note what came of it."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def subscribe(
        self, name: str, address: str, actions: Sequence[str], secret: str | None, who: str, *, from_start: bool = False
    ) -> Subscriber:
        """Tell `address` of what happens from now on, or of everything that ever did."""
        check_subscription(name, address, actions)
        now = self._clock()
        with writing(self._engine) as connection:
            if connection.execute(select(SUBSCRIBER.c.id).where(SUBSCRIBER.c.name == name)).first():
                raise Conflict(f"there is a subscriber '{name}' already; choose another name")
            subscriber = add(
                connection, SUBSCRIBER, name=name, address=address, secret=secret, actions=list(actions),
                attempts=0, due_at=now, error="", retired=False,
            )  # fmt: skip
            heads = () if from_start else connection.execute(select(AUDIT_HEAD.c.chain, AUDIT_HEAD.c.number)).all()
            for chain, number in heads:
                add(connection, SUBSCRIBER_CURSOR, subscriber=subscriber, chain=chain, number=number)
            append_audit(
                connection, who=who, action="subscriber.added", subject=f"subscriber {name}",
                details={"actions": list(actions)}, at=now,
            )  # fmt: skip
        return self.one(name)

    def retire(self, name: str, who: str) -> None:
        """Tell it nothing more; what it was told stays on record."""
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(SUBSCRIBER)
                .where(SUBSCRIBER.c.name == name, SUBSCRIBER.c.retired.is_(False))
                .values(retired=True)
            ).rowcount
            if not changed:
                raise NotRecorded(f"there is no subscriber '{name}'")
            append_audit(
                connection, who=who, action="subscriber.retired", subject=f"subscriber {name}", details={},
                at=self._clock(),
            )  # fmt: skip

    def all(self) -> tuple[Subscriber, ...]:
        """Everybody who is told something, by name."""
        with reading(self._engine) as connection:
            return tuple(_subscriber(connection, row) for row in connection.execute(_active()))

    def one(self, name: str) -> Subscriber:
        with reading(self._engine) as connection:
            row = connection.execute(_active().where(SUBSCRIBER.c.name == name)).one_or_none()
            if row is None:
                raise NotRecorded(f"there is no subscriber '{name}'")
            return _subscriber(connection, row)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Events that were given up, the last first."""
        query = (
            select(DEAD_LETTER, SUBSCRIBER.c.name, AUDIT.c.action, AUDIT.c.subject)
            .join(SUBSCRIBER, DEAD_LETTER.c.subscriber == SUBSCRIBER.c.id)
            .join(AUDIT, (AUDIT.c.chain == DEAD_LETTER.c.chain) & (AUDIT.c.number == DEAD_LETTER.c.number))
            .order_by(DEAD_LETTER.c.id.desc())
        )
        with reading(self._engine) as connection:
            return tuple(
                DeadLetter(
                    row.id, row.name, _number(row), row.action, row.subject, row.attempts, row.error, row.died_at,
                    row.resent_at,
                )
                for row in connection.execute(query)
            )  # fmt: skip

    def send_again(self, letter: int, who: str) -> None:
        """Let the next round try a dead letter once more."""
        now = self._clock()
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(DEAD_LETTER)
                .where(DEAD_LETTER.c.id == letter, DEAD_LETTER.c.resent_at.is_(None))
                .values(asked_again_at=now)
            ).rowcount
            if not changed:
                raise NotRecorded(f"there is no dead letter {letter} that waits to be sent again")
            append_audit(
                connection, who=who, action="dead_letter.sent_again", subject=f"dead letter {letter}", details={},
                at=now,
            )  # fmt: skip

    def errands(self) -> Iterator[Errand]:
        """What is due now; each is this sender's alone until `LEASE` is over or it says how it went."""
        now = self._clock()
        with reading(self._engine) as connection:
            due = [row.id for row in connection.execute(_active().where(SUBSCRIBER.c.due_at <= now))]
        for subscriber in due:
            with reading(self._engine) as connection:
                errand = _errand(connection, subscriber)
            if (errand.seen or errand.again) and self._lease(subscriber, now):
                # Read again: another sender may have gone on between the look and the lease.
                with reading(self._engine) as connection:
                    errand = _errand(connection, subscriber)
                yield errand

    def taken(self, errand: Errand, chain: str, number: int) -> None:
        """The receiver confirmed this event: what follows in the chain is next."""
        with writing(self._engine) as connection:
            _go_on(connection, errand.subscriber, chain, number)
            connection.execute(
                update(SUBSCRIBER).where(SUBSCRIBER.c.id == errand.subscriber).values(attempts=0, error="")
            )

    def failed(self, errand: Errand, chain: str, number: int, error: str, *, for_good: bool) -> bool:
        """Note a failed try; returns whether the event was given up, so that what follows may go on."""
        now = self._clock()
        with writing(self._engine) as connection:
            attempts = 1 + connection.execute(
                select(SUBSCRIBER.c.attempts).where(SUBSCRIBER.c.id == errand.subscriber)
            ).scalar_one()  # fmt: skip
            given_up = for_good or attempts > len(RETRY_AFTER)
            if given_up:
                add(
                    connection, DEAD_LETTER, subscriber=errand.subscriber, chain=chain, number=number,
                    attempts=attempts, error=error, died_at=now, asked_again_at=None, resent_at=None,
                )  # fmt: skip
                _go_on(connection, errand.subscriber, chain, number)
            due = now if given_up else now + RETRY_AFTER[attempts - 1]
            connection.execute(
                update(SUBSCRIBER)
                .where(SUBSCRIBER.c.id == errand.subscriber)
                .values(attempts=0 if given_up else attempts, error=error, due_at=due)
            )
        return given_up

    def tried_again(self, letter: int, error: str | None) -> None:
        """What came of sending a dead letter once more; None when it was taken."""
        values: dict[str, Any] = {"asked_again_at": None}
        values |= {"resent_at": self._clock()} if error is None else {"error": error}
        with writing(self._engine) as connection:
            connection.execute(update(DEAD_LETTER).where(DEAD_LETTER.c.id == letter).values(**values))

    def release(self, errand: Errand) -> None:
        """Everything of the errand was taken or given up: what came since may be had at once."""
        with writing(self._engine) as connection:
            for chain, number in errand.seen:
                _go_on(connection, errand.subscriber, chain, number)
            connection.execute(
                update(SUBSCRIBER).where(SUBSCRIBER.c.id == errand.subscriber).values(due_at=self._clock())
            )

    def _lease(self, subscriber: int, now: datetime) -> bool:
        with writing(self._engine) as connection:
            return bool(
                connection.execute(
                    update(SUBSCRIBER)
                    .where(SUBSCRIBER.c.id == subscriber, SUBSCRIBER.c.due_at <= now)
                    .values(due_at=now + LEASE)
                ).rowcount
            )


def _active() -> Select[Any]:
    return select(SUBSCRIBER).where(SUBSCRIBER.c.retired.is_(False)).order_by(SUBSCRIBER.c.name)


def _subscriber(connection: Connection, row: Row[Any]) -> Subscriber:
    behind = sum(head - cursor for _, head, cursor in _behind(connection, row.id))
    dead = connection.execute(
        select(func.count()).where(DEAD_LETTER.c.subscriber == row.id, DEAD_LETTER.c.resent_at.is_(None))
    ).scalar_one()
    waiting = 0
    if behind:
        waiting = sum(
            count
            for action, count in _counts_by_action(connection, row.id)
            if wants(row.actions, action)
        )  # fmt: skip
    return Subscriber(row.name, row.address, tuple(row.actions), waiting, dead, row.attempts, row.error, row.due_at)


def _behind(connection: Connection, subscriber: int) -> list[tuple[str, int, int]]:
    """Chains that have links which the subscriber still needs: chain, number of the last link, number had last."""
    had = (
        select(SUBSCRIBER_CURSOR.c.number)
        .where(SUBSCRIBER_CURSOR.c.subscriber == subscriber, SUBSCRIBER_CURSOR.c.chain == AUDIT_HEAD.c.chain)
        .scalar_subquery()
    )
    cursor = func.coalesce(had, 0)
    query = select(AUDIT_HEAD.c.chain, AUDIT_HEAD.c.number, cursor).where(AUDIT_HEAD.c.number > cursor)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _counts_by_action(connection: Connection, subscriber: int) -> Iterator[tuple[str, int]]:
    for chain, _, cursor in _behind(connection, subscriber):
        query = (
            select(AUDIT.c.action, func.count())
            .where(AUDIT.c.chain == chain, AUDIT.c.number > cursor)
            .group_by(AUDIT.c.action)
        )
        for row in connection.execute(query):
            yield row[0], row[1]


def _errand(connection: Connection, subscriber: int) -> Errand:
    row = connection.execute(select(SUBSCRIBER).where(SUBSCRIBER.c.id == subscriber)).one()
    chains = [
        connection.execute(
            select(AUDIT).where(AUDIT.c.chain == chain, AUDIT.c.number > cursor).order_by(AUDIT.c.number).limit(BATCH)
        ).all()
        for chain, _, cursor in _behind(connection, subscriber)
    ]
    # By time across the chains, by number within each: the merge looks only at the next of each.
    merged = list(heapq.merge(*chains, key=lambda link: link.at))[:BATCH]
    letters = connection.execute(
        select(DEAD_LETTER.c.id.label("letter"), AUDIT)
        .join(AUDIT, (AUDIT.c.chain == DEAD_LETTER.c.chain) & (AUDIT.c.number == DEAD_LETTER.c.number))
        .where(DEAD_LETTER.c.subscriber == subscriber, DEAD_LETTER.c.asked_again_at.is_not(None))
        .order_by(DEAD_LETTER.c.id)
        .limit(BATCH)
    ).all()
    return Errand(
        subscriber=row.id,
        name=row.name,
        address=row.address,
        secret=row.secret,
        events=tuple((link.chain, link.number, _event(link)) for link in merged if wants(row.actions, link.action)),
        seen=tuple({link.chain: link.number for link in merged}.items()),
        again=tuple((letter.letter, _event(letter)) for letter in letters),
    )


def _event(row: Row[Any]) -> Event:
    return Event(_number(row), row.action, row.subject, row.who, row.chain, row.at, json.loads(row.details))


def _number(row: Row[Any]) -> str:
    return f"{row.chain}:{row.number}"


def _go_on(connection: Connection, subscriber: int, chain: str, number: int) -> None:
    where = (SUBSCRIBER_CURSOR.c.subscriber == subscriber, SUBSCRIBER_CURSOR.c.chain == chain)
    if not connection.execute(update(SUBSCRIBER_CURSOR).where(*where).values(number=number)).rowcount:
        connection.execute(insert(SUBSCRIBER_CURSOR).values(subscriber=subscriber, chain=chain, number=number))
