"""The station's screens: its state and its bags, one bag from the scan to the closing, a piece placed and decided."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.asked_again import HEADER
from loupebox.api.captures import Intake, checked_key
from loupebox.api.closeup import SPOT_RADIUS_PX
from loupebox.api.dependencies import Key, Line, Log, Name
from loupebox.api.inspections import DECIDED
from loupebox.api.language import _
from loupebox.api.pages import new_key, render
from loupebox.api.station_page import bag_lines, bag_page, hand_check_names, signs
from loupebox.station.records.errors import NotRecorded
from loupebox.station.records.override_reason import REASONS_FOR
from loupebox.station.records.person import Actor
from loupebox.station.records.qc_log import QcLog
from loupebox.station.stand import Stand

router = APIRouter(include_in_schema=False)

PLACING = "/station/pieces"
READS = Depends(Allowed("inspection.read"))


class Placed(BaseModel):
    """A piece lies in the lightbox; without a serial it is the next one of its bag."""

    model_config = ConfigDict(extra="forbid")

    job: Name
    piece: Line = Field(default="", max_length=120)


class CheckedByHand(BaseModel):
    """What a person found on one piece, in all the checks that are due."""

    model_config = ConfigDict(extra="forbid")

    piece: Name
    outcome: Literal["ok", "not ok"]
    name: Line = Field(default="", description="one check; all that are due when left out")
    note: Line = ""


@router.get("/station", dependencies=[READS])
def home(request: Request, log: Log, told: Annotated[str, Query(max_length=200)] = "") -> Response:
    """What state the station is in, and which bag comes first."""
    now = datetime.now(UTC)
    lines = bag_lines(log, now.astimezone().date())
    first = next((line for line in lines if line.bag.left), None)
    context: dict[str, Any] = {"signs": signs(request.app.state.settings, log, now), "lines": lines, "first": first}
    return render(request, "station.html", told=told, reviews=log.undecided(), **context)


@router.get("/station/scan", dependencies=[READS])
def scan(
    log: Log, code: Annotated[Line, Query(max_length=120)], bag: Annotated[str, Query(max_length=120)] = ""
) -> Response:
    """Where a scanned code leads: to its bag, or to the piece of the bag that is worked on."""
    if bag and any(piece.serial == code for piece in log.bags.pieces(bag)):
        return RedirectResponse(f"{_bag(bag)}?{urlencode({'piece': code})}", status_code=303)
    try:
        return RedirectResponse(_bag(log.job(code).id), status_code=303)
    except NotRecorded:
        told = _("No bag has the code '%(code)s'. Scan the code on the bag, or choose it below.", code=code)
        return RedirectResponse(f"/station?{urlencode({'told': told})}", status_code=303)


@router.post(PLACING)
async def place(
    request: Request, who: Annotated[Actor, Depends(Allowed("inspection.record"))], form: Annotated[Placed, Form()]
) -> Response:
    """Capture, inspect and record the piece; sent again with its key, it is the same inspection."""
    stand: Stand = request.app.state.stand
    intake: Intake = request.app.state.intake
    origin = f"{type(who).__name__} {who.id}: {checked_key(request.headers) or new_key()}: {HEADER} of a placed piece"
    await run_sync(stand.take, form.job, form.piece or None, origin, limiter=intake.one_at_a_time)
    return RedirectResponse(_bag(form.job), status_code=303)


@router.get("/station/bags/{job:path}", dependencies=[READS])
def bag(
    request: Request,
    job: Key,
    log: Log,
    ticket: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    piece: Annotated[str | None, Query(max_length=120)] = None,
    end: Annotated[bool, Query(description="the last piece has been seen to")] = False,
) -> Response:
    """One bag: what to do now comes first."""
    page = bag_page(request.app.state.settings, log, job, ticket, piece, end=end)
    context: dict[str, Any] = {
        "decided": DECIDED,
        "reasons": REASONS_FOR,
        "spot_radius": SPOT_RADIUS_PX,
        "names_by_hand": hand_check_names,
        "sees": request.app.state.stand.sees,
    }
    return render(request, "bag.html", page=page, **context)


@router.post("/station/hand-checks/{job:path}")
def by_hand(
    job: Key,
    log: Log,
    who: Annotated[Actor, Depends(Allowed("hand_check.record"))],
    form: Annotated[CheckedByHand, Form()],
    to: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="the inspection whose page asks")] = None,
) -> Response:
    for name in [form.name] if form.name else _due(log, job, form.piece):
        log.bags.hand_check(job, form.piece, name, form.outcome, who.name, form.note)
    return RedirectResponse(_bag(job) if to is None else f"/inspections/{to}#hand", status_code=303)


@router.post("/station/closing/{job:path}")
def close(job: Key, log: Log, who: Annotated[Actor, Depends(Allowed("job.close"))]) -> Response:
    log.bags.close(job, who.name)
    return RedirectResponse(_bag(job), status_code=303)


def _due(log: QcLog, job: str, serial: str) -> list[str]:
    piece = next((piece for piece in log.bags.pieces(job) if piece.serial == serial), None)
    if piece is None:
        raise NotRecorded(f"no piece {serial} is recorded in bag {job}")
    return list(hand_check_names(piece))


def _bag(job: str) -> str:
    return f"/station/bags/{quote(job)}"
