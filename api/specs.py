"""Spec sheets: drafts, the second person's approval, and what a sheet would have made of yesterday's pieces."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed, Signing, signed_by
from loupebox.api.dependencies import Key, Limit, Line, Log, TextCursor, Wanted
from loupebox.inspect.spec import SpecDraft, SpecError, load_draft
from loupebox.station.bill_of_materials import BillOfMaterials, draft_from_bill
from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.person import Actor
from loupebox.station.records.specs import LONGEST_TEXT, Sheet, SheetSummary
from loupebox.station.records.what_if import MOST_PIECES

router = APIRouter(prefix="/api/v1/specs", tags=["spec sheets"])

READS = Depends(Allowed("spec.read"))
Author = Annotated[Actor, Depends(Allowed("spec.draft"))]
Approver = Annotated[Actor, Depends(Allowed("spec.approve"))]

Text = Annotated[str, Field(max_length=LONGEST_TEXT, description="the sheet as TOML")]


class SheetOut(BaseModel):
    """A line of the list."""

    model_config = ConfigDict(from_attributes=True)

    style: str
    revision: str
    state: Literal["draft", "approved"]
    version: int | None = Field(description="of the draft; null for a sheet that came approved from a file")
    name: str
    sha256: str
    drafted_by: str | None
    approved_by: str | None
    approved_on: date | None


class SheetPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[SheetOut, ...]
    next_cursor: str | None


class WholeSheet(SheetOut):
    """A sheet, word for word, and what it says."""

    text: str = Field(description="TOML")
    content: SpecDraft | None = Field(description="null for a sheet that an older version wrote in another way")


class Draft(BaseModel):
    """A version of a sheet to keep."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    after: int = Field(
        default=0, ge=0, le=1_000_000, description="the version that it was made from; 0 for a new sheet"
    )


class NextRevision(BaseModel):
    """The name of the revision to begin."""

    model_config = ConfigDict(extra="forbid")

    revision: Line


class Approval(Signing):
    """The version that was read and is approved, signed."""

    version: int = Field(ge=1, le=1_000_000)


class Question(BaseModel):
    """A sheet to try on pieces that are recorded."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    job: Line | None = None
    day: date | None = None
    since: date | None = None
    limit: int = Field(default=200, ge=1, le=MOST_PIECES)


class RejudgedOut(BaseModel):
    """One piece: what it got, and what it would get."""

    model_config = ConfigDict(from_attributes=True)

    inspection: int
    piece: str
    job: str
    before: Literal["PASS", "REVIEW", "FAIL"]
    after: Literal["PASS", "REVIEW", "FAIL"]
    reasons: tuple[str, ...] = Field(description="why not simply PASS under the new sheet")


class Count(BaseModel):
    """How many pieces went from one verdict to another."""

    before: Literal["PASS", "REVIEW", "FAIL"]
    after: Literal["PASS", "REVIEW", "FAIL"]
    pieces: int


class Answer(BaseModel):
    """What the sheet would have made of the last look at each piece."""

    counts: tuple[Count, ...]
    changed: tuple[RejudgedOut, ...]
    unreadable: int = Field(description="inspections that an older version recorded in another way")


class DraftText(BaseModel):
    """The TOML of a sheet that is not kept yet."""

    text: str


@router.get("", dependencies=[READS])
def sheets(
    log: Log,
    style: Wanted = None,
    limit: Limit = 50,
    cursor: TextCursor = None,
) -> SheetPage:
    """Approved revisions and open drafts, by style and revision."""
    found = sorted(log.specs.list(style), key=_place)
    rest = [sheet for sheet in found if cursor is None or _place(sheet) > tuple(cursor.partition("/")[::2])]
    page = rest[:limit]
    following = "/".join(_place(page[-1])) if len(rest) > limit else None
    return SheetPage(items=tuple(SheetOut.model_validate(sheet) for sheet in page), next_cursor=following)


@router.post("/drafts", status_code=201)
def draft(body: Draft, log: Log, who: Author) -> WholeSheet:
    """Keep a version of a draft; 409 when somebody has saved another one meanwhile."""
    saved = log.specs.draft(body.text, who.name, after=body.after)
    return _whole(log.specs.sheet(saved.style, saved.revision))


@router.post("/what-if", dependencies=[Depends(Allowed("spec.draft"))])
def what_if(body: Question, log: Log) -> Answer:
    """Hold what was measured against another sheet; nothing is recorded."""
    wanted = InspectionFilter(job=body.job, day=body.day, since=body.since)
    report = log.what_if.judged_by(load_draft(body.text, "the sheet"), wanted, body.limit)
    counts = (Count.model_validate({"before": b, "after": a, "pieces": n}) for (b, a), n in report.counts.items())
    return Answer(
        counts=tuple(counts),
        changed=tuple(RejudgedOut.model_validate(piece) for piece in report.changed),
        unreadable=report.unreadable,
    )


@router.post("/from-bill", dependencies=[Depends(Allowed("spec.draft"))])
def from_bill(body: BillOfMaterials) -> DraftText:
    """The draft that a bill of materials asks for; nothing is recorded."""
    return DraftText(text=draft_from_bill(body, "the bill"))


@router.get("/{style}/{revision}", dependencies=[READS])
def sheet(style: Key, revision: Key, log: Log) -> WholeSheet:
    """One sheet: approved, or the last version of its draft."""
    return _whole(log.specs.sheet(style, revision))


@router.post("/{style}/{revision}/revisions", status_code=201)
def revise(style: Key, revision: Key, body: NextRevision, log: Log, who: Author) -> WholeSheet:
    """Begin the draft of a new revision with the text of this approved one."""
    begun = log.specs.revise(style, revision, body.revision, who.name)
    return _whole(log.specs.sheet(begun.style, begun.revision))


@router.post("/{style}/{revision}/approval", status_code=201)
def approve(style: Key, revision: Key, body: Approval, request: Request, log: Log, who: Approver) -> SheetOut:
    """Approve a draft as somebody who did not write it, signed with badge or PIN; then it never changes."""
    subject = f"spec sheet {style} revision {revision}"
    signature = signed_by(request, log, who, body, "spec.approve", subject)
    return SheetOut.model_validate(log.specs.approve(style, revision, body.version, who.name, signature.details))


def _place(sheet: SheetSummary) -> tuple[str, str]:
    return sheet.style, sheet.revision


def _whole(sheet: Sheet) -> WholeSheet:
    try:
        content = sheet.spec
    except SpecError:
        content = None
    summary = SheetOut.model_validate(sheet.summary).model_dump()
    plain = None if content is None else SpecDraft.model_validate(_without_approval(content))
    return WholeSheet(**summary, text=sheet.text, content=plain)


def _without_approval(content: SpecDraft) -> dict[str, object]:
    return content.model_dump(by_alias=True, exclude={"approved_by", "approved_on"})
