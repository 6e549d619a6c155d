"""The outbox: inspections that are safe on the station's own disk until the log has them.

A station writes here first and is done; whether the log's server can be reached does not matter to the inspector.
Each inspection has a name of its own, so that the log knows one that it already has. What the log refuses is set
aside with its reason; what was inspected later of the same piece waits behind it, all other pieces go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from loupebox.station.entry_json import frames_of, to_text
from loupebox.station.records.entry import InspectionEntry
from loupebox.station.records.errors import NotRecorded, RecordsError
from loupebox.station.records.image_store import ImageStore

State = Literal["waiting", "set aside", "delivered", "dropped"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL UNIQUE,
    piece TEXT NOT NULL,
    job TEXT NOT NULL,
    verdict TEXT NOT NULL,
    kept_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'set aside', 'delivered', 'dropped')),
    error TEXT NOT NULL,
    inspection INTEGER,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, number);
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One inspection in the outbox: `inspection` is its number in the log once it is delivered."""

    number: int
    origin: str
    piece: str
    job: str
    verdict: str
    kept_at: datetime
    state: State
    error: str
    inspection: int | None


class Outbox:
    """A folder with a small database and the frames that are still to be delivered. Several processes may use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.frames = ImageStore(folder / "frames")
        with self._database() as database:
            database.executescript(_SCHEMA)

    def put(self, entry: InspectionEntry) -> Kept:
        """Keep an inspection; when this returns it survives a power cut."""
        for frame in entry.frames:
            self.frames.write(frame.content, frame.sha256, frame.suffix)
        for file in entry.files:  # the same with each piece, and so kept here for good
            if not self.frames.holds(file.sha256, file.suffix):
                self.frames.write(file.content, file.sha256, file.suffix)
        outcome = entry.verdict.value if entry.verdict else "REFUSED"
        row = (str(uuid4()), entry.piece, entry.job, outcome, datetime.now(UTC).isoformat(), to_text(entry))
        with self._database() as database:
            number = database.execute(
                "INSERT INTO outbox (origin, piece, job, verdict, kept_at, state, error, body)"
                " VALUES (?, ?, ?, ?, ?, 'waiting', '', ?)",
                row,
            ).lastrowid
        assert number is not None
        return self.one(number)

    def one(self, number: int) -> Kept:
        """The inspection of this number in the outbox."""
        found = self._select("WHERE number = ?", number)
        if not found:
            raise NotRecorded(f"nothing with the number {number} is in the outbox {self.folder}")
        return found[0]

    def waiting(self) -> tuple[Kept, ...]:
        """What is to be delivered, in the order in which it was kept."""
        return self._select("WHERE state = 'waiting' ORDER BY number")

    def set_aside(self) -> tuple[Kept, ...]:
        """What the log refused, with the reason."""
        return self._select("WHERE state = 'set aside' ORDER BY number")

    def page(self, state: State, limit: int, after: int = 0) -> tuple[Kept, ...]:
        """Those in one state, at most so many after this number, the first kept first."""
        return self._select("WHERE state = ? AND number > ? ORDER BY number LIMIT ?", state, after, limit)

    def next(self, after: int = 0) -> Kept | None:
        """The first that waits and has nothing of the same piece before it that was set aside."""
        found = self._select(
            "AS this WHERE state = 'waiting' AND number > ? AND NOT EXISTS (SELECT 1 FROM outbox AS before"
            " WHERE before.state = 'set aside' AND before.number < this.number"
            " AND before.piece = this.piece AND before.job = this.job) ORDER BY number LIMIT 1",
            after,
        )
        return found[0] if found else None

    def body(self, kept: Kept) -> str:
        """What `entry_json.from_text` reads."""
        with self._database() as database:
            return database.execute("SELECT body FROM outbox WHERE number = ?", (kept.number,)).fetchone()[0]

    def delivered(self, kept: Kept, inspection: int) -> None:
        """The log has it; its frames are no longer needed here unless another waits with the same ones."""
        self._finish(kept, "delivered", inspection)

    def refused(self, kept: Kept, error: str) -> None:
        """The log does not want it: a person decides."""
        with self._database() as database:
            database.execute(
                "UPDATE outbox SET state = 'set aside', error = ? WHERE number = ? AND state = 'waiting'",
                (error, kept.number),
            )

    def retry(self, number: int) -> None:
        """Let one that was set aside be tried again, in its old place."""
        with self._database() as database:
            changed = database.execute(
                "UPDATE outbox SET state = 'waiting', error = '' WHERE number = ? AND state = 'set aside'", (number,)
            ).rowcount
        if not changed:
            raise NotRecorded(f"nothing with the number {number} was set aside in the outbox {self.folder}")

    def drop(self, number: int, why: str) -> None:
        """Deliver one that was set aside never; it stays here with the reason, its frames too."""
        with self._database() as database:
            changed = database.execute(
                "UPDATE outbox SET state = 'dropped', error = error || ' | dropped: ' || ?"
                " WHERE number = ? AND state = 'set aside'",
                (why, number),
            ).rowcount
        if not changed:
            raise NotRecorded(f"nothing with the number {number} was set aside in the outbox {self.folder}")

    @contextmanager
    def only_one(self) -> Iterator[bool]:
        """Whether this process is the one that delivers; the others are until the block ends not."""
        lock = sqlite3.connect(self.folder / "delivering.lock", timeout=0, isolation_level=None)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                yield False
            else:
                yield True
        finally:
            lock.close()

    def _finish(self, kept: Kept, state: State, inspection: int | None) -> None:
        frames = frames_of(self.body(kept))
        with self._database() as database:
            database.execute(
                "UPDATE outbox SET state = ?, inspection = ?, error = '', body = '' WHERE number = ?",
                (state, inspection, kept.number),
            )
            bodies = database.execute("SELECT body FROM outbox WHERE body <> ''").fetchall()
        needed = {frame for (body,) in bodies for frame in frames_of(body)}
        for checksum, suffix in set(frames) - needed:
            self.frames.delete(checksum, suffix)

    def _select(self, where: str, *values: object) -> tuple[Kept, ...]:
        columns = "number, origin, piece, job, verdict, kept_at, state, error, inspection"
        with self._database() as database:
            rows = database.execute(f"SELECT {columns} FROM outbox {where}", values).fetchall()
        return tuple(
            Kept(number, origin, piece, job, verdict, datetime.fromisoformat(kept_at), state, error, inspection)
            for number, origin, piece, job, verdict, kept_at, state, error, inspection in rows
        )

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when the block ends."""
        try:
            database = sqlite3.connect(self.folder / "outbox.sqlite", timeout=30, isolation_level=None)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")
                database.execute("BEGIN IMMEDIATE")
                yield database
                if database.in_transaction:
                    database.execute("COMMIT")
            finally:
                database.close()
        except sqlite3.Error as error:
            raise RecordsError(f"cannot use the outbox {self.folder}: {error}") from error
