"""A capture handed in by a program: inspected and recorded like one of the station's own."""

from __future__ import annotations

import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request
from fastapi.datastructures import Headers
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from loupebox.api.access import Allowed
from loupebox.api.asked_again import HEADER
from loupebox.api.dependencies import Log
from loupebox.station.capture import CaptureError
from loupebox.station.capture_archive import unpack_capture
from loupebox.station.inspection import Inspection, Outcome
from loupebox.station.log_entry import log_entry
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.one_change import KEY_LENGTHS
from loupebox.station.records.person import Actor
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings
from loupebox.station.workplace import Workplace

router = APIRouter(tags=["inspections"])

PATH = "/api/v1/captures"
ZIP = "application/zip"
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "a ZIP file of one capture folder: capture.json and its frames, PNG or TIFF",
        "content": {ZIP: {"schema": {"type": "string", "contentMediaType": ZIP}}},
    }
}


class Intake:
    """Inspects what is handed in, a piece at a time: two at once would only make both late."""

    def __init__(self, settings: Settings, log: QcLog) -> None:
        self.limit_bytes = settings.upload_limit_mb * 1_000_000
        self.one_at_a_time = CapacityLimiter(1)
        self.workplace = cache(lambda: Workplace.open(settings))  # models are loaded once somebody hands in
        self._log = log

    def take(self, archive: BinaryIO, origin: str | None) -> int:
        """Inspect and record; the number of the inspection, the same for the same `origin`."""
        if origin is not None and (known := self._log.delivered(origin)) is not None:
            return known
        return self._log.record(log_entry(self._inspected(archive)), origin=origin)

    def _inspected(self, archive: BinaryIO) -> Inspection:
        """Unpacked into a folder that is gone afterwards; errors name what the sender knows, no path of ours."""
        with tempfile.TemporaryDirectory(prefix="loupebox-capture-") as folder:
            try:
                capture = unpack_capture(archive, Path(folder), self.limit_bytes)
                return self.workplace().inspect(capture, specs=self._log.specs)
            except CaptureError as error:
                raise CaptureError(
                    str(error).replace(f"{Path(folder).resolve()}/", "").replace(f"{folder}/", "")
                ) from None


class HandedIn(BaseModel):
    """The recorded inspection; its whole report is at /api/v1/inspections/{inspection}."""

    inspection: int = Field(description="its number")
    outcome: Outcome
    reasons: tuple[str, ...] = Field(description="why it is not simply a PASS, the worst first")


@router.post(PATH, status_code=201, openapi_extra=BODY)
async def hand_in(
    request: Request,
    log: Log,
    who: Annotated[Actor, Depends(Allowed("inspection.record"))],
) -> HandedIn:
    """Inspect a capture and record it; of what cannot be read as a capture nothing is kept."""
    _check_type(request.headers)
    key = checked_key(request.headers)
    intake: Intake = request.app.state.intake
    with tempfile.TemporaryFile(prefix="loupebox-upload-") as archive:
        checksum = await _receive(request, archive, intake.limit_bytes)
        origin = None if key is None else f"{type(who).__name__} {who.id}: {key}: {checksum}"
        number = await run_sync(intake.take, archive, origin, limiter=intake.one_at_a_time)
    summary = (await run_sync(log.inspection, number)).summary
    return HandedIn.model_validate({"inspection": number, "outcome": summary.outcome, "reasons": summary.reasons})


async def _receive(request: Request, archive: BinaryIO, limit_bytes: int) -> str:
    """To a file, a piece at a time; its checksum."""
    digest, received = sha256(), 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit_bytes:
            raise HTTPException(413, f"The archive has more than {limit_bytes} bytes, which is the limit.")
        digest.update(chunk)
        await run_sync(archive.write, chunk)
    archive.seek(0)
    return digest.hexdigest()


def checked_key(headers: Headers) -> str | None:
    """The name that the sender gave this change, if any: these keys live in the log, since no answer is kept open."""
    key = headers.get(HEADER)
    if key is not None and not (KEY_LENGTHS[0] <= len(key) <= KEY_LENGTHS[1] and key.isascii() and key.isprintable()):
        raise NotAllowed(
            f"the {HEADER} {key[:80]!r} cannot be used; allowed are {KEY_LENGTHS[0]} to {KEY_LENGTHS[1]} printable "
            "ASCII characters"
        )
    return key


def _check_type(headers: Headers) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != ZIP:
        raise HTTPException(415, f"A capture is handed in as {ZIP}; this is {kind[:60] or 'nothing that is named'}.")
