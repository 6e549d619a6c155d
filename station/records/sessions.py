"""Sessions: from signing in to signing out, ended by the server too when nobody is there any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.hashing import new_secret, random_digest
from loupebox.station.records.people import People, person_of
from loupebox.station.records.people_tables import PERSON, SESSION
from loupebox.station.records.person import Person
from loupebox.station.records.sign_in_rules import SignInRules

SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last use is kept: no write for each picture that a page shows."""


class Sessions:
    """A session is found by a secret that only the browser holds."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], rules: SignInRules, people: People) -> None:
        self._engine = engine
        self._clock = clock
        self.rules = rules
        self._people = people

    def start(self, person: Person) -> str:
        """The secret of a new session; it is never given twice, and never kept as it is."""
        secret, now = new_secret(), self._clock()
        with writing(self._engine) as connection:
            add(
                connection,
                SESSION,
                digest=random_digest(secret),
                person=person.id,
                started_at=now,
                seen_at=now,
            )
            append_audit(
                connection,
                who=person.name,
                action="session.started",
                subject=f"person {person.name}",
                details={},
                at=now,
            )
        return secret

    def person(self, secret: str, *, by_itself: bool = False) -> Person | None:
        """Who is signed in with it; None when it is unknown, ended, was left alone or is over.

        What a page asks `by_itself`, with nobody there, does not keep the session from ending.
        """
        now = self._clock()
        with reading(self._engine) as connection:
            row = connection.execute(
                select(PERSON, SESSION.c.id.label("session"), SESSION.c.seen_at)
                .join(SESSION, SESSION.c.person == PERSON.c.id)
                .where(
                    SESSION.c.digest == random_digest(secret),
                    SESSION.c.ended_at.is_(None),
                    SESSION.c.seen_at > now - self.rules.idle,
                    SESSION.c.started_at > now - self.rules.longest,
                    PERSON.c.retired_at.is_(None),
                )
            ).one_or_none()
        if row is None or (row.demo and not self._people.is_demo):
            return None
        if now - row.seen_at > SEEN_EVERY and not by_itself:
            with writing(self._engine) as connection:
                connection.execute(update(SESSION).where(SESSION.c.id == row.session).values(seen_at=now))
        return person_of(row)

    def is_over(self, secret: str) -> bool:
        """Whether nobody is signed in with it any more; asking is no use of it."""
        return self.person(secret, by_itself=True) is None

    def end(self, secret: str) -> None:
        """Sign out: the secret opens nothing from now on."""
        now = self._clock()
        with writing(self._engine) as connection:
            ended = connection.execute(
                update(SESSION)
                .where(SESSION.c.digest == random_digest(secret), SESSION.c.ended_at.is_(None))
                .values(ended_at=now)
            ).rowcount
            if ended:
                name = connection.execute(
                    select(PERSON.c.name)
                    .join(SESSION, SESSION.c.person == PERSON.c.id)
                    .where(SESSION.c.digest == random_digest(secret))
                ).scalar_one()
                append_audit(connection, who=name, action="session.ended", subject=f"person {name}", details={}, at=now)
