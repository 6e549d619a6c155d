"""`loupebox token`: what other programs act with."""

from __future__ import annotations

from typing import Annotated

import typer

from loupebox.station.command_log import command_log, command_user
from loupebox.station.options import Database, DataDir, SettingsFile

token_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="API tokens, with which programs act.")

Name = Annotated[str, typer.Argument(help="What the token is called.")]


@token_app.command("add")
def add(
    name: Name,
    scope: Annotated[list[str], typer.Option("--scope", help="A permission; may be given several times.")],
    days: Annotated[int, typer.Option(help="How long it works.")] = 365,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Make a token and show it this once: only its digest is kept."""
    with command_log(data, database, settings) as log:
        token, secret = log.tokens.add(name, scope, days, who=command_user())
    print(f"{token.name} may {', '.join(token.scopes)} until {token.expires_at:%F}. The token, shown once:")
    print(secret)
    return 0


@token_app.command("list")
def list_tokens(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """All tokens ever made, the newest first."""
    with command_log(data, database, settings) as log:
        tokens = log.tokens.all()
    if not tokens:
        print("No token was made yet.")
    for token in tokens:
        ends = f"revoked on {token.revoked_at:%F}" if token.revoked_at else f"until {token.expires_at:%F}"
        used = f"last used {token.last_used_at:%F %R} UTC" if token.last_used_at else "never used"
        print(f"{token.name}: {', '.join(token.scopes)}; {ends}; {used}; made by {token.made_by}")
    return 0


@token_app.command("revoke")
def revoke(name: Name, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """End a token now."""
    with command_log(data, database, settings) as log:
        token = log.tokens.revoke(log.tokens.named(name).id, who=command_user())
    print(f"{token.name} opens nothing any more.")
    return 0
