"""The table of start-up checks."""

from datetime import datetime

from loupebox.station.records.columns import EvidenceRow, key, moment, table_of


class StartUpCheckRow(EvidenceRow, table=True):
    """One start-up check of a station; the document says what was looked at and found."""

    id: int | None = key()
    station: str
    at: datetime = moment()
    who: str
    passed: bool
    took_s: float
    document: str


START_UP_CHECK = table_of(StartUpCheckRow)
