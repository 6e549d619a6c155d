"""The demo: inspects and records the samples, on the factory's code path; only the pixels differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from loupebox.station.demo_people import add_demo_people
from loupebox.station.inspection import Inspection, Outcome
from loupebox.station.log_entry import log_entry
from loupebox.station.settings import Settings, SettingsError
from loupebox.station.station_log import open_log
from loupebox.station.truth import Truth, TruthComparison, compare, read_truth
from loupebox.station.workplace import Workplace

COLOURS: dict[Outcome, str] = {"PASS": "green", "REVIEW": "yellow", "FAIL": "red", "REFUSED": "magenta"}


def run_demo(settings: Settings, console: Console, *, against_truth: bool) -> bool:
    """Inspect and record every sample, a line a piece; whether each one agreed with its truth."""
    folders = sorted(path.parent for path in settings.captures_dir.glob("*/capture.json"))
    if not folders:
        raise SettingsError(f"there are no captures in {settings.captures_dir}; the demo needs at least one")
    log = open_log(settings)
    add_demo_people(log)
    comparisons: list[tuple[str, Truth, TruthComparison]] = []
    try:
        workplace = Workplace.open(settings)
        with progress(console, len(folders)) as advance:
            for folder in folders:
                inspection = workplace.inspect(folder, specs=log.specs)
                log.record(log_entry(inspection))
                console.print(piece_line(inspection), soft_wrap=True)
                advance()
                if against_truth:
                    truth = read_truth(folder)
                    comparisons.append((folder.name, truth, compare(inspection, truth)))
    finally:
        log.close()
    if against_truth:
        print_truth(console, comparisons)
    return not any(comparison.wrong for _, _, comparison in comparisons)


def piece_line(inspection: Inspection) -> Text:
    """Piece, style, verdict, milliseconds and the first reason in words."""
    record, outcome = inspection.capture.record, inspection.outcome
    line = Text(f"{record.piece:<12} {record.style:<6} ")
    line.append(f"{outcome:<8}", style=f"bold {COLOURS[outcome]}")
    line.append(f"{inspection.timings_ms['total']:>6.0f} ms  ", style="dim")
    reasons = inspection.reasons
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return line.append(reasons[0] + more if reasons else _all_well(inspection))


def _all_well(inspection: Inspection) -> str:
    count = len(inspection.judgement.checks) if inspection.judgement else 0
    return f"all {count} checks are inside their limits"


@contextmanager
def progress(console: Console, count: int) -> Iterator[Callable[[], None]]:
    """A bar below the lines on a terminal; nothing when the lines go to a file."""
    columns = (TextColumn("inspecting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("inspecting", total=count)
        yield lambda: bar.advance(task)


def print_truth(console: Console, comparisons: list[tuple[str, Truth, TruthComparison]]) -> None:
    """A row a sample, what disagrees below its row, and how many agree."""
    table = Table("sample", "truth", "found", "diameter error", "U", "", box=None, pad_edge=False)
    for name, _, comparison in comparisons:
        table.add_row(
            name,
            comparison.expected,
            comparison.found,
            _um(comparison.diameter_error_mm, "+.1f"),
            _um(comparison.diameter_expanded_uncertainty_mm, ".1f"),
            Text("wrong", "bold red") if comparison.wrong else "right",
        )
    console.print()
    console.print(table)
    for name, _, comparison in comparisons:
        for wrong in comparison.wrong:
            console.print(Text(f"{name}: {wrong}"), soft_wrap=True)
    right = sum(not comparison.wrong for _, _, comparison in comparisons)
    console.print(f"{right} of {len(comparisons)} samples agree with their truth", highlight=False)


def _um(value_mm: float | None, form: str) -> str:
    return "" if value_mm is None else f"{value_mm * 1000:{form}} um"
