"""From stored views to what the surface model sees: sensor, correction and maps, by the same code that inspects."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.correction import correct
from loupebox.calibration.frame import Frame
from loupebox.calibration.stripes import decode
from loupebox.inspect.surface_maps import inspectable, surface_maps
from loupebox.models.training.sensor import Sensor, stored_flat
from loupebox.models.training.surface_data import How, Split, StoredView, read_view, view_paths
from loupebox.models.training.surface_defect import IGNORE


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Nine maps (448, 896, 9) of a view as a camera took it, its labels, and where the surface can be judged at all."""

    maps: NDArray[np.float16]
    label: NDArray[np.uint8]
    seen: NDArray[np.bool_]


def random_sensor(rng: np.random.Generator) -> Sensor:
    """A camera and lens as one may buy them."""
    return Sensor(
        seed=int(rng.integers(1 << 30)),
        blur_sigma_px=rng.uniform(0.6, 0.95),
        dark_level_dn=rng.uniform(2, 7),
        read_noise_dn=rng.uniform(0.2, 0.6),
        full_well=rng.uniform(60_000, 200_000),
        vignetting=rng.uniform(0.03, 0.15),
    )


def as_captured(view: StoredView, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """The view's frames after a random sensor and their correction, as the station has them."""
    sensor, exposure = random_sensor(rng), rng.uniform(0.7, 1.12)
    captured = {}
    for light, signal in view.frames.items():
        gain = 1.0 if light == "backlight" else exposure * rng.normal(1, 0.004)
        pixels = sensor.expose(signal * np.float32(gain), rng)
        frame = Frame(pixels, "shank", light, 1.0, 0.0, 8, "virtual")  # type: ignore[arg-type]
        captured[light] = correct(frame, sensor.dark_level_dn, stored_flat(sensor.flat(*pixels.shape))).signal
    return captured


def example_of(view: StoredView, rng: np.random.Generator) -> Example:
    """Maps and labels; a defect where the lights do not reach is neither there nor not there."""
    frames = as_captured(view, rng)
    metal = frames["backlight"] < 0.5
    stripes_x, stripes_y = (decode([frames[f"stripes_{axis}_{k}"] for k in range(4)]) for axis in "xy")
    seen = inspectable(stripes_x, stripes_y, metal)
    maps = surface_maps(frames["coaxial"], stripes_x, stripes_y, metal)
    label = np.where(seen | (view.label == 0), view.label, IGNORE).astype(np.uint8)
    return Example(maps.astype(np.float16), label, seen)


def seed_of(path: Path) -> list[int]:
    """A view's own seed for its sensor, the same in every run."""
    return [int(path.stem.split("_")[1]), len(path.parent.name), 31]


def stored_example(path: Path) -> Example:
    """The example of a stored view; made once and kept beside it."""
    kept = path.with_name(f"maps_{path.name}")
    if not kept.exists():
        made = example_of(read_view(path), np.random.default_rng(seed_of(path)))
        unfinished = kept.with_suffix(f".{os.getpid()}.unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, maps=made.maps, label=made.label, seen=made.seen)
        unfinished.replace(kept)
    with np.load(kept) as stored:
        return Example(stored["maps"], stored["label"], stored["seen"])


def examples(folder: Path, split: Split, how: How, known: dict[str, Example], most_new: int = 10_000) -> list[Example]:
    """The views made so far, in order; `known` keeps those that were read before, `most_new` are read at a time."""
    found = []
    for path in view_paths(folder, split, how):
        key = f"{split.value}/{path.stem}"
        if key not in known and most_new > 0:
            known[key] = stored_example(path)
            most_new -= 1
        if key in known:
            found.append(known[key])
    return found
