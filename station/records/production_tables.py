"""Tables of what is made: styles, spec sheets, jobs, pieces."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from loupebox.station.records.columns import EvidenceRow, StoredRow, key, link, table_of


class StyleRow(StoredRow, table=True):
    code: str = Field(primary_key=True)
    name: str | None = None
    family: str | None = None


class SpecRevisionRow(EvidenceRow, table=True):
    """A spec sheet word for word; only ever added to."""

    __table_args__ = (UniqueConstraint("style", "revision"),)

    id: int | None = key()
    style: str = link("style.code", index=False)
    revision: str
    name: str
    text: str
    sha256: str
    approved_by: str
    approved_on: date


class JobRow(StoredRow, table=True):
    """A bag; the shop's own system is its master, so a new import may change it."""

    id: str = Field(primary_key=True)
    style: str = link("style.code")
    due: date | None = None
    quantity: int | None = None
    caster: str | None = None
    alloy: str | None = None
    flask: str | None = None
    setter: str | None = None
    polisher: str | None = None
    tree: str | None = None
    mould: str | None = None
    machine: str | None = None


class PieceRow(StoredRow, table=True):
    """One piece of a bag. Returned for repair, the same serial comes again in another bag."""

    __table_args__ = (UniqueConstraint("serial", "job"),)

    id: int | None = key()
    serial: str
    job: str = link("job.id")


STYLE = table_of(StyleRow)
SPEC_REVISION = table_of(SpecRevisionRow)
JOB = table_of(JobRow)
PIECE = table_of(PieceRow)
