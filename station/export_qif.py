"""Results as QIF 3.0 (ANSI/DMSC QIF 3.0, ISO 23952), written as they are read.

Each length that was measured is a user-defined linear characteristic of its spec sheet, with limits and nominal; each
inspection a set of results with the piece as its actual component. Verdicts map to QIF's words: REVIEW of a
characteristic is INDETERMINATE, of a piece UNKNOWN, a refused capture NOT_MEASURED. What is no length (prongs,
findings, counts) has only its share in the status of the piece; CSV and JSON lines have it whole.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from loupebox.station.records.export_log import ExportLog
from loupebox.station.records.inspection_record import InspectionRecord, MeasurementRecord
from loupebox.station.records.inspections import InspectionFilter

NAMESPACE = "http://qifstandards.org/xsd/qif3"
STANDARD_ID = 1
CHARACTERISTIC_STATUS = {"PASS": "PASS", "FAIL": "FAIL", "REVIEW": "INDETERMINATE", None: "NOT_ANALYZED"}
INSPECTION_STATUS = {"PASS": "PASS", "FAIL": "FAIL", "REVIEW": "UNKNOWN", "REFUSED": "NOT_MEASURED"}

Sheet = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Characteristic:
    """A length under one spec sheet; `definition` is the first of its three numbers: definition, nominal, item."""

    sheet: Sheet
    measured: MeasurementRecord
    definition: int

    @property
    def item(self) -> int:
        return self.definition + 2


def to_qif(log: ExportLog, wanted: InspectionFilter) -> Iterator[str]:
    """One document; nothing that is recorded while it is written comes in."""
    wanted = replace(wanted, up_to=log.last_number())
    known = _characteristics(log, wanted)
    pieces = sum(1 for _ in log.numbers(wanted))
    first_result = STANDARD_ID + 1 + 3 * len(known)
    # Two numbers for each inspection, and one for each measured value at most.
    largest = first_result + 2 * pieces + log.measured_count(wanted)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<QIFDocument xmlns="{NAMESPACE}" idMax="{largest}" versionQIF="3.0.0">\n'
    yield f"<QPId>{_uuid(repr(wanted))}</QPId>\n"
    yield "<Header><Application><Name>Loupebox</Name><Organization>Loupebox</Organization></Application></Header>\n"
    yield (
        f'<StandardsDefinitions n="1"><Standard id="{STANDARD_ID}"><Organization><StandardsOrganizationEnum>ISO'
        "</StandardsOrganizationEnum></Organization><Designator>14253-1</Designator></Standard></StandardsDefinitions>\n"
    )
    yield (
        "<FileUnits><PrimaryUnits><LinearUnit><SIUnitName>meter</SIUnitName><UnitName>mm</UnitName>"
        "<UnitConversion><Factor>0.001</Factor></UnitConversion></LinearUnit></PrimaryUnits></FileUnits>\n"
    )
    if known:
        yield from _described(list(known.values()))
    if pieces:
        yield from _results(log, wanted, known, first_result, pieces)
    yield "</QIFDocument>\n"


def _characteristics(log: ExportLog, wanted: InspectionFilter) -> dict[tuple[Sheet, str], _Characteristic]:
    lengths = [found for found in log.characteristics(wanted) if found.measured.unit == "mm"]
    return {
        (of.sheet, of.measured.name): _Characteristic(of.sheet, of.measured, STANDARD_ID + 1 + 3 * place)
        for place, of in enumerate(lengths)
    }


def _described(known: list[_Characteristic]) -> Iterator[str]:
    yield f"<Characteristics><FormalStandardId>{STANDARD_ID}</FormalStandardId>\n"
    yield f'<CharacteristicDefinitions n="{len(known)}">\n'
    for c in known:
        yield (
            f'<UserDefinedLinearCharacteristicDefinition id="{c.definition}">{_name(c)}{_tolerance(c.measured)}'
            f"<WhatToMeasure>{escape(c.measured.name)}</WhatToMeasure></UserDefinedLinearCharacteristicDefinition>\n"
        )
    yield f'</CharacteristicDefinitions>\n<CharacteristicNominals n="{len(known)}">\n'
    for c in known:
        target = "" if c.measured.nominal is None else f"<TargetValue>{_decimal(c.measured.nominal)}</TargetValue>"
        yield (
            f'<UserDefinedLinearCharacteristicNominal id="{c.definition + 1}"><CharacteristicDefinitionId>'
            f"{c.definition}</CharacteristicDefinitionId>{_name(c)}{target}</UserDefinedLinearCharacteristicNominal>\n"
        )
    yield f'</CharacteristicNominals>\n<CharacteristicItems n="{len(known)}">\n'
    for c in known:
        yield (
            f'<UserDefinedLinearCharacteristicItem id="{c.item}">{_name(c)}<CharacteristicNominalId>'
            f"{c.definition + 1}</CharacteristicNominalId></UserDefinedLinearCharacteristicItem>\n"
        )
    yield "</CharacteristicItems></Characteristics>\n"


def _results(
    log: ExportLog,
    wanted: InspectionFilter,
    known: dict[tuple[Sheet, str], _Characteristic],
    first_result: int,
    pieces: int,
) -> Iterator[str]:
    yield f'<Results><MeasurementResultsSet n="{pieces}">\n'
    number = first_result + 2 * pieces
    for place, record in enumerate(log.inspections(wanted)):
        result, component = first_result + 2 * place, first_result + 2 * place + 1
        measured = [m for m in record.measurements if (_sheet(record), m.name) in known]
        yield (
            f'<MeasurementResults id="{result}"><ThisResultsInstanceQPId>{_uuid(f"inspection {record.summary.id}")}'
            "</ThisResultsInstanceQPId>"
        )
        if measured:
            yield f'<MeasuredCharacteristics><CharacteristicMeasurements n="{len(measured)}">\n'
            for m in measured:
                yield _measured(m, known[_sheet(record), m.name].item, number, record)
                number += 1
            yield "</CharacteristicMeasurements></MeasuredCharacteristics>"
        yield (
            f"{_status('InspectionStatus', record)}"
            f'<ActualComponentIds n="1"><Id>{component}</Id></ActualComponentIds></MeasurementResults>\n'
        )
    yield f'</MeasurementResultsSet><ActualComponentSets n="1"><ActualComponentSet n="{pieces}">\n'
    for place, record in enumerate(log.inspections(wanted)):
        yield (
            f'<ActualComponent id="{first_result + 2 * place + 1}"><SerialNumber>{_xml(record.summary.piece)}'
            f"</SerialNumber>{_status('Status', record)}</ActualComponent>\n"
        )
    yield "</ActualComponentSet></ActualComponentSets></Results>\n"


def _measured(m: MeasurementRecord, item: int, number: int, record: InspectionRecord) -> str:
    value = ""
    if m.value is not None:
        u = _standard_uncertainty(record, m.name)
        attribute = "" if u is None else f" combinedUncertainty={quoteattr(_decimal(u))}"
        value = f"<Value{attribute}>{_decimal(m.value)}</Value>"
    return (
        f'<UserDefinedLinearCharacteristicMeasurement id="{number}"><Status><CharacteristicStatusEnum>'
        f"{CHARACTERISTIC_STATUS[m.verdict]}</CharacteristicStatusEnum></Status><CharacteristicItemId>{item}"
        f"</CharacteristicItemId><TimeStamp>{record.summary.captured_at.isoformat()}</TimeStamp>{value}"
        "</UserDefinedLinearCharacteristicMeasurement>\n"
    )


def _standard_uncertainty(record: InspectionRecord, name: str) -> float | None:
    """Out of the budget in the report: the recorded expanded uncertainty has a coverage factor of its own."""
    for measurement in record.report.get("measurements", ()):
        if measurement["name"] == name and measurement.get("budget"):
            return math.sqrt(sum(line["standard_uncertainty"] ** 2 for line in measurement["budget"]))
    return None


def _status(element: str, record: InspectionRecord) -> str:
    word = INSPECTION_STATUS[record.summary.outcome]
    return f"<{element}><InspectionStatusEnum>{word}</InspectionStatusEnum></{element}>"


def _tolerance(m: MeasurementRecord) -> str:
    if m.lower is None and m.upper is None:
        return "<NonTolerance>MEASURED</NonTolerance>"
    upper = "" if m.upper is None else f"<MaxValue>{_decimal(m.upper)}</MaxValue>"
    lower = "" if m.lower is None else f"<MinValue>{_decimal(m.lower)}</MinValue>"
    return f"<Tolerance>{upper}{lower}<DefinedAsLimit>true</DefinedAsLimit></Tolerance>"


def _name(c: _Characteristic) -> str:
    return f"<Name>{_xml(' '.join([*filter(None, c.sheet), c.measured.name]))}</Name>"


def _sheet(record: InspectionRecord) -> Sheet:
    return record.summary.style, record.summary.spec_revision


def _decimal(value: float) -> str:
    """Without an exponent, as XML Schema's decimals are."""
    return format(Decimal(repr(float(value))), "f")


def _xml(text: str) -> str:
    """Characters that XML does not know become question marks."""
    known = "".join("?" if c < " " or c in "\ufffe\uffff" else c for c in " ".join(text.split()))
    return escape(known)


def _uuid(text: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE} loupebox {text}")
