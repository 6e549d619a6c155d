"""Restore a log from a backup: never over records that are there, and only when all of it is proven."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from loupebox.station.records.audit_verify import verify
from loupebox.station.records.backup import Progress, names_sha256, silent
from loupebox.station.records.backup_manifest import DATABASE, FRAMES, MANIFEST, Manifest
from loupebox.station.records.engine import open_database, reading, url_of, writing
from loupebox.station.records.errors import Conflict, Damaged, NotRecorded, RecordsError
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.row_copy import copy_rows, row_counts
from loupebox.station.records.stored_needs import needed


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored and proven."""

    manifest: Manifest
    links: int
    frames: int


def newest_backup(folder: Path) -> Path:
    """The last backup of a folder; the folder itself when it is one."""
    if (folder / MANIFEST).exists():
        return folder
    found = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))
    if not found:
        raise NotRecorded(f"there is no backup in {folder}")
    return found[-1]


def restore(backup: Path, database: str | Path, store: ImageStore, progress: Progress = silent) -> Restored:
    """The log of a backup in a database that holds none yet, its frames in a store.

    On SQLite the file gets its name last of all; on PostgreSQL the rows are one transaction.
    """
    manifest = Manifest.read(backup)
    url = url_of(database)
    lasting = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
    if lasting is not None and lasting.exists():
        raise Conflict(f"{lasting} is there already; a restore overwrites nothing: move it away or name another file")
    folder = backup if lasting is None else lasting.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restoring-", dir=folder if lasting else None) as work:
            copy = Path(work) / DATABASE
            shutil.copyfile(backup / DATABASE, copy)
            links, frames = _proven(copy, manifest, ImageStore(backup.parent / FRAMES), store, progress)
            if lasting is None:
                _into_server(copy, database, manifest, progress)
            else:
                with copy.open("rb+") as file:
                    os.fsync(file.fileno())
                os.link(copy, lasting)  # unlike a rename it fails where a file came to be meanwhile
    except FileExistsError as error:
        raise Conflict(f"{lasting} came to be meanwhile; nothing was overwritten") from error
    except OSError as error:
        raise RecordsError(f"cannot restore to {database}: {error.strerror}") from error
    return Restored(manifest, links, frames)


def _proven(copy: Path, manifest: Manifest, kept: ImageStore, store: ImageStore, progress: Progress) -> tuple[int, int]:
    """The copy is what the manifest says, its audit holds, and every frame that it names is in the store."""
    engine = open_database(copy)  # a backup of an older version is brought forward here
    try:
        with reading(engine) as connection:
            _check_counts(row_counts(connection), manifest)
            needs = sorted(needed(connection))
            if names_sha256(needs) != manifest.frames.names_sha256:
                raise Damaged("the frames that the backup's records name are not those of its manifest")
            found = verify(
                connection, kept_heads=manifest.heads, progress=lambda done, of: progress("verifying", done, of)
            )
        if found.faults:
            raise Damaged(f"the backup's audit does not hold, {len(found.faults)} faults; the first: {found.faults[0]}")
    finally:
        engine.dispose()
    missing = {line.partition(":")[0] for line in manifest.frames.missing}
    restored = 0
    for done, need in enumerate(needs):
        progress("restoring frames", done, len(needs))
        if f"{need.checksum}.{need.suffix}" not in missing:
            suffix, content = need.find(kept)
            store.write(content, need.checksum, suffix, need.proof(suffix))
            restored += 1
    return found.links, restored


def _check_counts(rows: dict[str, int], manifest: Manifest) -> None:
    for table, count in manifest.rows.items():
        # Bringing a backup of an older version forward is itself an act in the audit.
        if rows.get(table) != count and not (table in ("audit", "audit_head") and rows.get(table, 0) > count):
            raise Damaged(f"the backup's table {table} has {rows.get(table)} rows; its manifest says {count}")


def _into_server(copy: Path, database: str | Path, manifest: Manifest, progress: Progress) -> None:
    """Rows from the proven copy into an empty database of a server."""
    source, target = open_database(copy), open_database(database)
    of, done = sum(manifest.rows.values()), 0

    def count(rows: int) -> None:
        nonlocal done
        progress("writing rows", done := done + rows, of)

    try:
        with reading(source) as read, writing(target) as written:
            copy_rows(read, written, count)
        _hold_against(source, target)
    finally:
        source.dispose()
        target.dispose()


def _hold_against(source: Engine, target: Engine) -> None:
    """The same rows in number, and an audit that holds in its new place too."""
    with reading(source) as read, reading(target) as written:
        if row_counts(read) != row_counts(written):
            raise Damaged("the restored database has not as many rows as the backup")
        if faults := verify(written).faults:
            raise Damaged(f"the restored audit does not hold, {len(faults)} faults; the first: {faults[0]}")
