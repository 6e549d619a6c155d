"""`loupebox replay`: does what was recorded come out again?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings

if TYPE_CHECKING:
    from datetime import date

    from loupebox.station.records.qc_log import QcLog
    from loupebox.station.replaying import Replayed

Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]...", min=1, max=2**31 - 1, help="Inspections by number.")
]
All = Annotated[bool, typer.Option("--all", help="Every inspection, the last first.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Every inspection since this day.")]


def replay(
    numbers: Numbers = None,
    everything: All = False,
    since: Since = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Inspect again from the stored frames, sheet, certificates and models: exit status 1 when anything differs.

    Pieces whose frames went by the settings' rule are counted and no fault; what is missing or damaged otherwise is.
    """
    from loupebox.station.backup_command import watched
    from loupebox.station.command_log import command_user
    from loupebox.station.records.errors import Damaged, LetGo, NotAllowed, NotRecorded
    from loupebox.station.replaying import Replayer
    from loupebox.station.station_log import open_log

    if bool(numbers) == (everything or since is not None):
        raise NotAllowed("say either which inspections are to be replayed, by number, or --all or --since DATE")
    chosen = chosen_settings(settings, data_dir=data, database=database)
    log = open_log(chosen)
    same = different = gone = broken = 0
    try:
        for number in numbers or ():
            log.inspection(number)  # one that was never recorded is a slip of the pen, and no defect
        replayer = Replayer(log, chosen)
        with watched() as progress:
            for done, number in enumerate(numbers or _numbers(log, since.date() if since else None), 1):
                try:
                    told = replayer.replay(number, command_user())
                except LetGo as error:
                    gone += 1
                    print(f"inspection {number}: cannot be replayed, since {error}")
                except (NotRecorded, Damaged) as error:
                    broken += 1
                    print(f"inspection {number}: CANNOT BE REPLAYED: {error}")
                else:
                    same, different = same + told.same, different + (not told.same)
                    if numbers or not told.same:
                        _tell(told)
                progress("replaying", done, None)
    finally:
        log.close()
    if not numbers or len(numbers) > 1:
        print(f"{same} came out the same, {different} did not, {gone} let their frames go, {broken} are not whole")
    return 1 if different or broken else 0


def _numbers(log: QcLog, since: date | None) -> Iterator[int]:
    from loupebox.station.records.inspections import InspectionFilter

    cursor = None
    while True:
        page = log.recent(500, InspectionFilter(since=since), cursor)
        yield from (item.id for item in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return


def _tell(told: Replayed) -> None:
    about = f"inspection {told.inspection}, piece {told.piece} of job {told.job}"
    if told.same:
        print(f"{about}: {told.outcome} again, all of {told.values} values the same")
    else:
        print(f"{about}: NOT THE SAME, {len(told.differences)} values differ")
        for difference in told.differences:
            print(f"  {difference}")
    for change in told.changed:
        print(f"  {change}")
