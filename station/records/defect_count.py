"""How often which defect is seen, by kind, style and source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, and_, distinct, func, null, or_, select

from loupebox.inspect.rates import wilson
from loupebox.inspect.verdict import Verdict
from loupebox.station.records.bag_tables import PIECE_SOURCE
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.inspection_tables import DEFECT, INSPECTION
from loupebox.station.records.inspections import latest_disposition
from loupebox.station.records.production_tables import JOB, PIECE

CountBy = Literal["kind", "style", "caster", "alloy", "flask", "setter", "polisher", "tree", "mould", "machine"]
COUNT_BY: tuple[CountBy, ...] = get_args(CountBy)

_MADE = INSPECTION.join(PIECE, INSPECTION.c.piece == PIECE.c.id).join(JOB, PIECE.c.job == JOB.c.id)


@dataclass(frozen=True, slots=True)
class DefectCount:
    """Pieces with a defect out of the pieces judged, for one kind, style or source; `key` is None when not known.

    `kinds` are (kind of defect, pieces that had it), the most frequent first; a piece with two kinds is in both.
    """

    key: str | None
    defective: int
    inspected: int
    kinds: tuple[tuple[str, int], ...]

    @property
    def rate(self) -> float:
        """Share of the judged pieces."""
        return self.defective / self.inspected

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share (Wilson)."""
        return wilson(self.defective, self.inspected)


def defect_counts(connection: Connection, by: CountBy, since: date | None) -> tuple[DefectCount, ...]:
    """The most defective first.

    A defect is a failed check that nobody has accepted after all, or a doubtful one that a person found bad. A piece
    counts once, however often it was looked at.
    """
    if by not in COUNT_BY:
        raise NotAllowed(f"defects cannot be counted by '{by}'; allowed are {', '.join(COUNT_BY)}")
    pieces: dict[str | None, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for key, kind, piece in _defective(connection, by, since):
        pieces[key][kind].add(piece)
    inspected = _inspected(connection, by, since)
    if by == "kind":  # any piece can have any kind, so each is out of all
        inspected = dict.fromkeys(pieces, inspected[None])
    counts = [_count(key, pieces[key], n) for key, n in inspected.items()]
    return tuple(sorted(counts, key=lambda count: (-count.defective, -count.rate, count.key or "")))


def _count(key: str | None, pieces: Mapping[str, set[int]], inspected: int) -> DefectCount:
    kinds = sorted(((kind, len(those)) for kind, those in pieces.items()), key=lambda kind: (-kind[1], kind[0]))
    return DefectCount(key, len(set[int]().union(*pieces.values())), inspected, tuple(kinds))


def _inspected(connection: Connection, by: CountBy, since: date | None) -> dict[str | None, int]:
    """Pieces judged for each key; of all together under None when counted by kind."""
    pieces = func.count(distinct(INSPECTION.c.piece))
    # By its name: PostgreSQL does not see that an expression with parameters is the same one when it is written twice.
    query = select(null(), pieces) if by == "kind" else select(_key(by).label("key"), pieces).group_by("key")
    query = query.select_from(_MADE).where(INSPECTION.c.verdict.is_not(None), *_since(since))
    return {row[0]: row[1] for row in connection.execute(query)}


def _defective(connection: Connection, by: CountBy, since: date | None) -> Iterable[tuple[str | None, str, int]]:
    """Key, kind of defect and piece; a piece that was looked at again may come twice."""
    decided = latest_disposition()
    query = (
        select(_key(by), DEFECT.c.kind, INSPECTION.c.piece)
        .select_from(_MADE.join(DEFECT, DEFECT.c.inspection == INSPECTION.c.id))
        .where(
            or_(
                and_(DEFECT.c.verdict == Verdict.FAIL, func.coalesce(decided, "") != "accept"),
                and_(INSPECTION.c.verdict == Verdict.REVIEW, decided.in_(("rework", "scrap", "concession"))),
            ),
            *_since(since),
        )
    )
    return ((key, kind, piece) for key, kind, piece in connection.execute(query))


def _key(by: CountBy) -> ColumnElement[Any]:
    own = {"kind": DEFECT.c.kind, "style": INSPECTION.c.style}
    return own[by] if by in own else func.coalesce(_piece_source(by), JOB.c[by])


def _piece_source(by: CountBy) -> Any:
    """The piece's own source, where it is not its bag's: the last one said."""
    return (
        select(PIECE_SOURCE.c.name)
        .where(PIECE_SOURCE.c.piece == PIECE.c.id, PIECE_SOURCE.c.source == by)
        .order_by(PIECE_SOURCE.c.id.desc())
        .limit(1)
        .correlate(PIECE)
        .scalar_subquery()
    )


def _since(since: date | None) -> tuple[ColumnElement[bool], ...]:
    return () if since is None else (INSPECTION.c.day >= since,)
