"""Measure the trained head-parts network, choose its levels, and write it as ONNX beside its card.

Levels and uncertainties come from the validation heads; the test heads (other prongs, cuts and lights) only measure.
`python -m loupebox.models.training.head_evaluate --help`
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from loupebox.inspect.head_thresholds import CLASSES, MARKS, POINTERS, PRONG, STONE, UNCERTAINTIES
from loupebox.models.runner import Model
from loupebox.models.training.export import export
from loupebox.models.training.head_data import finished_heads, read_picture
from loupebox.models.training.head_network import WIDTHS, HeadNetwork, Shipped
from loupebox.models.training.head_report import report
from loupebox.models.training.head_seeing import see_all
from loupebox.models.training.head_uncertainty import choose

NAME, VERSION = "head_parts", "0.2.0"


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
    thresholds = choose(seen, data / "validation")
    card["thresholds"] = {CLASSES[STONE]: thresholds.stone, CLASSES[PRONG]: thresholds.prong}
    card["standard_uncertainties"] = {key: getattr(thresholds, key) for key in UNCERTAINTIES}
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
