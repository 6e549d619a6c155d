"""API tokens: what programs act with, each with a name, scopes and an end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select, update

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add_if_new
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.hashing import new_secret, random_digest
from loupebox.station.records.people_tables import API_TOKEN
from loupebox.station.records.person import TokenHolder, checked_name, checked_scopes, name_key

PREFIX = "loupebox_"
"""So that a token found where it should not be is known for what it is."""
LONGEST_DAYS = 730
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as the list shows it; its secret is not kept."""

    id: int
    name: str
    scopes: tuple[str, ...]
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiTokens:
    """Tokens are made, used until they end, and revoked; never deleted."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, name: str, scopes: Collection[str], days: int, *, who: str) -> tuple[ApiToken, str]:
        """A new token and its secret, which is told this once."""
        kept, given, now = checked_name(name, "a token's name"), checked_scopes(scopes), self._clock()
        if not 1 <= days <= LONGEST_DAYS:
            raise NotAllowed(f"a token cannot last {days} days; allowed are 1 to {LONGEST_DAYS}")
        secret = PREFIX + new_secret()
        row = {
            "name": kept,
            "name_key": name_key(kept),
            "digest": random_digest(secret),
            "scopes": list(given),
            "made_by": who,
            "made_at": now,
            "expires_at": now + timedelta(days=days),
        }
        with writing(self._engine) as connection:
            if not add_if_new(connection, API_TOKEN, **row):
                raise Conflict(f"there is or was a token called {kept}; a name is never given twice")
            made = connection.execute(select(API_TOKEN).where(API_TOKEN.c.digest == row["digest"])).one()
            details = {"scopes": list(given), "expires_at": row["expires_at"].isoformat()}
            append_audit(connection, who=who, action="token.added", subject=f"token {kept}", details=details, at=now)
        return _token(made), secret

    def page(self, limit: int, cursor: int | None = None) -> tuple[ApiToken, ...]:
        """At most so many of all tokens ever made, the newest first, from before the number `cursor`."""
        query = select(API_TOKEN).order_by(API_TOKEN.c.id.desc()).limit(limit)
        if cursor is not None:
            query = query.where(API_TOKEN.c.id < cursor)
        with reading(self._engine) as connection:
            return tuple(_token(row) for row in connection.execute(query))

    def all(self) -> tuple[ApiToken, ...]:
        """All tokens ever made, the newest first."""
        with reading(self._engine) as connection:
            return tuple(_token(row) for row in connection.execute(select(API_TOKEN).order_by(API_TOKEN.c.id.desc())))

    def named(self, name: str) -> ApiToken:
        """The token of this name."""
        with reading(self._engine) as connection:
            row = connection.execute(select(API_TOKEN).where(API_TOKEN.c.name_key == name_key(name))).one_or_none()
        if row is None:
            raise NotRecorded(f"no token called '{name[:80]}' is recorded")
        return _token(row)

    def holder(self, secret: str) -> TokenHolder | None:
        """Who acts with this secret; None when it is unknown, revoked or over."""
        now = self._clock()
        with reading(self._engine) as connection:
            row = connection.execute(
                select(API_TOKEN).where(
                    API_TOKEN.c.digest == random_digest(secret),
                    API_TOKEN.c.revoked_at.is_(None),
                    API_TOKEN.c.expires_at > now,
                )
            ).one_or_none()
        if row is None:
            return None
        if row.last_used_at is None or now - row.last_used_at > USED_EVERY:
            with writing(self._engine) as connection:
                connection.execute(update(API_TOKEN).where(API_TOKEN.c.id == row.id).values(last_used_at=now))
        return TokenHolder(row.id, row.name, tuple(row.scopes))

    def revoke(self, number: int, *, who: str) -> ApiToken:
        """It opens nothing from now on."""
        now = self._clock()
        here = API_TOKEN.c.id == number
        with writing(self._engine) as connection:
            row = connection.execute(select(API_TOKEN).where(here)).one_or_none()
            if row is None:
                raise NotRecorded(f"no token {number} is recorded")
            if row.revoked_at is not None:
                raise Conflict(f"the token {row.name} was revoked on {row.revoked_at:%F}")
            connection.execute(update(API_TOKEN).where(here).values(revoked_at=now))
            append_audit(connection, who=who, action="token.revoked", subject=f"token {row.name}", details={}, at=now)
            return _token(connection.execute(select(API_TOKEN).where(here)).one())


def _token(row: Any) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
