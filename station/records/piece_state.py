"""Where each piece of a bag stands: the camera's verdict, people's decisions, rework and hand checks together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, get_args

from sqlalchemy import Connection, func, select

from loupebox.inspect.spec import load_spec
from loupebox.inspect.verdict import Verdict
from loupebox.station.records.bag_tables import HAND_CHECK, PIECE_EXIT
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.production_tables import PIECE, SPEC_REVISION
from loupebox.station.records.rework_tables import DISPOSITION, REWORK_EVENT, REWORK_ORDER
from loupebox.station.records.sampling_tables import SAMPLING_EVENT, SAMPLING_LOT

PieceState = Literal[
    "passed",
    "accepted",
    "accepted by sampling",
    "conceded",
    "scrapped",
    "in rework",
    "moved",
    "lost",
    "not inspected",
    "to review",
    "failed",
    "back from rework",
    "hand checks due",
    "hand check failed",
]
PIECE_STATES: tuple[PieceState, ...] = get_args(PieceState)
ACCOUNTED: tuple[PieceState, ...] = PIECE_STATES[: PIECE_STATES.index("not inspected")]
"""A piece in one of these needs nothing more before its bag is closed."""


@dataclass(frozen=True, slots=True)
class HandCheckRecord:
    """What a person found; `outcome` is "ok" or "not ok"."""

    name: str
    outcome: str
    note: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """The last inspection that gave a verdict, and what was decided on it."""

    inspection: int
    verdict: str
    disposition: str | None
    orders: frozenset[str]
    """States of its rework orders."""


@dataclass(frozen=True, slots=True)
class PieceRecord:
    """One piece of a bag."""

    serial: str
    state: PieceState
    inspection: int | None
    """The last one with a verdict."""
    verdict: str | None
    hand_checks_due: tuple[str, ...]
    """Names of those that its spec sheet wants and nobody has made since its last rework."""
    hand_checks: tuple[HandCheckRecord, ...] = field(default=())
    """The last of each name."""


def state_of(
    exit_kind: str | None,
    look: Look | None,
    checks: Mapping[str, str],
    wanted: frozenset[str],
    *,
    lot_accepted: bool = False,
) -> PieceState:
    """The state of one piece; `checks` are the outcomes of hand checks by name, `wanted` the names that are needed."""
    if exit_kind is not None:
        return "moved" if exit_kind == "moved" else "lost"
    if look is None:
        return "accepted by sampling" if lot_accepted else "not inspected"
    if look.disposition == "scrap":
        return "scrapped"
    if look.disposition == "concession":
        return "conceded"
    if look.disposition == "rework":
        if look.orders & {"open", "taken"}:
            return "in rework"
        return "back from rework" if "done" in look.orders else "failed"
    if look.verdict != Verdict.PASS and look.disposition is None:
        return "to review" if look.verdict == Verdict.REVIEW else "failed"
    if "not ok" in checks.values():
        return "hand check failed"
    if not wanted <= checks.keys():
        return "hand checks due"
    return "passed" if look.verdict == Verdict.PASS else "accepted"


def pieces_of(connection: Connection, job: str) -> tuple[PieceRecord, ...]:
    """Every piece of a bag that has a serial, by serial."""
    rows = connection.execute(
        select(PIECE.c.id, PIECE.c.serial, PIECE_EXIT.c.kind)
        .outerjoin(PIECE_EXIT, PIECE_EXIT.c.piece == PIECE.c.id)
        .where(PIECE.c.job == job)
        .order_by(PIECE.c.serial)
    ).all()
    looks, wanted = _looks(connection, job)
    checks = _checks(connection, job)
    not_drawn = _accepted_without_look(connection, job)
    found: list[PieceRecord] = []
    for row in rows:
        look, made, names = looks.get(row.id), checks.get(row.id, {}), wanted.get(row.id, frozenset())
        outcomes = {name: check.outcome for name, check in made.items()}
        drawn = not_drawn is None or row.serial in not_drawn
        state = state_of(row.kind, look, outcomes, names, lot_accepted=not drawn)
        found.append(
            PieceRecord(
                serial=row.serial,
                state=state,
                inspection=look.inspection if look else None,
                verdict=look.verdict if look else None,
                hand_checks_due=tuple(sorted(names - outcomes.keys())),
                hand_checks=tuple(made.values()),
            )
        )
    return tuple(found)


def _looks(connection: Connection, job: str) -> tuple[dict[int, Look], dict[int, frozenset[str]]]:
    """By piece: its last look with a verdict, and the hand checks that the sheet of that look wants."""
    last = (
        select(func.max(INSPECTION.c.id))
        .join(PIECE, INSPECTION.c.piece == PIECE.c.id)
        .where(PIECE.c.job == job, INSPECTION.c.verdict.is_not(None))
        .group_by(INSPECTION.c.piece)
    )
    inspections = connection.execute(
        select(INSPECTION.c.id, INSPECTION.c.piece, INSPECTION.c.verdict, SPEC_REVISION.c.text)
        .outerjoin(SPEC_REVISION, SPEC_REVISION.c.id == INSPECTION.c.spec_revision)
        .where(INSPECTION.c.id.in_(last))
    ).all()
    decided: dict[int, tuple[int, str]] = {}
    orders: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute(
        select(DISPOSITION.c.id, DISPOSITION.c.inspection, DISPOSITION.c.kind, REWORK_ORDER.c.state)
        .outerjoin(REWORK_ORDER, REWORK_ORDER.c.disposition == DISPOSITION.c.id)
        .where(DISPOSITION.c.inspection.in_(last))
        .order_by(DISPOSITION.c.id)
    ):
        decided[row.inspection] = (row.id, row.kind)
        if row.state is not None:
            orders[row.id].add(row.state)
    looks: dict[int, Look] = {}
    wanted: dict[int, frozenset[str]] = {}
    for row in inspections:
        disposition, kind = decided.get(row.id, (0, None))
        looks[row.piece] = Look(row.id, row.verdict, kind, frozenset(orders.get(disposition, ())))
        wanted[row.piece] = frozenset() if row.text is None else hand_checks_wanted(row.text)
    return looks, wanted


@lru_cache(maxsize=256)
def hand_checks_wanted(sheet: str) -> frozenset[str]:
    """Names of the hand checks on an approved sheet; none on one that an older version wrote in another way."""
    try:
        return frozenset(check.name for check in load_spec(sheet, "the sheet").hand_check)
    except ValueError:
        return frozenset()


def _checks(connection: Connection, job: str) -> dict[int, dict[str, HandCheckRecord]]:
    """By piece, the last check of each name since its last rework was done: that may have loosened something."""
    mended = {
        row.piece: row.at
        for row in connection.execute(
            select(INSPECTION.c.piece, func.max(REWORK_EVENT.c.at).label("at"))
            .join(DISPOSITION, DISPOSITION.c.inspection == INSPECTION.c.id)
            .join(REWORK_ORDER, REWORK_ORDER.c.disposition == DISPOSITION.c.id)
            .join(REWORK_EVENT, REWORK_EVENT.c.rework_order == REWORK_ORDER.c.id)
            .join(PIECE, PIECE.c.id == INSPECTION.c.piece)
            .where(PIECE.c.job == job, REWORK_EVENT.c.state == "done")
            .group_by(INSPECTION.c.piece)
        )
    }
    found: dict[int, dict[str, HandCheckRecord]] = defaultdict(dict)
    for row in connection.execute(
        select(HAND_CHECK)
        .join(PIECE, PIECE.c.id == HAND_CHECK.c.piece)
        .where(PIECE.c.job == job)
        .order_by(HAND_CHECK.c.id)
    ):
        if row.piece not in mended or row.at > mended[row.piece]:
            found[row.piece][row.name] = HandCheckRecord(row.name, row.outcome, row.note, row.who, row.at)
    return found


def _accepted_without_look(connection: Connection, job: str) -> frozenset[str] | None:
    """The drawn serials of a lot that was accepted: all other pieces are accepted with it; None without such a lot."""
    row = connection.execute(
        select(SAMPLING_LOT.c.sample, SAMPLING_LOT.c.accept, SAMPLING_EVENT.c.nonconforming)
        .join(SAMPLING_EVENT, SAMPLING_EVENT.c.lot == SAMPLING_LOT.c.id)
        .where(SAMPLING_LOT.c.job == job, SAMPLING_EVENT.c.kind == "judged")
    ).one_or_none()
    return frozenset(row.sample) if row is not None and row.nonconforming <= row.accept else None
