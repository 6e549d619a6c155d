"""The bench's pages: its queue by due time, one order with the exact place, taken and finished by one press each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote, unquote, urlencode

from fastapi import APIRouter, Cookie, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from loupebox.api.access import Allowed, SignedIn
from loupebox.api.closeup import SPOT_RADIUS_PX, Closeup, closeup, same_place
from loupebox.api.dependencies import Line, Log, Number
from loupebox.api.pages import render
from loupebox.api.rework import READS, Worker, is_late
from loupebox.station.records.bench_load import LONGEST_MINUTES, minutes_of
from loupebox.station.records.inspection_record import InspectionRecord
from loupebox.station.records.inspections import InspectionFilter
from loupebox.station.records.person import Actor
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.rechecks import RecheckRecord
from loupebox.station.records.rework_desk import MOST
from loupebox.station.records.rework_order import ReworkOrder, ReworkWork

router = APIRouter(include_in_schema=False)

Answerer = Annotated[Actor, Depends(Allowed("inspection.decide"))]

BENCH_COOKIE = "loupebox_bench"
YEAR_S = 365 * 24 * 3600
CARDS = 12
"""More than an hour's work of one bench; what is due later is one press away. Each costs some 15 ms."""
LATELY = 6


@dataclass(frozen=True, slots=True)
class Card:
    """An order on a page, with the place that it is about."""

    order: ReworkOrder
    picture: Closeup | None
    late: bool

    @property
    def asks(self) -> bool:
        """The bench waits for an answer."""
        return bool(self.order.messages) and self.order.messages[-1].kind == "question"

    @property
    def minutes(self) -> int | None:
        """Since it was taken; None once it has lain over a night."""
        taken = self.order.step("taken")
        if taken is None:
            return None
        passed = round((datetime.now(UTC) - taken.at) / timedelta(minutes=1))
        return passed if passed <= LONGEST_MINUTES else None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the work: the piece looked at again."""

    record: InspectionRecord
    picture: Closeup | None
    rechecks: tuple[RecheckRecord, ...]


@router.get("/rework", dependencies=[READS])
def queue(
    request: Request,
    log: Log,
    who: SignedIn,
    bench: Annotated[Line | None, Query()] = None,
    everything: bool = False,
    kept: Annotated[str, Cookie(alias=BENCH_COOKIE)] = "",
) -> Response:
    """What lies in one's hands first, then what waits, the most urgent first."""
    names = log.rework.benches()
    remembered = unquote(kept)
    shown = bench if bench is not None else (remembered if remembered in dict(names) else "")
    waiting = log.rework.queue(shown or None)
    mine = [o for o in waiting if o.state == "taken" and o.steps[-1].who == who.name]
    still = [o for o in waiting if o.state == "open"]
    others = [o for o in waiting if o.state == "taken" and o not in mine]
    cut = len(still) if everything else max(CARDS - len(mine), 1)
    answer = render(
        request,
        "rework.html",
        bench=shown,
        benches=names,
        mine=_cards(log, mine),
        open_cards=_cards(log, still[:cut]),
        left_out=len(still) - len(still[:cut]),
        others=[Card(o, None, is_late(o)) for o in others],
        lately=log.rework.done(shown or None, LATELY),
        minutes_of=minutes_of,
        count=len(waiting),
        late=sum(is_late(o) for o in waiting),
        edition=log.rework.edition(),
        may_take=who.may("rework.take"),
        may_answer=who.may("inspection.decide"),
        spot_radius=SPOT_RADIUS_PX,
        latest_minutes=int(MOST["minutes"]),
    )
    if bench is not None:
        answer.set_cookie(BENCH_COOKIE, quote(shown), max_age=YEAR_S, httponly=True, samesite="strict")
    return answer


@router.get("/rework/{number}", dependencies=[READS])
def one(number: Number, request: Request, log: Log, who: SignedIn) -> Response:
    """One order with everything that happened to it; before and after side by side once the piece was looked at."""
    order = log.rework.one(number)
    before = log.inspection(order.inspection_id)
    picture = closeup(before, [d.check_name for d in order.defects])
    return render(
        request,
        "order.html",
        card=Card(order, picture, is_late(order)),
        result=_result(log, order, picture),
        edition=log.rework.edition(),
        may_take=who.may("rework.take"),
        may_answer=who.may("inspection.decide"),
        mine=order.state == "taken" and order.steps[-1].who == who.name,
        minutes=minutes_of(order),
        spot_radius=SPOT_RADIUS_PX,
        latest_minutes=int(MOST["minutes"]),
        bench="",
    )


@router.post("/rework/{number}/take")
def take(number: Number, log: Log, who: Worker, bench: Annotated[Line, Form()] = "") -> Response:
    log.rework.take(number, who.name)
    return _back(bench, number)


@router.post("/rework/{number}/done")
def done(
    number: Number,
    log: Log,
    who: Worker,
    note: Annotated[Line, Form()] = "",
    minutes: Annotated[float | None, Form(ge=0, le=MOST["minutes"])] = None,
    bench: Annotated[Line, Form()] = "",
) -> Response:
    log.rework.finish(number, who.name, note, None if minutes is None else ReworkWork(minutes))
    return _back(bench, number)


@router.post("/rework/{number}/ask")
def ask(number: Number, log: Log, who: Worker, text: Annotated[Line, Form()]) -> Response:
    log.rework.ask(number, who.name, text)
    return RedirectResponse(f"/rework/{number}#said", status_code=303)


@router.post("/rework/{number}/answer")
def answer(number: Number, log: Log, who: Answerer, text: Annotated[Line, Form()]) -> Response:
    log.rework.answer(number, who.name, text)
    return RedirectResponse(f"/rework/{number}#said", status_code=303)


def _cards(log: QcLog, orders: Sequence[ReworkOrder]) -> list[Card]:
    return [
        Card(o, closeup(log.inspection(o.inspection_id), [d.check_name for d in o.defects]), is_late(o)) for o in orders
    ]


def _result(log: QcLog, order: ReworkOrder, before: Closeup | None) -> Result | None:
    """The last look at the piece, when it came after the one that ordered the work."""
    latest = log.recent(1, InspectionFilter(piece=order.piece, job=order.job)).items
    if not latest or latest[0].id <= order.inspection_id:
        return None
    record = log.inspection(latest[0].id)
    picture = closeup(record, [d.check_name for d in order.defects])
    if before is not None and (picture is None or record.summary.outcome == "PASS"):
        picture = same_place(record, before)
    return Result(record, picture, log.rework.rechecked(record.summary.id))


def _back(bench: str, number: int) -> Response:
    query = "?" + urlencode({"bench": bench}) if bench else ""
    return RedirectResponse(f"/rework{query}#order-{number}", status_code=303)
