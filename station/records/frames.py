"""Frames as they are kept: read back proven, checked, archived, thinned out, and collected once nobody needs them.

A frame keeps the name that its file had when it was recorded, its checksum. In the archive its file is gone; what then
proves its samples is their own checksum, written into the evidence while the file was there and sound. So a replay
asks for `samples`, and gets those that were inspected, or an error.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import cv2
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, func, select

from loupebox.station.records.archive_format import SUFFIX, restored, samples_of
from loupebox.station.records.archiving import ArchivedSome, archive_frames
from loupebox.station.records.collecting import Collected, collect
from loupebox.station.records.engine import reading
from loupebox.station.records.errors import Damaged, LetGo, NotRecorded
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.inspection_tables import FRAME
from loupebox.station.records.keeping_tables import ARCHIVED_FRAME, THINNED
from loupebox.station.records.maintenance import maintaining
from loupebox.station.records.stored_needs import Needed, needed
from loupebox.station.records.thinning import ThinnedOut, ThinningRule, thin_out

PLACES = 10
Progress = Callable[[int, int | None], None]
"""Told how many are done, and of how many where that is known."""


def silent(done: int, of: int | None) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class CheckedFrame:
    """A frame or picture that the records need and that is not there as it should be."""

    checksum: str
    suffix: str
    what: str


@dataclass(frozen=True, slots=True)
class FrameStatus:
    """What lies there and what is needed of it; bytes are those of the store."""

    needed: int
    objects: int
    bytes: int
    archived: int
    saved_bytes: int
    """What the archive took less than the files before it."""
    thinned: int
    """Inspections that let their frames go."""


class Frames:
    """One call is one transaction, or many small ones where it goes through the whole store."""

    def __init__(self, engine: Engine, store: ImageStore, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock

    def file(self, checksum: str) -> tuple[bytes, str]:
        """Bytes and suffix: of the recorded file, or of a PNG of the same samples when that is in the archive."""
        suffix, content, proof = self._read(checksum)
        if suffix != SUFFIX:
            return content, suffix
        samples = restored(content, proof)
        bgr = samples[:, :, ::-1] if samples.ndim == 3 else samples
        done, encoded = cv2.imencode(".png", bgr, (cv2.IMWRITE_PNG_COMPRESSION, 1))
        assert done  # 8 or 16 bits, one or three channels: the archive holds nothing else
        return encoded.tobytes(), "png"

    def samples(self, checksum: str) -> NDArray[Any]:
        """The samples that were inspected, proven: (height, width) or (height, width, 3) in RGB order."""
        suffix, content, proof = self._read(checksum)
        return restored(content, proof) if suffix == SUFFIX else samples_of(content)

    def kept_file(self, checksum: str, suffix: str) -> bytes:
        """A file that verdicts rest on beside their frames: a certificate, its illumination picture."""
        return self._store.read(checksum, suffix)

    def status(self, progress: Progress = silent) -> FrameStatus:
        """Count; nothing is read but the listing."""
        objects = size = 0
        for objects, image in enumerate(self._store.stored(), 1):
            size += image.size_bytes
            progress(objects, None)
        archive = ARCHIVED_FRAME.c
        saved = func.coalesce(func.sum(archive.original_bytes - archive.archive_bytes), 0)
        with reading(self._engine) as connection:
            archived, saved_bytes = connection.execute(select(func.count(archive.id), saved)).one()
            thinned = connection.execute(select(func.count(THINNED.c.id))).scalar_one()
            return FrameStatus(
                needed=sum(1 for _ in needed(connection)),
                objects=objects,
                bytes=size,
                archived=archived,
                saved_bytes=int(saved_bytes),
                thinned=thinned,
            )

    def check(self, progress: Progress = silent, sample: int | None = None) -> Iterator[CheckedFrame]:
        """Read all that the records need, or a sample; whatever is not there, or is not what was written."""
        with reading(self._engine) as connection:
            for done, one in enumerate(needed(connection) if sample is None else _sampled(connection, sample), 1):
                try:
                    one.find(self._store)
                except (NotRecorded, Damaged) as error:
                    yield CheckedFrame(one.checksum, one.suffix, str(error))
                progress(done, None)

    def archive(
        self, before: datetime, *, who: str, dry_run: bool = False, progress: Progress = silent
    ) -> ArchivedSome:
        """Put frames captured before a moment into the archive format, and let go of their files once that is safe."""
        with maintaining(self._engine):
            return archive_frames(self._engine, self._store, before, who, self._clock, dry_run, progress)

    def thin(self, rule: ThinningRule, *, who: str, dry_run: bool = False, progress: Progress = silent) -> ThinnedOut:
        """Let the records of good pieces no longer need their frames; `collect` then frees the room."""
        with maintaining(self._engine):
            return thin_out(self._engine, rule, who, self._clock, dry_run, progress)

    def collect(self, before: datetime, *, who: str, dry_run: bool = False, progress: Progress = silent) -> Collected:
        """Delete what lies there since before a moment and no record needs. The store must be this log's alone."""
        with maintaining(self._engine):
            return collect(self._engine, self._store, before, who, self._clock, dry_run, progress)

    def _read(self, checksum: str) -> tuple[str, bytes, str]:
        """Suffix and bytes of the file or of its archive, and what proves the samples of the latter."""
        query = (
            select(FRAME.c.suffix, ARCHIVED_FRAME.c.archive_sha256, ARCHIVED_FRAME.c.samples_sha256)
            .outerjoin(ARCHIVED_FRAME, ARCHIVED_FRAME.c.sha256 == FRAME.c.sha256)
            .where(FRAME.c.sha256 == checksum)
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotRecorded(f"no frame {checksum} is recorded")
        try:
            need = Needed(checksum, row.suffix, row.archive_sha256 or "")
            return *need.find(self._store), row.samples_sha256 or ""
        except NotRecorded:
            with reading(self._engine) as connection:
                thinned = _thinned(connection, checksum)
            if thinned is None:
                raise
        raise LetGo(f"frame {checksum} was let go on {thinned[0]:%F}: {thinned[1]}")


def _sampled(connection: Connection, size: int) -> Iterator[Needed]:
    """About so many: a few in a row from each of several places that change from time to time; all, if they are few."""
    first = list(islice(needed(connection), size + 1))
    if len(first) <= size:
        yield from first
        return
    seen: set[Needed] = set()
    for _ in range(PLACES):
        fresh = islice(needed(connection, secrets.token_hex(32)), size // PLACES)
        yield from (one for one in fresh if one not in seen and not seen.add(one))


def _thinned(connection: Connection, checksum: str) -> tuple[datetime, str] | None:
    """When and by which rule, when no inspection needs the frame any more."""
    rows = connection.execute(
        select(THINNED.c.thinned_at, THINNED.c.rule)
        .select_from(FRAME)
        .outerjoin(THINNED, THINNED.c.inspection == FRAME.c.inspection)
        .where(FRAME.c.sha256 == checksum)
        .order_by(THINNED.c.id)
    ).all()
    return None if any(row.thinned_at is None for row in rows) else (rows[-1].thinned_at, rows[-1].rule)
