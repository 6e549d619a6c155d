"""Put frames into the archive format: first its file, then the row that proves it, and only then the original goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Engine, func, select

from loupebox.station.records.archive_format import SUFFIX, Archived, archive
from loupebox.station.records.audit import append_audit
from loupebox.station.records.collecting import delete_unneeded
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Damaged, NotRecorded
from loupebox.station.records.image_store import ImageStore, StoredImage
from loupebox.station.records.inspection_tables import FRAME, INSPECTION
from loupebox.station.records.keeping_tables import ARCHIVED_FRAME, THINNED
from loupebox.station.records.spec_tables import PICTURE
from loupebox.station.records.stored_needs import AT_ONCE, Named, keep_named

BATCH = 16
"""So many frames are archived in one transaction; all of them are in memory."""


@dataclass(frozen=True, slots=True)
class _Made:
    checksum: str
    suffix: str
    original_bytes: int
    archived: Archived


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
    archived = left = before_bytes = after_bytes = 0
    faults: list[str] = []
    for batch in _batches(_candidates(engine, before)):
        made: list[_Made] = []
        for checksum, suffix in batch:
            progress(archived + left + len(faults) + len(made), None)
            try:
                original = store.read(checksum, suffix)
                archived_now = archive(original)
            except (NotRecorded, Damaged) as error:
                faults.append(str(error))
                continue
            if archived_now is None:
                left += 1
            else:
                made.append(_Made(checksum, suffix, len(original), archived_now))
        if made and not dry_run:
            _replace(engine, store, made, who, clock())
        archived += len(made)
        before_bytes += sum(one.original_bytes for one in made)
        after_bytes += sum(len(one.archived.content) for one in made)
    return ArchivedSome(archived, left, tuple(faults), before_bytes, after_bytes)


def _batches(frames: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while batch := list(islice(frames, BATCH)):
        yield batch


def _candidates(engine: Engine, before: datetime) -> Iterator[tuple[str, str]]:
    """Frames of inspections that keep them; what people uploaded as well stays the file that it is."""
    last = ""
    while True:
        known = select(ARCHIVED_FRAME.c.id).where(ARCHIVED_FRAME.c.sha256 == FRAME.c.sha256)
        uploaded = select(PICTURE.c.id).where(PICTURE.c.sha256 == FRAME.c.sha256)
        thinned = select(THINNED.c.id).where(THINNED.c.inspection == FRAME.c.inspection)
        query = (
            select(FRAME.c.sha256, func.min(FRAME.c.suffix))
            .join(INSPECTION, FRAME.c.inspection == INSPECTION.c.id)
            .where(FRAME.c.sha256 > last, ~known.exists(), ~uploaded.exists(), ~thinned.exists())
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


def _replace(engine: Engine, store: ImageStore, made: Sequence[_Made], who: str, now: datetime) -> None:
    objects: list[Named] = [(m.checksum, SUFFIX, m.archived.content, m.archived.content_sha256) for m in made]
    for checksum, suffix, content, proof in objects:
        store.write(content, checksum, suffix, proof)
    with writing(engine) as connection:
        for one in made:
            add(
                connection,
                ARCHIVED_FRAME,
                sha256=one.checksum,
                original_bytes=one.original_bytes,
                suffix=SUFFIX,
                archive_sha256=one.archived.content_sha256,
                archive_bytes=len(one.archived.content),
                samples_sha256=one.archived.samples_sha256,
                archived_at=now,
            )
        append_audit(
            connection,
            who=who,
            action="frame.archived",
            subject="frames in the archive format",
            details={"samples_sha256": {one.checksum: one.archived.samples_sha256 for one in made}},
            at=now,
        )
        keep_named(connection, store, objects)
    delete_unneeded(engine, store, [StoredImage(m.checksum, m.suffix, m.original_bytes, now) for m in made], who, now)
