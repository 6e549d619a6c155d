"""The document that `loupebox inspect --json` prints, the log stores and the API serves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from loupebox.calibration.frame import Light, View
from loupebox.inspect.finding import FindingKind, Zone
from loupebox.inspect.prong import ProngState
from loupebox.inspect.verdict import Verdict
from loupebox.station.part_state import PartState
from loupebox.station.refusal import RefusalCode

SCHEMA = 1

Outcome = Literal["PASS", "REVIEW", "FAIL", "REFUSED"]
Point = tuple[float, float]
Box = tuple[float, float, float, float]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PieceReport(_Part):
    """Which piece, from its capture.json."""

    station: str
    piece: str
    job: str
    style: str
    captured_at: AwareDatetime


class RefusalReport(_Part):
    """Why no verdict was given."""

    code: RefusalCode
    reason: str = Field(description='completes "retake, because ..."')
    advice: str = Field(description="what to do first")


class CheckReport(_Part):
    """One requirement of the spec sheet, held against the piece."""

    name: str
    verdict: Verdict
    reason: str


class ContributionReport(_Part):
    """One line of an uncertainty budget, in the unit of the measurement."""

    name: str
    standard_uncertainty: float


class MeasurementReport(_Part):
    """One measured quantity; what could not be measured has no value but a reason."""

    name: str
    value: float | None
    expanded_uncertainty: float | None = Field(description="coverage factor 2, about 95 %; in the unit of the value")
    unit: str | None
    lower: float | None = Field(description="lower limit of the spec sheet, in the unit of the value")
    upper: float | None
    nominal: float | None
    outcome: Verdict | None = Field(description="null when the spec sheet does not limit it")
    conformance_probability: float | None = Field(description="probability that the true value is inside the limits")
    reason: str | None = Field(description="why it could not be measured; null when it was")
    budget: tuple[ContributionReport, ...]


class LengthReport(_Part):
    """A length with its expanded uncertainty (coverage factor 2), in mm."""

    value: float
    expanded_uncertainty: float


class ProngReport(_Part):
    """One place of the style's prong pattern and what stands there."""

    index: int
    angle_deg: float
    state: ProngState
    reason: str
    length_mm: LengthReport | None
    bend_mm: LengthReport | None
    lift_mm: LengthReport | None
    tip_xy_px: Point | None = Field(description="in the top view")
    tip_oblique_xy_px: Point | None


class FindingReport(_Part):
    """One surface defect; pixels count from the centre of the frame's first one, x to the right, y down."""

    kind: FindingKind
    view: View
    light: Light = Field(description="the light in which a person sees it best")
    box_xywh_px: Box
    box_xywh_mm: Box
    polygon_xy_px: tuple[Point, ...]
    polygon_xy_mm: tuple[Point, ...]
    size_mm: float = Field(description="largest extent")
    size_expanded_uncertainty_mm: float
    width_mm: float = Field(description="smallest extent")
    area_mm2: float
    zone: Zone
    score: float


class RingSizesReport(_Part):
    """The inner diameter in four scales, each to its nearest step."""

    iso: str
    us: str
    uk: str = Field(description="BS 6820")
    uk_trade: str = Field(description="the trade's Wheatsheaf ladder; up to half a size from uk")
    jp: str


class SpecReplay(_Part):
    """The spec sheet that judged."""

    style: str
    revision: str
    sha256: Sha256


class CertificateReplay(_Part):
    """One calibration certificate that was used."""

    view: View
    certificate_id: str
    sha256: Sha256


class ModelReplay(_Part):
    """One model that was used."""

    name: str
    version: str
    sha256: Sha256


class FrameReplay(_Part):
    """One frame that was read."""

    view: View
    light: Light
    sha256: Sha256
    width_px: int
    height_px: int
    exposure_ms: float
    gain_db: float
    camera_serial: str
    bits: int | None = Field(default=None, description="significant bits a sample; null in older documents")


class Replay(_Part):
    """All that went into the verdict: with the same, it comes out the same."""

    software: str
    libraries: dict[str, str]
    spec: SpecReplay
    certificates: tuple[CertificateReplay, ...]
    models: tuple[ModelReplay, ...]
    part: PartState | None = Field(default=None, description="null when nobody told; lengths are then as they were")
    frames: tuple[FrameReplay, ...]


class Report(_Part):
    """One inspection of one piece."""

    schema_: Annotated[Literal[1], Field(alias="schema", description="version of this document")]
    piece: PieceReport
    verdict: Outcome
    reasons: tuple[str, ...] = Field(description="why it is not simply a PASS, the worst first")
    refusal: RefusalReport | None
    checks: tuple[CheckReport, ...]
    measurements: tuple[MeasurementReport, ...]
    ring_sizes: RingSizesReport | None
    prongs: tuple[ProngReport, ...]
    findings: tuple[FindingReport, ...]
    timings_ms: dict[str, float]
    replay: Replay

    def to_json(self) -> str:
        """The document as text."""
        return self.model_dump_json(by_alias=True, indent=2)

    def to_document(self) -> dict[str, Any]:
        """The document as JSON-ready values."""
        return self.model_dump(mode="json", by_alias=True)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the document, as published in report.schema.json."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loupebox inspection report",
        **{key: value for key, value in schema.items() if key != "title"},
    }
