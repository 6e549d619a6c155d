"""`loupebox piece`: everything that ever happened to a piece."""

from __future__ import annotations

from typing import Annotated

import typer

from loupebox.station.command_log import command_log
from loupebox.station.options import Database, DataDir, SettingsFile

piece_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Pieces.")


@piece_app.command("show")
def show(
    serial: Annotated[str, typer.Argument(metavar="SERIAL", help="Serial of the piece.")],
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Everything that ever happened to a piece, in every bag, the first thing first."""
    with command_log(data, database, settings) as log:
        for event in log.history.of_piece(serial):
            print(f"{event.at:%Y-%m-%d %H:%M:%S} UTC  {event.job:<10} {event.who:<20} {event.words}")
    return 0
