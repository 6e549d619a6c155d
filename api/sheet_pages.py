"""Spec sheets as pages: the list, one with its limits and pictures, and the way from a draft to its approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from loupebox.api.access import SignedIn, Signing, signed_by
from loupebox.api.dependencies import Key, Line, Log
from loupebox.api.pages import render
from loupebox.api.specs import READS, Approver, Author, Text
from loupebox.inspect.spec import SpecError
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.specs import Sheet
from loupebox.station.records.what_if import WhatIfReport

router = APIRouter(include_in_schema=False)

TRIED = 200
"""Pieces that a draft is tried on: a day's work, in about two seconds."""
SHOWN = 30


@dataclass(frozen=True, slots=True)
class Preview:
    """What the sheet would have made of the last pieces of its style."""

    report: WhatIfReport
    day: date | None

    @property
    def rows(self) -> list[tuple[str, str, int]]:
        """Verdict before, verdict after, pieces; those that stay as they are last."""
        counts = [(before, after, pieces) for (before, after), pieces in self.report.counts.items()]
        return sorted(counts, key=lambda row: row[0] == row[1])


@router.get("/sheets", dependencies=[READS])
def sheets(request: Request, log: Log, who: SignedIn) -> Response:
    """Drafts that wait for somebody first, then what is in force."""
    every = sorted(log.specs.list(), key=lambda sheet: (sheet.style, sheet.revision))
    return render(
        request,
        "sheets.html",
        drafts=[sheet for sheet in every if sheet.state == "draft"],
        approved=[sheet for sheet in every if sheet.state == "approved"],
        may_approve=who.may("spec.approve"),
    )


@router.get("/sheets/{style}/{revision}", dependencies=[READS])
def sheet(
    style: Key, revision: Key, request: Request, log: Log, who: SignedIn, since: Literal["day", "all"] = "day"
) -> Response:
    """One sheet; a draft with what it would have made of the last day's pieces."""
    found = log.specs.sheet(style, revision)
    content, trouble = None, ""
    try:
        content = found.spec
    except SpecError as error:
        trouble = str(error)
    is_draft = found.summary.state == "draft"
    return render(
        request,
        "sheet.html",
        sheet=found.summary,
        text=found.text,
        content=content,
        trouble=trouble,
        since=since,
        photographs={} if content is None else {p.sha256: _address(log, p.sha256) for p in content.photograph},
        preview=_preview(log, found, since) if is_draft and content is not None else None,
        shown=SHOWN,
        may_draft=who.may("spec.draft"),
        may_approve=is_draft and who.may("spec.approve") and found.summary.drafted_by != who.name,
        own_draft=is_draft and found.summary.drafted_by == who.name,
    )


@router.post("/sheets/{style}/{revision}")
def save(
    style: Key, revision: Key, log: Log, who: Author, text: Annotated[Text, Form()], after: Annotated[int, Form(ge=0)]
) -> Response:
    """Keep the next version of a draft; refused when somebody else has saved one meanwhile."""
    saved = log.specs.draft(text.replace("\r\n", "\n"), who.name, after=after)
    return _to(saved.style, saved.revision)


@router.post("/sheets/{style}/{revision}/revisions")
def revise(style: Key, revision: Key, log: Log, who: Author, new: Annotated[Line, Form()]) -> Response:
    """Begin the draft of a new revision with the text of this one."""
    begun = log.specs.revise(style, revision, new, who.name)
    return _to(begun.style, begun.revision)


@router.post("/sheets/{style}/{revision}/approval")
def approve(
    style: Key,
    revision: Key,
    request: Request,
    log: Log,
    who: Approver,
    version: Annotated[int, Form(ge=1, le=1_000_000)],
    pin: Annotated[str, Form(max_length=12)] = "",
    badge: Annotated[str, Form(max_length=128)] = "",
) -> Response:
    """Approve the version that was read, signed, as somebody who did not write it."""
    signing = Signing(pin=pin) if pin else Signing(badge=badge)
    signature = signed_by(request, log, who, signing, "spec.approve", f"spec sheet {style} revision {revision}")
    log.specs.approve(style, revision, version, who.name, signature.details)
    return _to(style, revision)


def _preview(log: QcLog, sheet: Sheet, since: str) -> Preview:
    day = log.latest_day() if since == "day" else None
    report = log.what_if.judged_by(sheet.spec, InspectionFilter(day=day), TRIED)
    return Preview(report, day)


def _address(log: QcLog, sha256: str) -> str:
    """Of a boundary photograph: a picture that was uploaded, or a frame of a piece."""
    try:
        log.pictures.one(sha256)
    except NotRecorded:
        return f"/frames/{sha256}.webp?width=480"
    return f"/api/v1/pictures/{sha256}/content"


def _to(style: str, revision: str) -> Response:
    return RedirectResponse(f"/sheets/{quote(style, safe='')}/{quote(revision, safe='')}", status_code=303)
