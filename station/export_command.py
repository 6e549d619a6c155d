"""`loupebox export`: results for spreadsheets and other programs, written as they are read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from loupebox.station.command_log import command_log
from loupebox.station.options import Database, DataDir, SettingsFile


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y-%m-%d").date()


Day = Annotated[date | None, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="Only of this day.")]
Since = Annotated[date | None, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="Only from this day on.")]
Until = Annotated[date | None, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="Only up to this day.")]


def export(
    form: Annotated[
        str,
        typer.Argument(
            metavar="csv|jsonl|qif|aqdef",
            help="CSV: a row for each inspection, measurement, finding and prong. JSON lines: reports and decisions. "
            "QIF 3.0 results (ISO 23952). AQDEF: a DFQ file of all measured values, for SPC programs.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="File to write; else standard output.")
    ] = None,
    day: Day = None,
    since: Since = None,
    until: Until = None,
    job: Annotated[str | None, typer.Option(help="Only of this job.")] = None,
    style: Annotated[str | None, typer.Option(help="Only of this style.")] = None,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    verdict: Annotated[str | None, typer.Option(help="Only PASS, REVIEW, FAIL or REFUSED.")] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin CSV with the mark by which spreadsheets know UTF-8.")
    ] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Results for spreadsheets and other programs."""
    from loupebox.station.export import export_filter, exported

    wanted = export_filter(verdict, day=day, since=since, until=until, job=job, style=style, station=station)
    with command_log(data, database, settings) as log:
        _write(exported(log.exports, form, wanted, bom=bom), out)
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
