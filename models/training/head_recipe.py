"""Which heads are drawn by chance: families of prongs, cuts and lights, and which of them each split may see.

Training sees four families of prongs under three arrangements of light. Half of validation has a family and a light
of its own, so that thresholds and uncertainties allow for the unknown. All of the test has prongs, cuts and gems that
neither saw, most of it under another light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from loupebox.models.training.band import Band, Section
from loupebox.models.training.brilliant import Cut
from loupebox.models.training.light import Arrangement
from loupebox.models.training.metal import DIAMOND, METALS, Gem, Metal
from loupebox.models.training.piece import Head, Piece, Pose
from loupebox.models.training.prong import ProngForm, ProngState, TipForm

Split = Literal["train", "validation", "test"]
SEED_OF_SPLIT: dict[str, int] = {"train": 1, "validation": 2, "test": 3}
FAMILIES: dict[str, tuple[str, ...]] = {
    "train": ("round", "pointed", "flat", "tab"), "validation": ("chisel",), "test": ("bevelled", "waisted"),
}  # fmt: skip
LIGHTS: dict[str, tuple[Arrangement, ...]] = {
    "train": ("tent", "ring_light", "soft_boxes"), "validation": ("led_ring",), "test": ("bars",),
}  # fmt: skip
SHARE_OF_OWN_LIGHT = 0.7
SHARE_WITHOUT_HEAD = {"train": 0.04, "validation": 0.0, "test": 0.0}
SHARE_WITHOUT_STONE = 0.04
SHARE_FAULTY = {"train": 0.6, "validation": 0.75, "test": 0.75}
SHARE_STONE_ASKEW = 0.2
TILTED_FROM_DEG = 2.0
FAULTS = ("missing", "bent", "short", "long", "lifted")
FAULT_SHARES = (0.18, 0.25, 0.22, 0.07, 0.28)


@dataclass(frozen=True, slots=True)
class RandomHead:
    """A piece drawn by chance, the names of its prongs' states as drawn, and what its picture is taken with."""

    piece: Piece
    metal: Metal
    prong_metal: Metal
    gem: Gem
    states: tuple[str, ...]
    length_nominal_mm: float
    family: str
    light: Arrangement
    floor: float


def tip_form(family: str, rng: np.random.Generator) -> TipForm:
    """One of a family of prong tips."""
    match family:
        case "round":
            return TipForm(rng.uniform(0.78, 1.0), rng.uniform(1.5, 3.0), rng.uniform(0.8, 1.0))
        case "pointed":
            return TipForm(rng.uniform(0.36, 0.62), rng.uniform(2.0, 4.5), rng.uniform(0.9, 1.3))
        case "flat":
            return TipForm(
                rng.uniform(0.8, 1.1), rng.uniform(1.5, 3.0), rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.0),
                rng.uniform(0.5, 0.8),
            )  # fmt: skip
        case "tab":
            return TipForm(
                rng.uniform(0.8, 1.05), 2.2, rng.uniform(0.3, 0.5), rng.uniform(0.55, 0.75), rng.uniform(0.65, 0.9)
            )
        case "chisel":
            return TipForm(
                rng.uniform(0.9, 1.1), rng.uniform(2.5, 4.0), rng.uniform(0.35, 0.6), rng.uniform(0.7, 0.9),
                rng.uniform(0.3, 0.5),
            )  # fmt: skip
        case "bevelled":
            return TipForm(
                rng.uniform(0.8, 1.0), rng.uniform(1.5, 2.5), rng.uniform(0.35, 0.6), rng.uniform(0.6, 0.85),
                rng.uniform(0.6, 0.9), bevel=rng.uniform(0.45, 0.7),
            )  # fmt: skip
        case "waisted":
            return TipForm(
                rng.uniform(0.62, 0.85), rng.uniform(2.5, 3.5), rng.uniform(0.9, 1.05), waist=rng.uniform(0.15, 0.3)
            )
        case _:
            raise ValueError(f"family is '{family}'; allowed are {', '.join(f for g in FAMILIES.values() for f in g)}")


def _cut(diameter_mm: float, split: Split, rng: np.random.Generator) -> Cut:
    if split == "test":
        table = rng.choice([rng.uniform(0.46, 0.51), rng.uniform(0.63, 0.68)])
        return Cut(diameter_mm, table, rng.uniform(31, 37), rng.uniform(40.2, 42), rng.uniform(0.015, 0.04),
                   rng.choice([0.38, 0.65]), rng.choice([0.62, 0.86]), int(rng.choice([6, 8, 10])))  # fmt: skip
    return Cut(diameter_mm, rng.uniform(0.52, 0.62), rng.uniform(32, 36), rng.uniform(40.2, 41.6),
               rng.uniform(0.015, 0.045), rng.uniform(0.42, 0.6), rng.uniform(0.7, 0.82),
               int(rng.choice([7, 8, 8, 8, 8, 9])))  # fmt: skip


def _gem(split: Split, rng: np.random.Generator) -> Gem:
    if rng.random() < 0.7:
        return DIAMOND
    tint = tuple((1 - rng.uniform(0, 0.5) * rng.random(3)).tolist())
    return Gem(float(rng.choice([1.62, 2.65]) if split == "test" else rng.uniform(1.72, 2.42)), tint)


def _metal(rng: np.random.Generator) -> Metal:
    satin = rng.random() < 0.12
    roughness = rng.uniform(0.1, 0.22) if satin else rng.uniform(0.015, 0.07)
    return Metal(str(rng.choice(METALS)), float(roughness), tuple(rng.uniform(0.975, 1.02, 3).tolist()))


def _prong_states(
    count: int, nominal_mm: float, split: Split, rng: np.random.Generator
) -> tuple[list[str], list[ProngState]]:
    names = ["good"] * count
    if rng.random() < SHARE_FAULTY[split]:
        for k in rng.choice(count, int(rng.integers(1, 3)), replace=False):
            names[k] = str(rng.choice(FAULTS, p=FAULT_SHARES))
    states = []
    for name in names:
        length, bend, lift = nominal_mm + rng.normal(0, 0.03), rng.normal(0, 0.02), rng.normal(0, 0.015)
        match name:
            case "bent":
                bend = rng.uniform(0.06, 0.8) * rng.choice([-1, 1])
            case "short":
                length = max(nominal_mm - rng.uniform(0.06, 0.8), 0.02)
            case "long":
                length = nominal_mm + rng.uniform(0.06, 0.5)
            case "lifted":
                lift = rng.uniform(0.06, 0.6)
        states.append(ProngState(length, bend, lift, name == "missing"))
    return names, states


def random_head(split: Split, rng: np.random.Generator) -> RandomHead:
    """One head of those that the split may see."""
    own = split == "test" or (split == "validation" and rng.random() < 0.5)
    seen_as = split if own else "train"
    family = str(rng.choice(FAMILIES[seen_as]))
    light: Arrangement = str(rng.choice(LIGHTS[seen_as if rng.random() < SHARE_OF_OWN_LIGHT else "train"]))  # type: ignore[assignment]
    floor = float(np.exp(rng.uniform(np.log(0.06), np.log(0.7))))
    metal = _metal(rng)
    prong_metal = _metal(rng) if rng.random() < 0.25 else metal
    gem = _gem(split, rng)
    section = Section(rng.uniform(1.4, 3.4), rng.uniform(1.2, 2.1), rng.uniform(2.0, 3.2))
    band = Band(rng.uniform(15.0, 20.0), section, rng.uniform(0, 0.02))
    tilt_x, tilt_y, turn = (*rng.uniform(-1, 1, 2), rng.uniform(-12, 12))
    if rng.random() < SHARE_WITHOUT_HEAD[split]:
        bare = Piece(band, None, Pose((tilt_x, tilt_y, turn), (*rng.uniform(-0.6, 0.6, 2), 0.0)))
        return RandomHead(bare, metal, metal, gem, (), 0.0, family, light, floor)
    diameter = float(rng.uniform(3.8, 8.2))
    cut = _cut(diameter, split, rng)
    count = int(rng.choice([3, 4, 4, 5, 6, 6, 6, 7, 8]))
    wire = float(min(diameter * rng.uniform(0.052, 0.078), 2 * np.pi * diameter / 2 / count / 3.2))
    height = diameter * rng.uniform(0.44, 0.60)
    form = ProngForm(
        wire, diameter * rng.uniform(0.13, 0.26), height + 0.15, tip_form(family, rng),
        rng.uniform(0.3, 0.6), rng.uniform(0.45, 0.8),
    )  # fmt: skip
    nominal = float(np.clip(cut.radius_mm * rng.uniform(0.16, 0.32), 0.42, 1.15))
    names, states = _prong_states(count, nominal, split, rng)
    first = rng.uniform(0, 360 / count)
    angles = [first + 360 * k / count + rng.normal(0, 0.6) for k in range(count)]
    offset, stone_tilt = rng.normal(0, 0.015, 2), rng.normal(0, 0.25, 2)
    if rng.random() < SHARE_STONE_ASKEW:
        way, towards = rng.uniform(0, 2 * np.pi, 2)
        if rng.random() < 0.5:
            offset = rng.uniform(0.05, 0.25) * np.array([np.cos(way), np.sin(way)])
        else:
            stone_tilt = rng.uniform(TILTED_FROM_DEG, 8.0) * np.array([np.cos(towards), np.sin(towards)])
    galleries = tuple(np.sort(rng.uniform(0.35, 0.88, rng.integers(0, 3))).tolist())
    head = Head(
        cut, form, tuple(angles), tuple(states), height, rng.random() > SHARE_WITHOUT_STONE, galleries,
        diameter * rng.uniform(0.035, 0.06), (float(offset[0]), float(offset[1])),
        (float(stone_tilt[0]), float(stone_tilt[1])),
    )  # fmt: skip
    # A tilt about the ring's centre carries the head sideways; the shift takes that back and keeps it in the picture.
    lever = np.radians([tilt_y, -tilt_x]) * (band.outer_radius_mm + height)
    shift = rng.uniform(-0.6, 0.6, 2) - lever
    piece = Piece(band, head, Pose((tilt_x, tilt_y, turn), (*shift, 0.0)))
    return RandomHead(piece, metal, prong_metal, gem, tuple(names), nominal, family, light, floor)
