"""Tables of what came back: a piece to inspection after its rework, and a piece from its customer."""

from datetime import datetime

from loupebox.inspect.recheck import OUTCOMES, WHATS
from loupebox.station.records.columns import EvidenceRow, key, link, moment, one_of, table_of


class RecheckRow(EvidenceRow, table=True):
    """What became of one thing since the inspection before; the findings are linked where there are any."""

    __table_args__ = (one_of("what", WHATS), one_of("outcome", OUTCOMES))

    id: int | None = key()
    inspection: int = link("inspection.id")
    earlier: int = link("inspection.id", index=False)
    what: str
    name: str
    outcome: str
    finding_before: int | None = link("finding.id", index=False, nullable=True)
    finding_after: int | None = link("finding.id", index=False, nullable=True)


class PieceReturnRow(EvidenceRow, table=True):
    """A piece that came back, in the bag that it came back in; `earlier` is the piece in its first bag, where known."""

    id: int | None = key()
    piece: int = link("piece.id")
    earlier: int | None = link("piece.id", index=False, nullable=True)
    complaint: str
    words: str
    customer: str
    who: str
    at: datetime = moment()


RECHECK = table_of(RecheckRow)
PIECE_RETURN = table_of(PieceReturnRow)
