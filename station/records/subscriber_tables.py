"""Tables of who is told what happens, and how far."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from loupebox.station.records.columns import StoredRow, json, key, link, moment, table_of


class SubscriberRow(StoredRow, table=True):
    """Who is told. The secret signs messages, so it must be kept as it is; `due_at` is when the next try may be."""

    id: int | None = key()
    name: str = Field(unique=True)
    address: str
    secret: str | None = None
    actions: list[str] = json()
    attempts: int
    due_at: datetime = moment()
    error: str
    retired: bool


class SubscriberCursorRow(StoredRow, table=True):
    """The last link of each chain of the audit that a subscriber needs no more."""

    __table_args__ = (UniqueConstraint("subscriber", "chain"),)

    id: int | None = key()
    subscriber: int = link("subscriber.id", index=False)
    chain: str
    number: int


class DeadLetterRow(StoredRow, table=True):
    """An event that a subscriber did not take however often it was tried; sent again only when somebody asks."""

    id: int | None = key()
    subscriber: int = link("subscriber.id")
    chain: str
    number: int
    attempts: int
    error: str
    died_at: datetime = moment()
    asked_again_at: datetime | None = moment()
    resent_at: datetime | None = moment()


SUBSCRIBER = table_of(SubscriberRow)
SUBSCRIBER_CURSOR = table_of(SubscriberCursorRow)
DEAD_LETTER = table_of(DeadLetterRow)
