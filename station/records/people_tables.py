"""Tables of people: who they are, what they sign in with, their sessions, the tokens of programs."""

from datetime import datetime

from loupebox.station.records.columns import StoredRow, json, key, link, maybe_moment, moment, table_of, unique_text


class PersonRow(StoredRow, table=True):
    """A person; never deleted, only retired. What changes here is told by the audit trail."""

    id: int | None = key()
    name: str
    name_key: str = unique_text()
    roles: list[str] = json()
    demo: bool
    pin_hash: str | None = None
    badge_digest: str | None = unique_text(nullable=True)
    added_at: datetime = moment()
    retired_at: datetime | None = maybe_moment()


class BadgeHashRow(StoredRow, table=True):
    """How badges are digested here: one salt for all, so that a scanned code finds its person. One row, number 1."""

    id: int | None = key()
    salt: str
    passes: int
    memory_kib: int


class WrongTryRow(StoredRow, table=True):
    """Tries to sign in or to sign that were not right, of one person or from one place."""

    key: str = unique_text(primary=True)
    count: int
    last_at: datetime = moment()
    locked_until: datetime | None = maybe_moment()


class SessionRow(StoredRow, table=True):
    """From signing in to signing out. The browser holds the secret, this table its digest."""

    id: int | None = key()
    digest: str = unique_text()
    person: int = link("person.id")
    started_at: datetime = moment()
    seen_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()


class ApiTokenRow(StoredRow, table=True):
    """What a program acts with; shown once, kept as a digest."""

    id: int | None = key()
    name: str
    name_key: str = unique_text()
    digest: str = unique_text()
    scopes: list[str] = json()
    made_by: str
    made_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = maybe_moment()
    last_used_at: datetime | None = maybe_moment()


PERSON = table_of(PersonRow)
BADGE_HASH = table_of(BadgeHashRow)
WRONG_TRY = table_of(WrongTryRow)
SESSION = table_of(SessionRow)
API_TOKEN = table_of(ApiTokenRow)
