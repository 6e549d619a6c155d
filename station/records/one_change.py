"""Everything that one request writes as one transaction, which ends with the answer to the request: done once or never.

A program that does not hear our answer asks again with the same key. What it asked for and what we answered are
committed together, so that there is no moment in which the one is there without the other.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, update

from loupebox.station.records.columns import add_if_new
from loupebox.station.records.engine import JOINED, reading, transaction
from loupebox.station.records.errors import Conflict, NotAllowed
from loupebox.station.records.one_change_tables import ANSWER

KEPT = timedelta(days=7)
KEY_LENGTHS = (16, 128)
"""Random keys, such as UUIDs: what is kept of a request must tell nobody the PIN that was in it."""


class AskedBefore(Exception):
    """A request with this key was answered while this one waited."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered, to be answered again."""

    status: int
    media_type: str
    location: str | None
    body: bytes


@dataclass(slots=True)
class OneChange:
    """A request that carries a key. It begins to count (`arm`) once it is known who asks, and that they may."""

    engine: Engine
    clock: Callable[[], datetime]
    key: str
    request: bytes
    """All that must be the same when it comes again."""
    holder: str = ""
    connection: Connection | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        shortest, longest = KEY_LENGTHS
        if not (shortest <= len(self.key) <= longest and self.key.isascii() and self.key.isprintable()):
            raise NotAllowed(
                f"the header Idempotency-Key has {len(self.key)} characters; allowed are {shortest} to {longest} "
                "printable ASCII characters, best a UUID"
            )

    @property
    def key_digest(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """Of the request, by a key that is not kept: nobody finds out by trying what the request said."""
        return hmac.new(self.key.encode(), self.request, hashlib.sha256).hexdigest()

    def arm(self, holder: str) -> StoredAnswer | None:
        """From now on every write joins; or the answer, when this holder asked the same before."""
        self.holder = holder
        return self.stored()

    def stored(self) -> StoredAnswer | None:
        """The answer to the same request, None when it is new; `NotAllowed` when the key was used for another."""
        with reading(self.engine) as connection:
            row = connection.execute(select(ANSWER).where(self._here)).one_or_none()
        if row is None:
            return None
        if not hmac.compare_digest(row.fingerprint, self.fingerprint):
            raise NotAllowed("this Idempotency-Key was used for another request; a new request needs a new key")
        if row.secret:
            raise Conflict(f"this was done at {row.at:%F %T} UTC; its answer held a secret, which is told only once")
        return StoredAnswer(row.status, row.media_type, row.location, row.body)

    @contextmanager
    def part(self) -> Iterator[Connection]:
        """One of the writes: alone it fails, together with the others it is kept."""
        connection = self._begun()
        options = connection.get_execution_options()
        acts, evidence = len(options["acts"]), len(options["evidence"])
        try:
            with connection.begin_nested():
                yield connection
        except BaseException:
            del options["acts"][acts:], options["evidence"][evidence:]
            raise

    def finish(self, answer: StoredAnswer | None, *, secret: bool = False) -> None:
        """Commit what was written, with the answer if it is to be given again."""
        try:
            if answer is not None and self.holder:
                row: dict[str, Any] = {"status": answer.status, "media_type": answer.media_type}
                row |= {"location": answer.location, "body": b"" if secret else answer.body, "secret": secret}
                self._begun().execute(update(ANSWER).where(self._here).values(**row))
            self._open.close()
        except AskedBefore:  # a twin that wrote nothing either was quicker: its answer stands
            self.undo()
        finally:
            self.connection = None

    def undo(self) -> None:
        """Leave no trace."""
        failed = _Undone()
        self._open.__exit__(_Undone, failed, None)
        self.connection = None

    @property
    def _here(self) -> Any:
        return (ANSWER.c.holder == self.holder) & (ANSWER.c.key_digest == self.key_digest)

    def _begun(self) -> Connection:
        """The transaction; the key is claimed in it first of all, so that a twin waits here for our end."""
        if self.connection is None:
            try:
                self.connection = self._claimed(self._open.enter_context(_undoable(self.engine)))
            except BaseException:
                self.undo()
                raise
        return self.connection

    def _claimed(self, connection: Connection) -> Connection:
        now = self.clock()
        claim = {"holder": self.holder, "key_digest": self.key_digest, "fingerprint": self.fingerprint, "at": now}
        if not add_if_new(connection, ANSWER, **claim, status=0, media_type="", body=b"", secret=False):
            raise AskedBefore
        connection.execute(delete(ANSWER).where(ANSWER.c.at < now - KEPT))
        return connection


class _Undone(Exception):
    """Ends a transaction that is to leave no trace."""


@contextmanager
def _undoable(engine: Engine) -> Iterator[Connection]:
    try:
        with transaction(engine) as connection:
            yield connection
    except _Undone:
        pass


@contextmanager
def joined(change: OneChange) -> Iterator[None]:
    """What happens inside, in any thread that it starts, writes as part of this change once it is armed."""
    token = JOINED.set(change)
    try:
        yield
    finally:
        JOINED.reset(token)
