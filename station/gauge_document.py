"""The document that `loupebox gauge ... --json` prints."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from loupebox.calibration.attribute_agreement import AgreementResult
from loupebox.calibration.gauge_anova import AnovaResult
from loupebox.calibration.gauge_average_range import AverageRangeResult
from loupebox.calibration.gauge_factors import FactorResult
from loupebox.calibration.gauge_linearity import LinearityResult
from loupebox.calibration.gauge_stability import StabilityResult
from loupebox.calibration.gauge_summary import Acceptance
from loupebox.calibration.gauge_type1 import Type1Result
from loupebox.station.gauge_table import GaugeTable

Study = Literal["type1", "rr", "factors", "linearity", "stability", "attribute"]
Result = (
    Type1Result | AverageRangeResult | AnovaResult | FactorResult | LinearityResult | StabilityResult | AgreementResult
)


class GaugeSource(BaseModel):
    """Where the readings came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    readings: int = Field(description="lines of the file, without the header")
    ignored_columns: tuple[str, ...] = Field(description="columns that the study did not look at")


class GaugeDocument(BaseModel):
    """One gauge study; numbers are in the unit of the file's readings."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    software: str
    about: str = Field(default="", description="what was read, with what, in which unit, by whom")
    study: Study
    source: GaugeSource
    outcome: Acceptance
    reason: str
    results: tuple[Result, ...] = Field(description="two when gauge R&R was worked out by both methods")

    @classmethod
    def of(
        cls,
        study: Study,
        table: GaugeTable,
        used: tuple[str, ...],
        outcome: Acceptance,
        reason: str,
        results: tuple[Result, ...],
        about: str = "",
    ) -> GaugeDocument:
        source = GaugeSource(
            file=table.name, sha256=table.sha256, readings=len(table.rows), ignored_columns=table.ignored(used)
        )
        software = f"loupebox {version('loupebox')}"
        return cls(
            software=software,
            about=about,
            study=study,
            source=source,
            outcome=outcome,
            reason=reason,
            results=results,
        )

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=2)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the document."""
    return GaugeDocument.model_json_schema(by_alias=True, mode="serialization")
