"""The spec sheet of a style: what the customer approved, and nothing that the station measures."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loupebox.calibration.document import problems
from loupebox.inspect.finding import Zone
from loupebox.inspect.section import Profile
from loupebox.inspect.verdict import Limits

CharacteristicName = Literal[
    "inner_diameter_mm",
    "out_of_round_mm",
    "roundness_mm",
    "outer_diameter_mm",
    "shank_width_mm",
    "shank_widest_mm",
    "shank_thickness_mm",
    "shank_thickest_mm",
    "shank_symmetry_mm",
    "length_mm",
    "width_mm",
    "left_length_mm",
    "left_width_mm",
    "right_length_mm",
    "right_width_mm",
    "pair_length_difference_mm",
    "pair_width_difference_mm",
    "pair_mirror_mm",
    "stone_diameter_mm",
    "stone_offset_mm",
    "stone_widest_mm",
    "stone_narrowest_mm",
    "stone_tilt_deg",
    "table_offset_mm",
    "prong_spacing_deg",
]
SurfaceKind = Literal["porosity", "scratch", "orange_peel", "dull_patch"]
"""Kinds that a rule can limit; "porosity" is gas and shrinkage porosity together, since a camera only guesses which."""
Severity = Literal["critical", "major", "minor"]
Stage = Literal["wax", "casting", "setting", "polishing", "plating", "final"]
Family = Literal["solitaire", "band", "pendant", "earrings"]
ViewingClass = Literal["naked eye at 30 cm", "10x"]
"""How closely a zone is looked at: the same mark passes one and fails the other."""
Setting = Literal["prong", "bead", "channel", "bezel", "flush", "pavé"]
Text = Annotated[str, Field(min_length=1, max_length=200)]

NAMES_OF_NO_RING: Mapping[str, tuple[CharacteristicName, ...]] = {
    "pendant": ("length_mm", "width_mm"),
    "earrings": (
        "left_length_mm", "left_width_mm", "right_length_mm", "right_width_mm",
        "pair_length_difference_mm", "pair_width_difference_mm", "pair_mirror_mm",
    ),
}  # fmt: skip
"""Dimensions of the pieces that are no rings, by family; all others are a ring's."""
CHARACTERISTIC_NAMES: tuple[CharacteristicName, ...] = get_args(CharacteristicName)
SURFACE_KINDS: tuple[SurfaceKind, ...] = get_args(SurfaceKind)


class SpecError(ValueError):
    """A spec sheet that cannot be used; the message has a line for each thing that is wrong."""


class _Sheet(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _check_limits(lower: float | None, upper: float | None, nominal: float | None = None) -> None:
    if lower is None and upper is None:
        raise ValueError("both lower and upper are missing; allowed is one of them or both")
    if lower is not None and upper is not None and lower > upper:
        raise ValueError(f"lower is {lower:g}, above upper, {upper:g}; allowed is lower at most as large as upper")
    if nominal is not None and not ((lower is None or lower <= nominal) and (upper is None or nominal <= upper)):
        low, high = "open" if lower is None else f"{lower:g}", "open" if upper is None else f"{upper:g}"
        raise ValueError(f"nominal is {nominal:g}; allowed is a value from lower ({low}) to upper ({high})")


class Range(_Sheet):
    """Limits with both ends included; a missing end is open."""

    lower: float | None = Field(default=None, description="the smallest value allowed")
    upper: float | None = Field(default=None, description="the largest value allowed")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_limits(self.lower, self.upper)
        return self

    @property
    def limits(self) -> Limits:
        return Limits(self.lower, self.upper)


class Characteristic(_Sheet):
    """One dimension of the piece with its limits, in the unit that its name ends in."""

    name: CharacteristicName = Field(description="the name of the dimension")
    nominal: float | None = Field(default=None, ge=0, description="the value aimed at")
    lower: float | None = Field(default=None, ge=0, description="the smallest value allowed")
    upper: float | None = Field(default=None, ge=0, description="the largest value allowed")
    severity: Severity = Field(description="the weight of a failure: critical, major or minor")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_limits(self.lower, self.upper, self.nominal)
        return self

    @property
    def limits(self) -> Limits:
        return Limits(self.lower, self.upper, self.nominal)


class Head(_Sheet):
    """The prong pattern of a solitaire and how far a prong may stray from it."""

    prong_count: int = Field(ge=2, le=24, description="the number of prongs")
    first_prong_deg: float = Field(
        ge=0, lt=360, description="the angle of the first prong in degrees; the others follow at equal steps"
    )
    stone_diameter_mm: float = Field(gt=0, le=30, description="the nominal diameter of the stone in mm")
    tip_height_mm: float = Field(ge=-5, le=10, description="the height of a good prong's tip over the girdle in mm")
    tip_thickness_mm: float | None = Field(
        default=None, gt=0, le=5, description="the thickness of a prong's tip in mm; a round tip's is its width"
    )
    prong_length_mm: Range = Field(description="the limits of how far a prong reaches over the stone in mm")
    bend_mm: Range = Field(description="the limits of how far a tip strays sideways in mm, either way")
    lift_mm: Range = Field(description="the limits of how far a tip stands above its height in mm")
    tip_width_mm: Range | None = Field(default=None, description="the limits of a tip's width seen from above in mm")
    height_percent: Range | None = Field(
        default=None, description="the limits of a tip's height over the girdle, in per cent of the crown's height"
    )
    contact_percent: Range | None = Field(
        default=None, description="the limits of a prong's contact, in per cent of the crown's width"
    )

    @property
    def of_each_prong(self) -> dict[str, Limits]:
        """Limits of what is measured of each prong beside its state, by the last part of its name."""
        wanted = {name: getattr(self, name) for name in ("tip_width_mm", "height_percent", "contact_percent")}
        return {name: limits.limits for name, limits in wanted.items() if limits is not None}

    @property
    def prong_angles_deg(self) -> tuple[float, ...]:
        """Expected angle of each prong, 0 to 360, counter-clockwise from image right seen from the top, first first."""
        step = 360 / self.prong_count
        return tuple((self.first_prong_deg + k * step) % 360 for k in range(self.prong_count))


class Zones(_Sheet):
    """Which zone each view of the surface shows."""

    shank: Zone = Field(default="A", description="the zone of the outside of the shank")


class SurfaceRule(_Sheet):
    """How much of one kind of surface defect one zone may show."""

    zone: Zone = Field(description="the zone that the rule is for")
    kind: SurfaceKind = Field(description="the kind of defect that the rule is for")
    ignore_below_mm: float = Field(default=0.0, ge=0, description="the size below which a defect is not counted, in mm")
    largest_mm: float = Field(ge=0, description="the largest size allowed, in mm")
    at_most: int = Field(ge=0, le=10_000, description="how many counted defects are allowed")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.ignore_below_mm > self.largest_mm:
            raise ValueError(
                f"ignore_below_mm is {self.ignore_below_mm:g}, above largest_mm, {self.largest_mm:g}; "
                "allowed is ignore_below_mm at most as large as largest_mm"
            )
        return self


class Viewing(_Sheet):
    """How closely each zone is looked at, in light of 500 lux or more."""

    A: ViewingClass = Field(default="10x", description="the viewing class of zone A")
    B: ViewingClass = Field(default="10x", description="the viewing class of zone B")
    C: ViewingClass = Field(default="naked eye at 30 cm", description="the viewing class of zone C")


class Stone(_Sheet):
    """One entry of the stone map: stones of one cut and size that are set alike."""

    name: Text = Field(description="the name of the seat, such as 'centre' or 'left shoulder'")
    cut: Text = Field(default="round", description="the cut of the stone")
    length_mm: float = Field(gt=0, le=60, description="the longest extent of the stone in mm; the diameter of a round")
    width_mm: float | None = Field(default=None, gt=0, le=60, description="the extent across in mm; none of a round")
    count: int = Field(default=1, ge=1, le=10_000, description="how many of them")
    setting: Setting = Field(description="the kind of setting")
    x_mm: float | None = Field(default=None, description="the place seen from the top, to the right of the centre")
    y_mm: float | None = Field(default=None, description="the place seen from the top, up from the centre")


class MetalLoss(_Sheet):
    """How much metal a stage of making may take."""

    stage: Stage = Field(description="the stage of making")
    at_most_percent: float = Field(ge=0, le=100, description="the largest loss in per cent of what came in")


class HandCheck(_Sheet):
    """What a person must check, because no camera can."""

    name: str = Field(pattern="^[a-z][a-z0-9_]{0,39}$", description="the name, such as 'loose_stones'")
    how: Text = Field(description="what to do, in a sentence")
    severity: Severity = Field(default="critical", description="the weight of a failure: critical, major or minor")


class Photograph(_Sheet):
    """A boundary photograph: what a person may compare with when a finding is near its limit."""

    zone: Zone = Field(description="the zone that it is for")
    kind: SurfaceKind = Field(description="the kind of defect that it shows")
    shows: Literal["OK", "NOT OK"] = Field(description="whether this much is still allowed")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="the checksum of a recorded frame or uploaded picture")
    note: str = Field(default="", max_length=200, description="what to look at")


class SpecDraft(_Sheet):
    """All that a spec sheet says, before anyone has approved it. Read it with `load_draft`."""

    schema_version: Literal[1] = Field(alias="schema", description="the version of this layout, 1")
    style: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")] = Field(
        description="the code of the style"
    )
    revision: Annotated[str, Field(min_length=1, max_length=20)] = Field(description="the revision of the sheet")
    name: Text = Field(description="the name of the style in words")
    family: Family = Field(description="the kind of piece: solitaire, band, pendant, or a pair of earrings")
    profile: Profile | None = Field(
        default=None, description="the profile of a ring's band: court (rounded on both sides), D, flat or flat court"
    )
    stage: Stage = Field(description="stage of making at which the sheet applies")
    characteristic: tuple[Characteristic, ...] = Field(
        strict=False, min_length=1, description="the dimensions with their limits"
    )
    head: Head | None = Field(default=None, description="the prong pattern; of a solitaire only")
    zones: Zones = Field(default_factory=Zones, description="the zones of the surface")
    surface: tuple[SurfaceRule, ...] = Field(default=(), strict=False, description="the limits of surface defects")
    viewing: Viewing = Field(default_factory=Viewing, description="how closely each zone is looked at")
    weight_g: Range | None = Field(default=None, description="the limits of the finished piece's weight in g")
    stone: tuple[Stone, ...] = Field(default=(), strict=False, description="the stone map")
    metal_loss: tuple[MetalLoss, ...] = Field(default=(), strict=False, description="the metal that stages may take")
    hand_check: tuple[HandCheck, ...] = Field(default=(), strict=False, description="what is checked by hand")
    photograph: tuple[Photograph, ...] = Field(default=(), strict=False, description="the boundary photographs")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.family == "solitaire" and self.head is None:
            raise ValueError("key 'head' is missing; a solitaire needs it")
        if self.family != "solitaire" and self.head is not None:
            raise ValueError(f"key 'head' is given; allowed is none, since family is '{self.family}'")
        if self.family in NAMES_OF_NO_RING:
            for key, given in (("profile", self.profile), ("surface", self.surface)):
                if given:
                    raise ValueError(f"key '{key}' is given; allowed is none, since family is '{self.family}'")
        seen: set[str] = set()
        for i, c in enumerate(self.characteristic):
            if c.name in seen:
                raise ValueError(f"characteristic[{i}].name is '{c.name}' a second time; allowed is once")
            if self.family == "band" and c.name.startswith(("stone_", "table_", "prong_")):
                raise ValueError(f"characteristic[{i}].name is '{c.name}'; a band has no stone")
            names = NAMES_OF_NO_RING.get(self.family)
            if names is not None and c.name not in names:
                raise ValueError(f"characteristic[{i}].name is '{c.name}'; allowed are {', '.join(names)}")
            if names is None and any(c.name in others for others in NAMES_OF_NO_RING.values()):
                raise ValueError(f"characteristic[{i}].name is '{c.name}'; a {self.family} has none")
            seen.add(c.name)
        rules: set[tuple[str, str]] = set()
        for i, rule in enumerate(self.surface):
            if (rule.zone, rule.kind) in rules:
                raise ValueError(f"surface[{i}] is a second rule for {rule.kind} in zone {rule.zone}; allowed is one")
            rules.add((rule.zone, rule.kind))
        for key, names in (
            ("stone", [stone.name for stone in self.stone]),
            ("metal_loss", [loss.stage for loss in self.metal_loss]),
            ("hand_check", [check.name for check in self.hand_check]),
            ("photograph", [photograph.sha256 for photograph in self.photograph]),
        ):
            if (twice := next((name for i, name in enumerate(names) if name in names[:i]), None)) is not None:
                raise ValueError(f"{key} has '{twice}' a second time; allowed is once")
        return self

    def rule(self, zone: Zone, kind: SurfaceKind) -> SurfaceRule | None:
        """The rule for one kind of defect in one zone, or None."""
        return next((r for r in self.surface if r.zone == zone and r.kind == kind), None)

    def limits(self, name: str) -> Limits | None:
        """Limits of a characteristic by its name, or None when the sheet has none."""
        return next((c.limits for c in self.characteristic if c.name == name), None)


class Spec(SpecDraft):
    """One approved, immutable revision of the spec sheet of a style. Read it with `load_spec`."""

    approved_by: Text = Field(description="the name of who approved the sheet")
    approved_on: date = Field(description="the day of approval")


def load_spec(text: str, name: str) -> Spec:
    """Read an approved spec sheet.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        What to call the sheet in errors, usually its file.

    Raises
    ------
    SpecError
        With a line for each thing that is wrong: file, key, value and what is allowed; for a misspelt key the
        nearest one that exists; for broken TOML the line and column.
    """
    return _load(text, name, Spec)


def load_draft(text: str, name: str) -> SpecDraft:
    """Read a sheet that nobody has approved yet: like `load_spec`, without `approved_by` and `approved_on`."""
    return _load(text, name, SpecDraft)


_Kind = TypeVar("_Kind", bound=SpecDraft)


def _load(text: str, name: str, kind: type[_Kind]) -> _Kind:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{name}: not TOML: {error}") from None
    except RecursionError:
        raise SpecError(f"{name}: nested too deeply to be a spec sheet") from None
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise SpecError("\n".join(problems(error, kind, name))) from None


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a spec sheet; TOML dates count as date strings."""
    schema = Spec.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loupebox spec sheet",
        **{k: v for k, v in schema.items() if k != "title"},
    }
