"""Tables of the audit: who did what, in chains of hashes."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from loupebox.station.records.columns import EvidenceRow, StoredRow, key, moment, table_of


class AuditRow(EvidenceRow, table=True):
    """One act. `hash` covers all other columns but `id`, with the `previous` hash of the same chain."""

    __table_args__ = (UniqueConstraint("chain", "number"),)

    id: int | None = key()
    chain: str
    number: int
    at: datetime = moment()
    who: str = Field(index=True)
    action: str = Field(index=True)
    subject: str = Field(index=True)
    details: str
    evidence: str
    anchors: str
    previous: str
    hash: str


class AuditHeadRow(StoredRow, table=True):
    """The last link of each chain: what the next one continues, and what tells when the last ones are gone."""

    chain: str = Field(primary_key=True)
    number: int
    hash: str


AUDIT = table_of(AuditRow)
AUDIT_HEAD = table_of(AuditHeadRow)
