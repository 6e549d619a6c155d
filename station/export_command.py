"""`loupebox export`: results for spreadsheets and other programs, written as they are read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from loupebox.station.command_log import command_log
from loupebox.station.options import Database, DataDir, SettingsFile

export_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Results for other programs.")

Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="File to write; else standard output.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only from this day on.")]
Job = Annotated[str | None, typer.Option(help="Only of this job.")]
Style = Annotated[str | None, typer.Option(help="Only of this style.")]
Verdict = Annotated[str | None, typer.Option(help="Only PASS, REVIEW, FAIL or REFUSED.")]
Bom = Annotated[bool, typer.Option("--bom", help="Begin with the mark by which spreadsheets know UTF-8.")]


@export_app.command("csv")
def export_csv(
    out: Out = None,
    since: Since = None,
    job: Job = None,
    style: Style = None,
    verdict: Verdict = None,
    bom: Bom = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """A row for each inspection, measurement, finding and prong."""
    return _export("csv", out, (since, job, style, verdict), (data, database, settings), bom=bom)


@export_app.command("jsonl")
def export_jsonl(
    out: Out = None,
    since: Since = None,
    job: Job = None,
    style: Style = None,
    verdict: Verdict = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """A line of JSON for each inspection: its report and its decisions."""
    return _export("jsonl", out, (since, job, style, verdict), (data, database, settings))


@export_app.command("aqdef")
def export_aqdef(
    out: Out = None,
    since: Since = None,
    job: Job = None,
    style: Style = None,
    verdict: Verdict = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """A DFQ file (Q-DAS ASCII transfer format) of all measured values."""
    return _export("aqdef", out, (since, job, style, verdict), (data, database, settings))


@export_app.command("qif")
def export_qif(
    out: Out = None,
    since: Since = None,
    job: Job = None,
    style: Style = None,
    verdict: Verdict = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """QIF 3.0 results (ANSI/DMSC, ISO 23952)."""
    return _export("qif", out, (since, job, style, verdict), (data, database, settings))


def _export(
    form: str,
    out: Path | None,
    wanted: tuple[datetime | None, str | None, str | None, str | None],
    where: tuple[Path | None, str | None, Path | None],
    *,
    bom: bool = False,
) -> int:
    from loupebox.station.export import export_filter, exported

    since, job, style, verdict = wanted
    chosen = export_filter(since.date() if since else None, job, style, verdict)
    with command_log(*where) as log:
        _write(exported(log.exports, form, chosen, bom=bom), out)
    return 0


def _write(parts: Iterable[str], out: Path | None) -> None:
    from loupebox.station.settings import SettingsError

    if out is None:
        for part in parts:
            sys.stdout.buffer.write(part.encode())
        sys.stdout.buffer.flush()
        return
    try:
        with out.open("wb") as file:
            file.writelines(part.encode() for part in parts)
    except OSError as error:
        raise SettingsError(f"cannot write {out}: {error.strerror}") from None
