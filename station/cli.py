"""The command `loupebox`. Heavy modules are imported by the commands that need them, so that `--help` is instant."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from loupebox.station.audit_command import audit_app
from loupebox.station.backup_command import backup, restore
from loupebox.station.calibrate_command import calibrate_app
from loupebox.station.database_command import database_app
from loupebox.station.events_command import events_app
from loupebox.station.export_command import export
from loupebox.station.frames_command import frames_app
from loupebox.station.gauge_command import gauge_app
from loupebox.station.job_command import job_app
from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings
from loupebox.station.people_command import people_app
from loupebox.station.piece_command import piece_app
from loupebox.station.replay_command import replay
from loupebox.station.sampling_command import sampling_app
from loupebox.station.spec_command import spec_app
from loupebox.station.startup_command import startup
from loupebox.station.sync_command import sync_app
from loupebox.station.token_command import token_app


class Exit(IntEnum):
    """What the command's exit status means."""

    PASS = 0
    FAIL = 1
    REVIEW = 2
    REFUSED = 3
    WRONG = 4  # usage or input
    FAULT = 5  # of the program itself
    INTERRUPTED = 130  # by Ctrl-C, as shells count it


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Inspect jewellery: measure, find defects, judge, record. "
    "Exit status: 0 pass, 1 fail, 2 review, 3 refused, 4 wrong usage or input.",
)
capture_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Captures.")
app.add_typer(spec_app, name="spec")
app.add_typer(job_app, name="job")
app.add_typer(capture_app, name="capture")
app.add_typer(gauge_app, name="gauge")
app.add_typer(calibrate_app, name="calibrate")
app.add_typer(events_app, name="events")
app.add_typer(database_app, name="database")
app.add_typer(audit_app, name="audit")
app.add_typer(people_app, name="people")
app.add_typer(token_app, name="token")
app.add_typer(sync_app, name="sync")
app.add_typer(frames_app, name="frames")
app.add_typer(piece_app, name="piece")
app.add_typer(sampling_app, name="sampling")
app.command("startup")(startup)
app.command()(backup)
app.command()(restore)
app.command()(replay)
app.command("export")(export)

Host = Annotated[str | None, typer.Option(help="Address to serve at.")]
Port = Annotated[int | None, typer.Option(help="Port to serve at.", min=0, max=65535)]


@app.callback()
def every_command(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault of the program.")] = False,
) -> None:
    """Options before the command; `run` looks at --debug itself."""


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Inspect the samples and stop; do not serve.")] = False,
    truth: Annotated[bool, typer.Option("--truth", help="Hold every verdict against the samples' truth.")] = False,
    data: DataDir = None,
    database: Database = None,
    host: Host = None,
    port: Port = None,
    settings: SettingsFile = None,
) -> int:
    """Inspect the sample captures, record them, and serve the station."""
    from loupebox.station.serve import listen, serve, url_of

    chosen = chosen_settings(settings, data_dir=data, database=database, host=host, port=port)
    listener = None if once else listen(chosen)

    from rich.console import Console

    from loupebox.station.demo import run_demo

    # Nobody's window limits a file: there a table is as wide as it needs to be.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    right = run_demo(chosen, console, against_truth=truth)
    if listener is None:
        return Exit.PASS if right else Exit.FAIL
    console.print(f"\nThe station is at {url_of(listener)} (Ctrl-C ends it).")
    serve(chosen.model_copy(update={"tray_dir": chosen.captures_dir}), listener, demo=True)
    return Exit.PASS


@app.command()
def serve(
    data: DataDir = None, database: Database = None, host: Host = None, port: Port = None, settings: SettingsFile = None
) -> int:
    """Serve the station's screens and its API."""
    from loupebox.station.serve import listen, serve, url_of

    chosen = chosen_settings(settings, data_dir=data, database=database, host=host, port=port)
    listener = listen(chosen)

    from loupebox.station.station_log import open_log

    open_log(chosen).close()
    print(f"The station is at {url_of(listener)} (Ctrl-C ends it).", flush=True)
    serve(chosen, listener)
    return Exit.PASS


@app.command()
def inspect(
    capture: Annotated[Path, typer.Argument(metavar="CAPTURE", help="Capture folder.")],
    spec: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Spec sheet; else the one of the capture's style.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
    budget: Annotated[bool, typer.Option("--budget", help="Print each measurement's uncertainty budget too.")] = False,
    record: Annotated[bool, typer.Option("--record", help="Record it in the QC log.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Inspect one capture: exit status 0 pass, 1 fail, 2 review, 3 refused."""
    from loupebox.station.budget_text import budget_text
    from loupebox.station.log_entry import log_entry
    from loupebox.station.reporting import report_of
    from loupebox.station.spec_sheet import read_spec_sheet
    from loupebox.station.station_desk import open_desk
    from loupebox.station.summary import summary
    from loupebox.station.workplace import Workplace

    chosen = chosen_settings(settings, data_dir=data, database=database)
    sheet = read_spec_sheet(spec) if spec is not None else None
    workplace = Workplace.open(chosen)
    if record:
        with open_desk(chosen) as desk:
            inspection = workplace.inspect(capture, sheet, desk)
            told = desk.record(log_entry(inspection))
        if told.number is None:
            print(f"loupebox: kept at this station ({told.waiting} waiting): {told.why}", file=sys.stderr)
    else:
        inspection = workplace.inspect(capture, sheet)
    print(report_of(inspection).to_json() if json else summary(inspection))
    if budget and not json:  # the JSON has them anyway
        print(f"\n{budget_text(inspection.measurements)}")
    return Exit[inspection.outcome]


@app.command("report-schema")
def report_schema() -> int:
    """Print the JSON Schema of the report that `inspect --json` prints."""
    from loupebox.station.report import json_schema

    return _print_json(json_schema())


@capture_app.command("check")
def capture_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Capture folder.")],
    settings: SettingsFile = None,
) -> int:
    """Say whether a capture is fit to be inspected: exit status 0, 3 when it must be retaken, 4 when broken."""
    from loupebox.station import gate
    from loupebox.station.calibration_set import read_calibration_set
    from loupebox.station.capture import read_capture
    from loupebox.station.spec_sheet import find_spec_sheet

    chosen = chosen_settings(settings)
    capture = read_capture(folder)
    sheet = find_spec_sheet(chosen.specs_dir, capture.record.style)
    refusal = gate.check(capture, sheet.spec, read_calibration_set(chosen.calibration_dir))
    about = f"{folder}: piece {capture.record.piece}, style {capture.record.style}, {len(capture.frames)} frames"
    print(f"{about}: {f'{refusal.sentence}; {refusal.advice}' if refusal else 'whole, sharp and lit'}")
    return Exit.REFUSED if refusal else Exit.PASS


@app.command()
def doctor(
    full: Annotated[bool, typer.Option("--full", help="Read every stored file and the whole audit.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Say what is installed or missing, whether the records are whole, and what to do next."""
    from loupebox.station.backup_command import watched
    from loupebox.station.doctor import examine, render

    with watched() as progress:
        findings = examine(chosen_settings(settings, data_dir=data, database=database), full, progress)
    print(render(findings))
    return Exit.WRONG if any(finding.state == "wrong" for finding in findings) else Exit.PASS


@app.command()
def version() -> int:
    """Print the version."""
    from importlib.metadata import version

    print(f"loupebox {version('loupebox')}")
    return Exit.PASS


def _print_json(document: dict[str, Any]) -> int:
    import json

    print(json.dumps(document, indent=2))
    return Exit.PASS


def run(arguments: Sequence[str]) -> int:
    """The command with these arguments; its exit status. Whatever goes wrong is one sentence on stderr."""
    try:
        return int(app(list(arguments), prog_name="loupebox", standalone_mode=False) or 0)
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except Exception as error:
        if "--debug" in arguments:
            raise
        status, sentence = _told(error)
        print(sentence, file=sys.stderr)
        return status


def _told(error: Exception) -> tuple[int, str]:
    from loupebox.station.errors import OURS

    if isinstance(error, OURS):
        return Exit.WRONG, f"loupebox: {error}"
    told = getattr(error, "format_message", None)  # typer's usage errors; which class they are depends on its version
    if told is not None:
        words = str(told())
        return Exit.WRONG, words if words.startswith("Usage:") else f"loupebox: {words} (loupebox --help tells more)"
    words = f"a fault of the program, {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return Exit.FAULT, f"loupebox: {words} (loupebox --debug ... tells more)"


def main() -> None:
    """Entry point."""
    # Our matrices are small: waiting threads cost more than they do. Read when numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(run(sys.argv[1:]))
