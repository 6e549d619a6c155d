"""The card beside a model's weights: what goes in, what comes out, how good it was measured to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from loupebox.models.errors import ModelError

CARD_SCHEMA = 1
"""The newest card schema that this version reads."""

MAX_CARD_BYTES = 1 << 20

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CardInput(_Part):
    """How an image becomes the model's input: (value - mean) / deviation of each channel, in this layout."""

    layout: Literal["NCHW"] = "NCHW"
    channels: tuple[Name, ...] = Field(min_length=1)
    mean: tuple[Finite, ...]
    deviation: tuple[Positive, ...]
    multiple: int = Field(default=1, ge=1, le=256)
    """Height and width are padded to a multiple of this, because the network halves them so often."""

    @model_validator(mode="after")
    def _one_scaling_a_channel(self) -> Self:
        for name in ("mean", "deviation"):
            if len(getattr(self, name)) != len(self.channels):
                raise ValueError(f"{name} has {len(getattr(self, name))} numbers; channels has {len(self.channels)}")
        return self


class Card(_Part):
    """Everything that a program must know to use the weights, and a person to trust them."""

    schema_version: Literal[1] = Field(alias="schema")
    name: Name
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    task: Literal["segmentation"]
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    input: CardInput
    um_per_px: Positive
    resize: Literal["none", "area"] = "none"
    """"area": a frame finer by a whole factor is averaged down, and the probabilities brought back up bilinearly."""
    tile: int | None = Field(default=None, ge=16, le=8192)
    """Side of the square tiles in the model's pixels; None runs the whole frame at once."""
    overlap: int = Field(default=0, ge=0)
    """Pixels shared by neighbouring tiles; the outer quarter at each side is not used."""
    classes: tuple[Name, ...] = Field(min_length=2)
    marks: tuple[Name, ...] = ()
    """What a pixel may also be, each by itself with a probability: channels after the classes."""
    pointers: tuple[Name, ...] = ()
    """What a pixel points at: three channels each after the marks, x and y in its pixels (y down), expected error."""
    thresholds: dict[Name, Probability]
    minimum_area_mm2: dict[Name, NotNegative] = {}
    standard_uncertainties: dict[Name, NotNegative] = {}
    """Errors of what is measured on the probabilities, one standard deviation, unit in the name; from validation."""
    trained_on: Name
    licence: Name
    measured: dict[Name, JsonValue]
    requires_loupebox: str = Field(pattern=r"^>=\d+\.\d+\.\d+$")

    @model_validator(mode="after")
    def _names_and_sizes_agree(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes names one class twice")
        for key in ("thresholds", "minimum_area_mm2"):
            strange = sorted(set(getattr(self, key)) - set(self.classes))
            if strange:
                raise ValueError(f"{key} names {strange[0]!r}; allowed are the classes {', '.join(self.classes)}")
        if self.tile is None:
            if self.overlap:
                raise ValueError(f"overlap is {self.overlap}; without a tile it must be 0")
            return self
        if self.tile % self.input.multiple:
            raise ValueError(f"tile is {self.tile}; it must be a multiple of input.multiple {self.input.multiple}")
        if self.overlap > self.tile // 2:
            raise ValueError(f"overlap is {self.overlap}; at most half the tile, {self.tile // 2}")
        return self

    @property
    def outputs(self) -> int:
        """Number of channels that come out."""
        return len(self.classes) + len(self.marks) + 3 * len(self.pointers)

    @property
    def minimum_version(self) -> tuple[int, ...]:
        """The oldest Loupebox that can use this model."""
        return tuple(int(n) for n in self.requires_loupebox.removeprefix(">=").split("."))


def card_path(onnx_path: Path) -> Path:
    """`head_parts.onnx` has its card in `head_parts.card.json`, in the same folder."""
    return onnx_path.with_suffix(".card.json")


def parse_card(text: str, name: str) -> Card:
    """The card in `text`; `name` tells the reader of an error which file it was."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{name} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise ModelError(f"{name} holds a {type(data).__name__}; allowed is one JSON object")
    schema = data.get("schema")
    if isinstance(schema, int) and schema > CARD_SCHEMA:
        raise ModelError(
            f"{name} has schema {schema}; this version of Loupebox reads up to {CARD_SCHEMA}, a newer one is needed"
        )
    try:
        return Card.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the card"
        shown = f" (given: {first['input']!r:.80})" if first["type"] not in ("missing", "value_error") else ""
        raise ModelError(f"{name}: {where}: {first['msg'].removeprefix('Value error, ')}{shown}") from None


def read_card(onnx_path: Path) -> Card:
    """The card that lies beside the weights."""
    path = card_path(onnx_path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CARD_BYTES + 1)
    except OSError as error:
        raise ModelError(
            f"model card {path.name} cannot be read: {error.strerror}; it must lie beside {onnx_path.name}"
        ) from None
    if len(raw) > MAX_CARD_BYTES:
        raise ModelError(f"model card {path.name} is larger than {MAX_CARD_BYTES} bytes")
    try:
        card = parse_card(raw.decode(), f"model card {path.name}")
    except UnicodeDecodeError:
        raise ModelError(f"model card {path.name} is not UTF-8 text") from None
    if card.file != onnx_path.name:
        raise ModelError(f"model card {path.name} describes {card.file}; it lies beside {onnx_path.name}")
    return card
