"""Results for SPC programs, in the Q-DAS ASCII transfer format (AQDEF), as one DFQ file.

A DFQ has the description and the values in one: K-fields, one a line. K0100 is the number of characteristics in the
file. Each spec sheet is a part (K1001/1, K1001/2 ...), and characteristics are numbered through the file, so that a
value's index (K0001/7) says everything. Values are written as fields and not in the short form with dividing
characters, which has one line for all characteristics of the file and knows no serial. What has no number (prongs,
findings, the verdict) is not in it: CSV, JSON lines and QIF have that.

Sources, for what a field holds and how long it may be: Hexagon's help of the Q-DAS Configurator, "Supported K-Fields";
its data format wiki, "Defined contents K00xx", for attributes and times; for indices the reader and writer
diribet/aqdef-tools.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from loupebox.station.records.export_log import Characteristic, ExportLog
from loupebox.station.records.inspection_record import InspectionSummary
from loupebox.station.records.inspections import InspectionFilter

LINE_END = "\r\n"
VALID = 0
VARIABLE = 0
"""A characteristic that is measured, not counted."""
LONGEST = {
    "K1001": 30,
    "K1002": 80,
    "K1004": 20,
    "K1900": 255,
    "K2001": 20,
    "K2002": 80,
    "K2142": 20,
    "K2900": 255,
    "K0009": 255,
    "K0014": 40,
    "K0053": 20,
}
"""Characters of a text; what does not fit stands whole in the remark beside it (K1900, K2900, K0009)."""
DECIMALS = 9
"""A thousandth of a nanometre; more would not fit into 22 characters beside what stands before the point."""


def to_dfq(log: ExportLog, wanted: InspectionFilter) -> Iterator[str]:
    """A DFQ piece by piece; nothing that is recorded while it is written comes in."""
    wanted = replace(wanted, up_to=log.last_number())
    numbers: dict[tuple[str, str | None, str], int] = {}
    known = log.characteristics(wanted)
    yield _field("K0100", None, len(known))
    part, sheet = 0, None
    for number, characteristic in enumerate(known, start=1):
        numbers[(*characteristic.sheet, characteristic.measured.name)] = number
        if characteristic.sheet != sheet:
            sheet = characteristic.sheet
            part += 1
            yield from _part(part, characteristic)
        yield from _described(number, characteristic)
    for record in log.inspections(wanted):
        s = record.summary
        for m in record.measurements:
            if m.value is not None:
                yield from _value(numbers[s.style, s.spec_revision, m.name], m.value, s)


def _part(part: int, of: Characteristic) -> Iterator[str]:
    style, revision = of.sheet
    yield from _texts(part, "K1900", {"K1001": style, "K1002": of.sheet_name, "K1004": revision})


def _described(number: int, of: Characteristic) -> Iterator[str]:
    m = of.measured
    yield _field("K2001", number, number)
    yield from _texts(number, "K2900", {"K2002": m.name, "K2142": m.unit})
    yield _field("K2004", number, VARIABLE)
    for key, limit in (("K2101", m.nominal), ("K2110", m.lower), ("K2111", m.upper)):
        if limit is not None:
            yield _field(key, number, _number(limit))


def _value(number: int, value: float, inspected: InspectionSummary) -> Iterator[str]:
    """Every field for every value: a reader counts the values of a characteristic field by field."""
    yield _field("K0001", number, _number(value))
    yield _field("K0002", number, VALID)
    yield _field("K0004", number, f"{inspected.captured_at:%d.%m.%Y/%H:%M:%S}")
    yield from _texts(number, "K0009", {"K0014": inspected.piece, "K0053": inspected.job}, always=True)


def _texts(index: int, remark: str, texts: dict[str, str | None], *, always: bool = False) -> Iterator[str]:
    """Texts, each cut to what its field takes; with those that were cut whole in the remark."""
    there = {key: _text(text) for key, text in texts.items() if text is not None}
    yield from (_field(key, index, text[: LONGEST[key]]) for key, text in there.items())
    cut = "; ".join(text for key, text in there.items() if len(text) > LONGEST[key])
    if cut or always:
        yield _field(remark, index, cut[: LONGEST[remark]])


def _field(key: str, index: int | None, value: str | int) -> str:
    return f"{key}{'' if index is None else f'/{index}'} {value}".rstrip(" ") + LINE_END


def _number(value: float) -> str:
    """With a point and without an exponent."""
    return format(Decimal(repr(round(value, DECIMALS))), "f")


def _text(text: str) -> str:
    """On one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
