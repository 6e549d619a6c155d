"""Back up a log while its stations work: everything that was acknowledged before, whole and proven.

A backup folder holds the frames of all its backups once, by content, and a folder for each backup with the database
and a manifest. The database is one SQLite file whichever engine the log has: of SQLite the engine's own online backup,
of PostgreSQL every row as of one moment (REPEATABLE READ), so that it can be restored into either.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine

from loupebox.station.records import audit
from loupebox.station.records.archive_format import SUFFIX
from loupebox.station.records.backup_manifest import DATABASE, FRAMES, MANIFEST, Manifest, NamedFrames, file_sha256
from loupebox.station.records.engine import open_database, reading, writing
from loupebox.station.records.errors import RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.maintenance import maintaining
from loupebox.station.records.row_copy import copy_rows, row_counts
from loupebox.station.records.stored_needs import Needed, needed

Progress = Callable[[str, int, int | None], None]
"""Told what is being done, how much of it is done, and of how much where that is known."""


def silent(what: str, done: int, of: int | None) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """Where it lies, what it holds, and how many frames were not in the folder yet."""

    folder: Path
    manifest: Manifest
    new_frames: int


def back_up(engine: Engine, store: ImageStore, folder: Path, progress: Progress = silent) -> BackedUp:
    """Make a backup beside the earlier ones in a folder; a kill in between leaves no half one that looks whole."""
    with maintaining(engine):
        return _back_up(engine, store, folder, progress)


def _back_up(engine: Engine, store: ImageStore, folder: Path, progress: Progress) -> BackedUp:
    now = datetime.now(UTC)
    try:
        kept = ImageStore(folder / FRAMES)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    except OSError as error:
        raise RecordsError(f"cannot back up into {folder}: {error.strerror}") from error
    try:
        copy = unfinished / DATABASE
        (_snapshot if engine.dialect.name == "sqlite" else _rows)(engine, copy, progress)
        manifest, new = _described(engine, copy, store, kept, now, progress)
        (unfinished / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=2), encoding="utf-8")
        return BackedUp(_finish(unfinished, folder, now), manifest, new)
    except (OSError, sqlite3.Error) as error:
        raise RecordsError(f"cannot back up into {folder}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _snapshot(engine: Engine, copy: Path, progress: Progress) -> None:
    """SQLite's online backup in one step: one look at the log, during which its writers go on."""
    progress("copying the database", 0, None)
    with (
        closing(sqlite3.connect(str(engine.url.database), timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        if (sound := target.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise RecordsError(f"the copy of the database {engine.url.database} is not sound: {sound}")


def _rows(engine: Engine, copy: Path, progress: Progress) -> None:
    """Every row as of one moment into an SQLite file."""
    target = open_database(copy)
    try:
        with (
            reading(engine.execution_options(isolation_level="REPEATABLE READ")) as source,
            writing(target) as written,
        ):
            of, done = sum(row_counts(source).values()), 0

            def count(rows: int) -> None:
                nonlocal done
                progress("copying rows", done := done + rows, of)

            copy_rows(source, written, count)
    finally:
        target.dispose()
    with closing(sqlite3.connect(copy)) as done_with:
        done_with.execute("PRAGMA journal_mode = DELETE")


def _described(
    engine: Engine, copy: Path, store: ImageStore, kept: ImageStore, now: datetime, progress: Progress
) -> tuple[Manifest, int]:
    """The manifest, once every frame that the copy names is in the backup; how many of them are new there."""
    opened = open_database(copy)
    try:
        with reading(opened) as connection:
            needs = sorted(needed(connection))
            rows, heads = row_counts(connection), audit.heads(connection)
    finally:
        opened.dispose()
    with closing(sqlite3.connect(copy)) as closed:
        closed.execute("PRAGMA journal_mode = DELETE")
    there = {(image.checksum, image.suffix) for image in kept.stored()}
    new = [need for need in needs if not there & {(need.checksum, need.suffix), (need.checksum, SUFFIX)}]
    missing: list[str] = []
    for done, need in enumerate(new):
        progress("copying frames", done, len(new))
        try:
            suffix, content = need.find(store)
            kept.write(content, need.checksum, suffix, need.proof(suffix))
        except RecordsError as error:
            missing.append(f"{need.checksum}.{need.suffix}: {error}")
    manifest = Manifest(
        software=f"loupebox {version('loupebox')}",
        made_at=now,
        engine="sqlite" if engine.dialect.name == "sqlite" else "postgresql",
        database_sha256=file_sha256(copy),
        rows=rows,
        heads=heads,
        frames=NamedFrames(count=len(needs), names_sha256=names_sha256(needs), missing=tuple(missing)),
    )
    return manifest, len(new) - len(missing)


def names_sha256(needs: Iterable[Needed]) -> str:
    """One checksum over the names of frames."""
    return sha256("".join(f"{need.checksum}.{need.suffix}\n" for need in sorted(needs)).encode()).hexdigest()


def _finish(unfinished: Path, folder: Path, now: datetime) -> Path:
    """Everything down to the disk, then its name."""
    for path in (*unfinished.iterdir(), unfinished):
        _sync(path)
    finished = folder / now.strftime("%Y%m%dT%H%M%S.%fZ")
    unfinished.chmod(0o755)
    unfinished.rename(finished)
    _sync(folder)
    return finished


def _sync(path: Path) -> None:
    if os.name != "posix" and path.is_dir():  # Windows has no such call for folders
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
