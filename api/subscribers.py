"""Programs that are told what happens, and the events that they did not take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Log, Name, Number
from loupebox.station.records.person import Actor
from loupebox.station.records.subscriber import DeadLetter as DeadLetterRecord
from loupebox.station.records.subscriber import Subscriber as SubscriberRecord
from loupebox.station.webhook import secret_for

router = APIRouter(prefix="/api/v1", tags=["events"])

Manager = Annotated[Actor, Depends(Allowed("event.manage"))]


class Subscriber(BaseModel):
    """Who is told what, and how it goes."""

    name: str
    address: str = Field(description="without the password that may stand in it")
    actions: tuple[str, ...]
    waiting: int = Field(description="events that it has not taken yet")
    dead: int = Field(description="events that were given up")
    attempts: int = Field(description="failed tries of the next event")
    error: str = Field(description="how the last failed try ended")
    due_at: datetime = Field(description="not before this the next try is made")


class NewSubscriber(BaseModel):
    """Where to, and of what."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    address: str = Field(max_length=500, description="http[s]:// or mqtt[s]://[user:password@]host[:port]/prefix")
    actions: tuple[Name, ...] = Field(default=("*",), min_length=1, max_length=50, description="noun.verb, noun.* or *")
    from_start: bool = Field(default=False, description="also what happened before")


class MadeSubscriber(BaseModel):
    """A new subscriber; the secret that signs its messages is told now and never again."""

    subscriber: Subscriber
    secret: str | None = Field(description="of a webhook, in the form of the Standard Webhooks specification")


class DeadLetter(BaseModel):
    """An event that was given up."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    subscriber: str
    event: str
    action: str
    subject: str
    attempts: int
    error: str
    died_at: datetime
    resent_at: datetime | None


def _shown(subscriber: SubscriberRecord) -> Subscriber:
    return Subscriber(
        name=subscriber.name,
        address=subscriber.shown_address,
        actions=subscriber.actions,
        waiting=subscriber.waiting,
        dead=subscriber.dead,
        attempts=subscriber.attempts,
        error=subscriber.error,
        due_at=subscriber.due_at,
    )


def _letter(letter: DeadLetterRecord) -> DeadLetter:
    return DeadLetter.model_validate(letter)


@router.get("/subscribers")
def subscribers(who: Manager, log: Log) -> tuple[Subscriber, ...]:
    """Everybody who is told something, by name."""
    return tuple(map(_shown, log.subscribers.all()))


@router.post("/subscribers", status_code=201)
def subscribe(request: Request, who: Manager, body: NewSubscriber, log: Log) -> MadeSubscriber:
    """Tell an address of what happens from now on."""
    request.state.told_once = True  # not even for the same Idempotency-Key is the secret kept
    secret = secret_for(body.address)
    made = log.subscribers.subscribe(
        body.name, body.address, body.actions, secret, who.name, from_start=body.from_start
    )
    return MadeSubscriber(subscriber=_shown(made), secret=secret)


@router.post("/subscribers/{name}/retire")
def retire(name: Name, who: Manager, log: Log) -> Subscriber:
    """Tell it nothing more."""
    last = log.subscribers.one(name)
    log.subscribers.retire(name, who.name)
    return _shown(last)


@router.get("/dead-letters")
def dead_letters(who: Manager, log: Log) -> tuple[DeadLetter, ...]:
    """Events that were given up, the last first."""
    return tuple(map(_letter, log.subscribers.dead_letters()))


@router.post("/dead-letters/{number}/resend")
def resend(number: Number, who: Manager, log: Log) -> DeadLetter:
    """Try one once more, in the next round."""
    log.subscribers.send_again(number, who.name)
    return next(_letter(letter) for letter in log.subscribers.dead_letters() if letter.id == number)
