"""Signed calibrations, for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Log, Number
from loupebox.calibration.draft import CalibrationKind, ResultLine
from loupebox.calibration.frame import View
from loupebox.station.records.certificates import SignedCalibration

router = APIRouter(
    prefix="/api/v1/calibrations", tags=["calibration"], dependencies=[Depends(Allowed("calibration.read"))]
)


class CalibrationOut(BaseModel):
    """One calibration of one view, signed."""

    number: int
    station: str
    view: View
    kind: CalibrationKind
    camera_serial: str
    artefact: str
    method: str
    made_at: datetime
    valid_until: datetime
    temperature_c: float
    humidity_percent: float | None
    passed: bool
    troubles: tuple[str, ...] = Field(description="why it failed; empty when it passed")
    state: str = Field(description="holds until, ended on, or failed")
    signed_by: str
    signed_at: datetime
    sha256: str = Field(description="of the signed document")
    results: tuple[ResultLine, ...]


class CalibrationPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[CalibrationOut, ...]
    next_cursor: int | None


@router.get("")
def calibrations(
    log: Log,
    station: Annotated[str | None, Query(max_length=100)] = None,
    view: View | None = None,
    kind: CalibrationKind | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CalibrationPage:
    """All signed calibrations, the last signed first."""
    found = log.certificates.history(station, view, kind, limit=limit + 1, cursor=cursor)
    more = len(found) > limit
    return CalibrationPage(
        items=tuple(_out(one) for one in found[:limit]), next_cursor=found[limit - 1].number if more else None
    )


@router.get("/{number}")
def calibration(number: Number, log: Log) -> CalibrationOut:
    """One signed calibration."""
    return _out(log.certificates.one(number))


def _out(one: SignedCalibration) -> CalibrationOut:
    draft = one.draft
    return CalibrationOut(
        number=one.number,
        station=draft.station,
        view=draft.view,
        kind=draft.kind,
        camera_serial=draft.camera_serial,
        artefact=draft.artefact,
        method=draft.method,
        made_at=draft.made_at,
        valid_until=draft.valid_until,
        temperature_c=draft.environment.temperature_c,
        humidity_percent=draft.environment.humidity_percent,
        passed=draft.passed,
        troubles=draft.troubles,
        state=one.state(datetime.now(UTC)),
        signed_by=one.signed_by,
        signed_at=one.signed_at,
        sha256=one.sha256,
        results=draft.results,
    )
