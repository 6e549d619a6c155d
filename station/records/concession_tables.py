"""Tables of concessions: leave to deliver what is not as the spec sheet wants it, and each piece delivered under it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, UniqueConstraint

from loupebox.station.records.columns import EvidenceRow, StoredRow, json, key, link, moment, table_of


class ConcessionRow(StoredRow, table=True):
    """Leave to deliver some pieces in spite of some defects. Only `used` ever changes, and only upwards."""

    __table_args__ = (CheckConstraint("used BETWEEN 0 AND pieces", name="used"),)

    id: int | None = key()
    style: str = link("style.code")
    kinds: list[str] = json()
    """Kinds of defect that it covers."""
    pieces: int
    used: int = 0
    until: date
    granted_by: str
    reason_code: str
    note: str
    granted_at: datetime = moment()


class ConcessionUseRow(EvidenceRow, table=True):
    """A piece that was delivered under a concession; a piece uses one up once, however often it is looked at."""

    __table_args__ = (UniqueConstraint("disposition"), UniqueConstraint("concession", "place"))

    id: int | None = key()
    concession: int = link("concession.id", index=False)
    disposition: int = link("disposition.id", index=False)
    piece: int = link("piece.id")
    place: int | None = None
    """1 for the first piece; null where the same piece had a place already."""


CONCESSION = table_of(ConcessionRow)
CONCESSION_USE = table_of(ConcessionUseRow)
