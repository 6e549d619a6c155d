"""`loupebox events`: who is told what happens, what waits, and what was given up."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from loupebox.station.command_log import command_log, command_user
from loupebox.station.options import Database, DataDir, SettingsFile

events_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Tell other programs what happens, by webhook or MQTT."
)

Name = Annotated[str, typer.Argument(help="What the subscriber is called here.")]


@events_app.command("subscribe")
def subscribe(
    name: Name,
    address: Annotated[str, typer.Argument(help="http[s]://... or mqtt[s]://[user:password@]host[:port]/prefix")],
    action: Annotated[
        list[str], typer.Option("--action", help="noun.verb, noun.* or *; may be given several times.")
    ] = ["*"],  # noqa: B006  (typer reads it once and changes nothing)
    secret: Annotated[bool, typer.Option("--secret", help="Read the signing secret from standard input.")] = False,
    from_start: Annotated[bool, typer.Option("--from-start", help="Also what happened before.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Tell an address of what happens. A webhook's signing secret is made and shown once, unless one is given."""
    from loupebox.station.webhook import key_of, secret_for

    given = sys.stdin.readline().strip() if secret else None
    if given is not None:
        key_of(given)
    made = secret_for(address) if given is None else None
    with command_log(data, database, settings) as log:
        log.subscribers.subscribe(name, address, action, given or made, command_user(), from_start=from_start)
    print(f"{name} is told of {', '.join(action)}." + (f" Signing secret, shown once: {made}" if made else ""))
    return 0


@events_app.command("list")
def list_subscribers(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Everybody who is told something, what waits, and the last error."""
    with command_log(data, database, settings) as log:
        subscribers = log.subscribers.all()
    if not subscribers:
        print("Nobody is told of anything; begin with: loupebox events subscribe NAME ADDRESS")
    for s in subscribers:
        print(f"{s.name}: {', '.join(s.actions)} to {s.shown_address}; {s.waiting} waiting, {s.dead} given up")
        if s.error:
            print(f"    try {s.attempts} failed: {s.error}; again at {s.due_at:%F %T} UTC")
    return 0


@events_app.command("retire")
def retire(name: Name, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Tell a subscriber nothing more."""
    with command_log(data, database, settings) as log:
        log.subscribers.retire(name, command_user())
    print(f"{name} is told nothing more.")
    return 0


@events_app.command("dead")
def dead(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Events that were given up, the last first."""
    with command_log(data, database, settings) as log:
        letters = log.subscribers.dead_letters()
    for d in letters:
        since = f"sent again {d.resent_at:%F %T} UTC" if d.resent_at else f"given up {d.died_at:%F %T} UTC"
        print(f"{d.id}: {d.action} {d.subject} for {d.subscriber}, {since} after {d.attempts} tries: {d.error}")
    if not letters:
        print("No event was given up.")
    return 0


@events_app.command("resend")
def resend(
    letter: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the dead letter.")],
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Try a dead letter once more, in the next round."""
    with command_log(data, database, settings) as log:
        log.subscribers.send_again(letter, command_user())
    print(f"Dead letter {letter} is tried once more in the next round.")
    return 0


@events_app.command("deliver")
def deliver(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Make one round now; a serving station makes them by itself."""
    import time

    from loupebox.station.event_delivery import deliver_due

    with command_log(data, database, settings) as log:
        taken = deliver_due(log.subscribers, time.time)
    print(f"{taken} events were taken.")
    return 0
