"""Results as tables and documents: CSV that no spreadsheet can be tricked with, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from loupebox.station.records.inspection_record import InspectionRecord

COLUMNS = (
    *("inspection", "piece", "job", "style", "spec_revision", "station", "captured_at", "outcome", "disposition"),
    *("what", "name", "value", "expanded_uncertainty", "unit", "lower", "nominal", "upper", "verdict", "reason"),
)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula, or for one after trimming it; so do some with the
full-width forms of the signs (OWASP, "CSV Injection")."""
BOM = "\ufeff"

Cell = str | int | float | None


def neutral(cell: Cell) -> Cell:
    """A text that a spreadsheet would run gets an apostrophe before it; so does one that begins with an apostrophe,
    so that `original` can undo it. Numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith((*DANGEROUS, "'")) else cell


def original(cell: str) -> str:
    """The text as it is recorded."""
    return cell[1:] if cell.startswith("'") else cell


def to_csv(inspections: Iterable[InspectionRecord], *, bom: bool = False) -> Iterator[str]:
    """RFC 4180, piece by piece: a row for each inspection, then one for each of its measurements, findings and prongs.

    With `bom` a spreadsheet knows that it is UTF-8.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    yield (BOM if bom else "") + buffer.getvalue()
    for record in inspections:
        buffer.seek(0)
        buffer.truncate()
        writer.writerows([neutral(cell) for cell in row] for row in _rows(record))
        yield buffer.getvalue()


def to_json_lines(inspections: Iterable[InspectionRecord]) -> Iterator[str]:
    """A line each: number, when recorded, decisions, and the report word for word."""
    for record in inspections:
        line = {
            "inspection": record.summary.id,
            "recorded_at": record.summary.recorded_at.isoformat(),
            "decisions": [
                {
                    "kind": d.kind,
                    "who": d.who,
                    "reason": d.reason,
                    "reason_code": d.reason_code,
                    "decided_at": d.decided_at.isoformat(),
                }
                for d in record.dispositions
            ],
            "report": record.report,
        }
        yield json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _rows(record: InspectionRecord) -> Iterator[tuple[Cell, ...]]:
    s = record.summary
    head: tuple[Cell, ...] = (
        *(s.id, s.piece, s.job, s.style, s.spec_revision, s.station, s.captured_at.isoformat()),
        *(s.outcome, s.disposition),
    )
    nothing: tuple[Cell, ...] = (None, None, None, None, None, None)
    yield (*head, "inspection", None, *nothing, s.verdict, "; ".join(s.reasons))
    for m in record.measurements:
        limits = (m.lower, m.nominal, m.upper)
        yield (*head, "measurement", m.name, m.value, m.expanded_uncertainty, m.unit, *limits, m.verdict, m.reason)
    for f in record.findings:
        size = (f.size_mm, f.size_expanded_uncertainty_mm, "mm")
        yield (*head, "finding", f.kind, *size, None, None, None, None, f"zone {f.zone}, {f.view}/{f.light}")
    for p in record.prongs:
        yield (*head, "prong", f"prong_{p.index}", *nothing, p.state, p.reason)
