"""Tables of what is kept of frames and files: archived, thinned out, collected, needed by verdicts."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from loupebox.station.records.columns import EvidenceRow, StoredRow, key, link, moment, table_of


class ArchivedFrameRow(EvidenceRow, table=True):
    """A frame's samples in the archive format: what proves that they are those of the recorded file.

    The file was proven by its own checksum when its samples were taken; from then on `samples_sha256` stands for it.
    """

    __table_args__ = (UniqueConstraint("sha256"),)

    id: int | None = key()
    sha256: str
    original_bytes: int
    suffix: str
    archive_sha256: str
    archive_bytes: int
    samples_sha256: str
    archived_at: datetime = moment()


class ThinnedRow(EvidenceRow, table=True):
    """An inspection whose frames the record no longer needs, and by which rule; its rows stay."""

    __table_args__ = (UniqueConstraint("inspection"),)

    id: int | None = key()
    inspection: int = link("inspection.id", index=False)
    rule: str
    thinned_at: datetime = moment()


class CollectedRow(StoredRow, table=True):
    """An object that was or is about to be deleted from the image store, since no record needed it.

    Whoever records a frame of this checksum writes it anew: what lay there may be gone.
    """

    __table_args__ = (UniqueConstraint("sha256", "suffix"),)

    id: int | None = key()
    sha256: str = Field()
    suffix: str
    collected_at: datetime = moment()


class KeptFileRow(StoredRow, table=True):
    """A file that recorded verdicts rest on beside their frames; its checksum, which the evidence holds, proves it."""

    __table_args__ = (UniqueConstraint("sha256"),)

    id: int | None = key()
    sha256: str
    suffix: str


ARCHIVED_FRAME = table_of(ArchivedFrameRow)
THINNED = table_of(ThinnedRow)
COLLECTED = table_of(CollectedRow)
KEPT_FILE = table_of(KeptFileRow)
