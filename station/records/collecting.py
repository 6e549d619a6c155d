"""Delete from the image store what no record needs: what killed recordings left, and what was thinned or archived.

A recording may name an object at the very moment at which it is to be deleted. So it is first marked in a transaction
of its own, then, under a lock that recordings share, looked for in the records once more and deleted. A recording that
gets the lock later sees the mark and writes its frames again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Engine

from loupebox.station.records.archive_format import SUFFIX
from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import ensure
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Damaged, NotRecorded
from loupebox.station.records.image_store import ImageStore, StoredImage
from loupebox.station.records.keeping_tables import COLLECTED
from loupebox.station.records.stored_needs import Needed, hold, needed_of

AT_ONCE = 200
"""So many are deleted under one lock: recordings wait for as long as that takes."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What was deleted, or would be."""

    objects: int
    bytes: int
    leftovers: int


def collect(
    engine: Engine,
    store: ImageStore,
    before: datetime,
    who: str,
    clock: Callable[[], datetime],
    dry_run: bool,
    progress: Callable[[int, int | None], None],
) -> Collected:
    """Everything not needed that has lain there since before a moment."""
    objects = size = seen = 0
    for batch in _batches(image for image in store.stored() if image.modified < before):
        seen += len(batch)
        progress(seen, None)
        go = delete_unneeded(engine, store, batch, who, clock(), dry_run)
        objects, size = objects + len(go), size + sum(image.size_bytes for image in go)
    leftovers = list(store.leftovers())
    if not dry_run:
        for path in leftovers:
            path.unlink(missing_ok=True)
    return Collected(objects, size, len(leftovers))


def delete_unneeded(
    engine: Engine, store: ImageStore, images: Sequence[StoredImage], who: str, now: datetime, dry_run: bool = False
) -> list[StoredImage]:
    """Delete those of these that no record needs; which they were, or would be."""
    with reading(engine) as connection:
        proven = _proven(connection, store, images)
        go = _unneeded(connection, images, proven)
    if not go or dry_run:
        return go
    with writing(engine) as connection:
        for image in go:
            ensure(connection, COLLECTED, sha256=image.checksum, suffix=image.suffix, collected_at=now)
        append_audit(
            connection,
            who=who,
            action="frame.collected",
            subject="files that no record needs",
            details={"files": [f"{image.checksum}.{image.suffix}" for image in go]},
            at=now,
        )
    with writing(engine) as connection:
        hold(connection, shared=False)
        still = _unneeded(connection, go, proven)
        for image in still:
            store.delete(image.checksum, image.suffix)
    return still


def _batches(images: Iterable[StoredImage]) -> Iterator[list[StoredImage]]:
    rest = iter(images)
    while batch := list(islice(rest, AT_ONCE)):
        yield batch


def _proven(connection: Connection, store: ImageStore, images: Sequence[StoredImage]) -> set[Needed]:
    """What can do without its file, since its archive was just read and is sound."""
    found: set[Needed] = set()
    for need in needed_of(connection, [image.checksum for image in images if image.suffix != SUFFIX]):
        with suppress(NotRecorded, Damaged):
            if need.archive_sha256:
                store.read(need.checksum, SUFFIX, need.archive_sha256)
                found.add(need)
    return found


def _unneeded(connection: Connection, images: Sequence[StoredImage], proven: set[Needed]) -> list[StoredImage]:
    needs: dict[str, list[Needed]] = {}
    for need in needed_of(connection, [image.checksum for image in images]):
        needs.setdefault(need.checksum, []).append(need)
    return [image for image in images if not any(_is(image, n, proven) for n in needs.get(image.checksum, ()))]


def _is(image: StoredImage, need: Needed, proven: set[Needed]) -> bool:
    """Whether this object is what is needed: the archive wherever there is one, the file until its archive is proven.

    An archive that no row proves is half of an archiving that was killed.
    """
    return bool(need.archive_sha256) if image.suffix == SUFFIX else need not in proven
