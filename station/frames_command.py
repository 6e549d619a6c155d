"""`loupebox frames`: are they all there, and what may take less room?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings

if TYPE_CHECKING:
    from loupebox.station.records.frames import Frames
    from loupebox.station.settings import Settings

frames_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The stored frames.")
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without this it is only said what would be done.")]


@frames_app.command("status")
def status(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """What is stored, what of it is archived, and by which rule frames of good pieces go."""
    with _frames(data, database, settings) as (frames, chosen), _bar("counting") as progress:
        found = frames.status(progress)
    print(f"{found.needed} files are needed; stored are {found.objects} of {_mb(found.bytes)}")
    print(f"{found.archived} are in the archive format, which saves {_mb(found.saved_bytes)}")
    print(f"{found.thinned} inspections of good pieces let their frames go; the rule: {_rule(chosen)}")
    return 0


@frames_app.command("check")
def check(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Read every frame that the records need: exit status 0 when each is what was recorded, 1 when one is not."""
    faults = checked = 0

    with _frames(data, database, settings) as (frames, _), _bar("checking") as progress:

        def count(done: int, of: int | None) -> None:
            nonlocal checked
            checked = done
            progress(done, of)

        for fault in frames.check(count):
            faults += 1
            print(fault.what)
    print(f"{checked} needed files: " + (f"{faults} wrong" if faults else "every one is what was recorded"))
    return 1 if faults else 0


@frames_app.command("archive")
def archive(
    apply: Apply = False, data: DataDir = None, database: Database = None, settings: SettingsFile = None
) -> int:
    """Put frames older than archive_after_days into the archive format (JPEG-LS): the same samples in less room.

    Exit status 1 when a frame could not be read; it is left as it is.
    """
    from loupebox.station.command_log import command_user

    with _frames(data, database, settings) as (frames, chosen), _bar("archiving") as progress:
        before = datetime.now(UTC) - timedelta(days=chosen.archive_after_days)
        done = frames.archive(before, who=command_user(), dry_run=not apply, progress=progress)
    for fault in done.faults:
        print(fault)
    print(
        f"{done.archived} frames {'are' if apply else 'would be'} archived: {_mb(done.bytes_before)} in "
        f"{_mb(done.bytes_after)}; {done.left} are smaller as they are"
    )
    return 1 if done.faults else 0


@frames_app.command("thin")
def thin(apply: Apply = False, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Let most good pieces older than keep_pass_frames_days go without their frames; `collect` then deletes them.

    Kept for ever: failures, reviews, refusals, whatever was decided on, reworked or sent back, and of the rest
    one in keep_one_pass_in.
    """
    from loupebox.station.command_log import command_user
    from loupebox.station.records.thinning import ThinningRule

    with _frames(data, database, settings) as (frames, chosen), _bar("thinning out") as progress:
        days, one_in = chosen.keep_pass_frames_days, chosen.keep_one_pass_in
        if days == 0:
            print(f"Nothing is thinned out: {_rule(chosen)}")
            return 0
        rule = ThinningRule(datetime.now(UTC) - timedelta(days=days), one_in, _rule(chosen))
        done = frames.thin(rule, who=command_user(), dry_run=not apply, progress=progress)
    go = "let" if apply else "would let"
    print(f"{done.thinned} inspections {go} their frames go; {done.kept} good ones keep them")
    return 0


@frames_app.command("collect")
def collect(
    apply: Apply = False, data: DataDir = None, database: Database = None, settings: SettingsFile = None
) -> int:
    """Delete stored files that no record needs, once they have lain there for collect_after_hours.

    The store must be this log's alone: what only another log names, this one does not know.
    """
    from loupebox.station.command_log import command_user

    with _frames(data, database, settings) as (frames, chosen), _bar("collecting") as progress:
        before = datetime.now(UTC) - timedelta(hours=chosen.collect_after_hours)
        done = frames.collect(before, who=command_user(), dry_run=not apply, progress=progress)
    print(
        f"{done.objects} files of {_mb(done.bytes)} and {done.leftovers} unfinished ones "
        f"{'are' if apply else 'would be'} deleted"
    )
    return 0


@contextmanager
def _frames(data: Path | None, database: str | None, settings: Path | None) -> Iterator[tuple[Frames, Settings]]:
    from loupebox.station.station_log import open_log

    chosen = chosen_settings(settings, data_dir=data, database=database)
    log = open_log(chosen)
    try:
        yield log.frames, chosen
    finally:
        log.close()


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """How many are done, on a terminal only."""
    from loupebox.station.backup_command import watched

    with watched() as told:
        yield lambda done, of: told(what, done, of)


def _rule(chosen: Settings) -> str:
    """What becomes of the frames of good pieces, in words that are recorded."""
    days, one_in = chosen.keep_pass_frames_days, chosen.keep_one_pass_in
    if days == 0:
        return "all are kept for ever (keep_pass_frames_days is 0)"
    return f"they are kept for {days} days, then of one piece in {one_in}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
