"""Put frames into the archive format: first its file, then the row that proves it, and only then the original goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from loupebox.station.records.archive_format import SUFFIX, Archived, archive
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Damaged, NotRecorded
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.inspection_tables import FRAME, INSPECTION
from loupebox.station.records.keeping_tables import ARCHIVED_FRAME, THINNED
from loupebox.station.records.stored_needs import AT_ONCE, keep_named


@dataclass(frozen=True, slots=True)
class ArchivedSome:
    """How many frames were archived, left as they are since that would not help, and could not be read."""

    archived: int
    left: int
    faults: tuple[str, ...]
    bytes_before: int
    bytes_after: int


def archive_frames(
    engine: Engine,
    store: ImageStore,
    before: datetime,
    who: str,
    clock: Callable[[], datetime],
    dry_run: bool,
    progress: Callable[[int, int | None], None],
) -> ArchivedSome:
    """Every frame whose last inspection was captured before a moment; in a dry run, what would become of it."""
    archived = left = bytes_before = bytes_after = 0
    faults: list[str] = []
    for done, (checksum, suffix) in enumerate(_candidates(engine, before), 1):
        progress(done, None)
        try:
            original = store.read(checksum, suffix)
            made = archive(original)
        except (NotRecorded, Damaged) as error:
            faults.append(str(error))
            continue
        if made is None:
            left += 1
            continue
        archived, bytes_before, bytes_after = (
            archived + 1,
            bytes_before + len(original),
            bytes_after + len(made.content),
        )
        if not dry_run:
            _replace(engine, store, checksum, suffix, len(original), made, who, clock())
    return ArchivedSome(archived, left, tuple(faults), bytes_before, bytes_after)


def _candidates(engine: Engine, before: datetime) -> Iterator[tuple[str, str]]:
    last = ""
    while True:
        known = select(ARCHIVED_FRAME.c.id).where(ARCHIVED_FRAME.c.sha256 == FRAME.c.sha256)
        thinned = select(THINNED.c.id).where(THINNED.c.inspection == FRAME.c.inspection)
        query = (
            select(FRAME.c.sha256, func.min(FRAME.c.suffix))
            .join(INSPECTION, FRAME.c.inspection == INSPECTION.c.id)
            .where(FRAME.c.sha256 > last, ~known.exists(), ~thinned.exists())
            .group_by(FRAME.c.sha256)
            .having(func.max(INSPECTION.c.captured_at) < before)
            .order_by(FRAME.c.sha256)
            .limit(AT_ONCE)
        )
        with reading(engine) as connection:
            found = [(row[0], row[1]) for row in connection.execute(query)]
        yield from found
        if len(found) < AT_ONCE:
            return
        last = found[-1][0]


def _replace(
    engine: Engine, store: ImageStore, checksum: str, suffix: str, size: int, made: Archived, who: str, now: datetime
) -> None:
    archive_sha256 = made.content_sha256
    store.write(made.content, checksum, SUFFIX, archive_sha256)
    with writing(engine) as connection:
        add(
            connection,
            ARCHIVED_FRAME,
            sha256=checksum,
            original_bytes=size,
            suffix=SUFFIX,
            archive_sha256=archive_sha256,
            archive_bytes=len(made.content),
            samples_sha256=made.samples_sha256,
            archived_at=now,
        )
        append_audit(
            connection,
            who=who,
            action="frame.archived",
            subject=f"frame {checksum}",
            details={"samples_sha256": made.samples_sha256, "bytes": [size, len(made.content)]},
            at=now,
        )
        keep_named(connection, store, [(checksum, SUFFIX, made.content, archive_sha256)])
    store.delete(checksum, suffix)
