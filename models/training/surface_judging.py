"""Stored views held against what a model says of them; needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from loupebox.inspect.surface import find_defects
from loupebox.models.runner import Model
from loupebox.models.training.shank_shape import UM_PER_PX
from loupebox.models.training.surface_data import How, Split, conditions, read_view, view_paths
from loupebox.models.training.surface_defect import DEFECT_CLASSES
from loupebox.models.training.surface_examples import stored_example
from loupebox.models.training.surface_matching import match
from loupebox.models.training.surface_report import MM2_PER_CM2, Judged

MM_PER_PX = UM_PER_PX / 1e3


def judge(model: Model, path: Path, split: Split, how: How) -> Judged:
    """What the model answers to one stored view, whatever it thinks of it: thresholds are chosen later."""
    example, view = stored_example(path), read_view(path)
    probabilities = model.segment(example.maps.astype(np.float32), UM_PER_PX)
    everything = model.card.model_copy(update={"thresholds": dict.fromkeys(DEFECT_CLASSES, 0.01)})
    findings = find_defects(probabilities, view.metal, everything, MM_PER_PX, "A")
    asked, answered = match(findings, view, example.label, example.seen)
    taken, _ = conditions(split, how, int(path.stem.split("_")[1]))
    lights, section = taken.lights, taken.shape.band.section
    return Judged(
        path.stem, how, taken.metal,
        f"coaxial {'narrow' if lights.coaxial_half_angle_rad < 0.6 else 'wide'}, "
        f"stripes {'weak' if lights.stripe_contrast < 0.86 else 'strong'}",
        "round" if section.exponent < 2.3 else "flat" if section.exponent > 3.3 else "ordinary",
        tuple(asked), tuple(answered), float(example.seen.sum()) * MM_PER_PX**2 / MM2_PER_CM2,
    )  # fmt: skip


def judge_all(model: Model, data: Path, split: Split, hows: Sequence[How]) -> list[Judged]:
    """All views of a split."""
    paths = [(path, how) for how in hows for path in view_paths(data, split, how)]
    return [judge(model, path, split, how) for path, how in track(paths, description=f"{split.value} views")]
