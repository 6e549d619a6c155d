"""From a style's bill of materials to the draft of its spec sheet, with starting limits to be edited."""

from __future__ import annotations

import csv
import io
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from loupebox.calibration.document import problems
from loupebox.inspect.finding import Zone
from loupebox.inspect.ring_size import Scale, diameter_mm
from loupebox.inspect.spec import Setting, SpecDraft, SpecError
from loupebox.station.spec_text import written

QUARTER_US_SIZE_MM = 0.2032
RING_SIZE_KEPT_MM = QUARTER_US_SIZE_MM / 2
"""The trade's tolerance is a quarter US size: half of it to each side."""
SHANK_KEPT_MM = 0.1
STONE_KEPT = 0.023
"""Of its diameter; ours."""
ROUND_CUTS = ("round", "round brilliant", "rond")
SURFACE: dict[str, tuple[float, float, int]] = {"A": (0.05, 0.10, 1), "B": (0.05, 0.15, 2), "C": (0.05, 0.20, 5)}
"""Porosity by zone: counted from, largest, how many; ours, since nobody has published any."""
COMMENTS = (
    "Drafted from the bill of materials. Ring size: within a quarter US size. Shank: within 0.1 mm. Weight: at least",
    "as contracted. All other limits are starting values of Loupebox, for the customer to edit before approval.",
)

Text = Annotated[str, StringConstraints(max_length=200)]


class BomStone(BaseModel):
    """Stones of one cut and size."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text = Field(min_length=1, description="the seat")
    cut: Text = "round"
    length_mm: float = Field(gt=0)
    width_mm: float | None = Field(default=None, gt=0)
    count: int = Field(default=1, ge=1)
    setting: Setting
    x_mm: float | None = None
    y_mm: float | None = None


class BillOfMaterials(BaseModel):
    """What a piece is made of, as the shop's own system lists it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Text
    name: Text = Field(min_length=1)
    revision: Text = "A"
    stage: Literal["wax", "casting", "setting", "polishing", "plating", "final"] = "final"
    ring_size: Text = Field(description="on the scale `ring_scale`")
    ring_scale: Scale = "us"
    shank_width_mm: float = Field(gt=0)
    shank_thickness_mm: float = Field(gt=0)
    weight_g: float | None = Field(default=None, gt=0, description="the contracted weight of the finished piece")
    zone: Zone = Field(default="A", description="of the outside of the shank")
    prong_count: int | None = Field(default=None, ge=2, description="of the centre stone, when prongs hold it")
    first_prong_deg: float | None = Field(default=None, ge=0, lt=360)
    tip_height_mm: float | None = None
    stone: tuple[BomStone, ...] = ()


STONE_COLUMNS = tuple(BomStone.model_fields)


def read_bill(text: str, name: str) -> BillOfMaterials:
    """A bill in JSON, or in CSV with the columns `item`, `value` and, for each stone, those of a stone.

    In CSV `item` is a key of the bill with its `value`; a row whose item is "stone" is one entry of the stone map.
    """
    document = _json(text, name) if text.lstrip().startswith("{") else _csv(text, name)
    try:
        return BillOfMaterials.model_validate(document)
    except ValidationError as error:
        raise SpecError("\n".join(problems(error, BillOfMaterials, name))) from None


def draft_from_bill(bill: BillOfMaterials, name: str) -> str:
    """The TOML of a draft."""
    try:
        inner_mm = round(diameter_mm(bill.ring_scale, bill.ring_size), 3)
    except ValueError as error:
        raise SpecError(f"{name}: ring_size: {error}") from None
    document: dict[str, Any] = {
        "schema": 1,
        "style": bill.style,
        "revision": bill.revision,
        "name": bill.name,
        "family": "solitaire" if bill.prong_count else "band",
        "stage": bill.stage,
        "characteristic": [
            _within("inner_diameter_mm", inner_mm, RING_SIZE_KEPT_MM, "critical"),
            {"name": "out_of_round_mm", "nominal": 0.0, "upper": 0.08, "severity": "major"},
            _within("shank_width_mm", bill.shank_width_mm, SHANK_KEPT_MM, "major"),
            _within("shank_thickness_mm", bill.shank_thickness_mm, SHANK_KEPT_MM, "major"),
        ],
        "zones": {"shank": bill.zone},
        "surface": _surface(bill.zone),
        "stone": [stone.model_dump(exclude_none=True) for stone in bill.stone],
    }
    if bill.weight_g is not None:
        document["weight_g"] = {"lower": bill.weight_g}
    if bill.stone:
        document["hand_check"] = [
            {
                "name": "loose_stones",
                "how": "Tap the piece beside the ear: no stone may rattle.",
                "severity": "critical",
            }
        ]
    if bill.prong_count:
        centre = _centre(bill, name)
        document["characteristic"] += [
            _within("stone_diameter_mm", centre.length_mm, STONE_KEPT * centre.length_mm, "critical"),
            {"name": "stone_offset_mm", "nominal": 0.0, "upper": 0.3, "severity": "major"},
        ]
        document["head"] = _head(bill, centre)
    try:
        draft = SpecDraft.model_validate(document)
    except ValidationError as error:
        raise SpecError("\n".join(problems(error, SpecDraft, f"the sheet from {name}"))) from None
    return written(draft, *COMMENTS)


def _within(name: str, nominal: float, kept: float, severity: str) -> dict[str, Any]:
    lower, upper = round(nominal - kept, 3), round(nominal + kept, 3)
    return {"name": name, "nominal": nominal, "lower": lower, "upper": upper, "severity": severity}


def _surface(zone: Zone) -> list[dict[str, Any]]:
    counted, largest, many = SURFACE[zone]
    easier = {"A": 1.0, "B": 2.0, "C": 4.0}[zone]
    rules = [("porosity", counted, largest, many), ("scratch", 0.3, 0.6 * easier, 1)]
    rules += [("orange_peel", 0.3, 0.6 * easier, 0), ("dull_patch", 0.2, 0.4 * easier, 0)]
    return [
        {"zone": zone, "kind": kind, "ignore_below_mm": counted, "largest_mm": largest, "at_most": many}
        for kind, counted, largest, many in rules
    ]


def _centre(bill: BillOfMaterials, name: str) -> BomStone:
    """The largest stone that prongs hold."""
    held = [stone for stone in bill.stone if stone.setting == "prong" and stone.count == 1]
    if not held:
        raise SpecError(f"{name}: prong_count is {bill.prong_count}, but no single stone has the setting 'prong'")
    centre = max(held, key=lambda stone: stone.length_mm)
    if centre.cut.lower() not in ROUND_CUTS or centre.width_mm not in (None, centre.length_mm):
        raise SpecError(f"{name}: stone '{centre.name}' is {centre.cut}; a head with prongs can be drafted for a round")
    return centre


def _head(bill: BillOfMaterials, centre: BomStone) -> dict[str, Any]:
    assert bill.prong_count is not None
    # A round brilliant's crown is about 0.16 of its diameter high; a good tip lies on it near the girdle.
    height = bill.tip_height_mm if bill.tip_height_mm is not None else round(0.166 * centre.length_mm, 2)
    first = bill.first_prong_deg if bill.first_prong_deg is not None else 180 / bill.prong_count
    return {
        "prong_count": bill.prong_count,
        "first_prong_deg": first,
        "stone_diameter_mm": centre.length_mm,
        "tip_height_mm": height,
        "prong_length_mm": {"lower": round(0.06 * centre.length_mm, 2), "upper": round(0.154 * centre.length_mm, 2)},
        "bend_mm": {"upper": 0.25},
        "lift_mm": {"upper": 0.25},
    }


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SpecError(f"{name}: not JSON: {error}") from None


def _csv(text: str, name: str) -> dict[str, Any]:
    rows = csv.DictReader(io.StringIO(text), strict=True, restkey="")
    document: dict[str, Any] = {"stone": []}
    try:
        if not {"item", "value"} <= set(rows.fieldnames or ()):
            raise SpecError(f"{name}: the first line names no columns 'item' and 'value', which a bill needs")
        for row in rows:
            item = (row.pop("item") or "").strip()
            if item == "stone":
                filled = {key: value.strip() for key, value in row.items() if isinstance(value, str) and value.strip()}
                seat = filled.pop("value", filled.get("name", ""))
                document["stone"].append({**filled, "name": seat})
            elif item in document:
                raise SpecError(f"{name}: line {rows.line_num}: '{item}' stands there a second time; allowed is once")
            elif item:
                document[item] = (row["value"] or "").strip()
    except csv.Error as error:
        raise SpecError(f"{name}: line {rows.line_num}: not CSV: {error}") from None
    return document
