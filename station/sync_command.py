"""`loupebox sync`: what waits at this station for the log's server, and what the log refused."""

from __future__ import annotations

from typing import Annotated

import typer

from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings

sync_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Inspections that wait here for the server of the QC log."
)
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="In the outbox.")]


@sync_app.command("status")
def status(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """What waits, and what was set aside: exit status 0 when there is nothing, 1 when there is."""
    from loupebox.station.station_desk import outbox_of

    outbox = outbox_of(chosen_settings(settings, data_dir=data, database=database))
    waiting, aside = outbox.waiting(), outbox.set_aside()
    for kept in waiting:
        print(f"{kept.number}: piece {kept.piece} of job {kept.job}, {kept.verdict}, since {kept.kept_at:%F %T} UTC")
    for kept in aside:
        print(f"{kept.number}: piece {kept.piece} of job {kept.job}, {kept.verdict}, SET ASIDE: {kept.error}")
    print(f"{len(waiting)} waiting, {len(aside)} set aside" if waiting or aside else "Everything is in the log.")
    return 1 if waiting or aside else 0


@sync_app.command("now")
def now(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Deliver what waits: exit status 0 when all of it is in the log, 1 when not."""
    from loupebox.station.forwarding import forward
    from loupebox.station.station_desk import outbox_of
    from loupebox.station.station_log import open_log

    chosen = chosen_settings(settings, data_dir=data, database=database)
    outbox = outbox_of(chosen)
    told = forward(outbox, lambda: open_log(chosen))
    if told.elsewhere:
        print("Another process of this station is delivering just now.")
    if told.out_of_reach:
        print(f"Ended early: {told.out_of_reach}")
    left = len(outbox.waiting())
    print(f"{told.delivered} delivered, {told.refused} refused, {left} waiting")
    return 1 if left or told.refused else 0


@sync_app.command("retry")
def retry(number: Number, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Try one that was set aside again, in its old place."""
    from loupebox.station.station_desk import outbox_of

    outbox_of(chosen_settings(settings, data_dir=data, database=database)).retry(number)
    print(f"{number} is tried again with the next delivery.")
    return 0


@sync_app.command("drop")
def drop(
    number: Number,
    why: Annotated[str, typer.Option(help="Why it is never to be delivered; it stays in the outbox with this.")],
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Give up one that was set aside, so that what came after it of the same piece can go on."""
    from loupebox.station.command_log import command_user
    from loupebox.station.station_desk import outbox_of

    outbox_of(chosen_settings(settings, data_dir=data, database=database)).drop(number, f"{why} ({command_user()})")
    print(f"{number} is not delivered.")
    return 0
