"""People: added, given roles, badge and PIN, retired; and whether somebody is who they say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from loupebox.station.records import lockout
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add_if_new
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded, WrongSecret
from loupebox.station.records.hashing import Hashing, new_salt, random_digest
from loupebox.station.records.people_tables import BADGE_HASH, PERSON, SESSION
from loupebox.station.records.person import (
    Person,
    checked_badge,
    checked_name,
    checked_pin,
    checked_roles,
    name_key,
)
from loupebox.station.records.roles import words_for
from loupebox.station.records.sign_in_rules import SignInRules
from loupebox.station.records.signature import Secret, Signature

TOLD = "that badge is not known here, or the name and the PIN do not go together"
"""The same whatever was wrong: who guesses learns nothing."""


class People:
    """Everybody who ever worked with this log. `who` is always the one who acts."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], rules: SignInRules) -> None:
        self._engine = engine
        self._clock = clock
        self._hashing = rules.hashing
        self._demo = rules.demo

    def add(
        self,
        name: str,
        roles: Collection[str],
        *,
        who: str,
        pin: str | None = None,
        badge: str | None = None,
        demo: bool = False,
    ) -> Person:
        """A new person, who signs in with a PIN, a badge, or either."""
        kept, given = checked_name(name, "a person's name"), checked_roles(roles)
        if pin is None and badge is None:
            raise NotAllowed(f"{kept} needs a PIN or a badge to sign in with")
        secrets = self._kept(pin, badge)
        now = self._clock()
        with writing(self._engine) as connection:
            self._check_badge(connection, secrets, None)
            row = {"name": kept, "name_key": name_key(kept), "roles": list(given), "demo": demo, "added_at": now}
            if not add_if_new(connection, PERSON, **row, **secrets):
                raise Conflict(f"there is or was a person called {kept}; a name is never given twice")
            person = self._named(connection, kept)
            self._note(connection, who, "person.added", person, {"roles": list(given), **_means(secrets)}, now)
            return person

    def all(self, *, retired: bool = False) -> tuple[Person, ...]:
        """Everybody by name; the retired too when asked for."""
        query = select(PERSON).order_by(PERSON.c.name_key)
        with reading(self._engine) as connection:
            rows = connection.execute(query if retired else query.where(PERSON.c.retired_at.is_(None)))
            return tuple(person_of(row) for row in rows)

    def page(self, limit: int, cursor: int | None = None, *, retired: bool = False) -> tuple[Person, ...]:
        """At most so many people, the last added first, from before the number `cursor`."""
        query = select(PERSON).order_by(PERSON.c.id.desc()).limit(limit)
        if cursor is not None:
            query = query.where(PERSON.c.id < cursor)
        with reading(self._engine) as connection:
            rows = connection.execute(query if retired else query.where(PERSON.c.retired_at.is_(None)))
            return tuple(person_of(row) for row in rows)

    def one(self, number: int) -> Person:
        """The person of this number, retired or not."""
        with reading(self._engine) as connection:
            return self._one(connection, number)

    def named(self, name: str) -> Person:
        """The person of this name, retired or not."""
        with reading(self._engine) as connection:
            return self._named(connection, name)

    @property
    def is_demo(self) -> bool:
        """Whether people who were made for the demo are let in: in a demo, and as long as nobody else is known."""
        if not self._demo:
            return False
        with reading(self._engine) as connection:
            return connection.execute(select(PERSON.c.id).where(~PERSON.c.demo).limit(1)).first() is None

    def set_roles(self, number: int, roles: Collection[str], *, who: str) -> Person:
        """From the next request on."""
        given, now = checked_roles(roles), self._clock()
        with writing(self._engine) as connection:
            before = self._active(connection, number)
            if before.roles == given:
                return before
            if "admin" not in given:
                self._check_an_admin_stays(connection, before)
            connection.execute(update(PERSON).where(PERSON.c.id == number).values(roles=list(given)))
            changed = {"before": list(before.roles), "after": list(given)}
            self._note(connection, who, "person.roles", before, changed, now)
            return self._one(connection, number)

    def set_secrets(self, number: int, *, who: str, pin: str | None = None, badge: str | None = None) -> Person:
        """Another PIN or badge; what is not given stays. Open sessions of the person end."""
        if pin is None and badge is None:
            raise NotAllowed("neither a PIN nor a badge is given")
        secrets, now = self._kept(pin, badge), self._clock()
        with writing(self._engine) as connection:
            person = self._active(connection, number)
            self._check_badge(connection, secrets, number)
            connection.execute(update(PERSON).where(PERSON.c.id == number).values(**secrets))
            end_sessions(connection, number, now)
            self._note(connection, who, "person.secret", person, _means(secrets), now)
            return self._one(connection, number)

    def retire(self, number: int, *, who: str) -> Person:
        """No longer let in; everything that the person did stays with the name. The badge can be given to another."""
        now = self._clock()
        with writing(self._engine) as connection:
            person = self._active(connection, number)
            self._check_an_admin_stays(connection, person)
            connection.execute(
                update(PERSON).where(PERSON.c.id == number).values(retired_at=now, badge_digest=None, pin_hash=None)
            )
            end_sessions(connection, number, now)
            self._note(connection, who, "person.retired", person, {}, now)
            return self._one(connection, number)

    def unlock(self, number: int, *, who: str) -> Person:
        """Lift the lock that wrong tries brought upon the person, and those of all places."""
        with writing(self._engine) as connection:
            person = self._one(connection, number)
            lockout.lift(connection, _key(number))
            self._note(connection, who, "person.unlocked", person, {}, self._clock())
            return person

    def known(self, secret: Secret, name: str | None, place: str) -> Person:
        """Who signs in: by badge alone, or by name and PIN. `WrongSecret` or `LockedOut` otherwise."""
        found, kept, keys = self._claimed(secret, name, place)
        with writing(self._engine) as connection:
            lockout.charge(connection, keys, self._clock())
        if secret.means == "PIN" and not self._hashing.is_pin(secret.value, kept):
            raise WrongSecret(TOLD)
        if found is None or found.retired_at is not None or (found.demo and not self.is_demo):
            raise WrongSecret(TOLD)
        with writing(self._engine) as connection:
            lockout.clear(connection, keys)
        return found

    def signed_by(self, person: Person, secret: Secret, act: str, subject: str, place: str) -> Signature:
        """That this person, who is signed in, stands by an act: shown by badge or PIN at that moment.

        The act is a permission that the person has. `WrongSecret` when the badge or the PIN is another's.
        """
        if not person.may(act):
            raise NotAllowed(f"{person.described} cannot sign {act}; the role {words_for(act)} can")
        known = self.known(secret, person.name, place)
        if known.id != person.id:
            raise WrongSecret(f"that badge is not {person.name}'s, who is signed in")
        now = self._clock()
        signature = Signature(person.name, person.id, now, act, subject, secret.means)
        with writing(self._engine) as connection:
            append_audit(
                connection,
                who=person.name,
                action="signature.given",
                subject=subject,
                details={"act": act, "with": secret.means},
                at=now,
            )
        return signature

    def _claimed(self, secret: Secret, name: str | None, place: str) -> tuple[Person | None, str | None, list[str]]:
        """Whom the secret or the name points to, the kept PIN, and under which keys the try counts."""
        where = PERSON.c.name_key == name_key(name or "")
        if secret.means == "badge":
            digest = self._badge_digest(secret.value)
            where = PERSON.c.badge_digest == digest
        with reading(self._engine) as connection:
            row = connection.execute(select(PERSON).where(where)).one_or_none()
        # A name that nobody has is counted too, by its digest: it may be a PIN typed into the wrong field.
        whose = (
            []
            if secret.means == "badge" and row is None
            else [_key(row.id) if row is not None else f"person ?{random_digest(name_key(name or ''))[:32]}"]
        )
        keys = [*whose, f"place {place}"]
        return (None, None, keys) if row is None else (person_of(row), row.pin_hash, keys)

    def _kept(self, pin: str | None, badge: str | None) -> dict[str, str]:
        """The columns that keep these secrets."""
        kept = {} if pin is None else {"pin_hash": self._hashing.pin_hash(checked_pin(pin))}
        return kept if badge is None else kept | {"badge_digest": self._badge_digest(checked_badge(badge))}

    def _badge_digest(self, badge: str) -> str:
        """By the salt of this database, which is made when it is first needed."""
        row = None
        with reading(self._engine) as connection:
            row = connection.execute(select(BADGE_HASH)).one_or_none()
        if row is None:
            with writing(self._engine) as connection:
                how = {"passes": self._hashing.passes, "memory_kib": self._hashing.memory_kib}
                add_if_new(connection, BADGE_HASH, id=1, salt=new_salt(), **how)
                row = connection.execute(select(BADGE_HASH)).one()
        return Hashing(row.passes, row.memory_kib).badge_digest(badge.strip(), row.salt)

    def _check_badge(self, connection: Connection, secrets: Mapping[str, str], own: int | None) -> None:
        digest = secrets.get("badge_digest")
        if digest is None:
            return
        holder = connection.execute(select(PERSON.c.id).where(PERSON.c.badge_digest == digest)).scalar_one_or_none()
        if holder not in (None, own):
            raise Conflict("that badge is another person's; a badge opens for one person only")

    def _check_an_admin_stays(self, connection: Connection, leaving: Person) -> None:
        if "admin" not in leaving.roles or leaving.demo:
            return
        others = connection.execute(
            select(PERSON.c.roles).where(PERSON.c.retired_at.is_(None), PERSON.c.id != leaving.id, ~PERSON.c.demo)
        ).scalars()
        if not any("admin" in roles for roles in others):
            raise Conflict(f"{leaving.name} is the only admin; make another one first")

    def _one(self, connection: Connection, number: int) -> Person:
        row = connection.execute(select(PERSON).where(PERSON.c.id == number)).one_or_none()
        if row is None:
            raise NotRecorded(f"no person {number} is recorded")
        return person_of(row)

    def _named(self, connection: Connection, name: str) -> Person:
        row = connection.execute(select(PERSON).where(PERSON.c.name_key == name_key(name))).one_or_none()
        if row is None:
            raise NotRecorded(f"no person called '{name[:80]}' is recorded")
        return person_of(row)

    def _active(self, connection: Connection, number: int) -> Person:
        person = self._one(connection, number)
        if person.retired_at is not None:
            raise Conflict(f"{person.name} retired on {person.retired_at:%F}")
        return person

    def _note(
        self, connection: Connection, who: str, action: str, person: Person, details: Mapping[str, Any], at: datetime
    ) -> None:
        append_audit(connection, who=who, action=action, subject=f"person {person.name}", details=details, at=at)


def person_of(row: Any) -> Person:
    """A row of the table as a person."""
    return Person(
        id=row.id,
        name=row.name,
        roles=checked_roles(row.roles),
        demo=row.demo,
        retired_at=row.retired_at,
        has_badge=row.badge_digest is not None,
        has_pin=row.pin_hash is not None,
    )


def end_sessions(connection: Connection, person: int, now: datetime) -> None:
    """Sign a person out everywhere."""
    connection.execute(
        update(SESSION).where(SESSION.c.person == person, SESSION.c.ended_at.is_(None)).values(ended_at=now)
    )


def _key(person: int) -> str:
    return f"person {person}"


def _means(secrets: Mapping[str, str]) -> dict[str, list[str]]:
    names = {"pin_hash": "PIN", "badge_digest": "badge"}
    return {"with": [names[column] for column in secrets]}
