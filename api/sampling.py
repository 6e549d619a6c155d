"""Sampling by ISO 2859-1: schemes, lots, which pieces to inspect, and the severity of the next lot."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Key, Limit, Line, Log, Name, Number, TextCursor
from loupebox.inspect.sampling_plan import InspectionLevel, SamplingSeverity
from loupebox.inspect.sampling_risk import plan_risk
from loupebox.inspect.sampling_switch import what_next
from loupebox.station.records.agreed_plan import agreed_plan
from loupebox.station.records.person import Actor
from loupebox.station.records.sampling import Scheme

router = APIRouter(prefix="/api/v1/sampling", tags=["sampling"])

READS = Depends(Allowed("sampling.read"))
Inspector = Annotated[Actor, Depends(Allowed("sampling.draw"))]
Manager = Annotated[Actor, Depends(Allowed("sampling.manage"))]


class PlanOut(BaseModel):
    """A single sampling plan."""

    model_config = ConfigDict(from_attributes=True)

    letter: str
    sample_size: int
    accept: int
    reject: int


class PlanWithRisk(PlanOut):
    """A plan, and what it lets through."""

    passes_10_percent_of_the_time: float | None = Field(
        description="per cent nonconforming that the plan still accepts with a probability of 10 %"
    )
    chance_at_aql: float = Field(description="probability that a lot just as bad as the AQL is accepted")


class SchemeOut(BaseModel):
    """A series of lots from one source, and where it stands."""

    name: str
    level: InspectionLevel
    aql_percent: float
    severity: SamplingSeverity = Field(description="of the next lot")
    score: int = Field(description="switching score; 30 and a steady production relax to reduced")
    steady: bool
    discontinued: bool
    lots: int
    open_lot: int | None = Field(description="the lot that is drawn and not judged yet")
    what_next: tuple[str, ...] = Field(description="what would change the severity, in sentences")


class SchemePage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[SchemeOut, ...]
    next_cursor: str | None


class LotOut(BaseModel):
    """A bag as a lot."""

    model_config = ConfigDict(from_attributes=True)

    scheme: str
    number: int
    job: str
    lot_size: int
    severity: SamplingSeverity
    plan: PlanOut
    sample: tuple[str, ...] = Field(description="serials of the pieces to inspect")
    state: Literal["drawn", "accepted", "not accepted", "withdrawn"]
    nonconforming: int | None
    left: tuple[str, ...] = Field(description="drawn pieces that are not decided yet")


class LotPage(BaseModel):
    """A part of the list, the first lot first; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[LotOut, ...]
    next_cursor: int | None


class NewScheme(BaseModel):
    """What is agreed for a source."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    level: InspectionLevel = "II"
    aql_percent: float


class NewLot(BaseModel):
    """The bag that is the next lot."""

    model_config = ConfigDict(extra="forbid")

    job: Name


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = Field(min_length=1)


class Steadiness(Reason):
    """Whether production is steady and reduced inspection is wanted."""

    steady: bool


@router.get("/plan", dependencies=[READS])
def plan(
    lot_size: Annotated[int, Query(ge=2, le=10_000_000)],
    aql_percent: float,
    level: InspectionLevel = "II",
    severity: SamplingSeverity = "normal",
) -> PlanWithRisk:
    """The plan of the tables for a lot, and its risks; nothing is recorded."""
    found = agreed_plan(lot_size, level, aql_percent, severity)
    risk = plan_risk(found, lot_size, aql_percent)
    return PlanWithRisk(
        **PlanOut.model_validate(found).model_dump(),
        passes_10_percent_of_the_time=None if risk.passed_in_ten is None else 100 * risk.passed_in_ten,
        chance_at_aql=risk.chance_at_aql,
    )


@router.get("/schemes", dependencies=[READS])
def schemes(
    log: Log,
    limit: Limit = 50,
    cursor: TextCursor = None,
) -> SchemePage:
    """All schemes by name."""
    rest = [scheme for scheme in log.sampling.schemes() if cursor is None or scheme.name > cursor]
    following = rest[limit - 1].name if len(rest) > limit else None
    return SchemePage(items=tuple(_out(scheme) for scheme in rest[:limit]), next_cursor=following)


@router.post("/schemes", status_code=201)
def begin(body: NewScheme, log: Log, who: Manager) -> SchemeOut:
    """Agree on a scheme for a source."""
    return _out(log.sampling.begin(body.name, body.level, body.aql_percent, who.name))


@router.get("/schemes/{name}", dependencies=[READS])
def scheme(name: Key, log: Log) -> SchemeOut:
    """One scheme: the severity of its next lot."""
    return _out(log.sampling.scheme(name))


@router.get("/schemes/{name}/lots", dependencies=[READS])
def lots(name: Key, log: Log, limit: Limit = 50, cursor: Cursor = None) -> LotPage:
    """Its lots, the first first."""
    rest = [lot for lot in log.sampling.lots(name) if lot.number > (cursor or 0)]
    following = rest[limit - 1].number if len(rest) > limit else None
    return LotPage(items=tuple(LotOut.model_validate(lot) for lot in rest[:limit]), next_cursor=following)


@router.post("/schemes/{name}/lots", status_code=201)
def draw(name: Key, body: NewLot, log: Log, who: Inspector) -> LotOut:
    """Make a bag the next lot; the answer says which of its pieces to inspect."""
    return LotOut.model_validate(log.sampling.draw(name, body.job, who.name))


@router.post("/schemes/{name}/lots/{number}/judgement", status_code=201)
def judge(name: Key, number: Number, log: Log, who: Inspector) -> LotOut:
    """Accept the lot or not, by what was found on its sample; 409 while pieces of it are not decided."""
    return LotOut.model_validate(log.sampling.judge(name, number, who.name)[0])


@router.post("/schemes/{name}/lots/{number}/withdrawal", status_code=201)
def withdraw(name: Key, number: Number, body: Reason, log: Log, who: Manager) -> SchemeOut:
    """The lot is inspected whole after all: it does not count."""
    return _out(log.sampling.withdraw(name, number, who.name, body.reason))


@router.post("/schemes/{name}/steadiness", status_code=201)
def say_steady(name: Key, body: Steadiness, log: Log, who: Manager) -> SchemeOut:
    """Say whether production is steady and reduced inspection is wanted."""
    return _out(log.sampling.say_steady(name, body.steady, who.name, body.reason))


@router.post("/schemes/{name}/resumption", status_code=201)
def resume(name: Key, body: Reason, log: Log, who: Manager) -> SchemeOut:
    """The source was put right: sampling goes on, tightened."""
    return _out(log.sampling.resume(name, who.name, body.reason))


def _out(scheme: Scheme) -> SchemeOut:
    state = scheme.state
    return SchemeOut(
        name=scheme.name,
        level=scheme.level,
        aql_percent=scheme.aql_percent,
        severity=state.severity,
        score=state.score,
        steady=state.steady,
        discontinued=state.discontinued,
        lots=scheme.lots,
        open_lot=scheme.open_lot,
        what_next=what_next(state),
    )
