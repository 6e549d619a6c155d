"""Tables of what was seen: one inspection and its parts. All of them only grow."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from loupebox.calibration.frame import LIGHTS, VIEWS
from loupebox.inspect.finding import FINDING_KINDS, ZONES
from loupebox.inspect.prong import PRONG_STATES
from loupebox.inspect.verdict import Verdict
from loupebox.station.records.columns import EvidenceRow, json, key, link, moment, one_of, table_of


class InspectionRow(EvidenceRow, table=True):
    """One look at one piece. `day` is the date on the station's wall when it was captured, in that offset from UTC."""

    __table_args__ = (
        one_of("verdict", Verdict),
        CheckConstraint("(verdict IS NULL) <> (refusal_code IS NULL)", name="judged_or_refused"),
        Index(None, "day", "verdict"),
    )

    id: int | None = key()
    piece: int = link("piece.id")
    style: str = link("style.code")
    spec_revision: int | None = link("spec_revision.id", nullable=True)
    station: str
    captured_at: datetime = moment()
    utc_offset_min: int
    recorded_at: datetime = moment()
    day: date
    verdict: str | None = Field(default=None, index=True)
    refusal_code: str | None = None
    reasons: list[str] = json()
    replay: dict[str, Any] = json()
    timings_ms: dict[str, float] = json()
    report: str


class MeasurementRow(EvidenceRow, table=True):
    """A quantity against its limits; without a value it could not be measured, and `reason` says why."""

    __table_args__ = (one_of("verdict", Verdict),)

    id: int | None = key()
    inspection: int = link("inspection.id")
    name: str
    value: float | None = None
    expanded_uncertainty: float | None = None
    unit: str | None = None
    lower: float | None = None
    nominal: float | None = None
    upper: float | None = None
    verdict: str | None = None
    conformance: float | None = None
    reason: str


class FindingRow(EvidenceRow, table=True):
    __table_args__ = (
        one_of("kind", FINDING_KINDS),
        one_of("view", VIEWS),
        one_of("light", LIGHTS),
        one_of("zone", ZONES),
    )

    id: int | None = key()
    inspection: int = link("inspection.id")
    kind: str
    view: str
    light: str
    zone: str
    size_mm: float
    size_expanded_uncertainty_mm: float
    width_mm: float
    area_mm2: float
    score: float
    mm_per_px: float
    box_x_px: float
    box_y_px: float
    box_w_px: float
    box_h_px: float
    polygon_xy_px: list[list[float]] = json()


class ProngRow(EvidenceRow, table=True):
    __table_args__ = (one_of("state", PRONG_STATES),)

    id: int | None = key()
    inspection: int = link("inspection.id")
    place: int
    angle_deg: float
    state: str
    reason: str
    length_mm: float | None = None
    bend_mm: float | None = None
    lift_mm: float | None = None


class DefectRow(EvidenceRow, table=True):
    """What a failed or doubtful check means in the shop's words: the line that causes and costs are counted by."""

    __table_args__ = (one_of("verdict", (Verdict.REVIEW, Verdict.FAIL)),)

    id: int | None = key()
    inspection: int = link("inspection.id")
    kind: str = Field(index=True)
    check_name: str
    verdict: str
    reason: str


class FrameRow(EvidenceRow, table=True):
    """One picture; the image store keeps the pixels under the checksum."""

    __table_args__ = (one_of("view", VIEWS), one_of("light", LIGHTS))

    id: int | None = key()
    inspection: int = link("inspection.id")
    view: str
    light: str
    sha256: str = Field(index=True)
    suffix: str
    width_px: int
    height_px: int


INSPECTION = table_of(InspectionRow)
MEASUREMENT = table_of(MeasurementRow)
FINDING = table_of(FindingRow)
PRONG = table_of(ProngRow)
DEFECT = table_of(DefectRow)
FRAME = table_of(FrameRow)
