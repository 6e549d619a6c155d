"""Tables of how a spec sheet came about: drafts, approvals, and the pictures that sheets compare with."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from loupebox.station.records.columns import EvidenceRow, key, link, moment, table_of


class SpecDraftRow(EvidenceRow, table=True):
    """One version of a sheet that is being written; saving again is a further version."""

    __table_args__ = (UniqueConstraint("style", "revision", "version"),)

    id: int | None = key()
    style: str = link("style.code", index=False)
    revision: str
    version: int
    text: str
    sha256: str
    drafted_by: str
    drafted_at: datetime = moment()


class SpecApprovalRow(EvidenceRow, table=True):
    """The second person's yes: which version of the draft became the revision."""

    __table_args__ = (UniqueConstraint("spec_revision"),)

    id: int | None = key()
    spec_revision: int = link("spec_revision.id", index=False)
    spec_draft: int = link("spec_draft.id")
    approved_by: str
    approved_at: datetime = moment()


class PictureRow(EvidenceRow, table=True):
    """A picture that was uploaded for a sheet; the image store has it under the checksum."""

    __table_args__ = (UniqueConstraint("sha256"),)

    id: int | None = key()
    sha256: str
    suffix: str
    width_px: int
    height_px: int
    note: str
    uploaded_by: str
    uploaded_at: datetime = moment()


class SpecPhotographRow(EvidenceRow, table=True):
    """Which pictures an approved revision shows: they are kept as long as it is."""

    __table_args__ = (UniqueConstraint("spec_revision", "sha256"),)

    id: int | None = key()
    spec_revision: int = link("spec_revision.id", index=False)
    sha256: str = Field(index=True)
    suffix: str


SPEC_DRAFT = table_of(SpecDraftRow)
SPEC_APPROVAL = table_of(SpecApprovalRow)
PICTURE = table_of(PictureRow)
SPEC_PHOTOGRAPH = table_of(SpecPhotographRow)
