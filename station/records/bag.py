"""A bag as it is read: its pieces, where they are, what was weighed, and whether it can be closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from loupebox.inspect.metal_loss import StageLoss, Weighing, stage_losses
from loupebox.inspect.spec import SpecDraft
from loupebox.station.records.bag_tables import JOB_CLOSING, JOB_MOVE, JOB_WEIGHING, PIECE_EXIT
from loupebox.station.records.job import Job
from loupebox.station.records.jobs import one_job
from loupebox.station.records.piece_state import ACCOUNTED, PIECE_STATES, PieceRecord, pieces_of

SERIALS_NAMED = 8
"""In a sentence; the others are counted."""


@dataclass(frozen=True, slots=True)
class Move:
    """So many pieces went from one stage to the next; from None is the beginning."""

    number: int
    from_stage: str | None
    to_stage: str
    pieces: int
    who: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WeighingRecord:
    """What the scale said, and who read it."""

    stage: str
    direction: str
    weight_g: float
    added_g: float
    returned_g: float
    pieces: int
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """When the bag was closed, by whom, and with how many pieces in each state."""

    counts: Mapping[str, int]
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Bag:
    """Everything that is recorded of one bag."""

    job: Job
    pieces: tuple[PieceRecord, ...]
    arrived: int
    """Pieces that came out of other bags, beside the job's own quantity."""
    moves: tuple[Move, ...]
    weighings: tuple[WeighingRecord, ...]
    losses: tuple[StageLoss, ...]
    warnings: tuple[str, ...]
    closing: Closing | None

    @property
    def pieces_in(self) -> int | None:
        """How many pieces there should be; None when the job does not say."""
        return None if self.job.quantity is None else self.job.quantity + self.arrived

    @property
    def counts(self) -> dict[str, int]:
        """How many pieces are in each state that occurs."""
        counted = Counter(piece.state for piece in self.pieces)
        return {state: counted[state] for state in PIECE_STATES if counted[state]}

    @property
    def at_stage(self) -> dict[str, int]:
        """How many pieces are at each stage, by the moves."""
        return at_stage(self.moves)

    @property
    def missing(self) -> tuple[str, ...]:
        """What stands in the way of closing, each a clause; empty when the counts reconcile."""
        if self.pieces_in is None:
            return ("the job does not say how many pieces it has",)
        lacking = self.pieces_in - len(self.pieces)
        clauses: list[str] = []
        if lacking > 0:
            clauses.append(f"{lacking} without any serial in the records")
        if lacking < 0:
            clauses.append(f"{-lacking} more with a serial than the job has pieces")
        for state in PIECE_STATES:
            serials = [piece.serial for piece in self.pieces if piece.state == state]
            if serials and state not in ACCOUNTED:
                clauses.append(f"{len(serials)} {state} ({named(serials)})")
        return tuple(clauses)

    @property
    def next_piece(self) -> str | None:
        """The serial to look at next: one that nobody has looked at or that comes back from its rework, else a new
        number; None when each piece of the bag has been looked at."""
        for piece in self.pieces:
            if piece.state in ("not inspected", "back from rework"):
                return piece.serial
        if self.pieces_in is not None and len(self.pieces) >= self.pieces_in:
            return None
        known = {piece.serial for piece in self.pieces}
        numbers = (f"{self.job.id}-{number:02}" for number in range(1, len(known) + 2))
        return next(serial for serial in numbers if serial not in known)

    @property
    def left(self) -> int | None:
        """How many pieces wait for their first look or the one after their rework; None when nobody knows."""
        waiting = sum(piece.state in ("not inspected", "back from rework") for piece in self.pieces)
        return None if self.pieces_in is None else waiting + max(0, self.pieces_in - len(self.pieces))

    @property
    def reconciliation(self) -> str:
        """The sum in words: "24 pieces in = 20 passed + 1 scrapped + 3 not inspected"."""
        counted = " + ".join(f"{count} {state}" for state, count in self.counts.items()) or "0"
        pieces_in = "an unknown number of" if self.pieces_in is None else self.pieces_in
        lacking = (self.pieces_in or 0) - len(self.pieces)
        return f"{pieces_in} pieces in = {counted}" + (f" + {lacking} without a serial" if lacking > 0 else "")


def at_stage(moves: Sequence[Move]) -> dict[str, int]:
    """How many pieces are at each stage after these moves."""
    there: Counter[str] = Counter()
    for move in moves:
        there[move.to_stage] += move.pieces
        if move.from_stage is not None:
            there[move.from_stage] -= move.pieces
    return {stage: count for stage, count in there.items() if count}


def named(serials: Sequence[str]) -> str:
    """The first of them, and how many more."""
    more = len(serials) - SERIALS_NAMED
    return ", ".join(serials[:SERIALS_NAMED]) + (f" and {more} more" if more > 0 else "")


def read_bag(connection: Connection, job: str, spec: SpecDraft | None) -> Bag:
    """The whole of a bag; `spec` is the sheet with the style's standards, if there is one."""
    found = one_job(connection, job)
    weighings = tuple(
        WeighingRecord(row.stage, row.direction, row.weight_g, row.added_g, row.returned_g, row.pieces, row.who, row.at)
        for row in connection.execute(select(JOB_WEIGHING).where(JOB_WEIGHING.c.job == job).order_by(JOB_WEIGHING.c.id))
    )
    standards = {} if spec is None else {loss.stage: loss.at_most_percent for loss in spec.metal_loss}
    losses = stage_losses([_weighing(w) for w in weighings], {str(k): v for k, v in standards.items()})
    closing = connection.execute(select(JOB_CLOSING).where(JOB_CLOSING.c.job == job)).one_or_none()
    arrived = select(func.count()).select_from(PIECE_EXIT).where(PIECE_EXIT.c.to_job == job)
    return Bag(
        job=found,
        pieces=pieces_of(connection, job),
        arrived=connection.execute(arrived).scalar_one(),
        moves=moves_of(connection, job),
        weighings=weighings,
        losses=losses,
        warnings=(*(w for loss in losses if (w := _warning(loss))), *_light(weighings, spec)),
        closing=None if closing is None else Closing(closing.counts, closing.who, closing.at),
    )


def moves_of(connection: Connection, job: str) -> tuple[Move, ...]:
    """The bag's history, the first move first."""
    return tuple(
        Move(row.number, row.from_stage, row.to_stage, row.pieces, row.who, row.note, row.at)
        for row in connection.execute(select(JOB_MOVE).where(JOB_MOVE.c.job == job).order_by(JOB_MOVE.c.number))
    )


def _weighing(record: WeighingRecord) -> Weighing:
    direction = "in" if record.direction == "in" else "out"
    return Weighing(record.stage, direction, record.weight_g, record.pieces, record.added_g, record.returned_g)


def _warning(loss: StageLoss) -> str | None:
    if loss.loss_g is None or loss.loss_percent is None:
        return None
    if loss.verdict == "gain":
        return f"{loss.stage}: {-loss.loss_g:.2f} g more came out than went in; a weight is wrong or was not entered"
    if loss.verdict == "above":
        return (
            f"{loss.stage}: {loss.loss_g:.2f} g of metal lost, {loss.loss_percent:.1f} %; "
            f"allowed are {loss.at_most_percent:g} %"
        )
    return None


def _light(weighings: Sequence[WeighingRecord], spec: SpecDraft | None) -> list[str]:
    """A bag whose pieces weigh less on average than the sheet wants, or more."""
    if spec is None or spec.weight_g is None:
        return []
    done = [w for w in weighings if w.stage == "final" and w.direction == "out"]
    if not done:
        return []
    mean_g = sum(w.weight_g for w in done) / sum(w.pieces for w in done)
    lower, upper = spec.weight_g.lower, spec.weight_g.upper
    if lower is not None and mean_g < lower:
        return [f"a piece weighs {mean_g:.2f} g on average; allowed are {lower:g} g or more"]
    if upper is not None and mean_g > upper:
        return [f"a piece weighs {mean_g:.2f} g on average; allowed are {upper:g} g or less"]
    return []
