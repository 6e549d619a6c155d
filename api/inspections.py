"""Inspections: the list, one with its pictures, and what people decide on it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from loupebox.api.access import Allowed, Signing, signed_by
from loupebox.api.dependencies import Line, Log, Number, Wanted
from loupebox.api.inspection_page import inspection_page
from loupebox.api.language import N_
from loupebox.api.pages import render
from loupebox.station.records.decisions import HEAVIEST_MELT_G, STATION
from loupebox.station.records.errors import NotAllowed, NotRecorded
from loupebox.station.records.inspection_record import InspectionRecord
from loupebox.station.records.inspections import InspectionFilter, Outcome
from loupebox.station.records.labels import NAMES as LABEL_NAMES
from loupebox.station.records.override_reason import REASONS_FOR, OverrideReason, check_reason, is_override
from loupebox.station.records.person import Actor
from loupebox.station.records.piece_state import PieceRecord
from loupebox.station.records.qc_log import LONGEST_PAGE, QcLog
from loupebox.station.records.remedy import REMEDIES, Remedy
from loupebox.station.records.rework_tables import DispositionKind
from loupebox.station.report import Report

router = APIRouter(tags=["inspections"])

READS = Depends(Allowed("inspection.read"))
Decider = Annotated[Actor, Depends(Allowed("inspection.decide"))]

CHOICES: tuple[tuple[DispositionKind, str], ...] = (
    ("accept", N_("Accept")),
    ("rework", N_("Rework")),
    ("scrap", N_("Scrap")),
    ("concession", N_("Concession")),
)
DECIDED: dict[DispositionKind, str] = {
    "accept": N_("Accepted"),
    "rework": N_("Sent to rework"),
    "scrap": N_("Scrapped"),
    "concession": N_("Delivered on concession"),
}
AGAIN = "rework.again"
"""The permission to let a piece be worked on a third time."""
BLANK = BeforeValidator(lambda value: None if value == "" else value)
"""A field that a form sends although nothing was put in."""
OPERATIONS = tuple(sorted({remedy.operation for remedy in REMEDIES.values()}))


class Item(BaseModel):
    """An inspection in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    piece: str
    job: str
    style: str
    spec_revision: str | None
    station: str
    captured_at: datetime
    recorded_at: datetime
    outcome: Outcome
    refusal_code: str | None
    reasons: tuple[str, ...]
    attempt: int = Field(description="1 for the first look at this piece")
    disposition: DispositionKind | None = Field(description="the latest decision; null while there is none")


class ItemPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[Item, ...]
    next_cursor: int | None


class Decision(BaseModel):
    """What becomes of the piece. Rework without operation and bench gets those usual for its defect."""

    model_config = ConfigDict(extra="forbid")

    kind: DispositionKind
    reason: Line = Field(default="", description="more in words")
    reason_code: Annotated[OverrideReason | None, BLANK] = Field(
        default=None, description="needed for scrap, concession, accepting what failed and reworking what passed"
    )
    operation: Line = ""
    bench: Line = ""
    melt_weight_g: Annotated[float | None, BLANK] = Field(
        default=None, gt=0, le=HEAVIEST_MELT_G, description="of scrap that goes into the melt"
    )
    concession: Annotated[int | None, BLANK] = Field(
        default=None, ge=1, le=2**31 - 1, description="number of the concession under which it is delivered"
    )
    badge: Annotated[str | None, BLANK] = Field(default=None, max_length=128, description="signs an override")
    pin: Annotated[str | None, BLANK] = Field(default=None, max_length=12, description="or this does")
    seen: Annotated[int | None, BLANK] = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        description="number of the last decision that was known: 409 when there is a later one",
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Decision:
        if self.kind == "rework" and bool(self.operation) != bool(self.bench):
            raise ValueError("rework names an operation and its bench, or neither of the two")
        return self

    @property
    def more(self) -> dict[str, Any]:
        """The fields of the log's own decision beside kind, who and reason."""
        remedy = Remedy(self.operation, self.bench) if self.kind == "rework" and self.operation else None
        names = ("reason_code", "melt_weight_g", "concession", "seen")
        return {"remedy": remedy, **{name: getattr(self, name) for name in names}}


class RecordedDecision(BaseModel):
    """A decision as it stands in the record; the last one counts."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: DispositionKind
    who: str
    reason: str = Field(description="in words")
    reason_code: OverrideReason | None
    melt_weight_g: float | None
    decided_at: datetime


@router.get("/api/v1/inspections", dependencies=[READS])
def listing(
    log: Log,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    outcome: Outcome | None = None,
    style: Wanted = None,
    job: Wanted = None,
    piece: Wanted = None,
    station: Wanted = None,
    day: date | None = None,
    since: date | None = None,
    until: date | None = None,
) -> ItemPage:
    """Inspections, the last recorded first."""
    wanted = InspectionFilter(outcome, style, job, piece, day, since, until, station)
    page = log.recent(limit, wanted, cursor)
    return ItemPage(items=tuple(Item.model_validate(item) for item in page.items), next_cursor=page.next_cursor)


@router.get("/api/v1/inspections/{number}", response_model=Report, dependencies=[READS])
def document(number: Number, log: Log) -> Response:
    """The report of one inspection, exactly as it was recorded."""
    return JSONResponse(dict(log.inspection(number).report))


@router.get("/api/v1/inspections/{number}/decisions", dependencies=[READS])
def decisions(number: Number, log: Log) -> list[RecordedDecision]:
    """All decisions on one inspection, the first first."""
    return [RecordedDecision.model_validate(decision) for decision in log.inspection(number).dispositions]


@router.post("/api/v1/inspections/{number}/decisions", status_code=201)
def decide(request: Request, number: Number, who: Decider, body: Decision, log: Log) -> RecordedDecision:
    """Decide on an inspection; for rework this opens an order. What overrides the verdict is signed by badge or PIN."""
    _sign(request, log, who, number, body)
    decided = log.decide(number, body.kind, who.name, body.reason, lead=who.may(AGAIN), **body.more)
    return RecordedDecision.model_validate(next(d for d in log.inspection(number).dispositions if d.id == decided))


@router.get("/inspections/{number}", include_in_schema=False, dependencies=[READS])
def page(request: Request, number: Number, log: Log, view: str | None = None, light: str | None = None) -> Response:
    record, labels = log.inspection(number), log.labels.of_inspection(number)
    denied = {label.box_xywh_px for label in labels if label.kind == "false alarm"}
    context: dict[str, Any] = {
        "choices": CHOICES,
        "reasons": REASONS_FOR,
        "overrides": [kind for kind, _ in CHOICES if is_override(kind, record.summary.outcome)],
        "concessions": log.concessions.usable(record.summary.style),
        "decided": DECIDED,
        "operations": OPERATIONS,
        "benches": [name for name, _ in log.rework.benches()],
        "station_name": STATION,
        "labels": labels,
        "false_alarms": {n for n, f in enumerate(record.findings, start=1) if f.box_xywh_px in denied},
        "label_names": LABEL_NAMES,
        "piece_by_hand": _by_hand(log, record),
    }
    return render(request, "inspection.html", page=inspection_page(record, view, light), **context)


@router.post("/inspections/{number}/decisions", include_in_schema=False)
def decide_form(
    request: Request,
    number: Number,
    who: Decider,
    log: Log,
    form: Annotated[Decision, Form()],
    to: Literal["inspection", "station"] = "inspection",
) -> Response:
    """Decide, and go on where the form was: at the station a piece to be worked on gets its ticket."""
    _sign(request, log, who, number, form)
    log.decide(number, form.kind, who.name, form.reason, lead=who.may(AGAIN), **form.more)
    if to == "inspection":
        return RedirectResponse(f"/inspections/{number}#decision", status_code=303)
    ticket = f"?ticket={number}" if form.kind == "rework" else ""
    return RedirectResponse(f"/station/bags/{quote(log.inspection(number).summary.job)}{ticket}", status_code=303)


def _by_hand(log: QcLog, record: InspectionRecord) -> PieceRecord | None:
    """The piece with its hand checks, of a bag that is known."""
    try:
        pieces = log.bags.pieces(record.summary.job)
    except NotRecorded:
        return None
    return next((piece for piece in pieces if piece.serial == record.summary.piece), None)


def _sign(request: Request, log: QcLog, who: Actor, number: int, decision: Decision) -> None:
    """An override is signed by whoever makes it, who has its reason ready by then; nothing else is."""
    verdict = log.inspection(number).summary.outcome
    if verdict == "REFUSED" or not is_override(decision.kind, verdict):
        return
    check_reason(decision.kind, verdict, decision.reason_code)
    if (decision.badge is None) == (decision.pin is None):
        raise NotAllowed(
            f"the decision '{decision.kind}' on a piece with verdict {verdict} is signed: give your badge or your PIN"
        )
    signing = Signing(badge=decision.badge, pin=decision.pin)
    signed_by(request, log, who, signing, "inspection.decide", f"inspection {number}")
