"""`loupebox backup` and `loupebox restore`: while the station works, and never over what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the backups, on another disk if possible.")]


def backup(folder: Folder, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Back up the log and its frames, while its stations work: exit status 1 when a frame could not be read.

    Frames that the folder has from earlier backups are not copied again. What waits in an outbox is no record yet.
    """
    from loupebox.station.records.backup import back_up
    from loupebox.station.records.engine import open_database
    from loupebox.station.records.errors import NotRecorded
    from loupebox.station.station_log import open_store

    chosen = chosen_settings(settings, data_dir=data, database=database)
    if not chosen.database and not Path(chosen.database_location).exists():
        raise NotRecorded(f"there is no log at {chosen.database_location}")
    engine = open_database(chosen.database_location)
    try:
        with watched() as progress:
            made = back_up(engine, open_store(chosen), folder, progress)
    finally:
        engine.dispose()
    frames, missing = made.manifest.frames, made.manifest.frames.missing
    for line in missing:
        print(f"not in the backup: {line}")
    print(
        f"{made.folder}: {sum(made.manifest.rows.values())} rows, {made.manifest.rows['inspection']} inspections, "
        f"{frames.count - len(missing)} of {frames.count} frames ({made.new_frames} new)"
    )
    return 1 if missing else 0


def restore(folder: Folder, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Restore the newest backup of a folder (or the one in it) into a database that holds nothing yet, and prove it."""
    from loupebox.station.records.restore import newest_backup
    from loupebox.station.records.restore import restore as restored_from
    from loupebox.station.station_log import open_store

    chosen = chosen_settings(settings, data_dir=data, database=database)
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    found = newest_backup(folder)
    with watched() as progress:
        made = restored_from(found, chosen.database_location, open_store(chosen), progress)
    missing = made.manifest.frames.missing
    for line in missing:
        print(f"was not in the backup: {line}")
    print(
        f"{found} of {made.manifest.made_at:%F %T} UTC is restored: {made.manifest.rows['inspection']} inspections, "
        f"{made.frames} frames; {made.links} links of the audit hold"
    )
    return 1 if missing else 0


@contextmanager
def watched() -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar for each thing that is done, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        tasks: dict[str, object] = {}

        def told(what: str, done: int, of: int | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done, total=of)  # pyright: ignore[reportArgumentType]

        yield told
