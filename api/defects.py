"""How often which defect is seen: the page, and the same figures for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Log
from loupebox.api.language import _
from loupebox.api.pages import render
from loupebox.api.words import phrase
from loupebox.station.records.defect_count import CountBy, DefectCount

router = APIRouter(tags=["defects"], dependencies=[Depends(Allowed("defect.read"))])

SHOWN: tuple[CountBy, ...] = ("kind", "style", "caster", "setter", "polisher")
KINDS_NAMED = 3


class Count(BaseModel):
    """Pieces with a defect out of the pieces judged; a piece counts once, however often it was looked at."""

    model_config = ConfigDict(from_attributes=True)

    key: str | None = Field(description="the kind, style or source; null when not known")
    defective: int
    inspected: int
    rate: float
    interval: tuple[float, float] = Field(description="95 % interval of the rate (Wilson)")
    kinds: tuple[tuple[str, int], ...] = Field(description="kinds of defect and the pieces that had them")


@dataclass(frozen=True, slots=True)
class Line:
    """One bar: places in percent of the panel's scale, which ends at the highest interval of the panel."""

    name: str
    count: DefectCount
    at_rate: float
    at_low: float
    at_high: float
    kinds: str


@router.get("/api/v1/defects")
def counts(log: Log, by: CountBy = "kind", since: date | None = None) -> list[Count]:
    """Defect counts by kind, style or source, the most defective first."""
    return [Count.model_validate(count) for count in log.defect_counts(by, since)]


@router.get("/defects", include_in_schema=False)
def page(request: Request, log: Log, since: Annotated[str, Query()] = "") -> Response:
    first = date.fromisoformat(since) if since else None
    panels = [(by, lines(log.defect_counts(by, first))) for by in SHOWN]
    return render(request, "defects.html", panels=panels, since=first)


def lines(counts: tuple[DefectCount, ...]) -> list[Line]:
    """Bars of one panel on one scale."""
    full = max((count.interval[1] for count in counts), default=1.0) or 1.0
    return [
        Line(
            name=phrase(count.key) if count.key else _("Not known"),
            count=count,
            at_rate=round(100 * count.rate / full, 2),
            at_low=round(100 * count.interval[0] / full, 2),
            at_high=round(100 * count.interval[1] / full, 2),
            kinds=", ".join(f"{phrase(kind).lower()} {n}" for kind, n in count.kinds[:KINDS_NAMED]),
        )
        for count in counts
    ]
