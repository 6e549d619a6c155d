"""One calibration, worked out and not yet signed: what was found, with what, in which surroundings, until when."""

from __future__ import annotations

import json
import math
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from loupebox.calibration.document import problems
from loupebox.calibration.estimate import Estimate
from loupebox.calibration.frame import View

Text = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=2000)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

CalibrationKind = Literal["camera", "scale", "sensor", "sharpness", "backlight"]
"""What of a view is calibrated; each has a certificate of its own, with its own end."""

CHECKED_FIELDS = (
    "scale_um_per_px",
    "scale_standard_uncertainty_um_per_px",
    "scale_degrees_of_freedom",
    "elevation_deg",
    "elevation_standard_uncertainty_deg",
    "dark_level_dn",
    "edge_sigma_px",
    "backlight_half_angle_deg",
    "backlight_half_angle_standard_uncertainty_deg",
    "lens_k1",
    "lens_p1",
    "lens_p2",
    "lens_k2",
    "lens_k3",
    "lens_centre_x_px",
    "lens_centre_y_px",
    "lens_standard_uncertainty_px",
    "pupil_distance_mm",
    "plane_standard_uncertainty_mm",
)
"""Fields of a view's certificate that a calibration may set."""


class DraftError(ValueError):
    """A draft that cannot be read; the message has a line for each thing that is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Environment(_Part):
    """The surroundings of a calibration."""

    temperature_c: float = Field(ge=-10, le=60, description="of artefact and station in °C")
    temperature_half_width_c: float = Field(ge=0, le=30, description="within which it surely lay")
    humidity_percent: float | None = Field(default=None, ge=0, le=100, description="relative humidity")


class BudgetLine(_Part):
    """One line of an uncertainty budget, in the unit of the result."""

    name: Text
    standard_uncertainty: float = Field(ge=0)
    degrees_of_freedom: float | None = Field(default=None, gt=0, description="null without limit")


class ResultLine(_Part):
    """One quantity that was found, and what was allowed."""

    name: Text
    value: float
    unit: Text
    expanded_uncertainty: float | None = Field(default=None, ge=0, description="about 95 %")
    coverage_factor: float | None = Field(default=None, gt=0)
    degrees_of_freedom: float | None = Field(default=None, gt=0, description="effective; null without limit")
    least: float | None = Field(default=None, description="least that is allowed")
    most: float | None = Field(default=None, description="most that is allowed")
    budget: Annotated[tuple[BudgetLine, ...], Field(strict=False)] = ()

    @classmethod
    def of(cls, name: str, found: Estimate, *, least: float | None = None, most: float | None = None) -> ResultLine:
        """From an estimate with its budget."""
        freedom = found.degrees_of_freedom
        return cls(
            name=name,
            value=found.value,
            unit=found.unit,
            expanded_uncertainty=found.expanded_uncertainty,
            coverage_factor=found.coverage_factor,
            degrees_of_freedom=None if math.isinf(freedom) else freedom,
            least=least,
            most=most,
            budget=tuple(
                BudgetLine(
                    name=c.name,
                    standard_uncertainty=c.standard_uncertainty,
                    degrees_of_freedom=None if math.isinf(c.degrees_of_freedom) else c.degrees_of_freedom,
                )
                for c in found.budget
            ),
        )

    @property
    def trouble(self) -> str | None:
        """Why this result does not pass, or None."""
        if self.least is not None and self.value < self.least:
            return f"{self.name} is {self.value:.4g} {self.unit}; allowed is {self.least:.4g} {self.unit} or more"
        if self.most is not None and self.value > self.most:
            return f"{self.name} is {self.value:.4g} {self.unit}; allowed is {self.most:.4g} {self.unit} or less"
        return None


class CalibrationDraft(_Part):
    """A calibration as `loupebox calibrate` writes it, for a person to read and sign."""

    schema_version: Literal[1] = Field(alias="schema", description="the version of this layout, 1")
    kind: CalibrationKind = Field(description="what was calibrated: camera, scale, sensor, sharpness or backlight")
    station: Text = Field(description="the name of the station")
    view: View = Field(description="the view that was calibrated")
    camera_serial: Text = Field(description="the serial number of the camera")
    artefact: Sentence = Field(description="the reference part, with its own certificate; or what served in its place")
    method: Sentence = Field(description="how it was worked out")
    made_at: AwareDatetime = Field(description="the time of the calibration, with offset")
    valid_until: AwareDatetime = Field(description="the last moment at which it holds, with offset")
    environment: Environment
    results: Annotated[tuple[ResultLine, ...], Field(strict=False, min_length=1)]
    remarks: Annotated[tuple[Sentence, ...], Field(strict=False)] = ()
    troubles: Annotated[tuple[Sentence, ...], Field(strict=False)] = Field(
        default=(), description="why it failed; empty when it passed"
    )
    sets: dict[str, float] = Field(description="fields of the view's certificate that this calibration gives")
    flat_file: Text | None = Field(default=None, description="illumination picture beside the draft")
    flat_sha256: Sha256 | None = Field(default=None)
    frames: dict[str, Sha256] = Field(description="checksum of each picture that was read, by its name")
    software: Text

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if self.valid_until <= self.made_at:
            raise ValueError(
                f"valid_until {self.valid_until.isoformat()} is not after made_at {self.made_at.isoformat()}"
            )
        unknown = sorted(set(self.sets) - set(CHECKED_FIELDS))
        if unknown:
            raise ValueError(f"sets names '{unknown[0]}'; allowed are {', '.join(CHECKED_FIELDS)}")
        if (self.flat_file is None) != (self.flat_sha256 is None):
            raise ValueError("flat_file and flat_sha256 belong together; one of them is missing")
        if self.flat_file is not None and (set(self.flat_file) & set("/\\:") or self.flat_file.startswith(".")):
            raise ValueError(f"flat_file is '{self.flat_file}'; allowed is the plain name of a file beside the draft")
        missing = [t for r in self.results if (t := r.trouble) is not None and t not in self.troubles]
        if missing:
            raise ValueError(f"a result does not pass and no trouble says so: {missing[0]}")
        return self

    @property
    def passed(self) -> bool:
        return not self.troubles

    @classmethod
    def parse(cls, text: str, name: str) -> CalibrationDraft:
        """Read a draft.

        Parameters
        ----------
        text : str
            JSON, as `loupebox calibrate` writes it.
        name : str
            What to call it in errors, usually its file.

        Raises
        ------
        DraftError
            Naming the file, the key, the value and what is allowed.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise DraftError("\n".join(problems(error, cls, name))) from None

    def to_json(self) -> str:
        """The document as text; the same draft gives the same text."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False)


def troubles_of(results: tuple[ResultLine, ...]) -> tuple[str, ...]:
    """Why results do not pass, one sentence each."""
    return tuple(t for r in results if (t := r.trouble) is not None)
