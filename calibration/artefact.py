"""A reference part with its own certificate: what all lengths of the station hang on."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loupebox.calibration.document import problems
from loupebox.calibration.propagation import Input
from loupebox.calibration.thermal import EXPANSION, Material

Text = Annotated[str, Field(min_length=1, max_length=200)]
ArtefactKind = Literal["ring gauge", "pin", "graticule", "chessboard", "charuco board", "white reference"]

DAYS_A_YEAR = 365.25


class ArtefactError(ValueError):
    """An artefact file that cannot be used; the message has a line for each thing that is wrong."""


class Artefact(BaseModel):
    """One reference part, as its own calibration certificate describes it. Read it with `Artefact.parse`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    schema_version: Literal[1] = Field(alias="schema", description="the version of this layout, 1")
    artefact_id: Text = Field(description="the number engraved on it or given by the house")
    kind: ArtefactKind = Field(description="what it is")
    laboratory: Text = Field(description="who calibrated it, with the accreditation's number")
    certificate: Text = Field(description="the number of its certificate")
    calibrated_on: date = Field(description="the day of its calibration")
    valid_until: date = Field(description="the last day on which it may be used")
    length_mm: float = Field(
        gt=0, le=1000, description="certified at 20 °C: diameter of a ring or pin, pitch or square of a pattern"
    )
    expanded_uncertainty_um: float = Field(gt=0, description="U of that length in um")
    coverage_factor: float = Field(ge=1, le=4, description="k of that U")
    degrees_of_freedom: float | None = Field(default=None, gt=0, description="of U, where the certificate states them")
    drift_um_per_year: float = Field(
        ge=0, description="largest change a year, either way, from its history or its maker's word"
    )
    material: Material = Field(description="what it is made of: " + ", ".join(EXPANSION))
    edge_radius_mm: float | None = Field(
        default=None, ge=0, description="radius of its edge along the line of sight; half the diameter for a lying pin"
    )
    squares: tuple[int, int] | None = Field(
        default=None, strict=False, description="of a chessboard or ChArUco board: squares across and down"
    )
    marker_mm: float | None = Field(default=None, gt=0, description="of a ChArUco board: side of a marker")
    dictionary: Text | None = Field(default=None, description="of a ChArUco board: OpenCV's name, as DICT_5X5_100")

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if self.valid_until <= self.calibrated_on:
            raise ValueError(f"valid_until {self.valid_until} is not after calibrated_on {self.calibrated_on}")
        board = self.kind in ("chessboard", "charuco board")
        if board != (self.squares is not None):
            raise ValueError(f"squares belong to boards; this is a {self.kind}")
        if self.squares is not None and not all(3 <= n <= 100 for n in self.squares):
            raise ValueError(f"squares are {self.squares[0]} x {self.squares[1]}; allowed are 3 to 100 each way")
        if (self.kind == "charuco board") != (self.marker_mm is not None and self.dictionary is not None):
            raise ValueError(f"marker_mm and dictionary belong to ChArUco boards; this is a {self.kind}")
        if self.expanded_uncertainty_um > 10 * self.length_mm:
            raise ValueError(
                f"expanded_uncertainty_um is {self.expanded_uncertainty_um:g} of {self.length_mm:g} mm; "
                "allowed is at most 1 %"
            )
        return self

    @classmethod
    def parse(cls, text: str, name: str) -> Artefact:
        """Read an artefact.

        Parameters
        ----------
        text : str
            TOML.
        name : str
            What to call it in errors, usually its file.

        Raises
        ------
        ArtefactError
            Naming the file, the key, the value and what is allowed.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ArtefactError(f"{name}: not TOML: {error}") from None
        except ValidationError as error:
            raise ArtefactError("\n".join(problems(error, cls, name))) from None

    @property
    def title(self) -> str:
        """Kind, number, length and certificate, as a certificate of the station names it."""
        return (
            f"{self.kind} {self.artefact_id}, {self.length_mm:g} mm ± {self.expanded_uncertainty_um:g} um "
            f"(k = {self.coverage_factor:g}), certificate {self.certificate} of {self.laboratory}, "
            f"{self.calibrated_on.isoformat()}"
        )

    def check_valid(self, on: date) -> None:
        """Raise `ArtefactError` unless its own certificate holds on a day."""
        if not self.calibrated_on <= on <= self.valid_until:
            raise ArtefactError(
                f"artefact {self.artefact_id} may be used from {self.calibrated_on} to {self.valid_until}; "
                f"the day is {on}: have it calibrated"
            )

    def length_inputs(self, on: date) -> tuple[Input, Input]:
        """Certified length and drift since, both in mm, as inputs of a formula."""
        freedom = float("inf") if self.degrees_of_freedom is None else self.degrees_of_freedom
        years = (on - self.calibrated_on).days / DAYS_A_YEAR
        return (
            Input.expanded(
                "certificate of the artefact",
                self.length_mm,
                self.expanded_uncertainty_um / 1000,
                self.coverage_factor,
                freedom,
            ),
            Input.rectangular("drift of the artefact", 0.0, self.drift_um_per_year / 1000 * years),
        )
