"""`loupebox people`: who works here, with which roles, and how they sign in."""

from __future__ import annotations

import sys
from typing import Annotated, TypedDict

import typer

from loupebox.station.command_log import command_log, command_user
from loupebox.station.options import Database, DataDir, SettingsFile

people_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="People of the station. Roles: inspector, bench, lead, engineer, admin. A PIN or badge is asked for and not "
    "shown, or read from standard input; no option takes one, since others can read a command line.",
)

Name = Annotated[str, typer.Argument(help="The person's name.")]
RoleOptions = Annotated[list[str], typer.Option("--role", help="A role; may be given several times.")]
WithBadge = Annotated[bool, typer.Option("--badge", help="Ask for the code of a badge instead of a PIN.")]


@people_app.command("list")
def list_people(
    retired: Annotated[bool, typer.Option("--retired", help="Those who retired too.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Everybody by name, with roles and what they sign in with."""
    with command_log(data, database, settings) as log:
        people = log.people.all(retired=retired)
    if not people:
        print('Nobody is known yet; begin with: loupebox people add "Your Name" --role admin')
    for person in people:
        means = " and ".join(word for word, has in (("PIN", person.has_pin), ("badge", person.has_badge)) if has)
        left = f"retired on {person.retired_at:%F}" if person.retired_at else f"signs in with {means}"
        demo = "; only in a demo" if person.demo else ""
        print(f"{person.name}: {', '.join(person.roles)}; {left}{demo}")
    return 0


@people_app.command("add")
def add(
    name: Name,
    role: RoleOptions,
    badge: WithBadge = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Add a person. The first of a station should be an admin, who can then add the others on the screens."""
    with command_log(data, database, settings) as log:
        person = log.people.add(name, role, who=command_user(), **_asked_for(badge))
    print(f"{person.name} can sign in as {', '.join(person.roles)}.")
    return 0


@people_app.command("secret")
def secret(
    name: Name,
    badge: WithBadge = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Give a person another PIN or badge; wherever the person is signed in, that ends."""
    with command_log(data, database, settings) as log:
        person = log.people.named(name)
        log.people.set_secrets(person.id, who=command_user(), **_asked_for(badge))
    print(f"{person.name} has a new {'badge' if badge else 'PIN'}.")
    return 0


@people_app.command("roles")
def roles(
    name: Name, role: RoleOptions, data: DataDir = None, database: Database = None, settings: SettingsFile = None
) -> int:
    """Give a person these roles and no others."""
    with command_log(data, database, settings) as log:
        person = log.people.set_roles(log.people.named(name).id, role, who=command_user())
    print(f"{person.name} has the roles {', '.join(person.roles)}.")
    return 0


@people_app.command("retire")
def retire(name: Name, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """No longer let a person in. Nobody is ever deleted: the record knows people by their names."""
    with command_log(data, database, settings) as log:
        person = log.people.retire(log.people.named(name).id, who=command_user())
        made = [t.name for t in log.tokens.all() if t.made_by == person.name and t.revoked_at is None]
    print(f"{person.name} retired.")
    if made:
        print(f"Tokens that {person.name} made and may know still work: {', '.join(made)} (loupebox token revoke NAME)")
    return 0


@people_app.command("unlock")
def unlock(name: Name, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Let a person try again who had too many wrong tries; lifts the locks of all places too."""
    with command_log(data, database, settings) as log:
        person = log.people.unlock(log.people.named(name).id, who=command_user())
    print(f"{person.name} can try again.")
    return 0


class _Secret(TypedDict, total=False):
    pin: str
    badge: str


def _asked_for(badge: bool) -> _Secret:
    """The PIN or badge, typed twice and unseen on a terminal, else the first line of standard input."""
    if sys.stdin.isatty():
        given: str = typer.prompt("Badge" if badge else "PIN", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().strip("\r\n")
    return {"badge": given} if badge else {"pin": given}
