"""Views of shanks to learn from, shaded fast or rendered in full: `python -m loupebox.models.training.surface_data`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from loupebox.models.training.band import Band, Section
from loupebox.models.training.metal import METALS, REFLECTANCE
from loupebox.models.training.shading import ShankLights, shade
from loupebox.models.training.shank_shape import Pose, ShankShape
from loupebox.models.training.surface_defect import Family
from loupebox.models.training.surface_defect_recipe import crowded, mixture

LIGHTS = ("backlight", "coaxial", *(f"stripes_{axis}_{k}" for axis in "xy" for k in range(4)))
UNIT = 40_000
"""Stored samples a full scale; light up to 1.6 times full scale survives."""


class Split(StrEnum):
    """What views are for; each has its own seeds, the test also its own defect shapes, bands and lights."""

    train = "train"
    validation = "validation"
    test = "test"


class How(StrEnum):
    """2.5D shading takes seconds a view, a full render about half a minute, crowded with defects or as they come."""

    shaded = "shaded"
    rendered = "rendered"
    crowded = "crowded"


RENDERED = (How.rendered, How.crowded)
"""What evaluation is on."""
RENDER_SAMPLES = 12
SPLIT_SEEDS = {Split.train: 1_000_000, Split.validation: 2_000_000, Split.test: 3_000_000}


@dataclass(frozen=True, slots=True, eq=False)
class StoredView:
    """Noise-free frames by light, float32 (448, 896), with the truth of every pixel and of every defect."""

    name: str
    frames: dict[str, NDArray[np.float32]]
    label: NDArray[np.uint8]
    instance: NDArray[np.int16]
    metal: NDArray[np.bool_]
    defect_kinds: tuple[str, ...]
    defect_sizes_mm: tuple[float, ...]
    defect_widths_mm: tuple[float, ...]
    """Of scratches; NaN for what has no width of its own."""


def random_shape(split: Split, rng: np.random.Generator) -> ShankShape:
    """A band under the camera; the test's are flatter or rounder than any that training saw."""
    if split is Split.test:
        exponent = rng.uniform(3.4, 4.2) if rng.random() < 0.5 else rng.uniform(2.0, 2.25)
    else:
        exponent = rng.uniform(2.3, 3.3)
    section = Section(rng.uniform(1.6, 3.1), rng.uniform(1.2, 2.2), exponent)
    pose = Pose(rng.uniform(-0.15, 0.15), rng.uniform(-1.5, 1.5), rng.uniform(-2.5, 2.5))
    return ShankShape(Band(rng.uniform(14.5, 21.0), section), pose)


def random_lights(split: Split, rng: np.random.Generator) -> ShankLights:
    """Lights as a station may have them; the test's coaxial light is smaller and its stripes flatter."""
    test = split is Split.test
    return ShankLights(
        coaxial_half_angle_rad=rng.uniform(0.54, 0.6) if test else rng.uniform(0.6, 0.72),
        coaxial_edge_rad=rng.uniform(0.05, 0.1),
        stripe_contrast=rng.uniform(0.78, 0.86) if test else rng.uniform(0.86, 0.98),
        stripe_offset_rad=rng.uniform(0, 0.25),
        stray=rng.uniform(0.01, 0.03),
        coaxial_level=rng.uniform(0.7, 0.9),
        stripe_level=rng.uniform(0.36, 0.46),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Under which a view is taken: the band and how it lies, the lights, the family of defects, the metal."""

    shape: ShankShape
    lights: ShankLights
    family: Family
    metal: str


def conditions(split: Split, how: How, index: int) -> tuple[Conditions, np.random.Generator]:
    """Of one view by its number, and the dice that go on to make it."""
    rng = np.random.default_rng([SPLIT_SEEDS[split], list(How).index(how), index])
    shape, lights = random_shape(split, rng), random_lights(split, rng)
    family: Family = "b" if split is Split.test else "a"
    return Conditions(shape, lights, family, METALS[rng.integers(len(METALS))]), rng


def make_view(split: Split, how: How, index: int) -> dict[str, NDArray]:
    """One view by its number; the same number gives the same view."""
    taken, rng = conditions(split, how, index)
    shape, lights, family, metal = taken.shape, taken.lights, taken.family, taken.metal
    surface = (crowded if how is How.crowded else mixture)(shape, family, rng)
    from loupebox.models.training.shank_patch import render_shank, true_masks

    if how is How.shaded:
        frames = shade(shape, surface, lights, REFLECTANCE[metal][0], rng.uniform(0.2, 0.8))
        label, instance, inside = true_masks(shape, surface)
    else:
        seed = SPLIT_SEEDS[split] + 100_000 * list(How).index(how) + index
        render = render_shank(shape.band, metal, surface, seed, shape.pose, lights, RENDER_SAMPLES, silhouette=False)
        frames, label, instance, inside = render.frames, render.label, render.instance, render.metal
    return {
        "frames": np.stack([np.clip(frames[light] * UNIT, 0, 65535).astype(np.uint16) for light in LIGHTS]),
        "label": label,
        "instance": instance.astype(np.int16),
        "metal": inside,
        "defect_kinds": np.array([d.kind for d in surface.defects], dtype="<U24"),
        "defect_sizes_mm": np.array([d.size_mm for d in surface.defects]),
        "defect_widths_mm": np.array([d.width_mm or np.nan for d in surface.defects]),
    }


def read_view(path: Path) -> StoredView:
    """A view as `make_view` stored it."""
    with np.load(path) as stored:
        frames = stored["frames"].astype(np.float32) / UNIT
        return StoredView(
            path.stem,
            dict(zip(LIGHTS, frames, strict=True)),
            stored["label"],
            stored["instance"],
            stored["metal"],
            tuple(map(str, stored["defect_kinds"])),
            tuple(map(float, stored["defect_sizes_mm"])),
            tuple(map(float, stored["defect_widths_mm"])),
        )


def view_paths(folder: Path, split: Split, how: How) -> list[Path]:
    """What has been made so far, in order."""
    return sorted((folder / split.value).glob(f"{how.value}_*.npz"))


def read_views(folder: Path, split: Split, how: How) -> Iterator[StoredView]:
    """All views of a split."""
    return map(read_view, view_paths(folder, split, how))


def main(
    out: Annotated[Path, typer.Option(help="Folder of all splits.")],
    split: Annotated[Split, typer.Option()] = Split.train,
    how: Annotated[How, typer.Option()] = How.shaded,
    count: Annotated[int, typer.Option(min=1)] = 200,
    first: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Make the views first .. first + count - 1 of a split; what is there already is kept, so it may be interrupted."""
    folder = out / split.value
    folder.mkdir(parents=True, exist_ok=True)
    for index in track(range(first, first + count), description=f"{split.value} {how.value}"):
        path = folder / f"{how.value}_{index:05d}.npz"
        if path.exists():
            continue
        unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, **make_view(split, how, index))
        unfinished.replace(path)


if __name__ == "__main__":
    typer.run(main)
