"""Lists of pieces: those of a day, one piece's history, refused captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Log
from loupebox.api.inspections import DECIDED
from loupebox.api.pages import render
from loupebox.api.rework import is_late
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.inspection_record import FrameRecord, InspectionSummary
from loupebox.station.records.inspections import InspectionFilter, Outcome
from loupebox.station.records.qc_log import QcLog

router = APIRouter(include_in_schema=False, dependencies=[Depends(Allowed("inspection.read"))])

OUTCOMES: tuple[Outcome, ...] = ("FAIL", "REVIEW", "PASS", "REFUSED")
PAGE_LENGTH = 50
THUMB_PX = 144
"""Twice the size shown, for screens of double density."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    summary: InspectionSummary
    thumb: str | None

    @property
    def reason(self) -> str:
        return self.summary.reasons[0] if self.summary.reasons else ""

    @property
    def decision(self) -> str:
        return DECIDED[self.summary.disposition] if self.summary.disposition else ""


@router.get("/")
def today(
    request: Request, log: Log, day: Annotated[date | None, Query()] = None, verdict: Outcome | None = None
) -> Response:
    """The most recent day with any piece, or the day asked for; what to do next comes first."""
    shown = day or log.latest_day()
    pieces = log.pieces_of_day(shown) if shown else ()
    before, after = log.days_beside(shown) if shown else (None, None)
    waiting = log.rework.queue()
    seen = Counter(piece.outcome for piece in pieces)
    return render(
        request,
        "today.html",
        day=shown,
        before=before,
        after=after,
        only=verdict,
        tally=[(outcome, seen[outcome]) for outcome in OUTCOMES],
        rows=rows(log, [piece for piece in pieces if verdict in (None, piece.outcome)]),
        reviews=log.undecided(),
        late=sum(is_late(order) for order in waiting),
        bench_words=", ".join(f"{bench} {count}" for bench, count in log.rework.benches() if count),
    )


@router.get("/pieces/{serial:path}")
def history(request: Request, log: Log, serial: str) -> Response:
    found = log.recent(PAGE_LENGTH, InspectionFilter(piece=serial)).items
    if not found:
        raise NotRecorded(f"no piece '{serial}' is recorded")
    return render(request, "piece.html", serial=serial, rows=rows(log, found))


@router.get("/refused")
def refused(request: Request, log: Log, cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> Response:
    page = log.recent(PAGE_LENGTH, InspectionFilter(outcome="REFUSED"), cursor)
    next_page = f"/refused?cursor={page.next_cursor}" if page.next_cursor else None
    return render(request, "refused.html", rows=rows(log, page.items), next_page=next_page)


def rows(log: QcLog, summaries: Sequence[InspectionSummary]) -> list[Row]:
    """Lines with their small pictures."""
    frames = log.frames_of([summary.id for summary in summaries])
    return [Row(summary, thumb(frames.get(summary.id, ()))) for summary in summaries]


def thumb(frames: Sequence[FrameRecord]) -> str | None:
    """The stone from above where there is one, the ring's outline otherwise."""
    views = ("top", "face")
    best = sorted(frames, key=lambda f: views.index(f.view) if f.view in views else len(views))
    return f"/frames/{best[0].sha256}.webp?width={THUMB_PX}" if best else None
