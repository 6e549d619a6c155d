"""What a station looks at before the first piece of the day: three known pieces, their lights, their focus."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loupebox.calibration.document import problems
from loupebox.calibration.frame import LIGHTS, VIEWS

Text = Annotated[str, Field(min_length=1, max_length=200)]


class StartUpPlanError(ValueError):
    """A plan that cannot be used; the message names the file, the key, the value and what is allowed."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class KnownPiece(_Part):
    """A piece that is kept for the check."""

    name: Text = Field(description="what people call it")
    style: Text = Field(description="the style that it is inspected as")
    capture: Text | None = Field(
        default=None, description="folder of a stored capture that serves in place of cameras, relative to the plan"
    )


class ReferencePiece(KnownPiece):
    """A piece with a certified dimension."""

    characteristic: Text = Field(description="the dimension, such as inner_diameter_mm")
    value_mm: float = Field(gt=0, description="certified at 20 °C")
    expanded_uncertainty_mm: float = Field(ge=0, description="of that value, about 95 %")


class GoldenBadPiece(KnownPiece):
    """A piece with a known defect."""

    must_fail: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] = Field(
        description="names of the checks that must fail, such as prong_3"
    )


class LevelOfLight(_Part):
    """How bright a light is on the golden good piece."""

    level: float = Field(gt=0, le=1, description="mean signal of its frame, share of full scale")
    within_percent: float = Field(gt=0, le=50, description="how far it may be off")


class StartUpPlan(_Part):
    """The plan of one station. Read it with `StartUpPlan.read`."""

    schema_version: Literal[1] = Field(alias="schema", description="the version of this layout, 1")
    station: Text = Field(description="the name of the station")
    artefact: ReferencePiece
    good: KnownPiece
    bad: GoldenBadPiece
    lights: dict[str, LevelOfLight] = Field(default={}, description='by "view/light", such as "face/backlight"')
    focus_times: float = Field(
        default=1.5, ge=1, le=2, description="blur that is allowed, in times of the certificate's"
    )

    @model_validator(mode="after")
    def _check_lights(self) -> Self:
        for name in self.lights:
            view, _, light = name.partition("/")
            if view not in VIEWS or light not in LIGHTS:
                raise ValueError(f"lights names '{name}'; allowed is a view and a light such as face/backlight")
        return self

    @classmethod
    def read(cls, path: Path) -> StartUpPlan:
        """The plan in a TOML file."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise StartUpPlanError(f"start-up plan {path} cannot be read: {error}") from None
        except tomllib.TOMLDecodeError as error:
            raise StartUpPlanError(f"{path}: not TOML: {error}") from None
        except ValidationError as error:
            raise StartUpPlanError("\n".join(problems(error, cls, str(path)))) from None
