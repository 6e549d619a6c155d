"""Results for spreadsheets and other programs, sent as they are read."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Log, Wanted
from loupebox.station.export import ExportForm, exported
from loupebox.station.records.inspections import InspectionFilter, Outcome

router = APIRouter(tags=["inspections"], dependencies=[Depends(Allowed("inspection.read"))])

Day = Annotated[date | None, Query(description="that day too")]
MEDIA_TYPES: dict[ExportForm, str] = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "aqdef": "application/octet-stream",
    "qif": "application/xml",
}
SUFFIX: dict[ExportForm, str] = {"csv": "csv", "jsonl": "jsonl", "aqdef": "dfq", "qif": "qif"}


@router.get(
    "/api/v1/exports/{form}",
    response_class=Response,
    responses={200: {"description": "the results", "content": {media: {} for media in MEDIA_TYPES.values()}}},
)
def export(
    form: ExportForm,
    log: Log,
    day: date | None = None,
    since: Day = None,
    until: Day = None,
    job: Wanted = None,
    style: Wanted = None,
    station: Wanted = None,
    verdict: Outcome | None = None,
    bom: Annotated[bool, Query(description="begin a CSV with the mark by which spreadsheets know UTF-8")] = False,
) -> Response:
    """All results wanted in one file: CSV, JSON lines, AQDEF (a DFQ file), or QIF 3.0."""
    wanted = InspectionFilter(outcome=verdict, job=job, style=style, station=station, day=day, since=since, until=until)
    name = f"loupebox-results.{SUFFIX[form]}"
    return StreamingResponse(
        exported(log.exports, form, wanted, bom=bom),
        media_type=f"{MEDIA_TYPES[form]}; charset=utf-8" if form == "csv" else MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
