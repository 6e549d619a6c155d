"""What is exported, read back as others read it, is what the log holds."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from loupebox.inspect.verdict import Limits, Verdict
from loupebox.station.export import export_filter, exported
from loupebox.station.export_table import neutral, original
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.inspection_record import InspectionRecord
from loupebox.station.records.qc_log import QcLog

sys.path.append(str(Path(__file__).parent.parent / "records"))
from made_entries import DIAMETER, MISSING_PRONG, a_refusal, an_entry

EVERYTHING = export_filter(None, None, None, None)
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
    log.record(an_entry(piece="tiny", report={"measurements": [budget]}, job="J-9"))
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


@pytest.mark.parametrize("cell", [*EVIL, "\tx", "\rx", "''", "plain", ""])
def test_neutralising_can_be_undone(cell: str) -> None:
    assert original(str(neutral(cell))) == cell
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
        (export_filter(None, "J-9", None, None), 1),
        (export_filter(None, None, None, "FAIL"), 1),
        (export_filter(None, None, None, "REFUSED"), 1),
        (export_filter(date(2026, 11, 21), None, None, None), 0),
        (export_filter(None, None, "SOL6", None), len(EVIL) + 3),
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
        export_filter(None, None, None, "GOOD")


def test_aqdef_read_back_is_what_was_measured(log: QcLog) -> None:
    lines = text(log, "aqdef").split("\r\n")
    assert lines.pop() == ""
    fields = dict(line.split(" ", 1) for line in lines if line.startswith("K"))
    assert fields["K0100"] == "2"
    assert (fields["K1001"], fields["K1002"], fields["K1004"]) == ("SOL6", "Six-prong solitaire", "A")
    assert (fields["K2001/1"], fields["K2002/1"], fields["K2142/1"]) == ("1", "inner_diameter_mm", "mm")
    assert [float(fields[f"K{key}/1"]) for key in (2101, 2110, 2111)] == [17.35, 17.25, 17.45]
    assert fields["K2002/2"] == "stone_diameter_mm"
    assert "K2110/2" not in fields
    values = [line.split(chr(15)) for line in lines if not line.startswith("K")]
    judged = [record for record in recorded(log) if record.measurements]
    assert len(values) == len(judged)
    for (diameter, stone), record in zip(values, judged, strict=True):
        when = f"{record.summary.captured_at:%d.%m.%Y/%H:%M:%S}"
        value, attribute, at = diameter.split(chr(20))
        assert (float(value), attribute, at) == (record.measurements[0].value, "0", when)
        assert stone.split(chr(20))[1:] == ["255", when]  # it could not be measured


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
    schema.assertValid(etree.fromstring(text(log, "qif", export_filter(None, job, None, None)).encode()))


def test_any_number_of_inspections_is_written_as_it_is_read(log: QcLog) -> None:
    """The first part is there before the second inspection has been read."""
    read: list[int] = []

    class Watched:
        def inspections(self, wanted):
            for record in log.exports.inspections(wanted):
                read.append(record.summary.id)
                yield record

    for form in ("csv", "jsonl"):
        read.clear()
        parts = exported(Watched(), form, EVERYTHING)  # pyright: ignore[reportArgumentType]
        next(parts)
        assert len(read) <= 1
