"""People: added once, never deleted, known by badge or PIN, locked out after wrong tries, signing anew for each act."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from made_entries import Clock
from sqlalchemy import delete, select

from loupebox.station.records import lockout
from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.columns import METADATA
from loupebox.station.records.engine import open_database, reading, writing
from loupebox.station.records.errors import Conflict, LockedOut, NotAllowed, NotRecorded, RecordsError, WrongSecret
from loupebox.station.records.hashing import Hashing
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.people_tables import API_TOKEN, PERSON, SESSION
from loupebox.station.records.person import Person
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.roles import PERMISSIONS, PERSONS_ONLY, ROLES, permissions_of, words_for
from loupebox.station.records.sign_in_rules import SignInRules
from loupebox.station.records.signature import Secret

CHEAP = SignInRules(Hashing(passes=1, memory_kib=8))
PIN = Secret("PIN", "271828")
WRONG = Secret("PIN", "314159")
HERE = "bench 1"


class Standing(Clock):
    """Stands still until it is moved on."""

    def __call__(self):
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock() -> Standing:
    return Standing()


@pytest.fixture
def log(database: str, folder: Path, clock: Standing) -> Iterator[QcLog]:
    log = QcLog(open_database(database), ImageStore(folder / "frames"), clock, CHEAP)
    yield log
    log.close()


@pytest.fixture
def asha(log: QcLog) -> Person:
    return log.people.add("Asha Rao", ["inspector"], who="os:root", pin=PIN.value, badge="B-1234567")


def everything_kept(log: QcLog) -> str:
    """All that the database holds, as one text."""
    with reading(log._engine) as connection:
        return "\n".join(str(row) for table in METADATA.sorted_tables for row in connection.execute(select(table)))


def test_each_role_may_something_and_nobody_everything() -> None:
    assert all(permissions_of([role]) for role in ROLES)
    for permission, roles in PERMISSIONS.items():
        assert set(roles) <= set(ROLES), permission
        assert roles, permission
    assert permissions_of(ROLES) == set(PERMISSIONS)
    assert not any(permissions_of([role]) == set(PERMISSIONS) for role in ROLES)
    assert set(PERMISSIONS) > PERSONS_ONLY
    assert permissions_of([]) == permissions_of(["king"]) == frozenset()
    assert words_for("spec.approve") == "lead or engineer"


def test_a_person_is_known_by_badge_or_by_name_and_pin(log: QcLog, asha: Person) -> None:
    assert asha.roles == ("inspector",)
    assert (asha.has_pin, asha.has_badge, asha.may("inspection.decide"), asha.may("spec.approve")) == (
        True,
        True,
        True,
        False,
    )
    assert log.people.known(PIN, "  asha RAO ", HERE) == asha
    assert log.people.known(Secret("badge", "B-1234567\r\n"), None, HERE) == asha
    for secret, name in ((WRONG, "Asha Rao"), (PIN, "Nobody"), (PIN, None), (Secret("badge", "B-7654321"), None)):
        with pytest.raises(WrongSecret, match="that badge is not known here, or the name and the PIN do not go togeth"):
            log.people.known(secret, name, HERE)


def test_no_secret_is_kept_as_it_is(log: QcLog, asha: Person) -> None:
    session = log.sessions.start(asha)
    _, token = log.tokens.add("ERP", ["job.import"], 30, who="os:root")
    log.people.known(PIN, asha.name, HERE)
    with pytest.raises(WrongSecret) as told:
        log.people.known(Secret("PIN", "8675309"), "99887766", HERE)
    kept = everything_kept(log) + str(told.value)
    for secret in (PIN.value, "B-1234567", session, token, "8675309", "99887766"):
        assert secret not in kept
    assert "$argon2id$" in kept
    assert repr(PIN) == str(PIN) == "Secret(means='PIN')"


def test_the_usual_cost_is_that_of_rfc_9106() -> None:
    kept = Hashing().pin_hash("271828")
    assert "m=65536,t=3,p=1" in kept
    assert Hashing().is_pin("271828", kept)
    assert not Hashing().is_pin("271829", kept)


@pytest.mark.parametrize("pin", ["12345", "1234567890123", "12a456", "½23456", "000000", "123456", "987654", "890123"])
def test_a_pin_that_is_easily_tried_is_refused_and_not_repeated(log: QcLog, pin: str) -> None:
    with pytest.raises(NotAllowed, match="that PIN ") as told:
        log.people.add("Ben", ["bench"], who="os:root", pin=pin)
    assert pin not in str(told.value)
    assert log.people.all() == ()


@pytest.mark.parametrize("badge", ["12345", "x" * 129, "B-12\x003456", "B-1234é6", "       "])
def test_a_badge_that_no_scanner_types_is_refused(log: QcLog, badge: str) -> None:
    with pytest.raises(NotAllowed, match="that badge cannot be used; allowed are 6 to 128 printable ASCII characters"):
        log.people.add("Ben", ["bench"], who="os:root", badge=badge)


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\x00b", "token:ERP", "LoupeBox", "nobody", "a‮b"])
def test_a_name_that_misleads_is_refused(log: QcLog, name: str) -> None:
    with pytest.raises(NotAllowed, match="a person's name"):
        log.people.add(name, ["bench"], who="os:root", pin=PIN.value)


def test_a_name_and_a_badge_are_given_once(log: QcLog, asha: Person) -> None:
    for same in ("asha rao", "Ａsha  Rao"):
        with pytest.raises(Conflict, match="there is or was a person called"):
            log.people.add(same, ["bench"], who="os:root", pin=PIN.value)
    with pytest.raises(Conflict, match="that badge is another person's") as told:
        log.people.add("Ben", ["bench"], who="os:root", badge="B-1234567")
    assert "Asha" not in str(told.value)
    with pytest.raises(NotAllowed, match="Ben needs a PIN or a badge"):
        log.people.add("Ben", ["bench"], who="os:root")
    with pytest.raises(NotAllowed, match="roles given: king; allowed are one or more of inspector, bench"):
        log.people.add("Ben", ["bench", "king"], who="os:root", pin=PIN.value)


def test_the_retired_are_not_let_in_and_not_forgotten(log: QcLog, asha: Person) -> None:
    session = log.sessions.start(asha)
    gone = log.people.retire(asha.id, who="os:root")
    assert gone.retired_at is not None
    assert log.sessions.person(session) is None
    for secret in (PIN, Secret("badge", "B-1234567")):
        with pytest.raises(WrongSecret):
            log.people.known(secret, asha.name, HERE)
    assert log.people.all() == ()
    assert log.people.all(retired=True) == (gone,)
    with pytest.raises(Conflict, match="there is or was a person called Asha Rao"):
        log.people.add("Asha Rao", ["bench"], who="os:root", pin=PIN.value)
    with pytest.raises(Conflict, match="Asha Rao retired on 2026-11-20"):
        log.people.set_roles(asha.id, ["lead"], who="os:root")
    assert log.people.add("Ben", ["bench"], who="os:root", badge="B-1234567").has_badge
    with pytest.raises(NotRecorded, match="no person 99 is recorded"):
        log.people.retire(99, who="os:root")


def test_roles_count_from_the_next_request_on(log: QcLog, asha: Person) -> None:
    session = log.sessions.start(asha)
    log.people.set_roles(asha.id, ["lead", "engineer", "lead"], who="os:root")
    seen = log.sessions.person(session)
    assert seen is not None
    assert seen.roles == ("lead", "engineer")


def test_one_admin_stays(log: QcLog, asha: Person) -> None:
    log.people.set_roles(asha.id, ["admin"], who="os:root")
    for act in (lambda: log.people.retire(asha.id, who="x"), lambda: log.people.set_roles(asha.id, ["lead"], who="x")):
        with pytest.raises(Conflict, match="Asha Rao is the only admin; make another one first"):
            act()
    log.people.add("Ben", ["admin"], who="Asha Rao", pin=PIN.value)
    assert log.people.retire(asha.id, who="Ben").retired_at is not None


def test_another_pin_ends_the_sessions_of_the_old(log: QcLog, asha: Person) -> None:
    session = log.sessions.start(asha)
    log.people.set_secrets(asha.id, who="os:root", pin=WRONG.value)
    assert log.sessions.person(session) is None
    assert log.people.known(WRONG, asha.name, HERE).has_badge
    with pytest.raises(WrongSecret):
        log.people.known(PIN, asha.name, HERE)


def wrong(log: QcLog, times: int, secret: Secret = WRONG, name: str | None = "Asha Rao", place: str = HERE) -> None:
    for _ in range(times):
        with pytest.raises(WrongSecret):
            log.people.known(secret, name, place)


def test_too_many_wrong_tries_must_wait_longer_each_time(log: QcLog, asha: Person, clock: Standing) -> None:
    wrong(log, lockout.PERSON_TRIES)
    for wait_s in (30, 60, 120, 240):
        with pytest.raises(LockedOut, match=r"too many wrong tries; wait .* or ask an admin") as told:
            log.people.known(PIN, asha.name, "another bench")
        assert told.value.wait_s == wait_s
        clock.pass_by(timedelta(seconds=wait_s + 1))
        wrong(log, 1)
    clock.pass_by(timedelta(hours=1))
    assert log.people.known(PIN, asha.name, HERE) == asha
    wrong(log, lockout.PERSON_TRIES)  # it began afresh


def test_waits_grow_to_an_hour_and_no_further() -> None:
    waits = [lockout.wait_after(count, 5) for count in range(1, 100)]
    assert waits[:6] == [None, None, None, None, timedelta(seconds=30), timedelta(seconds=60)]
    assert waits[-1] == timedelta(hours=1)


def test_a_name_that_nobody_has_is_locked_like_any_other(log: QcLog, asha: Person) -> None:
    wrong(log, lockout.PERSON_TRIES, PIN, "Mallory")
    with pytest.raises(LockedOut):
        log.people.known(PIN, "mallory", HERE)


def test_guessing_badges_locks_the_place_and_no_other(log: QcLog, asha: Person) -> None:
    for number in range(lockout.PLACE_TRIES):
        wrong(log, 1, Secret("badge", f"B-{number:06}"), None)
    with pytest.raises(LockedOut):
        log.people.known(Secret("badge", "B-1234567"), None, HERE)
    assert log.people.known(Secret("badge", "B-1234567"), None, "another bench") == asha


def test_right_ones_between_do_not_buy_more_guesses(log: QcLog, asha: Person) -> None:
    for number in range(lockout.PLACE_TRIES):
        log.people.known(PIN, asha.name, HERE)
        wrong(log, 1, Secret("badge", f"B-{number:06}"), None)
    with pytest.raises(LockedOut):
        log.people.known(PIN, asha.name, HERE)


def test_an_admin_lifts_the_lock(log: QcLog, asha: Person) -> None:
    wrong(log, lockout.PERSON_TRIES)
    log.people.unlock(asha.id, who="os:root")
    assert log.people.known(PIN, asha.name, HERE) == asha


def test_many_guesses_at_once_are_not_more_than_one_by_one(log: QcLog, asha: Person) -> None:
    together = threading.Barrier(12)
    told: list[str] = []

    def guess() -> None:
        together.wait()
        try:
            log.people.known(WRONG, asha.name, HERE)
        except (WrongSecret, LockedOut) as error:
            told.append(type(error).__name__)

    guessing = [threading.Thread(target=guess) for _ in range(12)]
    for thread in guessing:
        thread.start()
    for thread in guessing:
        thread.join()
    assert sorted(told) == ["LockedOut"] * (12 - lockout.PERSON_TRIES) + ["WrongSecret"] * lockout.PERSON_TRIES


def test_a_session_ends_when_left_alone_and_after_a_shift(log: QcLog, asha: Person, clock: Standing) -> None:
    session = log.sessions.start(asha)
    left = log.sessions.start(asha)
    assert session != left
    for _ in range(36):  # used every 20 minutes, 12 hours long
        assert log.sessions.person(session) == asha
        clock.pass_by(timedelta(minutes=19, seconds=59))
    assert log.sessions.person(left) is None
    assert log.sessions.person(session) == asha
    clock.pass_by(timedelta(minutes=1))
    assert log.sessions.person(session) is None


def test_a_session_that_was_ended_opens_nothing(log: QcLog, asha: Person) -> None:
    session = log.sessions.start(asha)
    log.sessions.end(session)
    log.sessions.end(session)
    log.sessions.end("never given")
    assert log.sessions.person(session) is None
    assert log.sessions.person("\ud800") is None


def test_signing_in_is_not_signing(log: QcLog, asha: Person, clock: Standing) -> None:
    signature = log.people.signed_by(asha, PIN, "inspection.decide", "inspection 7", HERE)
    assert (signature.who, signature.act, signature.subject, signature.means, signature.at) == (
        "Asha Rao",
        "inspection.decide",
        "inspection 7",
        "PIN",
        clock.now,
    )
    badge = Secret("badge", "B-1234567")
    assert log.people.signed_by(asha, badge, "inspection.decide", "inspection 8", HERE).means == "badge"
    with pytest.raises(WrongSecret):
        log.people.signed_by(asha, WRONG, "inspection.decide", "inspection 7", HERE)
    with pytest.raises(NotAllowed, match=r"Asha Rao \(inspector\) cannot sign spec.approve; the role lead or engineer"):
        log.people.signed_by(asha, PIN, "spec.approve", "spec SOL6 B", HERE)
    log.people.add("Ben", ["inspector"], who="os:root", badge="B-7654321")
    with pytest.raises(WrongSecret, match="that badge is not Asha Rao's, who is signed in"):
        log.people.signed_by(asha, Secret("badge", "B-7654321"), "inspection.decide", "inspection 7", HERE)


def test_people_of_the_demo_are_nobody_at_a_real_station(log: QcLog, database: str, folder: Path) -> None:
    demo = log.people.add("Demo Devi", ["lead"], who="demo", pin=PIN.value, demo=True)
    with pytest.raises(WrongSecret):
        log.people.known(PIN, demo.name, HERE)
    in_demo = QcLog.open(database, folder / "frames", replace(CHEAP, demo=True))
    try:
        assert in_demo.people.known(PIN, demo.name, HERE) == demo
        session = in_demo.sessions.start(demo)
        assert in_demo.sessions.person(session) == demo
        assert log.sessions.person(session) is None
        log.people.add("Asha", ["lead"], who="os:root", pin=PIN.value)
        assert in_demo.sessions.person(session) is None
        with pytest.raises(WrongSecret):
            in_demo.people.known(PIN, demo.name, HERE)
    finally:
        in_demo.close()


def test_a_token_is_shown_once_and_ends(log: QcLog, clock: Standing) -> None:
    token, secret = log.tokens.add("ERP", ["job.import", "job.read", "job.read"], 30, who="Asha")
    assert token.scopes == ("job.import", "job.read")
    assert token.last_used_at is None
    holder = log.tokens.holder(secret)
    assert holder is not None
    assert (holder.name, holder.may("job.import"), holder.may("rework.take")) == ("token:ERP", True, False)
    assert log.tokens.page(10)[0].last_used_at == clock.now
    for unknown in ("", secret[:-1], secret.upper(), "\ud800"):
        assert log.tokens.holder(unknown) is None
    clock.pass_by(timedelta(days=30))
    assert log.tokens.holder(secret) is None


def test_a_revoked_token_opens_nothing(log: QcLog) -> None:
    token, secret = log.tokens.add("ERP", ["job.import"], 30, who="Asha")
    assert log.tokens.revoke(token.id, who="Asha").revoked_at is not None
    assert log.tokens.holder(secret) is None
    with pytest.raises(Conflict, match="the token ERP was revoked on 2026-11-20"):
        log.tokens.revoke(token.id, who="Asha")
    with pytest.raises(Conflict, match="there is or was a token called erp"):
        log.tokens.add("erp", ["job.import"], 30, who="Asha")
    with pytest.raises(NotRecorded, match="no token 9 is recorded"):
        log.tokens.revoke(9, who="Asha")


@pytest.mark.parametrize("scope", [*sorted(PERSONS_ONLY), "everything"])
def test_a_token_cannot_sign_or_make_people(log: QcLog, scope: str) -> None:
    with pytest.raises(NotAllowed, match=f"scopes given: {scope}; allowed are"):
        log.tokens.add("ERP", ["job.read", scope], 30, who="Asha")
    with pytest.raises(NotAllowed, match="scopes given: none"):
        log.tokens.add("ERP", [], 30, who="Asha")
    with pytest.raises(NotAllowed, match="cannot last 731 days; allowed are 1 to 730"):
        log.tokens.add("ERP", ["job.read"], 731, who="Asha")


def test_the_audit_tells_who_did_what_to_whom(log: QcLog, asha: Person) -> None:
    log.people.set_roles(asha.id, ["lead", "engineer"], who="Ada")
    log.people.set_secrets(asha.id, who="Ada", pin=PIN.value)
    log.sessions.end(log.sessions.start(asha))
    log.people.signed_by(log.people.one(asha.id), PIN, "spec.approve", "spec SOL6 B", HERE)
    token, _ = log.tokens.add("ERP", ["job.read"], 30, who="Ada")
    log.tokens.revoke(token.id, who="Ada")
    log.people.unlock(asha.id, who="Ada")
    log.people.retire(asha.id, who="Ada")
    with reading(log._engine) as connection:
        told = [(r.who, r.action, r.subject) for r in connection.execute(select(AUDIT).order_by(AUDIT.c.id))]
        roles = connection.execute(select(AUDIT.c.details).where(AUDIT.c.action == "person.roles")).scalar_one()
    assert told == [
        ("os:root", "person.added", "person Asha Rao"),
        ("Ada", "person.roles", "person Asha Rao"),
        ("Ada", "person.secret", "person Asha Rao"),
        ("Asha Rao", "session.started", "person Asha Rao"),
        ("Asha Rao", "session.ended", "person Asha Rao"),
        ("Asha Rao", "signature.given", "spec SOL6 B"),
        ("Ada", "token.added", "token ERP"),
        ("Ada", "token.revoked", "token ERP"),
        ("Ada", "person.unlocked", "person Asha Rao"),
        ("Ada", "person.retired", "person Asha Rao"),
    ]
    assert json.loads(roles) == {"before": ["inspector"], "after": ["lead", "engineer"]}


def test_the_database_itself_forgets_nobody(log: QcLog, asha: Person) -> None:
    with (
        pytest.raises(RecordsError, match="people are never deleted, only retired"),
        writing(log._engine) as connection,
    ):
        connection.execute(delete(PERSON))
    assert log.people.all() == (asha,)


def test_names_are_kept_in_order_and_rows_are_counted_once(log: QcLog, asha: Person) -> None:
    log.people.add("ben", ["bench"], who="os:root", pin=PIN.value)
    log.people.add("Abel", ["bench"], who="os:root", pin=PIN.value)
    assert [person.name for person in log.people.all()] == ["Abel", "Asha Rao", "ben"]
    assert log.people.named("BEN") == log.people.one(2)
    with reading(log._engine) as connection:
        assert [len(connection.execute(select(t)).all()) for t in (PERSON, SESSION, API_TOKEN)] == [3, 0, 0]
