"""`loupebox job`: bags of pieces, from the shop's own system to their closing."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loupebox.station.command_log import command_log, command_user
from loupebox.station.options import Database, DataDir, SettingsFile

if TYPE_CHECKING:
    from loupebox.station.records.bag import Bag
    from loupebox.station.records.job import Job

WRONG = 4

job_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Jobs: bags of pieces of one style.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Its id.")]
STAGES = "wax, casting, setting, polishing, plating, final, returned"
Stage = Annotated[str, typer.Argument(metavar="STAGE", help=STAGES)]
Pieces = Annotated[int, typer.Option(help="How many.", min=1)]


@job_app.command("import")
def import_jobs(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header; UTF-8, UTF-16 or cp1252.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    encoding: Annotated[str | None, typer.Option(help="UTF-8, UTF-16 or cp1252, when it cannot be told.")] = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Add and change jobs and pieces: all rows or, when any is refused, none (exit status 4)."""
    from loupebox.station.records.errors import NotAllowed
    from loupebox.station.records.job_table import LARGEST_BYTES, read_csv

    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise NotAllowed(f"{file} cannot be read: {error.strerror}") from None
    table = read_csv(content, str(file), encoding)
    with command_log(data, database, settings) as log:
        report = log.job_import.bring_in(table, command_user(), dry_run=dry_run)
    for row in report.refused:
        print(f"{file}: {row.sentence}", file=sys.stderr)
    if report.refused:
        print(f"Nothing was stored: {len(report.refused)} fields are refused.", file=sys.stderr)
        return WRONG
    print(
        f"{file} ({report.encoding}): {report.rows} rows; {report.jobs_added} jobs {'to add' if dry_run else 'added'}, "
        f"{report.jobs_changed} changed, {report.jobs_unchanged} as they were; {report.pieces_added} new pieces, "
        f"{report.sources_changed} sources" + ("; nothing was stored, as asked" if dry_run else "")
    )
    return 0


@job_app.command("list")
def list_jobs(
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table that `job import` reads.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """All jobs by id."""
    with command_log(data, database, settings) as log:
        jobs = log.jobs()
    if as_csv:
        _print_csv(jobs)
        return 0
    for job in jobs:
        due = f"due {job.due}" if job.due else "no due date"
        print(f"{job.id:<14} {job.style:<10} {job.quantity or '?':>5} pieces, {due}")
    return 0


@job_app.command("show")
def show(
    job: JobId,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """A bag: its pieces, where they are, what was weighed, what stands in the way of closing it."""
    with command_log(data, database, settings) as log:
        bag = log.bags.bag(job)
    if json:
        _print_json(bag)
    else:
        print("\n".join(_lines(bag)))
    return 0


@job_app.command("move")
def move(
    job: JobId,
    to_stage: Stage,
    pieces: Pieces,
    from_stage: Annotated[str | None, typer.Option("--from", metavar="STAGE", help="None when they come in.")] = None,
    note: Annotated[str, typer.Option(help="What to know.")] = "",
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Pieces go on to a stage."""
    from typing import cast

    with command_log(data, database, settings) as log:
        to, start = cast(Any, to_stage), cast(Any, from_stage)
        bag = log.bags.move(job, to, command_user(), pieces=pieces, from_stage=start, note=note)
    print(f"Bag {job}: {_by_stage(bag)}")
    return 0


@job_app.command("weigh")
def weigh(
    job: JobId,
    stage: Stage,
    direction: Annotated[str, typer.Argument(metavar="in|out", help="Coming to the stage, or leaving it.")],
    weight_g: Annotated[float, typer.Argument(metavar="GRAMS", help="What the scale says.")],
    pieces: Pieces,
    added_g: Annotated[float, typer.Option("--added", help="Stones, solder or plating that came on, in g.")] = 0.0,
    returned_g: Annotated[float, typer.Option("--returned", help="Sprues and filings handed back, in g.")] = 0.0,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Record a weight and say what the stage lost."""
    with command_log(data, database, settings) as log:
        way: Any = direction
        where: Any = stage
        bag = log.bags.weigh(
            job, where, way, weight_g, command_user(), pieces=pieces, added_g=added_g, returned_g=returned_g
        )
    print("\n".join([f"Bag {job}, {stage}: {_loss(bag, stage)}", *(f"  {warning}" for warning in bag.warnings)]))
    return 0


@job_app.command("take-out")
def take_out(
    job: JobId,
    piece: Annotated[str, typer.Argument(metavar="PIECE", help="Its serial.")],
    to_job: Annotated[str | None, typer.Option("--to", metavar="JOB", help="The bag that gets it; else lost.")] = None,
    reason: Annotated[str, typer.Option(help="Why; needed when it is lost.")] = "",
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """A piece leaves the bag: for another one, or because it is lost."""
    with command_log(data, database, settings) as log:
        bag = log.bags.take_out(job, piece, command_user(), to_job=to_job, reason=reason)
    print(f"Bag {job}: {bag.reconciliation}")
    return 0


@job_app.command("close")
def close(job: JobId, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Close a bag when every piece is accounted for; else say exactly which are not (exit status 4)."""
    with command_log(data, database, settings) as log:
        closing = log.bags.close(job, command_user())
    print(f"Bag {job} is closed: {', '.join(f'{count} {state}' for state, count in closing.counts.items())}.")
    return 0


def _lines(bag: Bag) -> list[str]:
    job = bag.job
    named = job.model_dump(exclude={"id", "style", "due", "quantity"}, exclude_none=True)
    sources = (f"{source} {name}" for source, name in named.items())
    lines = [f"Bag {job.id}, style {job.style}, due {job.due or 'at no date'}: {bag.reconciliation}"]
    lines += [f"  {line}" for line in (", ".join(sources), _by_stage(bag)) if line]
    lines += [f"  {loss.stage}: {_loss(bag, loss.stage)}" for loss in bag.losses]
    lines += [f"  {warning}" for warning in bag.warnings]
    lines += [f"  {piece.serial:<14} {piece.state}" for piece in bag.pieces]
    if bag.closing is not None:
        lines.append(f"  closed by {bag.closing.who}, {bag.closing.at:%F %R} UTC")
    elif bag.missing:
        lines.append(f"  cannot be closed; missing: {'; '.join(bag.missing)}")
    else:
        lines.append("  can be closed: every piece is accounted for")
    return lines


def _by_stage(bag: Bag) -> str:
    return ", ".join(f"{count} at {stage}" for stage, count in bag.at_stage.items())


def _loss(bag: Bag, stage: str) -> str:
    loss = next(loss for loss in bag.losses if loss.stage == stage)
    if loss.loss_g is None or loss.loss_percent is None:
        return f"{loss.in_g:.2f} g in, {loss.out_g:.2f} g out so far"
    allowed = "" if loss.at_most_percent is None else f" (allowed {loss.at_most_percent:g} %)"
    return f"{loss.in_g:.2f} g in, {loss.out_g:.2f} g out: {loss.loss_g:.2f} g lost, {loss.loss_percent:.1f} %{allowed}"


def _print_csv(jobs: tuple[Job, ...]) -> None:
    from loupebox.station.records.job import Job
    from loupebox.station.records.job_table import neutral

    columns = ["job", *(name for name in Job.model_fields if name != "id")]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for job in jobs:
        fields = {"job": job.id, **job.model_dump(mode="json")}
        writer.writerow(["" if fields[name] is None else neutral(str(fields[name])) for name in columns])


def _print_json(bag: Any) -> None:
    import dataclasses
    import json

    document = {**dataclasses.asdict(bag), "job": bag.job.model_dump(mode="json"), "missing": bag.missing}
    print(json.dumps(document, indent=2, default=str))
