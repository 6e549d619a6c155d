"""Measure the trained head-parts network, choose its levels, and write it as ONNX beside its card.

Levels and uncertainties come from the validation heads; the test heads (other prongs, cuts and lights) only measure.
`python -m loupebox.models.training.head_evaluate --help`
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.progress import track
from scipy.stats import beta

from loupebox.inspect.head_thresholds import CLASSES, MARKS, POINTERS, PRONG, STONE, SYMMETRIES, HeadThresholds
from loupebox.models.look import Look
from loupebox.models.runner import Model
from loupebox.models.training.export import export
from loupebox.models.training.head_data import VIEWS, as_seen, finished_heads, read_picture, read_truth
from loupebox.models.training.head_network import WIDTHS, HeadNetwork, Shipped
from loupebox.models.training.head_truth import HeadErrors, ProngErrors, compare

NAME, VERSION = "head_parts", "0.1.0"
BLUR_PX, NOISE = 0.4, 0.004
"""The ordinary station's lens and sensor, at 32 um/px."""
LEVELS = (0.4, 0.5, 0.6)
START = HeadThresholds(0.5, 0.5, 0.01, 0.01, 0.02, 0.02, 0.04, 1.0, 1.0, 1.0)

Seen = dict[str, tuple[Look, Look]]


def write_draft(checkpoint: Path, onnx: Path, heads: int, steps: int) -> dict[str, Any]:
    """Export the averaged weights and put a card beside them that says what is known before anything is measured."""
    model = HeadNetwork()
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    digest = export(Shipped(model), 3, onnx, model.multiple, as_it_is=True)
    card: dict[str, Any] = {
        "schema": 1,
        "name": NAME,
        "version": VERSION,
        "task": "segmentation",
        "file": onnx.name,
        "sha256": digest,
        "input": {
            "layout": "NCHW", "channels": ["R", "G", "B"], "mean": [0.0] * 3, "deviation": [1.0] * 3,
            "multiple": model.multiple,
        },
        "um_per_px": 32.0,
        "resize": "area",
        "tile": None,
        "overlap": 0,
        "classes": list(CLASSES),
        "marks": list(MARKS),
        "pointers": list(POINTERS),
        "thresholds": {"stone": 0.5, "prong": 0.5},
        "standard_uncertainties": {},
        "trained_on": (
            f"{heads} heads rendered by loupebox.models.training.heads (both views, 32 um/px), {steps} steps of "
            f"loupebox.models.training.head_train, U-Net of widths {', '.join(map(str, WIDTHS))} on 2 x 2 folded pixels"
        ),
        "licence": "Apache-2.0",
        "measured": {"nothing": "yet"},
        "requires_loupebox": ">=0.1.0",
    }  # fmt: skip
    write_card(card, onnx)
    return card


def write_card(card: dict[str, Any], onnx: Path) -> None:
    """Put the card beside the weights, all at once."""
    path = onnx.with_suffix(".card.json")
    path.with_suffix(".partial").write_text(json.dumps(card, indent=2) + "\n")
    os.replace(path.with_suffix(".partial"), path)


def see_all(model: Model, folder: Path, most: int) -> tuple[Seen, dict[str, float]]:
    """Probabilities of both views of every head of a split, and intersection over union of each class."""
    both, either = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    seen: Seen = {}
    for name in track(finished_heads(folder)[:most], description=f"{folder.name} heads"):
        views = []
        for number, view in enumerate(VIEWS):
            picture = read_picture(folder, name, view)
            rgb = as_seen(picture.rgb.astype(np.float32), np.random.default_rng([int(name), number]), BLUR_PX, NOISE)
            views.append(model.look(rgb, model.card.um_per_px, SYMMETRIES[view]))
            chosen = views[-1].probabilities.argmax(axis=2)
            for k in range(len(CLASSES)):
                both[k] += np.count_nonzero((chosen == k) & (picture.labels == k))
                either[k] += np.count_nonzero((chosen == k) | (picture.labels == k))
        seen[name] = (views[0], views[1])
    return seen, {c: round(float(b / max(e, 1)), 4) for c, b, e in zip(CLASSES, both, either, strict=True)}


def measure_all(seen: Seen, folder: Path, thresholds: HeadThresholds) -> list[HeadErrors]:
    """Every head of the split that has a stone, held against its truth."""
    found: list[HeadErrors] = []
    for name, views in seen.items():
        truth = read_truth(folder, name)
        if truth["prongs"] and truth["stone"]["present"]:
            found.append(compare(name, *views, truth, thresholds, np.random.default_rng([7, int(name)])))
    return found


def headless_refused(seen: Seen, folder: Path, thresholds: HeadThresholds) -> tuple[int, int]:
    """Of plain bands and heads without a stone: how many were seen to have no stone, and how many there were."""
    stoneless = [n for n in seen if not ((t := read_truth(folder, n))["stone"] and t["stone"]["present"])]
    clear = sum(float((seen[n][0].probabilities[..., STONE] >= thresholds.stone).mean()) < 0.005 for n in stoneless)
    return clear, len(stoneless)


def errors_of(heads: Sequence[HeadErrors], quantity: str) -> NDArray[np.float64]:
    """All errors of one quantity of stones or prongs."""
    rows: list[HeadErrors | ProngErrors] = [*heads, *(p for h in heads for p in h.prongs)]
    return np.array([r.errors_mm[quantity] for r in rows if quantity in r.errors_mm])


def coverage(heads: Sequence[HeadErrors], quantity: str) -> float:
    """Share of errors inside their own expanded uncertainty."""
    rows: list[HeadErrors | ProngErrors] = [*heads, *(p for h in heads for p in h.prongs)]
    inside = [abs(r.errors_mm[quantity]) <= r.expanded_mm[quantity] for r in rows if quantity in r.errors_mm]
    return round(float(np.mean(inside)), 4) if inside else 0.0


def half_of_95(errors: NDArray[np.float64]) -> float:
    """The standard uncertainty whose double covers 95 % of these errors."""
    return round(float(np.percentile(np.abs(errors), 95)) / 2, 4)


def choose_levels(seen: Seen, folder: Path) -> HeadThresholds:
    """The levels at which stone and prong end that leave the smallest errors in validation, then those errors."""

    some = dict(list(seen.items())[:16])  # enough to tell levels apart

    def badness(thresholds: HeadThresholds) -> float:
        heads = measure_all(some, folder, thresholds)
        sizes = [np.median(np.abs(errors_of(heads, q))) for q in ("stone_diameter_mm", "length_mm", "lift_mm")]
        return float(np.sum(sizes))

    stone = min(LEVELS, key=lambda level: badness(replace(START, stone=level)))
    prong = min(LEVELS, key=lambda level: badness(replace(START, stone=stone, prong=level)))
    chosen = replace(START, stone=stone, prong=prong)
    heads = measure_all(seen, folder, chosen)
    quantities = ("stone_diameter_mm", "stone_offset_mm", "length_mm", "bend_mm", "lift_mm")
    return replace(chosen, **{q: half_of_95(errors_of(heads, q)) for q in quantities})


def clopper_pearson(hits: int, of: int) -> list[float]:
    """The exact 95 % interval of a share."""
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(0.975, hits + 1, of - hits))
    return [round(low, 4), round(high, 4)]


def report(seen: Seen, ious: dict[str, float], folder: Path, thresholds: HeadThresholds) -> dict[str, Any]:
    """Everything that was measured on one split."""
    heads = measure_all(seen, folder, thresholds)
    prongs = [p for h in heads for p in h.prongs]
    table = Counter((p.true_state, p.found_state) for p in prongs)
    states: dict[str, Any] = {}
    for state in sorted({p.true_state for p in prongs}):
        found = {got: n for (true, got), n in sorted(table.items()) if true == state}
        of = sum(found.values())
        # A faulty prong is caught when it is called anything but good; "unsure" sends it to a person.
        right = found.get("good", 0) if state == "good" else of - found.get("good", 0)
        key = "called_good" if state == "good" else "not_called_good"
        states[state] = {"found": found, "of": of, key: round(right / of, 4), "interval_95": clopper_pearson(right, of)}
    quantities = ("stone_diameter_mm", "stone_offset_mm", "length_mm", "bend_mm", "lift_mm")
    errors = {q: errors_of(heads, q) for q in quantities}
    clear, stoneless = headless_refused(seen, folder, thresholds)
    return {
        "heads": len(seen),
        "intersection_over_union": ious,
        "prongs": states,
        "called_another_style": sum(h.wrong_style is not None for h in heads),
        "heads_with_stone": len(heads),
        "without_stone": {"seen_to_have_none": clear, "of": stoneless},
        "errors_mm": {
            q: {
                "mean": round(float(e.mean()), 4), "sd": round(float(e.std()), 4),
                "half_of_95": half_of_95(e), "coverage_of_stated_interval": coverage(heads, q), "n": len(e),
            }
            for q, e in errors.items() if len(e)
        },
    }  # fmt: skip


def store_example(model: Model, folder: Path, path: Path) -> None:
    """One small input with its output, by which a test knows that the weights still say the same."""
    picture = read_picture(folder, finished_heads(folder)[0], "top")
    rgb = np.round(picture.rgb[80:208, 80:208].astype(np.float32) * 255).astype(np.uint8)
    probabilities = model.segment(rgb.astype(np.float32) / 255, model.card.um_per_px)
    np.savez_compressed(
        path, rgb=rgb, probabilities=np.round(probabilities * 255).astype(np.uint8), sha256=np.array(model.card.sha256)
    )


def main(
    data: Annotated[Path, typer.Option(help="Folder with the splits train, validation and test of rendered heads.")],
    work: Annotated[Path, typer.Option(help="Folder with the checkpoint of head_train.")],
    out: Annotated[Path, typer.Option(help="The ONNX file to write; its card comes beside it.")],
    example: Annotated[Path | None, typer.Option(help="Where to store an input with its output for the tests.")] = None,
    most: Annotated[int, typer.Option(help="At most so many heads of a split.")] = 1000,
) -> None:
    """Export, choose levels on validation, measure on test, write the card."""
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    draft = work / out.name
    card = write_draft(work / "checkpoint.pt", draft, len(finished_heads(data / "train")), state["step"])
    model = Model.load(draft)
    seen, ious = see_all(model, data / "validation", most)
    thresholds = choose_levels(seen, data / "validation")
    card["thresholds"] = {CLASSES[STONE]: thresholds.stone, CLASSES[PRONG]: thresholds.prong}
    card["standard_uncertainties"] = {
        q: getattr(thresholds, q)
        for q in ("stone_diameter_mm", "stone_offset_mm", "length_mm", "bend_mm", "lift_mm")
    }  # fmt: skip
    measured = {"validation": report(seen, ious, data / "validation", thresholds)}
    if finished_heads(data / "test"):
        seen, ious = see_all(model, data / "test", most)
        measured["test_of_other_shapes_and_lights"] = report(seen, ious, data / "test", thresholds)
    card["measured"] = measured
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_bytes(draft.read_bytes())
    os.replace(partial, out)
    write_card(card, out)
    if example is not None:
        store_example(Model.load(out), data / "validation", example)
    print(json.dumps(card["measured"], indent=1))


if __name__ == "__main__":
    typer.run(main)
