"""What is told about one gauge study, before it becomes text or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loupebox.calibration.gauge_summary import Acceptance
from loupebox.station.gauge_plots import Plot

ORDER: tuple[Acceptance, ...] = ("good", "conditional", "not acceptable")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words and numbers; the first column is to the left, the others to the right."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One result: what it is called, what it means, how it was found, and the numbers."""

    title: str
    outcome: Acceptance
    reason: str
    method: str
    tables: tuple[Table, ...]
    plots: tuple[Plot, ...]
    word: str = ""
    """What the outcome is called, where another word fits better: "passed"."""


def worst(outcomes: Sequence[Acceptance]) -> Acceptance:
    """The one that decides."""
    return max(outcomes, key=ORDER.index)


def number(value: float | None, digits: int = 5) -> str:
    """A number with that many significant digits; a dash for none."""
    return "–" if value is None else f"{value:.{digits}g}"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def probability(p: float | None) -> str:
    """A p value with five decimals."""
    if p is None:
        return "–"
    return "< 0.00001" if p < 0.000005 else f"{p:.5f}"


def between(ends: tuple[float, float] | None, digits: int = 4) -> str:
    return "–" if ends is None else f"{number(ends[0], digits)} to {number(ends[1], digits)}"


def as_text(source: str, sections: Sequence[Section]) -> str:
    """Plain text for a terminal."""
    lines: list[str] = [source]
    for section in sections:
        lines += ["", section.title.upper(), f"{section.outcome}: {section.reason}", section.method]
        for table in section.tables:
            lines += ["", table.title, *_columns(table)]
            if table.note:
                lines.append(table.note)
    return "\n".join(lines)


def _columns(table: Table) -> list[str]:
    rows = [table.head, *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.head))]

    def row_text(row: tuple[str, ...]) -> str:
        return "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()

    return ["  " + row_text(row) for row in (rows[0], tuple("-" * w for w in widths), *rows[1:])]
