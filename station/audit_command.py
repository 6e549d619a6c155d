"""`loupebox audit`: who did what, and whether the record is still what was recorded."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings

if TYPE_CHECKING:
    from loupebox.station.records.audit_log import AuditLog

audit_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who did what, and whether it still stands.")

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])]
MOST_FAULTS = 1000
"""More than that are counted, and not each of them told."""


@audit_app.command("verify")
def verify_audit(
    heads: Annotated[
        Path | None, typer.Option("--heads", metavar="FILE", help="Heads kept earlier, from `loupebox audit heads`.")
    ] = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Find every altered, missing, added or reordered row: exit status 0 when there is none, 1 when there is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        _audit(data, database, settings) as audit,
        Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar,
    ):
        task = bar.add_task("verifying", total=None)
        kept = None if heads is None else _kept(heads)
        found = audit.verify(kept, lambda done, of: bar.update(task, completed=done, total=of))
    for fault in found.faults[:MOST_FAULTS]:
        print(fault)
    if len(found.faults) > MOST_FAULTS:
        print(f"... and {len(found.faults) - MOST_FAULTS} more")
    chains = "1 chain" if len(found.heads) == 1 else f"{len(found.heads)} chains"
    print(
        f"{found.links} links in {chains}, {found.rows} rows of evidence: "
        + (f"{len(found.faults)} wrong" if found.faults else "every one is as it was recorded")
    )
    return 1 if found.faults else 0


@audit_app.command("list")
def list_audit(
    who: Annotated[str | None, typer.Option(help="Only by this person or station.")] = None,
    action: Annotated[
        str | None, typer.Option(help='Only this action, "rework.taken"; "rework." is all of them.')
    ] = None,
    subject: Annotated[str | None, typer.Option(help='Only about this, "job J-1042".')] = None,
    since: Day = None,
    until: Day = None,
    limit: Annotated[int, typer.Option(help="At most so many, the latest first.", min=1, max=100_000)] = 50,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Who did what, the latest first; times are this machine's own unless they say otherwise."""
    import json as json_lines
    from dataclasses import asdict

    from loupebox.station.records.audit_list import AuditFilter

    wanted = AuditFilter(who, action, subject, since and since.astimezone(), until and until.astimezone())
    with _audit(data, database, settings) as audit:
        found, more = audit.acts(wanted, limit)
    for act in found:
        if json:
            print(json_lines.dumps({**asdict(act), "at": act.at.isoformat()}, ensure_ascii=False))
            continue
        details = ", ".join(f"{name} {value}" for name, value in act.details.items() if value not in (None, ""))
        print(f"{act.at.astimezone():%Y-%m-%d %H:%M:%S}  {act.who:<20} {act.action:<20} {act.subject:<24} {details}")
    if more is not None and not json:
        print(f"(the latest {limit}; --limit shows more)")
    return 0


@audit_app.command("heads")
def audit_heads(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Print the last link of each chain as JSON, to be kept on another machine: `verify --heads` holds it against."""
    import json

    with _audit(data, database, settings) as audit:
        print(json.dumps({chain: list(head) for chain, head in sorted(audit.heads().items())}, indent=2))
    return 0


def _audit(data: Path | None, database: str | None, settings: Path | None) -> AuditLog:
    from loupebox.station.records.audit_log import AuditLog

    return AuditLog.open(chosen_settings(settings, data_dir=data, database=database).database_location)


def _kept(file: Path) -> dict[str, tuple[int, str]]:
    from pydantic import TypeAdapter, ValidationError

    from loupebox.station.records.errors import RecordsError

    try:
        return TypeAdapter(dict[str, tuple[int, str]]).validate_json(file.read_bytes())
    except OSError as error:
        raise RecordsError(f"the kept heads {file} cannot be read: {error.strerror}") from None
    except ValidationError:
        raise RecordsError(f"{file} holds no heads; `loupebox audit heads` prints them") from None
