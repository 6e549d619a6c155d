"""What a piece is made of and how warm it was: what its lengths at 20 °C need beside the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from loupebox.calibration.thermal import Material, Temperature, at_reference
from loupebox.inspect.measurement import Measurement, MeasurementResult


class PartState(BaseModel):
    """Of one piece while its frames were taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    material: Material = Field(description="of the metal that is measured")
    temperature_c: Annotated[float, Field(ge=-10, le=60, description="of the piece, in °C")]
    temperature_half_width_c: Annotated[float, Field(ge=0, le=30, description="within which it surely lay, in K")]

    def at_reference(self, results: Iterable[MeasurementResult]) -> list[MeasurementResult]:
        """Lengths as they are at 20 °C (ISO 1); angles and what could not be measured stay."""
        temperature = Temperature(self.temperature_c, self.temperature_half_width_c)
        return [
            Measurement(result.name, at_reference(result.estimate, self.material, temperature))
            if isinstance(result, Measurement) and result.estimate.unit == "mm"
            else result
            for result in results
        ]
