"""Results for SPC programs, in the Q-DAS ASCII transfer format (AQDEF), as one DFQ file.

A DFQ has the description (DFD) and the values (DFX) in one: K-fields, one a line; then a line for each piece, the
characteristics divided by character 15 and the fields of each (value, attribute, time) by character 20. Attribute 0
is a valid value, 255 stands where there is none. Each spec sheet begins a block of its own with K0100.

Sources: Q-DAS data format wiki, "Defined contents K00xx" (Hexagon Nexus), for attributes and times; the open reader
diribet/aqdef-tools for lines, separators and the order of fields. What has no number (prongs, findings, the verdict)
is not in it: CSV, JSON lines and QIF have that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loupebox.station.records.export_log import ExportLog
from loupebox.station.records.inspection_record import InspectionRecord, MeasurementRecord
from loupebox.station.records.inspections import InspectionFilter

BETWEEN_CHARACTERISTICS = chr(15)
BETWEEN_FIELDS = chr(20)
VALID, PLACEHOLDER = 0, 255
LINE_END = "\r\n"


def to_dfq(log: ExportLog, wanted: InspectionFilter) -> Iterator[str]:
    """A DFQ piece by piece: a block for each spec sheet."""
    for style, revision in log.sheets(wanted):
        mine = replace(wanted, style=style, spec_revision=revision)
        names = log.measured_names(mine)
        if names:
            yield from _block(log, mine, names)


def _block(log: ExportLog, wanted: InspectionFilter, names: tuple[tuple[str, str | None], ...]) -> Iterator[str]:
    described = False
    for record in log.inspections(wanted):
        by_name = {m.name: m for m in record.measurements}
        if not by_name:  # refused: nothing was measured
            continue
        if not described:
            yield "".join(f"{line}{LINE_END}" for line in _description(record, names, _limits(log, wanted, names)))
            described = True
        yield BETWEEN_CHARACTERISTICS.join(_value(by_name.get(name), record) for name, _ in names) + LINE_END


def _limits(
    log: ExportLog, wanted: InspectionFilter, names: tuple[tuple[str, str | None], ...]
) -> dict[str, MeasurementRecord]:
    """A measurement of each name, with the limits that the sheet has for it; read until all are there."""
    found: dict[str, MeasurementRecord] = {}
    for record in log.inspections(wanted):
        for m in record.measurements:
            found.setdefault(m.name, m)
        if len(found) == len(names):
            break
    return found


def _description(
    record: InspectionRecord, names: tuple[tuple[str, str | None], ...], limits: dict[str, MeasurementRecord]
) -> Iterator[str]:
    spec = record.spec
    yield f"K0100 {len(names)}"
    yield f"K1001 {_text(record.summary.style)}"
    if spec is not None:
        yield f"K1002 {_text(spec.name)}"
        yield f"K1004 {_text(spec.revision)}"
    for number, (name, unit) in enumerate(names, start=1):
        m = limits[name]
        fields = {
            "K2001": number,
            "K2002": name,
            "K2101": m.nominal,
            "K2110": m.lower,
            "K2111": m.upper,
            "K2142": unit,
        }
        yield from (f"{key}/{number} {_text(str(v))}" for key, v in fields.items() if v is not None)


def _value(measured: MeasurementRecord | None, record: InspectionRecord) -> str:
    value = None if measured is None else measured.value
    when = f"{record.summary.captured_at:%d.%m.%Y/%H:%M:%S}"
    fields = ("0", PLACEHOLDER, when) if value is None else (repr(value), VALID, when)
    return BETWEEN_FIELDS.join(str(field) for field in fields)


def _text(text: str) -> str:
    """On one line, without the characters that divide."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
