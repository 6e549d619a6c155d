"""What happens to a bag: it moves from stage to stage, is weighed, loses pieces, is closed when all is accounted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from loupebox.inspect.spec import SpecDraft
from loupebox.station.records.audit import JSON, append_audit
from loupebox.station.records.bag import Bag, Closing, at_stage, moves_of, read_bag
from loupebox.station.records.bag_tables import (
    BAG_STAGES,
    DIRECTIONS,
    HAND_CHECK,
    JOB_CLOSING,
    JOB_MOVE,
    JOB_WEIGHING,
    PIECE_EXIT,
    PIECE_SOURCE,
    BagStage,
    Direction,
)
from loupebox.station.records.columns import add, ensure
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.job import SOURCES, Source
from loupebox.station.records.jobs import one_job
from loupebox.station.records.piece_state import PieceRecord, hand_checks_wanted, pieces_of
from loupebox.station.records.production_tables import JOB, PIECE, SPEC_REVISION

HEAVIEST_G = 100_000


class Bags:
    """One call is one transaction."""

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime], sheet_of: Callable[[Connection, str], SpecDraft | None]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._sheet_of = sheet_of

    def bag(self, job: str) -> Bag:
        """Everything recorded of one bag."""
        with reading(self._engine) as connection:
            return self._read(connection, job)

    def pieces(self, job: str) -> tuple[PieceRecord, ...]:
        """Its pieces with their states."""
        with reading(self._engine) as connection:
            one_job(connection, job)
            return pieces_of(connection, job)

    def move(
        self, job: str, to_stage: BagStage, who: str, *, pieces: int, from_stage: BagStage | None = None, note: str = ""
    ) -> Bag:
        """Move pieces on; the first move, from None, brings them in. Of two who move the same pieces one is told."""
        _one_of("stage", to_stage, BAG_STAGES)
        if from_stage is not None:
            _one_of("stage", from_stage, BAG_STAGES)
        if from_stage == to_stage:
            raise NotAllowed(f"bag {job} cannot move from {to_stage} to {to_stage}; name another stage")
        _at_least_one(pieces, job)
        _somebody(who, f"moves bag {job}")
        with writing(self._engine) as connection:
            _hold(connection, job)
            moves = moves_of(connection, job)
            there = at_stage(moves)
            if from_stage is None:
                room = self._room(connection, job, sum(there.values()))
                if room is not None and pieces > room:
                    raise Conflict(
                        f"{pieces} pieces cannot come into bag {job}: it has {sum(there.values()) + room}, and "
                        f"{sum(there.values())} are at a stage already; say from which stage they move"
                    )
            elif there.get(from_stage, 0) < pieces:
                last = f"; the last move was to {moves[-1].to_stage} by {moves[-1].who}" if moves else ""
                left = there.get(from_stage, 0)
                raise Conflict(f"{pieces} pieces of bag {job} cannot leave {from_stage}: {left} are there{last}")
            now = self._clock()
            add(
                connection,
                JOB_MOVE,
                job=job,
                number=len(moves) + 1,
                from_stage=from_stage,
                to_stage=to_stage,
                pieces=pieces,
                who=who,
                note=note,
                at=now,
            )
            details = {"from": from_stage, "to": to_stage, "pieces": pieces}
            append_audit(connection, who=who, action="job.moved", subject=f"job {job}", details=details, at=now)
            return self._read(connection, job)

    def weigh(
        self,
        job: str,
        stage: BagStage,
        direction: Direction,
        weight_g: float,
        who: str,
        *,
        pieces: int,
        added_g: float = 0.0,
        returned_g: float = 0.0,
    ) -> Bag:
        """Record what the scale says when the bag comes to a stage or leaves it."""
        _one_of("stage", stage, BAG_STAGES)
        _one_of("direction", direction, DIRECTIONS)
        for name, value, least in (("weight", weight_g, 0.001), ("added", added_g, 0.0), ("returned", returned_g, 0.0)):
            if not least <= value <= HEAVIEST_G:
                raise NotAllowed(f"{name} of bag {job} is {value:g} g; allowed are {least:g} to {HEAVIEST_G} g")
        if direction == "in" and (added_g or returned_g):
            raise NotAllowed("what is added or handed back belongs to the weighing on the way out of a stage")
        _at_least_one(pieces, job)
        _somebody(who, f"weighs bag {job}")
        with writing(self._engine) as connection:
            _hold(connection, job)
            now = self._clock()
            weights = {"weight_g": float(weight_g), "added_g": float(added_g), "returned_g": float(returned_g)}
            values = {"stage": stage, "direction": direction, **weights, "pieces": pieces}
            add(connection, JOB_WEIGHING, job=job, **values, who=who, at=now)
            append_audit(connection, who=who, action="job.weighed", subject=f"job {job}", details=values, at=now)
            return self._read(connection, job)

    def take_out(self, job: str, serial: str, who: str, *, to_job: str | None = None, reason: str = "") -> Bag:
        """A piece leaves the bag: into another one, or, without `to_job`, because it is lost, which needs a reason."""
        _somebody(who, f"takes piece {serial} out of bag {job}")
        if to_job is None and not reason.strip():
            raise NotAllowed(f"piece {serial} of bag {job} is lost without a reason; say what happened")
        if to_job == job:
            raise NotAllowed(f"piece {serial} is in bag {job} already; name another bag")
        with writing(self._engine) as connection:
            for bag in sorted(
                {job, to_job or job}
            ):  # in one order, so that two who swap pieces do not block each other
                _hold(connection, bag)
            piece = piece_number(connection, job, serial, add_missing=True)
            gone = connection.execute(select(PIECE_EXIT).where(PIECE_EXIT.c.piece == piece)).one_or_none()
            if gone is not None:
                where = f"moved to bag {gone.to_job}" if gone.kind == "moved" else "lost"
                raise Conflict(f"piece {serial} has left bag {job} already: {where}, said by {gone.who}")
            now = self._clock()
            kind = "lost" if to_job is None else "moved"
            add(connection, PIECE_EXIT, piece=piece, kind=kind, to_job=to_job, reason=reason, who=who, at=now)
            if to_job is not None:
                there = select(PIECE.c.id).where(PIECE.c.job == to_job, PIECE.c.serial == serial)
                if connection.execute(there).first() is not None:
                    raise Conflict(f"bag {to_job} has a piece {serial} already")
                add(connection, PIECE, serial=serial, job=to_job)
            details = {"piece": serial, "to_job": to_job, "reason": reason}
            append_audit(connection, who=who, action=f"piece.{kind}", subject=f"job {job}", details=details, at=now)
            return self._read(connection, job)

    def name_pieces(self, job: str, serials: Iterable[str], who: str) -> Bag:
        """Say which serials are in the bag; those that are known already stay."""
        _somebody(who, f"names the pieces of bag {job}")
        with writing(self._engine) as connection:
            _hold(connection, job)
            known = set(connection.execute(select(PIECE.c.serial).where(PIECE.c.job == job)).scalars())
            new = [serial for serial in dict.fromkeys(serials) if serial not in known]
            for serial in new:
                piece_number(connection, job, serial, add_missing=True)
            if new:
                details: dict[str, JSON] = {"pieces": list(new)}
                now = self._clock()
                append_audit(connection, who=who, action="piece.named", subject=f"job {job}", details=details, at=now)
            return self._read(connection, job)

    def say_source(self, job: str, serial: str, source: Source, name: str, who: str) -> None:
        """Say where one piece comes from, where that is not the bag's own source."""
        _one_of("source", source, SOURCES)
        if not name.strip():
            raise NotAllowed(f"the {source} of piece {serial} has no name; it needs one")
        _somebody(who, f"says where piece {serial} comes from")
        with writing(self._engine) as connection:
            _hold(connection, job)
            now = self._clock()
            add_source(connection, piece_number(connection, job, serial), source, name, who, now)
            details = {"piece": serial, "source": source, "name": name}
            append_audit(connection, who=who, action="piece.sourced", subject=f"job {job}", details=details, at=now)

    def hand_check(self, job: str, serial: str, name: str, outcome: str, who: str, note: str = "") -> PieceRecord:
        """Record what a person found; the sheet that judged the piece, or any of its style, must know the check."""
        _one_of("outcome", outcome, ("ok", "not ok"))
        _somebody(who, f"checks piece {serial}")
        if outcome == "not ok" and not note.strip():
            raise NotAllowed(f"check '{name}' of piece {serial} is not ok without a note; say what is wrong")
        with writing(self._engine) as connection:
            piece = piece_number(connection, job, serial)
            known = self._hand_checks(connection, job)
            if name not in known:
                allowed = ", ".join(sorted(known)) or "none"
                raise NotAllowed(f"no sheet of its style has a hand check '{name}'; allowed are {allowed}")
            now = self._clock()
            add(connection, HAND_CHECK, piece=piece, name=name, outcome=outcome, note=note, who=who, at=now)
            append_audit(
                connection,
                who=who,
                action="hand_check.recorded",
                subject=f"piece {serial} of job {job}",
                details={"name": name, "outcome": outcome, "note": note},
                at=now,
            )
            return next(found for found in pieces_of(connection, job) if found.serial == serial)

    def close(self, job: str, who: str) -> Closing:
        """Close the bag when every piece is accounted for; else say exactly which are not."""
        _somebody(who, f"closes bag {job}")
        with writing(self._engine) as connection:
            _hold(connection, job)
            bag = self._read(connection, job)
            if bag.missing:
                raise Conflict(f"bag {job} cannot be closed: {bag.reconciliation}; missing: {'; '.join(bag.missing)}")
            now = self._clock()
            add(connection, JOB_CLOSING, job=job, counts=bag.counts, who=who, at=now)
            append_audit(
                connection, who=who, action="job.closed", subject=f"job {job}", details=dict(bag.counts), at=now
            )
            return Closing(bag.counts, who, now)

    def _read(self, connection: Connection, job: str) -> Bag:
        return read_bag(connection, job, self._sheet_of(connection, one_job(connection, job).style))

    def _room(self, connection: Connection, job: str, there: int) -> int | None:
        """How many more pieces may come in; None when the job does not say how many it has."""
        pieces_in = self._read(connection, job).pieces_in
        return None if pieces_in is None else pieces_in - there

    def _hand_checks(self, connection: Connection, job: str) -> set[str]:
        style = one_job(connection, job).style
        sheets = connection.execute(select(SPEC_REVISION.c.text).where(SPEC_REVISION.c.style == style)).scalars()
        return set().union(*(hand_checks_wanted(sheet) for sheet in sheets))


def piece_number(connection: Connection, job: str, serial: str, *, add_missing: bool = False) -> int:
    """The number of a piece's row."""
    query = select(PIECE.c.id).where(PIECE.c.job == job, PIECE.c.serial == serial)
    found = connection.execute(query).scalar_one_or_none()
    if found is None and not add_missing:
        raise NotRecorded(f"no piece {serial} is recorded in bag {job}")
    if found is None:
        if not serial.strip():
            raise NotAllowed("a piece has an empty serial; it needs one")
        ensure(connection, PIECE, serial=serial, job=job)  # a station may just be recording its first inspection
        return connection.execute(query).scalar_one()
    return found


def add_source(connection: Connection, piece: int, source: Source, name: str, who: str, now: datetime) -> None:
    """A source of one piece; whoever calls audits it."""
    add(connection, PIECE_SOURCE, piece=piece, source=source, name=name, who=who, at=now)


def _hold(connection: Connection, job: str) -> None:
    """Until the transaction ends nobody else changes this bag; a closed one nobody changes."""
    if connection.execute(select(JOB.c.id).where(JOB.c.id == job).with_for_update(key_share=True)).first() is None:
        raise NotRecorded(f"no job '{job}' is recorded")
    closed = connection.execute(select(JOB_CLOSING).where(JOB_CLOSING.c.job == job)).one_or_none()
    if closed is not None:
        raise Conflict(f"bag {job} was closed by {closed.who}, {closed.at:%F %R} UTC")


def _one_of(what: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise NotAllowed(f"'{word}' is no {what}; allowed are {', '.join(words)}")


def _at_least_one(pieces: int, job: str) -> None:
    if pieces < 1:
        raise NotAllowed(f"{pieces} pieces of bag {job}; allowed are 1 or more")


def _somebody(who: str, does: str) -> None:
    if not who.strip():
        raise NotAllowed(f"nobody {does}; say who")
