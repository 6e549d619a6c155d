"""Which good pieces keep their frames: those that stand for a failure, a doubt or a decision, and one in so many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, Engine, select

from loupebox.inspect.verdict import Verdict
from loupebox.station.records.audit import JSON, append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.inspection_tables import FRAME, INSPECTION
from loupebox.station.records.keeping_tables import THINNED
from loupebox.station.records.recheck_tables import PIECE_RETURN
from loupebox.station.records.rework_tables import DISPOSITION

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ThinningRule:
    """Of passes captured before a moment one in `keep_one_in` keeps its frames; `words` is what the record says."""

    before: datetime
    keep_one_in: int
    words: str


@dataclass(frozen=True, slots=True)
class ThinnedOut:
    """How many inspections let go of their frames, and how many that passed keep them."""

    thinned: int
    kept: int


def keeps(checksums: Sequence[str], keep_one_in: int) -> bool:
    """Whether the piece with these frames is the one in so many: by their checksums, the same wherever it is asked."""
    return int(sha256("".join(sorted(checksums)).encode()).hexdigest()[:16], 16) % keep_one_in == 0


def thin_out(
    engine: Engine,
    rule: ThinningRule,
    who: str,
    clock: Callable[[], datetime],
    dry_run: bool,
    progress: Callable[[int, int | None], None],
) -> ThinnedOut:
    """Note the inspections that no longer need their frames; nothing is deleted here."""
    last = thinned = kept = 0
    while True:
        with reading(engine) as connection:
            found = _page(connection, rule, last)
            go = [number for number, checksums in found if not keeps(checksums, rule.keep_one_in)]
        if go and not dry_run:
            with writing(engine) as connection:
                # Somebody may have decided on one of them meanwhile.
                go = [number for number, _ in _page(connection, rule, last) if number in set(go)]
                now = clock()
                for number in go:
                    add(connection, THINNED, inspection=number, rule=rule.words, thinned_at=now)
                if go:
                    append_audit(
                        connection,
                        who=who,
                        action="frame.thinned",
                        subject="frames of good pieces",
                        details={"rule": rule.words, "inspections": list[JSON](go)},
                        at=now,
                    )
        thinned, kept = thinned + len(go), kept + len(found) - len(go)
        progress(thinned + kept, None)
        if len(found) < AT_ONCE:
            return ThinnedOut(thinned, kept)
        last = found[-1][0]


def _page(connection: Connection, rule: ThinningRule, last: int) -> list[tuple[int, list[str]]]:
    """The next passes that are old enough, of pieces that nobody ever doubted, decided on or sent back."""
    look = INSPECTION.alias()
    decided = (
        select(DISPOSITION.c.id)
        .join(look, DISPOSITION.c.inspection == look.c.id)
        .where(look.c.piece == INSPECTION.c.piece)
    )
    doubted = select(look.c.id).where(
        look.c.piece == INSPECTION.c.piece, look.c.verdict.is_(None) | (look.c.verdict != Verdict.PASS)
    )
    returned = select(PIECE_RETURN.c.id).where(
        (PIECE_RETURN.c.piece == INSPECTION.c.piece) | (PIECE_RETURN.c.earlier == INSPECTION.c.piece)
    )
    done = select(THINNED.c.id).where(THINNED.c.inspection == INSPECTION.c.id)
    has = select(FRAME.c.id).where(FRAME.c.inspection == INSPECTION.c.id)
    query = (
        select(INSPECTION.c.id)
        .where(INSPECTION.c.id > last, INSPECTION.c.verdict == Verdict.PASS, INSPECTION.c.captured_at < rule.before)
        .where(~decided.exists(), ~doubted.exists(), ~returned.exists(), ~done.exists(), has.exists())
        .order_by(INSPECTION.c.id)
        .limit(AT_ONCE)
    )
    numbers = connection.execute(query).scalars().all()
    frames: dict[int, list[str]] = {number: [] for number in numbers}
    for row in connection.execute(select(FRAME.c.inspection, FRAME.c.sha256).where(FRAME.c.inspection.in_(numbers))):
        frames[row.inspection].append(row.sha256)
    return list(frames.items())
