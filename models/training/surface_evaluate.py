"""Export the surface network, choose its thresholds on validation views and measure it on test views.

`python -m loupebox.models.training.surface_evaluate --help`
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from loupebox.inspect.surface_maps import LARGEST, MAP_NAMES
from loupebox.models.card import Card
from loupebox.models.runner import Model
from loupebox.models.training.export import export
from loupebox.models.training.shank_shape import UM_PER_PX
from loupebox.models.training.surface_data import RENDERED, How, Split, view_paths
from loupebox.models.training.surface_defect import DEFECT_CLASSES, SURFACE_CLASSES
from loupebox.models.training.surface_examples import stored_example
from loupebox.models.training.surface_judging import MM_PER_PX, judge_all
from loupebox.models.training.surface_matching import Asked
from loupebox.models.training.surface_report import Judged, report
from loupebox.models.training.surface_train import network

VERSION = "0.2.0"
MINIMUM_AREA_PX = {"porosity": 4.0, "scratch": 20.0, "orange_peel": 800.0, "dull_patch": 400.0}
"""The smallest region of each class that is worth a finding: a pore of 18 um, a scratch of about 0.1 mm."""
ALLOWED_FALSE_PER_CM2 = 0.05
"""False findings of each class on validation views, dust and lint lying on them, that a threshold may cost at most."""
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.5, 0.9999


def card_of(sha256: str, thresholds: dict[str, float], sizes: dict[str, float],
            measured: dict[str, Any], trained_on: str) -> dict[str, Any]:  # fmt: skip
    """The card's content."""
    return {
        "schema": 1,
        "name": "surface",
        "version": VERSION,
        "task": "segmentation",
        "file": "surface.onnx",
        "sha256": sha256,
        "input": {
            "layout": "NCHW", "channels": list(MAP_NAMES), "mean": [0.0] * len(MAP_NAMES),
            "deviation": [1.0] * len(MAP_NAMES), "multiple": 16,
        },
        "um_per_px": UM_PER_PX,
        "resize": "none",
        "tile": 256,
        "overlap": 64,
        "classes": list(SURFACE_CLASSES),
        "thresholds": thresholds,
        "minimum_area_mm2": {k: round(v * MM_PER_PX**2, 6) for k, v in MINIMUM_AREA_PX.items()},
        "standard_uncertainties": sizes,
        "trained_on": trained_on,
        "licence": "Apache-2.0",
        "measured": measured,
        "requires_loupebox": ">=0.1.0",
    }  # fmt: skip


def choose(views: Sequence[Judged]) -> dict[str, float]:
    """For each class the lowest threshold at which no more than the allowed findings lie on nothing.

    Counted are objects on full renders, crowded ones too; on less metal than 1 / ALLOWED_FALSE_PER_CM2 none may be.
    """
    area = sum(v.area_cm2 for v in views)
    most = int(ALLOWED_FALSE_PER_CM2 * area)
    chosen = {}
    for name in DEFECT_CLASSES:
        false = sorted((a.score for v in views for a in v.answered if a.class_name == name and a.outcome == "false"),
                       reverse=True)  # fmt: skip
        # Half of the doubt that the highest false score leaves is kept as a margin.
        limit = 1 - (1 - false[most]) * 0.5 if len(false) > most else LOWEST_THRESHOLD
        chosen[name] = round(min(max(limit, LOWEST_THRESHOLD), HIGHEST_THRESHOLD), 4)
    return chosen


def size_errors(asked: Sequence[Asked]) -> dict[str, float]:
    """Root-mean-square error of the size of what was found, by class, in mm; robust against a few torn scratches."""
    errors = defaultdict(list)
    for a in asked:
        if a.found_size_mm is not None:
            errors[a.class_name].append(abs(a.found_size_mm - a.size_mm))
    # The 68 % point of the absolute error is one standard deviation of a normal error.
    return {f"{name}_size_mm": round(float(np.percentile(e, 68)), 4) for name, e in errors.items() if len(e) >= 5}


def store_example(model: Model, data: Path, path: Path) -> None:
    """One small input, of as many classes as one crop has, with its output: the weights must go on saying the same."""
    example = stored_example(view_paths(data, Split.validation, How.crowded)[0])
    height, width = example.label.shape
    corners = [(y, x) for y in range(0, height - 96, 24) for x in range(0, width - 128, 32)]
    y, x = max(corners, key=lambda c: len(set(example.label[c[0] : c[0] + 96, c[1] : c[1] + 128].flat)))
    maps = np.round(example.maps[y : y + 96, x : x + 128].astype(np.float32) * 127 / LARGEST).astype(np.int8)
    probabilities = model.segment(maps.astype(np.float32) * np.float32(LARGEST / 127), UM_PER_PX)
    np.savez_compressed(
        path, maps=maps, unit=np.float32(LARGEST / 127),
        probabilities=np.round(probabilities * 255).astype(np.uint8), sha256=np.array(model.card.sha256),
    )  # fmt: skip


def write_card(path: Path, content: dict[str, Any]) -> Card:
    """Checked, then written."""
    card = Card.model_validate(content)
    path.write_text(json.dumps(content, indent=1) + "\n")
    return card


def main(
    data: Annotated[Path, typer.Option(help="Folder that surface_data filled.")],
    weights: Annotated[Path, typer.Option(help="weights.pt of surface_train.")],
    out: Annotated[Path, typer.Option(help="Folder of surface.onnx and its card.")] = Path("models"),
    lineage: Annotated[str, typer.Option(help="What the weights began as, for the card.")] = "weights from scratch",
    before: Annotated[Path | None, typer.Option(help="An older model, its card beside it, to compare with.")] = None,
    example: Annotated[Path | None, typer.Option(help="Where to store an input with its output for the tests.")] = None,
) -> None:
    """Write surface.onnx and its card, thresholds chosen and figures measured."""
    model = network()
    model.load_state_dict(torch.load(weights, weights_only=True))
    out.mkdir(parents=True, exist_ok=True)
    sha256 = export(model, len(MAP_NAMES), out / "surface.onnx", model.multiple)
    counts = {how: len(view_paths(data, Split.train, how)) for how in How}
    trained_on = (
        f"{counts[How.shaded]} views of virtual shanks shaded in 2.5D, {counts[How.rendered]} rendered in full and "
        f"{counts[How.crowded]} crowded ones rendered in full, all by models/training from seeds of its own; "
        f"{lineage}; no pictures of real pieces, no other data"
    )
    content = card_of(sha256, dict.fromkeys(DEFECT_CLASSES, 0.5), {}, {}, trained_on)
    path = out / "surface.card.json"
    write_card(path, content)
    shipped = Model.load(out / "surface.onnx")

    validation = judge_all(shipped, data, Split.validation, tuple(How))
    thresholds = choose([v for v in validation if v.how in RENDERED])
    sizes = size_errors([a for v in validation for a in v.at(thresholds).asked])
    content = card_of(sha256, thresholds, sizes, {}, trained_on)
    write_card(path, content)
    shipped = Model.load(out / "surface.onnx")  # again: sizes come with the uncertainties of the card
    measured = {
        "test": report(judge_all(shipped, data, Split.test, RENDERED), thresholds),
        "test_views": "full renders; defect shapes, band sections, lights and seeds that training never saw",
        "validation": report([v for v in validation if v.how in RENDERED], thresholds),
        "validation_shaded": report([v for v in validation if v.how is How.shaded], thresholds),
        "false_per_cm2_allowed_on_validation": ALLOWED_FALSE_PER_CM2,
        "thresholds_chosen_on_cm2": round(sum(v.area_cm2 for v in validation if v.how in RENDERED), 2),
    }
    if before is not None:
        older = Model.load(before)
        same = report(judge_all(older, data, Split.test, RENDERED), dict(older.card.thresholds))
        measured[f"same_test_by_version_{older.card.version}"] = {k: same[k] for k in ("detection", "findings")}
    write_card(path, content | {"measured": measured})
    if example is not None:
        store_example(shipped, data, example)
    print(json.dumps({key: measured["test"][key] for key in ("detection", "findings")}, indent=1))
    print(thresholds, sizes)


if __name__ == "__main__":
    typer.run(main)
