"""Results in the form that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast, get_args

from loupebox.station.export_aqdef import to_dfq
from loupebox.station.export_qif import to_qif
from loupebox.station.export_table import to_csv, to_json_lines
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.export_log import ExportLog
from loupebox.station.records.inspections import InspectionFilter, Outcome

ExportForm = Literal["csv", "jsonl", "aqdef", "qif"]
FORMS: tuple[ExportForm, ...] = get_args(ExportForm)


def exported(log: ExportLog, form: str, wanted: InspectionFilter, *, bom: bool = False) -> Iterator[str]:
    """The results wanted, part by part, so that any number of them fits into memory."""
    if form == "csv":
        return to_csv(log.inspections(wanted), bom=bom)
    if form == "jsonl":
        return to_json_lines(log.inspections(wanted))
    if form == "aqdef":
        return to_dfq(log, wanted)
    if form == "qif":
        return to_qif(log, wanted)
    raise NotAllowed(f"results cannot be exported as '{form}'; allowed are {', '.join(FORMS)}")


def export_filter(verdict: str | None = None, **wanted: Any) -> InspectionFilter:
    """Which results; None is all. `wanted` are the other fields of `InspectionFilter`."""
    if verdict is not None and verdict not in get_args(Outcome):
        raise NotAllowed(f"verdict is '{verdict}'; allowed are {', '.join(get_args(Outcome))}")
    return InspectionFilter(outcome=cast("Outcome | None", verdict), **wanted)
