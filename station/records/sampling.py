"""Sampling by ISO 2859-1 in the records: schemes, lots, what is drawn, and the severity of the next lot."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import IntegrityError

from loupebox.inspect.sampling_plan import InspectionLevel, SamplingPlan, SamplingSeverity, lot_plan
from loupebox.inspect.sampling_switch import (
    START,
    LotResult,
    SwitchingState,
    after_lot,
    after_resumption,
    after_steady,
)
from loupebox.station.records.agreed_plan import check_agreed
from loupebox.station.records.audit import append_audit
from loupebox.station.records.bag_tables import HAND_CHECK, PIECE_EXIT
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.inspections import latest_disposition
from loupebox.station.records.jobs import one_job
from loupebox.station.records.piece_state import pieces_of
from loupebox.station.records.production_tables import PIECE
from loupebox.station.records.sampling_tables import (
    SAMPLING_EVENT,
    SAMPLING_LOT,
    SAMPLING_SCHEME,
    SamplingEventKind,
)

LotState = Literal["drawn", "accepted", "not accepted", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """What was agreed for a series of lots, and where it stands now."""

    name: str
    level: InspectionLevel
    aql_percent: float
    state: SwitchingState
    lots: int
    open_lot: int | None
    """Number of the lot that is drawn and not judged yet."""


@dataclass(frozen=True, slots=True)
class Lot:
    """A bag as a lot."""

    scheme: str
    number: int
    job: str
    lot_size: int
    severity: SamplingSeverity
    plan: SamplingPlan
    sample: tuple[str, ...]
    state: LotState
    nonconforming: int | None
    left: tuple[str, ...]
    """Drawn pieces that cannot be counted yet."""


class Sampling:
    """One call is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, name: str, level: InspectionLevel, aql_percent: float, who: str) -> Scheme:
        """Agree on a scheme for a source: "Altmann, SOL6 castings"."""
        check_agreed(level, aql_percent)
        for what, value in (("scheme", name), ("person", who)):
            if not value.strip():
                raise NotAllowed(f"the {what} has no name; it needs one")
        now = self._clock()
        with writing(self._engine) as connection:
            if connection.execute(select(SAMPLING_SCHEME.c.id).where(SAMPLING_SCHEME.c.name == name)).first():
                raise Conflict(f"there is a sampling scheme '{name}' already")
            values = {"name": name, "level": level, "aql_percent": float(aql_percent)}
            try:
                add(connection, SAMPLING_SCHEME, **values, who=who, at=now)
            except IntegrityError as error:  # in the same moment, on a server with several stations
                raise Conflict(f"somebody else began a sampling scheme '{name}' just now") from error
            details = {"level": level, "aql_percent": aql_percent}
            append_audit(
                connection, who=who, action="sampling.begun", subject=f"sampling {name}", details=details, at=now
            )
            return _scheme(connection, name)

    def schemes(self) -> tuple[Scheme, ...]:
        """All schemes by name."""
        with reading(self._engine) as connection:
            names = connection.execute(select(SAMPLING_SCHEME.c.name).order_by(SAMPLING_SCHEME.c.name)).scalars().all()
            return tuple(_scheme(connection, name) for name in names)

    def scheme(self, name: str) -> Scheme:
        """One scheme."""
        with reading(self._engine) as connection:
            return _scheme(connection, name)

    def lots(self, name: str) -> tuple[Lot, ...]:
        """The lots of a scheme, the first first."""
        with reading(self._engine) as connection:
            scheme = _row(connection, name)
            return _all_lots(connection, scheme)

    def lot_of(self, job: str) -> Lot | None:
        """The lot that a bag is; None when it is inspected whole."""
        with reading(self._engine) as connection:
            one_job(connection, job)
            row = connection.execute(
                select(SAMPLING_LOT, SAMPLING_SCHEME.c.name.label("scheme_name"))
                .join(SAMPLING_SCHEME, SAMPLING_SCHEME.c.id == SAMPLING_LOT.c.scheme)
                .where(SAMPLING_LOT.c.job == job)
            ).one_or_none()
            if row is None:
                return None
            ended = select(SAMPLING_EVENT).where(SAMPLING_EVENT.c.lot == row.id)
            return _lot(connection, row.scheme_name, row, connection.execute(ended).one_or_none())

    def draw(self, name: str, job: str, who: str) -> Lot:
        """Make a bag the next lot of a scheme: the plan under the severity that holds, and which pieces to inspect."""
        _somebody(who)
        with writing(self._engine) as connection:
            scheme, state, lots = self._open(connection, name)
            if state.discontinued:
                raise Conflict(
                    f"sampling '{name}' is discontinued: {state.rejected_on_tightened} lots were not accepted on "
                    "tightened inspection; put the source right and resume it"
                )
            if (waiting := next((lot for lot in lots if lot.state == "drawn"), None)) is not None:
                raise Conflict(
                    f"lot {waiting.number} of '{name}', bag {waiting.job}, is not judged yet; judge it first"
                )
            serials = _serials(connection, job)
            plan = lot_plan(len(serials), scheme.level, scheme.aql_percent, state.severity)
            seed = secrets.token_hex(16)
            now = self._clock()
            values = {
                "number": len(lots) + 1,
                "job": job,
                "lot_size": len(serials),
                "severity": state.severity,
                "letter": plan.letter,
                "sample_size": plan.sample_size,
                "accept": plan.accept,
                "seed": seed,
                "sample": list(drawn(serials, plan.sample_size, seed)),
            }
            add(connection, SAMPLING_LOT, scheme=scheme.id, **values, who=who, at=now)
            append_audit(
                connection, who=who, action="sampling.drawn", subject=f"sampling {name}", details=values, at=now
            )
            return _lot(connection, scheme.name, _lots(connection, scheme.id)[-1], None)

    def judge(self, name: str, number: int, who: str) -> tuple[Lot, Scheme]:
        """Count the nonconforming pieces of the sample, accept the lot or not, and move the series on."""
        with writing(self._engine) as connection:
            scheme, _, lots = self._open(connection, name)
            lot = _waiting(lots, name, number)
            bad, left = _counted(connection, lot.job, lot.sample)
            if left:
                raise Conflict(
                    f"lot {number} of '{name}' cannot be judged yet: {len(left)} of {len(lot.sample)} drawn pieces are "
                    f"not decided ({', '.join(left[:8])})"
                )
            self._add_event(connection, scheme, "judged", who, "", lot=number, nonconforming=bad)
            return _all_lots(connection, scheme)[number - 1], _scheme(connection, name)

    def withdraw(self, name: str, number: int, who: str, reason: str) -> Scheme:
        """A drawn lot is inspected whole after all, or melted: it does not count for the series."""
        _reason(reason, f"lot {number} of '{name}' is withdrawn")
        with writing(self._engine) as connection:
            scheme, _, lots = self._open(connection, name)
            _waiting(lots, name, number)
            self._add_event(connection, scheme, "withdrawn", who, reason, lot=number)
            return _scheme(connection, name)

    def say_steady(self, name: str, steady: bool, who: str, reason: str) -> Scheme:
        """Say that production is steady and reduced inspection is wanted (9.3.3.1), or that it no longer is."""
        _reason(reason, f"production under '{name}' is {'' if steady else 'not '}steady")
        with writing(self._engine) as connection:
            scheme, _, _ = self._open(connection, name)
            self._add_event(connection, scheme, "steady" if steady else "unsteady", who, reason)
            return _scheme(connection, name)

    def resume(self, name: str, who: str, reason: str) -> Scheme:
        """The source was put right: on with tightened inspection (9.4)."""
        _reason(reason, f"sampling '{name}' is resumed")
        with writing(self._engine) as connection:
            scheme, state, _ = self._open(connection, name)
            if not state.discontinued:
                raise Conflict(f"sampling '{name}' is not discontinued; there is nothing to resume")
            self._add_event(connection, scheme, "resumed", who, reason)
            return _scheme(connection, name)

    def _open(self, connection: Connection, name: str) -> tuple[Row, SwitchingState, tuple[Lot, ...]]:
        """The scheme, held against others until the transaction ends, its state and its lots."""
        held = select(SAMPLING_SCHEME.c.id).where(SAMPLING_SCHEME.c.name == name).with_for_update(key_share=True)
        connection.execute(held)
        scheme = _row(connection, name)
        return scheme, _state(connection, scheme), _all_lots(connection, scheme)

    def _add_event(
        self,
        connection: Connection,
        scheme: Row,
        kind: SamplingEventKind,
        who: str,
        reason: str,
        *,
        lot: int | None = None,
        nonconforming: int | None = None,
    ) -> None:
        _somebody(who)
        now = self._clock()
        row = None if lot is None else _lots(connection, scheme.id)[lot - 1].id
        add(
            connection,
            SAMPLING_EVENT,
            scheme=scheme.id,
            number=len(_events(connection, scheme.id)) + 1,
            kind=kind,
            lot=row,
            nonconforming=nonconforming,
            reason=reason,
            who=who,
            at=now,
        )
        details = {"lot": lot, "nonconforming": nonconforming, "reason": reason}
        subject = f"sampling {scheme.name}"
        append_audit(connection, who=who, action=f"sampling.{kind}", subject=subject, details=details, at=now)


def drawn(serials: Sequence[str], size: int, seed: str) -> tuple[str, ...]:
    """Which pieces the dice choose: the same for the same seed, by serial."""
    return tuple(sorted(random.Random(seed).sample(sorted(serials), size)))


def _row(connection: Connection, name: str) -> Row:
    found = connection.execute(select(SAMPLING_SCHEME).where(SAMPLING_SCHEME.c.name == name)).one_or_none()
    if found is None:
        raise NotRecorded(f"no sampling scheme '{name}' is recorded")
    return found


def _lots(connection: Connection, scheme: int) -> Sequence[Row]:
    query = select(SAMPLING_LOT).where(SAMPLING_LOT.c.scheme == scheme).order_by(SAMPLING_LOT.c.number)
    return connection.execute(query).all()


def _events(connection: Connection, scheme: int) -> Sequence[Row]:
    query = select(SAMPLING_EVENT).where(SAMPLING_EVENT.c.scheme == scheme).order_by(SAMPLING_EVENT.c.number)
    return connection.execute(query).all()


def _state(connection: Connection, scheme: Row) -> SwitchingState:
    """Where the series stands: all of its events, one after the other."""
    lots = {row.id: row for row in _lots(connection, scheme.id)}
    state = START
    for event in _events(connection, scheme.id):
        if event.kind == "judged":
            lot = lots[event.lot]
            result = LotResult(SamplingPlan(lot.letter, lot.sample_size, lot.accept), event.nonconforming)
            state = after_lot(state, result, scheme.aql_percent)
        elif event.kind == "resumed":
            state = after_resumption(state)
        elif event.kind in ("steady", "unsteady"):
            state = after_steady(state, event.kind == "steady")
    return state


def _scheme(connection: Connection, name: str) -> Scheme:
    row = _row(connection, name)
    lots = _all_lots(connection, row)
    return Scheme(
        name=row.name,
        level=row.level,
        aql_percent=row.aql_percent,
        state=_state(connection, row),
        lots=len(lots),
        open_lot=next((lot.number for lot in lots if lot.state == "drawn"), None),
    )


def _all_lots(connection: Connection, scheme: Row) -> tuple[Lot, ...]:
    ended = {event.lot: event for event in _events(connection, scheme.id) if event.lot is not None}
    return tuple(_lot(connection, scheme.name, row, ended.get(row.id)) for row in _lots(connection, scheme.id))


def _lot(connection: Connection, scheme: str, row: Row, event: Row | None) -> Lot:
    """A lot; `event` is its judgement or withdrawal."""
    sample = tuple(row.sample)
    state: LotState = "drawn"
    bad: int | None = None
    left: tuple[str, ...] = ()
    if event is None:
        _, left = _counted(connection, row.job, sample)
    elif event.kind == "withdrawn":
        state = "withdrawn"
    else:
        bad = event.nonconforming
        state = "accepted" if event.nonconforming <= row.accept else "not accepted"
    plan = SamplingPlan(row.letter, row.sample_size, row.accept)
    return Lot(scheme, row.number, row.job, row.lot_size, row.severity, plan, sample, state, bad, left)


def _serials(connection: Connection, job: str) -> list[str]:
    """The pieces of the bag; all of them need a serial, since the dice choose by it."""
    quantity = one_job(connection, job).quantity
    inside = select(PIECE.c.serial).where(PIECE.c.job == job)
    gone = select(PIECE_EXIT.c.id).where(PIECE_EXIT.c.piece == PIECE.c.id)
    serials = list(connection.execute(inside.where(~gone.exists())).scalars())
    known = len(list(connection.execute(inside).scalars()))
    if quantity is not None and known < quantity:
        raise NotAllowed(
            f"bag {job} has {quantity} pieces and {known} of them have a serial; sampling draws by serial: import all"
        )
    if not serials:
        raise NotAllowed(f"bag {job} has no pieces to draw from; import their serials")
    taken = connection.execute(select(SAMPLING_LOT.c.number).where(SAMPLING_LOT.c.job == job)).scalar_one_or_none()
    if taken is not None:
        raise Conflict(f"bag {job} was drawn as lot {taken} already; a lot is sampled once")
    return serials


def _counted(connection: Connection, job: str, sample: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """How many drawn pieces were nonconforming when first looked at, mended since or not, and which are undecided."""
    bad: set[str] = set()
    rows = connection.execute(
        select(PIECE.c.serial, INSPECTION.c.verdict, latest_disposition().label("disposition"))
        .join(PIECE, PIECE.c.id == INSPECTION.c.piece)
        .where(PIECE.c.job == job, PIECE.c.serial.in_(sample), INSPECTION.c.verdict.is_not(None))
    )
    for row in rows:
        if row.disposition in ("rework", "scrap", "concession") or (row.verdict == "FAIL" and row.disposition is None):
            bad.add(row.serial)
    failed = (
        select(PIECE.c.serial)
        .join(HAND_CHECK, HAND_CHECK.c.piece == PIECE.c.id)
        .where(PIECE.c.job == job, PIECE.c.serial.in_(sample), HAND_CHECK.c.outcome == "not ok")
    )
    bad |= set(connection.execute(failed).scalars())
    undecided = {"not inspected", "to review", "hand checks due", "moved", "lost"}
    states = {piece.serial: piece.state for piece in pieces_of(connection, job)}
    left = tuple(serial for serial in sample if serial not in bad and states[serial] in undecided)
    return len(bad), left


def _waiting(lots: Sequence[Lot], name: str, number: int) -> Lot:
    found = next((lot for lot in lots if lot.number == number), None)
    if found is None:
        raise NotRecorded(f"no lot {number} of '{name}' is recorded")
    if found.state != "drawn":
        raise Conflict(f"lot {number} of '{name}', bag {found.job}, is {found.state} already")
    return found


def _somebody(who: str) -> None:
    if not who.strip():
        raise NotAllowed("nobody does that; say who")


def _reason(reason: str, what: str) -> None:
    if not reason.strip():
        raise NotAllowed(f"{what} without a reason; say why")
