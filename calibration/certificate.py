"""What a calibration found about one view of one station, and until when it holds."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from loupebox.calibration.document import problems
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import View
from loupebox.calibration.lens import Lens
from loupebox.calibration.scale import Scale

Text = Annotated[str, Field(min_length=1, max_length=200)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

WIDEST_SCALE_UNCERTAINTY = 0.01
"""Relative standard uncertainty above which a scale certificate is refused as a slip of the pen."""


class CertificateError(ValueError):
    """A calibration certificate that cannot be read; the message has a line for each thing that is wrong."""


class CalibrationExpired(Exception):
    """A certificate that does not hold at the time of the capture; nothing may be measured with it."""


class CertificatePart(BaseModel):
    """One signed calibration that a view's certificate rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: Text = Field(description="what was calibrated: camera, scale, sensor, sharpness or backlight")
    number: int = Field(ge=1, description="its number in the records")
    signed_by: Text = Field(description="the name of who signed it")
    made_at: AwareDatetime = Field(description="the time of the calibration, with offset")
    valid_until: AwareDatetime = Field(description="the last moment at which it holds, with offset")
    failed: Text | None = Field(default=None, description="why it failed; null when it passed")


class Certificate(BaseModel):
    """One view of one station, as calibrated.

    All fields are documented by their descriptions; units stand in the names. Read it with `Certificate.parse`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    schema_version: Literal[1] = Field(alias="schema", description="the version of this layout, 1")
    certificate_id: Text = Field(description="the number of the certificate")
    station: Text = Field(description="the name of the station")
    view: View = Field(description="the view that was calibrated")
    camera_serial: Text = Field(description="the serial number of the camera")
    artefact: Text = Field(description="the reference part that was measured, with its own certificate")
    issued_by: Text = Field(description="the name of who calibrated")
    issued_at: AwareDatetime = Field(description="the time of the calibration, with offset")
    valid_until: AwareDatetime = Field(description="the last moment at which it holds, with offset")
    scale_um_per_px: float = Field(gt=0, le=1000, description="the size of a pixel on the piece in um")
    scale_standard_uncertainty_um_per_px: float = Field(gt=0, description="the standard uncertainty of the scale in um")
    scale_degrees_of_freedom: float | None = Field(
        default=None, gt=0, description="of the scale's standard uncertainty; null without limit"
    )
    elevation_deg: float | None = Field(
        default=None, gt=0, le=90, description="the angle of the optical axis above the stone's plane in degrees"
    )
    elevation_standard_uncertainty_deg: float | None = Field(
        default=None, ge=0, description="the standard uncertainty of the elevation in degrees"
    )
    dark_level_dn: float = Field(ge=0, lt=128, description="the signal without light, in steps of 8 bit")
    edge_sigma_px: float = Field(
        gt=0, le=10, description="the Gaussian blur of a sharp edge in focus, standard deviation in px"
    )
    backlight_half_angle_deg: float | None = Field(
        default=None, ge=0, lt=90, description="half-angle of the backlight's cone in degrees"
    )
    backlight_half_angle_standard_uncertainty_deg: float | None = Field(
        default=None, ge=0, description="the standard uncertainty of that half-angle in degrees"
    )
    lens_k1: float | None = Field(
        default=None, description="radial distortion: what a corner of the picture is moved outward, in half diagonals"
    )
    lens_p1: float | None = Field(default=None, description="tangential distortion, first coefficient")
    lens_p2: float | None = Field(default=None, description="tangential distortion, second coefficient")
    lens_k2: float | None = Field(default=None, description="radial distortion, with the fourth power; none is 0")
    lens_k3: float | None = Field(default=None, description="radial distortion, with the sixth power; none is 0")
    lens_centre_x_px: float | None = Field(
        default=None, description="the middle of the distortion; none: the picture's"
    )
    lens_centre_y_px: float | None = Field(
        default=None, description="the middle of the distortion; none: the picture's"
    )
    lens_standard_uncertainty_px: float = Field(
        default=0.0, ge=0, le=10, description="how surely the distortion is known at a corner of the picture, in px"
    )
    temperature_c: float | None = Field(
        default=None, ge=-10, le=60, description="the temperature of the artefact when the scale was calibrated in °C"
    )
    parts: Annotated[tuple[CertificatePart, ...], Field(strict=False)] = Field(
        default=(), description="the signed calibrations that it rests on"
    )
    pupil_distance_mm: float | None = Field(
        default=None,
        gt=10,
        le=100_000,
        description="the distance of the lens's entrance pupil from the plane of the scale in mm; none if telecentric",
    )
    plane_standard_uncertainty_mm: float = Field(
        default=0.02, ge=0, le=5, description="how surely a piece's middle lies in the plane of the scale, in mm"
    )
    flat_file: Text | None = Field(
        default=None, description="the name of the illumination picture beside the certificate"
    )
    flat_sha256: Sha256 | None = Field(default=None, description="the checksum of the illumination picture")

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if len({self.lens_k1 is None, self.lens_p1 is None, self.lens_p2 is None}) != 1:
            raise ValueError("lens_k1, lens_p1 and lens_p2 belong together; one of them is missing")
        if (self.lens_centre_x_px is None) != (self.lens_centre_y_px is None):
            raise ValueError("lens_centre_x_px and lens_centre_y_px belong together; one of them is missing")
        if self.valid_until <= self.issued_at:
            raise ValueError(
                f"valid_until {self.valid_until.isoformat()} is not after issued_at {self.issued_at.isoformat()}"
            )
        largest = WIDEST_SCALE_UNCERTAINTY * self.scale_um_per_px
        if self.scale_standard_uncertainty_um_per_px > largest:
            raise ValueError(
                f"scale_standard_uncertainty_um_per_px is {self.scale_standard_uncertainty_um_per_px:g}; "
                f"allowed is at most {largest:g}, 1 % of the scale"
            )
        if (self.flat_file is None) != (self.flat_sha256 is None):
            raise ValueError("flat_file and flat_sha256 belong together; one of them is missing")
        if self.flat_file is not None and (set(self.flat_file) & set("/\\:") or self.flat_file.startswith(".")):
            raise ValueError(
                f"flat_file is '{self.flat_file}'; allowed is the plain name of a file beside the certificate"
            )
        if (self.elevation_deg is None) != (self.elevation_standard_uncertainty_deg is None):
            raise ValueError(
                "elevation_deg and elevation_standard_uncertainty_deg belong together; one of them is missing"
            )
        return self

    @classmethod
    def parse(cls, text: str, name: str) -> Certificate:
        """Read a certificate.

        Parameters
        ----------
        text : str
            JSON, as in `calibration/<view>.json`.
        name : str
            What to call it in errors, usually its file.

        Raises
        ------
        CertificateError
            Naming the file, the key, the value and what is allowed, a line for each thing that is wrong.
        """
        try:
            json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins)
            return cls.model_validate_json(text)
        except json.JSONDecodeError as error:
            raise CertificateError(
                f"{name}: line {error.lineno}, column {error.colno} is not JSON: {error.msg}"
            ) from None
        except RecursionError:
            raise CertificateError(f"{name}: nested too deeply to be a certificate") from None
        except ValidationError as error:
            raise CertificateError("\n".join(problems(error, cls, name))) from None
        except ValueError as error:
            raise CertificateError(f"{name}: {error}") from None

    def check_valid(self, when: datetime) -> None:
        """Raise `CalibrationExpired` unless the certificate holds at the time of the capture, both ends included.

        Raises
        ------
        CalibrationExpired
            Naming the certificate, the view, its dates and `when`.
        ValueError
            When `when` has no offset from UTC.
        """
        if when.tzinfo is None:
            raise ValueError(f"the time of the capture is {when.isoformat()}; it needs an offset from UTC")
        part = next((p for p in self.parts if p.failed is not None or when > p.valid_until), None)
        if part is not None:
            until = f"held until {part.valid_until.isoformat()}"
            raise CalibrationExpired(
                f"the {part.kind} calibration {part.number} of view {self.view} at station {self.station}, signed by "
                f"{part.signed_by}, {until if part.failed is None else f'failed: {part.failed}'}; "
                f"the capture is of {when.isoformat()}"
            )
        what = f"calibration {self.certificate_id} of view {self.view} at station {self.station}"
        if when > self.valid_until:
            raise CalibrationExpired(
                f"{what} held until {self.valid_until.isoformat()}; the capture is of {when.isoformat()}"
            )
        if when < self.issued_at:
            raise CalibrationExpired(
                f"{what} holds from {self.issued_at.isoformat()}; the capture is of {when.isoformat()}"
            )

    def ended(self, when: datetime) -> str | None:
        """Why it does not hold at a moment, in a few words for a screen; None while it holds."""
        for part in self.parts:
            if part.failed is not None:
                return f"its {part.kind} calibration {part.number} failed on {part.made_at.date()}: {part.failed}"
            if when > part.valid_until:
                return f"its {part.kind} calibration {part.number} ended on {part.valid_until.date()}"
        if when > self.valid_until:
            return f"its certificate {self.certificate_id} ended on {self.valid_until.date()}"
        return (
            f"its certificate {self.certificate_id} begins on {self.issued_at.date()}"
            if when < self.issued_at
            else None
        )

    def lens(self, size_px: tuple[int, int]) -> Lens | None:
        """The lens's distortion in a picture of a width and height; None when it is not known to have one."""
        if self.lens_k1 is None or self.lens_p1 is None or self.lens_p2 is None:
            return None
        x, y = self.lens_centre_x_px, self.lens_centre_y_px
        centre = None if x is None or y is None else (x, y)
        return Lens(size_px, self.lens_k1, self.lens_p1, self.lens_p2, self.lens_k2 or 0.0, self.lens_k3 or 0.0, centre)

    @property
    def scale(self) -> Scale:
        """Millimetres a pixel, with the certificate's uncertainty."""
        freedom = math.inf if self.scale_degrees_of_freedom is None else self.scale_degrees_of_freedom
        u = Contribution("scale certificate", self.scale_standard_uncertainty_um_per_px / 1000, freedom)
        return Scale(Estimate(self.scale_um_per_px / 1000, "mm/px", (u,)))


def _refuse_constant(word: str) -> float:
    raise ValueError(f"a number is {word}; allowed are finite numbers")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError(f"key '{key}' stands there twice")
        seen[key] = value
    return seen
