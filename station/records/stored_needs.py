"""What of the image store the records need.

The frames of inspections that were not thinned out, all pictures that people uploaded, what approved sheets show, and
the certificates that verdicts rest on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from loupebox.station.records.archive_format import SUFFIX
from loupebox.station.records.columns import ensure
from loupebox.station.records.entry import FileEntry
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.inspection_tables import FRAME
from loupebox.station.records.keeping_tables import ARCHIVED_FRAME, COLLECTED, KEPT_FILE, THINNED
from loupebox.station.records.spec_tables import PICTURE, SPEC_PHOTOGRAPH

KEEPING = 0x10C9EB0D
"""The lock between those who name objects of the store and who deletes them; any number nobody else uses."""
AT_ONCE = 1000
NAMING = (FRAME, PICTURE, SPEC_PHOTOGRAPH, KEPT_FILE)
"""Tables whose rows name objects of the store."""


@dataclass(frozen=True, slots=True, order=True)
class Needed:
    """A recorded file by checksum and suffix; with `archive_sha256` its samples may lie in the archive format."""

    checksum: str
    suffix: str
    archive_sha256: str = ""

    def find(self, store: ImageStore) -> tuple[str, bytes]:
        """Suffix and bytes of the file itself, or else of its archive; proven. NotRecorded when there is neither."""
        try:
            return self.suffix, store.read(self.checksum, self.suffix)
        except NotRecorded:
            if not self.archive_sha256:
                raise
        return SUFFIX, store.read(self.checksum, SUFFIX, self.archive_sha256)

    def proof(self, suffix: str) -> str | None:
        """What proves the object with this suffix, where it is not its own name."""
        return self.archive_sha256 if suffix == SUFFIX else None


def needed(connection: Connection, after: str = "") -> Iterator[Needed]:
    """Everything, by checksum, from the first one after a checksum."""
    while True:
        page = _page(connection, after)
        yield from sorted(needed_of(connection, page))
        if len(page) < AT_ONCE:
            return
        after = page[-1]


def needed_of(connection: Connection, checksums: Sequence[str]) -> set[Needed]:
    """What of these is needed. What people uploaded is needed as the file that it is, not as its samples."""
    found: set[Needed] = set()
    for table in NAMING:
        query = select(table.c.sha256, table.c.suffix).where(table.c.sha256.in_(checksums)).distinct()
        if table in (FRAME, SPEC_PHOTOGRAPH):
            query = query.add_columns(ARCHIVED_FRAME.c.archive_sha256)
            query = query.outerjoin(ARCHIVED_FRAME, ARCHIVED_FRAME.c.sha256 == table.c.sha256)
        if table is FRAME:
            query = query.where(~select(THINNED.c.id).where(THINNED.c.inspection == FRAME.c.inspection).exists())
        found |= {Needed(row[0], row[1], *filter(None, row[2:])) for row in connection.execute(query)}
    # A picture that is a frame too must stay the file that was uploaded.
    whole = {(need.checksum, need.suffix) for need in found if not need.archive_sha256}
    return {need for need in found if not need.archive_sha256 or (need.checksum, need.suffix) not in whole}


def _page(connection: Connection, after: str) -> list[str]:
    """The next checksums that anything names; each table is asked for no more than that, since they are long."""
    found: set[str] = set()
    for table in NAMING:
        query = select(table.c.sha256).where(table.c.sha256 > after).distinct().order_by(table.c.sha256)
        found.update(connection.execute(query.limit(AT_ONCE)).scalars())
    return sorted(found)[:AT_ONCE]


Named = tuple[str, str, bytes, str | None]
"""An object as a transaction names it: checksum, suffix, bytes, and what proves them where it is not the checksum."""


def keep_named(connection: Connection, store: ImageStore, objects: Sequence[Named]) -> None:
    """To be called in the transaction that names objects of the store, after its rows: what the collector took or may
    be taking just now is written again."""
    hold(connection, shared=True)
    taken = _collected(connection, [checksum for checksum, *_ in objects])
    for checksum, suffix, content, proof in objects:
        if (checksum, suffix) in taken:
            store.write(content, checksum, suffix, proof)


def not_kept(connection: Connection, files: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """Those of these that are not in the store yet; most are, since they are the same with every piece."""
    if not files:
        return ()
    query = select(KEPT_FILE.c.sha256).where(KEPT_FILE.c.sha256.in_([file.sha256 for file in files]))
    known = set(connection.execute(query).scalars())
    return tuple(file for file in files if file.sha256 not in known)


def keep_files(connection: Connection, files: Sequence[FileEntry]) -> None:
    """From now on these are needed."""
    for file in files:
        ensure(connection, KEPT_FILE, sha256=file.sha256, suffix=file.suffix)


def hold(connection: Connection, *, shared: bool) -> None:
    """Those who name objects do not wait for each other, but for the collector, and it for them."""
    if connection.dialect.name == "postgresql":  # SQLite's writers are alone by themselves
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        connection.execute(select(lock(KEEPING)))


def _collected(connection: Connection, checksums: Sequence[str]) -> set[tuple[str, str]]:
    query = select(COLLECTED.c.sha256, COLLECTED.c.suffix).where(COLLECTED.c.sha256.in_(checksums))
    return {(row.sha256, row.suffix) for row in connection.execute(query)}


def is_gone(connection: Connection, checksum: str, suffix: str) -> bool:
    """Whether an object that no record needs is deleted, or may be just now; nothing more goes until the commit."""
    hold(connection, shared=True)
    return not needed_of(connection, [checksum]) and (checksum, suffix) in _collected(connection, [checksum])
