"""Production jobs: the list, the import from the shop's own system, and what happens to a bag."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Key, Limit, Line, Log, Name, TextCursor, Wanted
from loupebox.api.problem import ProblemResponse, declared
from loupebox.api.sampling import LotOut
from loupebox.station.records.bag_tables import BagStage, Direction
from loupebox.station.records.job import Job, Source
from loupebox.station.records.job_import import ImportReport
from loupebox.station.records.job_table import LARGEST_BYTES, MOST_ROWS, JobRow, read_csv, read_rows
from loupebox.station.records.person import Actor
from loupebox.station.records.piece_state import PieceState

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

READS = Depends(Allowed("job.read"))
Importer = Annotated[Actor, Depends(Allowed("job.import"))]


class JobPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[Job, ...]
    next_cursor: str | None


class JobRows(BaseModel):
    """A table of jobs; a row that names a serial is one piece of the job, with sources of its own."""

    model_config = ConfigDict(extra="forbid")

    # Not rows that are validated yet: the report shall name all that is wrong with each of them.
    rows: list[dict[str, Any]] = Field(
        max_length=MOST_ROWS, json_schema_extra={"items": JobRow.model_json_schema(), "maxItems": MOST_ROWS}
    )
    dry_run: bool = False


class Refused(BaseModel):
    """One thing that is wrong with a row."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="of the file, the header being line 1; of JSON, the row from 1")
    field: str
    value: str
    allowed: str


class ImportOut(BaseModel):
    """What an import did, or in a dry run would do."""

    model_config = ConfigDict(from_attributes=True)

    stored: bool
    rows: int
    jobs_added: int
    jobs_changed: int
    jobs_unchanged: int
    pieces_added: int
    sources_changed: int
    refused: tuple[Refused, ...]
    encoding: str | None = Field(description="of the file")


class ImportProblem(BaseModel):
    """Nothing was stored: every row that was refused, and why."""

    type: str
    title: str
    status: int
    detail: str
    refused: tuple[Refused, ...]


class HandCheckOut(BaseModel):
    """What a person found."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    outcome: Literal["ok", "not ok"]
    note: str
    who: str
    at: datetime


class PieceOut(BaseModel):
    """One piece of a bag and where it stands."""

    model_config = ConfigDict(from_attributes=True)

    serial: str
    state: PieceState
    inspection: int | None = Field(description="the last one with a verdict")
    verdict: Literal["PASS", "REVIEW", "FAIL"] | None
    hand_checks_due: tuple[str, ...]
    hand_checks: tuple[HandCheckOut, ...]


class MoveOut(BaseModel):
    """So many pieces went from one stage to the next."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    from_stage: BagStage | None
    to_stage: BagStage
    pieces: int
    who: str
    note: str
    at: datetime


class WeighingOut(BaseModel):
    """What the scale said."""

    model_config = ConfigDict(from_attributes=True)

    stage: BagStage
    direction: Direction
    weight_g: float
    added_g: float
    returned_g: float
    pieces: int
    who: str
    at: datetime


class LossOut(BaseModel):
    """The metal that a stage took."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    in_g: float
    out_g: float
    added_g: float
    returned_g: float
    loss_g: float | None
    loss_percent: float | None
    at_most_percent: float | None
    verdict: Literal["open", "within", "above", "gain"]


class ClosingOut(BaseModel):
    """When the bag was closed, by whom, and with how many pieces in each state."""

    model_config = ConfigDict(from_attributes=True)

    counts: dict[str, int]
    who: str
    at: datetime


class BagOut(BaseModel):
    """Everything that is recorded of one bag."""

    model_config = ConfigDict(from_attributes=True)

    job: Job
    pieces_in: int | None = Field(description="null when the job does not say how many it has")
    counts: dict[str, int] = Field(description="pieces by state")
    at_stage: dict[str, int] = Field(description="pieces by stage, by the moves")
    missing: tuple[str, ...] = Field(description="what stands in the way of closing")
    warnings: tuple[str, ...]
    pieces: tuple[PieceOut, ...]
    moves: tuple[MoveOut, ...]
    weighings: tuple[WeighingOut, ...]
    losses: tuple[LossOut, ...]
    closing: ClosingOut | None


class NewMove(BaseModel):
    """Pieces go on to a stage; without `from_stage` they come into the bag's history."""

    model_config = ConfigDict(extra="forbid")

    to_stage: BagStage
    from_stage: BagStage | None = None
    pieces: int = Field(ge=1, le=100_000)
    note: Line = ""


class NewWeighing(BaseModel):
    """What the scale says when the bag comes to a stage or leaves it."""

    model_config = ConfigDict(extra="forbid")

    stage: BagStage
    direction: Direction
    weight_g: float = Field(ge=0.001, le=100_000, allow_inf_nan=False)
    pieces: int = Field(ge=1, le=100_000)
    added_g: float = Field(default=0.0, ge=0, le=100_000, allow_inf_nan=False)
    returned_g: float = Field(default=0.0, ge=0, le=100_000, allow_inf_nan=False)


class NewExit(BaseModel):
    """A piece leaves: into another bag, or, with a reason, because it is lost."""

    model_config = ConfigDict(extra="forbid")

    serial: Name
    to_job: Name | None = None
    reason: Line = ""


class NewSource(BaseModel):
    """Where one piece comes from, where that is not the bag's own source."""

    model_config = ConfigDict(extra="forbid")

    serial: Name
    source: Source
    name: Name


@router.get("", dependencies=[READS])
def jobs(
    log: Log,
    style: Wanted = None,
    limit: Limit = 50,
    cursor: TextCursor = None,
) -> JobPage:
    """Jobs by id."""
    found = log.job_page(limit + 1, cursor, style)
    return JobPage(items=found[:limit], next_cursor=found[limit - 1].id if len(found) > limit else None)


NOTHING_STORED: dict[int | str, dict[str, Any]] = {
    422: declared(
        "nothing was stored: every row that was refused, and why",
        refused={"type": "array", "items": {"type": "object"}},
    )
}


@router.post("/import", responses=NOTHING_STORED)
def import_rows(body: JobRows, log: Log, who: Importer) -> ImportOut:
    """Add and change jobs and pieces: all rows or, when any is refused, none. The same again changes nothing."""
    return _answer(log.job_import.bring_in(read_rows(body.rows), who.name, dry_run=body.dry_run), body.dry_run)


@router.post("/import/file", responses=NOTHING_STORED)
def import_file(
    log: Log,
    who: Importer,
    file: Annotated[UploadFile, File(description="CSV with a header; UTF-8, UTF-16 or cp1252")],
    dry_run: Annotated[bool, Form()] = False,
    encoding: Annotated[Line, Form(description="when it cannot be told from the file")] = "",
) -> ImportOut:
    """The same out of a CSV file."""
    table = read_csv(file.file.read(LARGEST_BYTES + 1), "the file", encoding or None)
    return _answer(log.job_import.bring_in(table, who.name, dry_run=dry_run), dry_run)


@router.get("/{job:path}/bag", dependencies=[READS])
def bag(job: Key, log: Log) -> BagOut:
    """Everything recorded of one bag."""
    return BagOut.model_validate(log.bags.bag(job))


@router.get("/{job:path}/lot", dependencies=[Depends(Allowed("sampling.read"))])
def lot(job: Key, log: Log) -> LotOut | None:
    """Which pieces of the bag are to be inspected, when it is sampled; null when it is inspected whole."""
    found = log.sampling.lot_of(job)
    return None if found is None else LotOut.model_validate(found)


@router.post("/{job:path}/moves", status_code=201)
def move(job: Key, body: NewMove, log: Log, who: Annotated[Actor, Depends(Allowed("job.move"))]) -> BagOut:
    """Move pieces on; 409 when somebody else has moved them meanwhile."""
    moved = log.bags.move(job, body.to_stage, who.name, pieces=body.pieces, from_stage=body.from_stage, note=body.note)
    return BagOut.model_validate(moved)


@router.post("/{job:path}/weighings", status_code=201)
def weigh(job: Key, body: NewWeighing, log: Log, who: Annotated[Actor, Depends(Allowed("job.weigh"))]) -> BagOut:
    """Record a weight; the answer says what the stage lost."""
    weights = {"pieces": body.pieces, "added_g": body.added_g, "returned_g": body.returned_g}
    return BagOut.model_validate(log.bags.weigh(job, body.stage, body.direction, body.weight_g, who.name, **weights))


@router.post("/{job:path}/exits", status_code=201)
def take_out(job: Key, body: NewExit, log: Log, who: Annotated[Actor, Depends(Allowed("piece.take_out"))]) -> BagOut:
    """Take a piece out of the bag."""
    left = log.bags.take_out(job, body.serial, who.name, to_job=body.to_job, reason=body.reason)
    return BagOut.model_validate(left)


@router.post("/{job:path}/sources", status_code=201)
def say_source(
    job: Key, body: NewSource, log: Log, who: Annotated[Actor, Depends(Allowed("piece.say_source"))]
) -> NewSource:
    """Say which caster, setter, flask ... one piece of the bag comes from; what was said last counts."""
    log.bags.say_source(job, body.serial, body.source, body.name, who.name)
    return body


@router.post("/{job:path}/closing", status_code=201)
def close(job: Key, log: Log, who: Annotated[Actor, Depends(Allowed("job.close"))]) -> ClosingOut:
    """Close the bag; 409 says exactly which pieces are not accounted for."""
    return ClosingOut.model_validate(log.bags.close(job, who.name))


@router.get("/{job:path}", dependencies=[READS])
def job(job: Key, log: Log) -> Job:
    """One job."""
    return log.job(job)


def _answer(report: ImportReport, dry_run: bool) -> Any:
    if not report.refused:
        return ImportOut.model_validate(report)
    count = len(report.refused)
    first = report.refused[0].sentence
    problem = ImportProblem(
        type="about:blank",
        title="Not accepted",
        status=422,
        detail=f"Nothing was stored: {count} {'field is' if count == 1 else 'fields are'} refused; the first: {first}.",
        refused=tuple(Refused.model_validate(row) for row in report.refused),
    )
    return _problem(problem) if not dry_run else ImportOut.model_validate(report)


def _problem(problem: ImportProblem) -> Response:
    return ProblemResponse(problem.model_dump(), 422)
