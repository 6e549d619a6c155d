"""`loupebox spec`: check a sheet, draft, approve, and ask what it would have made of yesterday's pieces."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from loupebox.station.command_log import command_log, command_user
from loupebox.station.options import Database, DataDir, SettingsFile

spec_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Spec sheets.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="Spec sheet (TOML).")]
Style = Annotated[str, typer.Argument(metavar="STYLE", help="Code of the style.")]
Revision = Annotated[str, typer.Argument(metavar="REVISION", help="Revision of the sheet.")]


@spec_app.command("check")
def check(file: File) -> int:
    """Say whether an approved sheet can be used, or what is wrong with it."""
    from loupebox.station.spec_sheet import read_spec_sheet

    spec = read_spec_sheet(file).spec
    prongs = f", {spec.head.prong_count} prongs" if spec.head else ""
    print(
        f"{file}: {spec.style} revision {spec.revision} is sound: {len(spec.characteristic)} dimensions{prongs}, "
        f"{len(spec.surface)} surface rules"
    )
    return 0


@spec_app.command("schema")
def schema() -> int:
    """Print the JSON Schema of spec sheets."""
    import json

    from loupebox.inspect.spec import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


@spec_app.command("list")
def list_sheets(
    style: Annotated[str | None, typer.Option(help="Only of this style.")] = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """The sheets in the records: approved revisions and open drafts."""
    with command_log(data, database, settings) as log:
        sheets = log.specs.list(style)
    for sheet in sheets:
        if sheet.state == "draft":
            about = f"draft, version {sheet.version} by {sheet.drafted_by}"
        else:
            about = f"approved by {sheet.approved_by}, {sheet.approved_on}"
        print(f"{sheet.style:<12} {sheet.revision:<8} {about}; {sheet.name}")
    if not sheets:
        print("No sheet is recorded; begin with: loupebox spec draft FILE")
    return 0


@spec_app.command("show")
def show(
    style: Style, revision: Revision, data: DataDir = None, database: Database = None, settings: SettingsFile = None
) -> int:
    """Print a sheet, word for word."""
    with command_log(data, database, settings) as log:
        sys.stdout.write(log.specs.sheet(style, revision).text)
    return 0


@spec_app.command("draft")
def draft(
    file: File,
    after: Annotated[int, typer.Option(help="Version that it was made from; 0 for a new sheet.", min=0)] = 0,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Keep a version of a draft; a second person approves it."""
    from loupebox.station.spec_sheet import read_text

    text = read_text(file)
    with command_log(data, database, settings) as log:
        sheet = log.specs.draft(text, command_user(), after=after)
    print(f"{sheet.style} revision {sheet.revision} is kept as a draft, version {sheet.version}.")
    return 0


@spec_app.command("revise")
def revise(
    style: Style,
    revision: Revision,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The revision to begin.")],
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Begin a new revision with the text of an approved one."""
    with command_log(data, database, settings) as log:
        sheet = log.specs.revise(style, revision, new, command_user())
    print(f"{style} revision {sheet.revision} is begun as a draft; change it with: loupebox spec draft FILE --after 1")
    return 0


@spec_app.command("approve")
def approve(
    style: Style,
    revision: Revision,
    version: Annotated[int, typer.Option(help="The version that you have read.", min=1)],
    person: Annotated[str, typer.Option("--as", metavar="NAME", help="Who approves: a person of the station.")],
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Approve a draft that somebody else wrote, signed with your PIN; from then on it never changes."""
    from loupebox.station.records.errors import NotAllowed
    from loupebox.station.records.signature import Secret

    with command_log(data, database, settings) as log:
        who = log.people.named(person)
        if not who.may("spec.approve"):
            raise NotAllowed(f"approving needs the permission spec.approve, which {who.described} lacks")
        pin = typer.prompt(f"PIN of {who.name}", hide_input=True, err=True) if sys.stdin.isatty() else input()
        subject = f"spec sheet {style} revision {revision}"
        signature = log.people.signed_by(who, Secret("PIN", pin), "spec.approve", subject, "command line")
        sheet = log.specs.approve(style, revision, version, who.name, signature.details)
    print(f"{style} revision {revision} is approved by {sheet.approved_by}; checksum {sheet.sha256}")
    return 0


@spec_app.command("from-bom")
def from_bom(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Bill of materials, CSV or JSON.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there, not to the screen.")
    ] = None,
) -> int:
    """The draft of a sheet from a style's bill of materials: ring size, shank, weight, stones, zone."""
    from loupebox.station.bill_of_materials import draft_from_bill, read_bill
    from loupebox.station.spec_sheet import read_text

    text = draft_from_bill(read_bill(read_text(file), str(file)), str(file))
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
    return 0


@spec_app.command("what-if")
def what_if(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sheet or draft to try (TOML).")],
    job: Annotated[str | None, typer.Option(help="Only pieces of this job.")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only of this day.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only from this day on.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many pieces, the last ones.", min=1)] = 500,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """What the last look at each piece of the style would have got under this sheet; nothing is recorded."""
    from loupebox.inspect.spec import SpecDraft, SpecError, load_draft, load_spec
    from loupebox.station.records.inspections import InspectionFilter
    from loupebox.station.spec_sheet import read_text

    text = read_text(file)
    try:
        sheet: SpecDraft = load_spec(text, str(file))
    except SpecError:
        sheet = load_draft(text, str(file))
    wanted = InspectionFilter(job=job, day=day and day.date(), since=since and since.date())
    with command_log(data, database, settings) as log:
        report = log.what_if.judged_by(sheet, wanted, limit)
    if json:
        _print_json(report)
        return 0
    print(f"{len(report.pieces)} pieces of {sheet.style} under revision {sheet.revision}:")
    for (before, after), count in report.counts.items():
        print(f"  {before:<6} -> {after:<6} {count:>5}")
    for piece in report.changed:
        print(f"{piece.piece} (job {piece.job}, inspection {piece.inspection}): {piece.before} -> {piece.after}")
        for reason in piece.reasons[:3]:
            print(f"    {reason}")
    if report.unreadable:
        print(f"{report.unreadable} inspections of an older version cannot be judged anew.")
    return 0


def _print_json(report: Any) -> None:
    import dataclasses
    import json

    counts = [{"before": before, "after": after, "pieces": n} for (before, after), n in report.counts.items()]
    pieces = [dataclasses.asdict(piece) for piece in report.pieces]
    print(json.dumps({"counts": counts, "pieces": pieces, "unreadable": report.unreadable}, indent=2))
