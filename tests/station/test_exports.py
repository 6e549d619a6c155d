"""What is exported, read back as others read it, is what the log holds."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import weakref
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from loupebox.inspect.measurement import Measurement
from loupebox.inspect.verdict import Judgement, Limits, Verdict
from loupebox.station.export import export_filter, exported
from loupebox.station.export_table import neutral, original
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.inspection_record import InspectionRecord
from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.qc_log import QcLog

sys.path.append(str(Path(__file__).parent.parent / "records"))
from made_entries import DIAMETER, MISSING_PRONG, SPEC, a_refusal, an_entry, estimate

EVERYTHING = export_filter()
NAMESPACES = {"q": "http://qifstandards.org/xsd/qif3"}
SCHEMA_VARIABLE = "LOUPEBOX_QIF_SCHEMA"
EVIL = ('=HYPERLINK("http://evil")', "+1", "-2+3", "@SUM(A1)", "'=x", 'a "quoted", piece', "ligne\nnouvelle", "é Å 金")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QcLog]:
    folder = tmp_path_factory.mktemp("exports")
    log = QcLog.open(folder / "qc.sqlite", folder / "frames")
    for number, serial in enumerate(EVIL):
        log.record(an_entry(piece=serial, job=f"J-{number % 2}"))
    log.record(an_entry(MISSING_PRONG, replace(DIAMETER, limits=Limits(None, 17.45), verdict=Verdict.FAIL)))
    log.record(a_refusal())
    budget = {"name": "inner_diameter_mm", "budget": [{"standard_uncertainty": 3e-5}, {"standard_uncertainty": 4e-5}]}
    log.record(an_entry(piece="tiny", report={"measurements": [budget]}, job="J-9", station="bench 2"))
    yield log
    log.close()


def recorded(log: QcLog, wanted=EVERYTHING) -> list[InspectionRecord]:
    return list(log.exports.inspections(wanted))


def text(log: QcLog, form: str, wanted=EVERYTHING, **options: bool) -> str:
    return "".join(exported(log.exports, form, wanted, **options))


def test_csv_read_back_is_the_log(log: QcLog) -> None:
    rows = list(csv.DictReader(io.StringIO(text(log, "csv"), newline="")))
    for record in recorded(log):
        mine = [row for row in rows if row["inspection"] == str(record.summary.id)]
        assert {original(row["piece"]) for row in mine} == {record.summary.piece}
        assert {row["outcome"] for row in mine} == {record.summary.outcome}
        measured = [row for row in mine if row["what"] == "measurement"]
        assert [(m["name"], m["value"] and float(m["value"]), m["upper"] and float(m["upper"])) for m in measured] == [
            (m.name, m.value or "", m.upper or "") for m in record.measurements
        ]
        assert sum(row["what"] == "finding" for row in mine) == len(record.findings)
        assert sum(row["what"] == "prong" for row in mine) == len(record.prongs)
    assert len({row["inspection"] for row in rows}) == len(EVIL) + 3


def test_no_cell_of_a_csv_is_a_formula(log: QcLog) -> None:
    for row in csv.reader(io.StringIO(text(log, "csv"), newline="")):
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or float(cell) < 0


@pytest.mark.parametrize("cell", [*EVIL, "\tx", "\rx", "\n=1", "\uff1d1", "''", "plain", ""])
def test_neutralising_can_be_undone(cell: str) -> None:
    assert original(str(neutral(cell))) == cell
    assert str(neutral(cell))[:1] not in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
    assert neutral(-2.5) == -2.5


def test_csv_is_as_rfc_4180_wants_it(log: QcLog) -> None:
    written = text(log, "csv", bom=True)
    assert written.startswith("\ufeffinspection,piece,")
    assert written.endswith("\r\n")
    assert '"a ""quoted"", piece"' in written
    assert '"ligne\nnouvelle"' in written


def test_json_lines_carry_the_report_word_for_word(log: QcLog) -> None:
    lines = [json.loads(line) for line in text(log, "jsonl").splitlines()]
    assert [(line["inspection"], line["report"]) for line in lines] == [
        (record.summary.id, dict(record.report)) for record in recorded(log)
    ]
    assert [d["kind"] for line in lines for d in line["decisions"]] == ["rework"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (export_filter(job="J-9"), 1),
        (export_filter("FAIL"), 1),
        (export_filter("REFUSED"), 1),
        (export_filter(since=date(2026, 11, 21)), 0),
        (export_filter(until=date(2026, 11, 19)), 0),
        (export_filter(day=date(2026, 11, 20), station="bench 2"), 1),
        (export_filter(style="SOL6"), len(EVIL) + 3),
    ],
)
def test_only_what_is_wanted(log: QcLog, wanted, count: int) -> None:
    assert len(text(log, "jsonl", wanted).splitlines()) == count
    root = etree.fromstring(text(log, "qif", wanted).encode())
    assert len(root.findall(".//q:MeasurementResults", NAMESPACES)) == count


def test_only_known_forms_and_verdicts(log: QcLog) -> None:
    with pytest.raises(NotAllowed, match="exported as 'xls'; allowed are csv, jsonl, aqdef, qif"):
        exported(log.exports, "xls", EVERYTHING)
    with pytest.raises(NotAllowed, match="verdict is 'GOOD'; allowed are PASS, REVIEW, FAIL, REFUSED"):
        export_filter("GOOD")


TEXT, NUMBER, INTEGER, MOMENT = "text", "number", "integer", "moment"
PUBLISHED = {
    "K0001": (NUMBER, 22),
    "K0002": (INTEGER, 5),
    "K0004": (MOMENT, 19),
    "K0009": (TEXT, 255),
    "K0014": (TEXT, 40),
    "K0053": (TEXT, 20),
    "K0100": (INTEGER, 5),
    "K1001": (TEXT, 30),
    "K1002": (TEXT, 80),
    "K1004": (TEXT, 20),
    "K1900": (TEXT, 255),
    "K2001": (TEXT, 20),
    "K2002": (TEXT, 80),
    "K2004": (INTEGER, 5),
    "K2101": (NUMBER, 22),
    "K2110": (NUMBER, 22),
    "K2111": (NUMBER, 22),
    "K2142": (TEXT, 20),
    "K2900": (TEXT, 255),
}
"""What a field holds and how many characters it may have (Hexagon, "Supported K-Fields" of the Q-DAS Configurator)."""


@dataclass
class Dfq:
    """A DFQ as a reader takes it: fields of parts and of characteristics by index, values by characteristic."""

    total: int = -1
    parts: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    characteristics: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    part_of: dict[int, int] = field(default_factory=dict)
    values: dict[int, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))


def read_dfq(written: str) -> Dfq:
    """By the published rules: each line a known field with its index, of its kind and no longer than it may be."""
    dfq, part = Dfq(), 0
    assert written.endswith("\r\n")
    for line in written.removesuffix("\r\n").split("\r\n"):
        found = re.fullmatch(r"(K\d{4})(?:/(\d+))?(?: (.*))?", line)
        assert found is not None, line
        key, index, value = found[1], int(found[2] or 0), found[3] or ""
        kind, longest = PUBLISHED[key]
        assert len(value) <= longest, line
        if kind == NUMBER:
            assert re.fullmatch(r"-?\d+(\.\d+)?", value), line
        elif kind == INTEGER:
            assert value.isdecimal(), line
        elif kind == MOMENT:
            datetime.strptime(value, "%d.%m.%Y/%H:%M:%S")
        else:
            assert value.isprintable()
        if key == "K0100":
            dfq.total = int(value)
        elif key < "K1000":
            rows = dfq.values[index]
            if key == "K0001":
                rows.append({})
            assert key not in rows[-1]
            rows[-1][key] = value
        elif key < "K2000":
            part = index
            dfq.parts[part][key] = value
        else:
            dfq.part_of[index] = part
            dfq.characteristics[index][key] = value
    assert dfq.total == len(dfq.characteristics)
    assert list(dfq.parts) == list(range(1, len(dfq.parts) + 1))
    assert list(dfq.characteristics) == list(range(1, dfq.total + 1))
    assert set(dfq.values) <= set(dfq.characteristics)
    assert {tuple(value) for rows in dfq.values.values() for value in rows} <= {VALUE_FIELDS}
    return dfq


VALUE_FIELDS = ("K0001", "K0002", "K0004", "K0014", "K0053", "K0009")


def test_aqdef_read_back_is_what_was_measured(log: QcLog) -> None:
    dfq = read_dfq(text(log, "aqdef"))
    assert dfq.parts == {1: {"K1001": "SOL6", "K1002": "Six-prong solitaire", "K1004": "A"}}
    assert dfq.characteristics == {
        1: {
            "K2001": "1",
            "K2002": "inner_diameter_mm",
            "K2142": "mm",
            "K2004": "0",
            "K2101": "17.35",
            "K2110": "17.25",
            "K2111": "17.45",
        },
        2: {"K2001": "2", "K2002": "stone_diameter_mm", "K2004": "0"},
    }
    judged = [record for record in recorded(log) if record.measurements]
    assert [(float(row["K0001"]), row["K0002"], row["K0004"], row["K0014"], row["K0053"]) for row in dfq.values[1]] == [
        (
            record.measurements[0].value,
            "0",
            f"{record.summary.captured_at:%d.%m.%Y/%H:%M:%S}",
            " ".join(record.summary.piece.split()),
            record.summary.job,
        )
        for record in judged
    ]
    assert 2 not in dfq.values  # it could not be measured


def test_aqdef_of_several_sheets_and_of_texts_that_do_not_fit(tmp_path: Path) -> None:
    other = replace(SPEC, revision="B", text="schema = 1\n# B\n")
    serial, job, style = "P-" + "7" * 50, "J-" + "8" * 30, "S" * 40
    long_named = replace(other, style=style)
    tiny = Measurement("bend_mm", estimate(-1e-6))
    sheetless = {"spec": None, "judgement": None, "refusal": a_refusal().refusal}
    log = QcLog.open(tmp_path / "qc.sqlite", tmp_path / "frames")
    log.record(an_entry())
    log.record(an_entry(spec=other, measurements=(tiny,), judgement=Judgement(())))
    log.record(an_entry(spec=long_named, style=style, piece=serial, job=job))
    log.record(an_entry(piece="P-5", **sheetless))
    dfq = read_dfq(text(log, "aqdef"))
    log.close()
    sheets = [(part["K1001"], part.get("K1004"), part.get("K1900")) for part in dfq.parts.values()]
    assert sorted(sheets, key=str) == [
        ("SOL6", "A", None),
        ("SOL6", "B", None),
        ("SOL6", None, None),
        ("S" * 30, "B", style),
    ]
    names = {i: (dfq.parts[dfq.part_of[i]]["K1001"], c["K2002"]) for i, c in dfq.characteristics.items()}
    (bend,) = (i for i, (_, name) in names.items() if name == "bend_mm")
    assert [row["K0001"] for row in dfq.values[bend]] == ["-0.000001"]
    (long,) = (rows[0] for i, rows in dfq.values.items() if names[i][0] == "S" * 30)
    assert (long["K0014"], long["K0053"], long["K0009"]) == (serial[:40], job[:20], f"{serial}; {job}")


def test_qif_read_back_is_what_was_measured(log: QcLog) -> None:
    root = etree.fromstring(text(log, "qif").encode())
    ids = [int(number) for number in root.xpath("//@id")]
    assert len(ids) == len(set(ids))
    assert max(ids) <= int(root.get("idMax"))
    for holder in root.xpath("//*[@n]"):
        assert int(holder.get("n")) == len(holder), holder.tag
    names = {
        item.get("id"): item.findtext("q:Name", None, NAMESPACES)
        for item in root.iter("{*}UserDefinedLinearCharacteristicItem")
    }
    components = {c.get("id"): c.findtext("q:SerialNumber", None, NAMESPACES) for c in root.iter("{*}ActualComponent")}
    assert root.findtext(".//q:UnitName", None, NAMESPACES) == "mm"
    results = root.findall(".//q:MeasurementResults", NAMESPACES)
    for result, record in zip(results, recorded(log), strict=True):
        piece = components[result.findtext("q:ActualComponentIds/q:Id", None, NAMESPACES)]
        assert piece == " ".join(record.summary.piece.split())
        status = {"PASS": "PASS", "FAIL": "FAIL", "REFUSED": "NOT_MEASURED"}[record.summary.outcome]
        assert result.findtext("q:InspectionStatus/q:InspectionStatusEnum", None, NAMESPACES) == status
        found = {
            names[m.findtext("q:CharacteristicItemId", None, NAMESPACES)]: m.findtext("q:Value", None, NAMESPACES)
            for m in result.iter("{*}UserDefinedLinearCharacteristicMeasurement")
        }
        expected = {f"SOL6 A {m.name}": m.value for m in record.measurements if m.unit == "mm"}
        assert {name: float(value) for name, value in found.items()} == expected
    (u,) = root.xpath("//@combinedUncertainty")
    assert u == "0.00005"  # 3 and 4 hundredths of a micrometre together; no exponent


@pytest.mark.skipif(
    SCHEMA_VARIABLE not in os.environ, reason=f"{SCHEMA_VARIABLE} names no folder of the QIF 3.0 schema"
)
@pytest.mark.parametrize("job", [None, "J-9", "none has this name"])
def test_qif_is_valid_against_its_schema(log: QcLog, job: str | None) -> None:
    schema = etree.XMLSchema(etree.parse(Path(os.environ[SCHEMA_VARIABLE]) / "QIFDocument.xsd"))
    schema.assertValid(etree.fromstring(text(log, "qif", export_filter(job=job)).encode()))


class Watched:
    """A log that says how many inspections have been read, and of which no more than a few may be kept."""

    def __init__(self, log: QcLog) -> None:
        self._log = log
        self.read = 0
        self.alive: weakref.WeakSet[Any] = weakref.WeakSet()
        self.most_alive = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log.exports, name)

    def inspections(self, wanted: InspectionFilter) -> Iterator[InspectionRecord]:
        for record in self._log.exports.inspections(wanted):
            self.read += 1
            # The report is a plain dict, the record has no room for a weak reference: a mark goes in its place.
            mark = Marked(record.report)
            self.alive.add(mark)
            self.most_alive = max(self.most_alive, len(self.alive))
            yield replace(record, report=mark)


class Marked(dict[str, Any]):
    """A report that can be watched."""

    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType]


@pytest.mark.parametrize("form", ["csv", "jsonl", "aqdef", "qif"])
def test_any_number_of_inspections_is_written_as_it_is_read(log: QcLog, form: str) -> None:
    """The first part is there before the second inspection has been read, and what was written is let go of.

    `benchmarks/export.py` does it with 100 000.
    """
    watched = Watched(log)
    parts = exported(watched, form, EVERYTHING)  # pyright: ignore[reportArgumentType]
    next(parts)
    assert watched.read <= 1
    written = sum(1 for _ in parts)
    assert written > 1
    assert watched.read >= len(EVIL) + 3
    assert watched.most_alive <= 3
