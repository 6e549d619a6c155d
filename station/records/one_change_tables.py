"""Table of answers that are kept for a while, for whoever did not hear them."""

from datetime import datetime

from sqlmodel import Field

from loupebox.station.records.columns import StoredRow, moment, table_of


class AnswerRow(StoredRow, table=True):
    """The answer to one request that carried an Idempotency-Key."""

    holder: str = Field(primary_key=True)
    key_digest: str = Field(primary_key=True)
    fingerprint: str
    at: datetime = moment(index=True)
    status: int
    media_type: str
    location: str | None = None
    body: bytes
    secret: bool


ANSWER = table_of(AnswerRow)
