"""Tables of sampling: what was agreed, the lots that were drawn, and what became of them."""

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from loupebox.inspect.sampling_plan import INSPECTION_LEVELS, SAMPLING_SEVERITIES
from loupebox.station.records.columns import EvidenceRow, json, key, link, moment, one_of, table_of

SamplingEventKind = Literal["judged", "withdrawn", "steady", "unsteady", "resumed"]
SAMPLING_EVENT_KINDS: tuple[SamplingEventKind, ...] = get_args(SamplingEventKind)


class SamplingSchemeRow(EvidenceRow, table=True):
    """A series of lots from one source, inspected by samples: ISO 2859-1, its level and its AQL."""

    __table_args__ = (UniqueConstraint("name"), one_of("level", INSPECTION_LEVELS))

    id: int | None = key()
    name: str
    level: str
    aql_percent: float
    who: str
    at: datetime = moment()


class SamplingLotRow(EvidenceRow, table=True):
    """A bag as a lot: the plan that held, and the pieces that the dice chose (`seed` throws them again)."""

    __table_args__ = (
        UniqueConstraint("scheme", "number"),
        UniqueConstraint("job"),
        one_of("severity", SAMPLING_SEVERITIES),
    )

    id: int | None = key()
    scheme: int = link("sampling_scheme.id", index=False)
    number: int
    job: str = link("job.id", index=False)
    lot_size: int
    severity: str
    letter: str
    sample_size: int
    accept: int
    seed: str
    sample: list[Any] = json()
    who: str
    at: datetime = moment()


class SamplingEventRow(EvidenceRow, table=True):
    """What moves a series on, in order: a lot is judged or withdrawn, a person says that production is steady, ..."""

    __table_args__ = (
        UniqueConstraint("scheme", "number"),
        UniqueConstraint("lot"),
        one_of("kind", SAMPLING_EVENT_KINDS),
    )

    id: int | None = key()
    scheme: int = link("sampling_scheme.id", index=False)
    number: int
    kind: str
    lot: int | None = link("sampling_lot.id", index=False, nullable=True)
    nonconforming: int | None = Field(default=None)
    reason: str
    who: str
    at: datetime = moment()


SAMPLING_SCHEME = table_of(SamplingSchemeRow)
SAMPLING_LOT = table_of(SamplingLotRow)
SAMPLING_EVENT = table_of(SamplingEventRow)
