"""`loupebox database`: what a shared PostgreSQL database needs before stations can use it."""

from __future__ import annotations

from typing import Annotated

import typer

database_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The database that stations share.")


@database_app.callback()
def every_database_command() -> None:
    """Keeps `prepare` a word of its own while it is the only one."""


@database_app.command("prepare")
def prepare_database(
    owner_url: Annotated[
        str, typer.Option("--owner-url", metavar="URL", help="The database as its owner: postgresql://owner@host/name.")
    ],
    role: Annotated[
        str, typer.Option("--role", metavar="NAME", help="The role that stations sign in with; it must be there.")
    ],
) -> int:
    """Bring a PostgreSQL schema forward; then the stations' role can record in it, and not change the record."""
    from loupebox.station.records.rights import prepare

    prepare(owner_url, role)
    print(f"The database is ready: {role} can read everything and record, and cannot change what is recorded.")
    return 0
