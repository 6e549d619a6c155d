"""A recorded inspection as it is read back: what a list shows, and the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loupebox.station.records.rework_order import DefectRecord, ReworkOrder
from loupebox.station.records.rework_tables import DispositionKind


@dataclass(frozen=True, slots=True)
class InspectionSummary:
    """A line of a list. `attempt` counts the looks at this piece up to this one; `disposition` is the latest one."""

    id: int
    piece: str
    job: str
    style: str
    spec_revision: str | None
    station: str
    captured_at: datetime
    recorded_at: datetime
    day: date
    verdict: str | None
    refusal_code: str | None
    reasons: tuple[str, ...]
    attempt: int
    disposition: DispositionKind | None

    @property
    def outcome(self) -> str:
        """PASS, REVIEW, FAIL or REFUSED."""
        return self.verdict or "REFUSED"


@dataclass(frozen=True, slots=True)
class MeasurementRecord:
    """A quantity against its limits; without a value it could not be measured, and the reason says why."""

    name: str
    value: float | None
    expanded_uncertainty: float | None
    unit: str | None
    lower: float | None
    nominal: float | None
    upper: float | None
    verdict: str | None
    conformance: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A surface defect; the outline is in pixels of the frame `view`/`light`."""

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
    box_xywh_px: tuple[float, float, float, float]
    polygon_xy_px: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class ProngRecord:
    """One place of the prong pattern and what stood there."""

    index: int
    angle_deg: float
    state: str
    reason: str
    length_mm: float | None
    bend_mm: float | None
    lift_mm: float | None


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One picture; the image store has the pixels under the checksum."""

    view: str
    light: str
    sha256: str
    suffix: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class SpecRecord:
    """The exact spec sheet that judged."""

    style: str
    revision: str
    name: str
    text: str
    sha256: str
    approved_by: str
    approved_on: date


@dataclass(frozen=True, slots=True)
class DispositionRecord:
    """A decision; the last one counts. `reason` is in words, `reason_code` out of the list for overrides."""

    id: int
    kind: DispositionKind
    who: str
    reason: str
    decided_at: datetime
    reason_code: str | None
    melt_weight_g: float | None


@dataclass(frozen=True, slots=True)
class InspectionRecord:
    """Everything that is recorded of one inspection; `report` is the published document."""

    summary: InspectionSummary
    spec: SpecRecord | None
    measurements: tuple[MeasurementRecord, ...]
    findings: tuple[FindingRecord, ...]
    prongs: tuple[ProngRecord, ...]
    defects: tuple[DefectRecord, ...]
    frames: tuple[FrameRecord, ...]
    dispositions: tuple[DispositionRecord, ...]
    orders: tuple[ReworkOrder, ...]
    replay: Mapping[str, Any]
    timings_ms: Mapping[str, float]
    report: Mapping[str, Any]
