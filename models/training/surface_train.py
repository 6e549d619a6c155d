"""Train the network that finds surface defects.

`python -m loupebox.models.training.surface_train --help`; resumable: it goes on from the last checkpoint.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from loupebox.inspect.surface_maps import MAP_NAMES
from loupebox.models.training.network import UNet, parameter_count
from loupebox.models.training.surface_data import RENDERED, How, Split
from loupebox.models.training.surface_defect import (
    DIRT,
    DULL_PATCH,
    IGNORE,
    ORANGE_PEEL,
    POROSITY,
    SCRATCH,
    SURFACE_CLASSES,
)
from loupebox.models.training.surface_examples import Example, examples
from loupebox.models.training.warm_start import begin_from

WIDTHS = (16, 24, 40, 64)
CLASS_WEIGHTS = (1.0, 4.0, 3.0, 1.0, 1.0, 4.0)
"""Few pixels are pores, scratches or dirt. Dirt weighs as much as pores: neither is the easy answer for both."""
CROPS_ABOUT = {0: 0.14, POROSITY: 0.26, SCRATCH: 0.14, ORANGE_PEEL: 0.1, DULL_PATCH: 0.06, DIRT: 0.3}
"""What crops are centred on; 0 is anywhere on the metal. Dirt is the hard negative."""
SEED = 20261123
MIRRORED = [i for i, name in enumerate(MAP_NAMES) if name in ("stripes_x_slope_y", "stripes_y_slope_x")]
"""Maps that change their sign in a mirror, whichever way it stands."""
HALF = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""Convolutions in bfloat16 where the processor has it: two thirds of the time."""
SLOPES = [i for i, name in enumerate(MAP_NAMES) if "slope" in name]
RENDERED_SHARE = 0.5
"""Of the crops from full renders, once there are some; the rest comes from the many more shaded views."""


def network() -> UNet:
    """The surface network, untrained."""
    return UNet(len(MAP_NAMES), len(SURFACE_CLASSES), WIDTHS, stem=2)


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy with rare classes weighted up, and Dice of the defects; ignored pixels count in neither."""
    known = labels != IGNORE
    safe = torch.where(known, labels, 0)
    plain = cross_entropy(logits, safe, torch.tensor(CLASS_WEIGHTS), reduction="none")
    probabilities = torch.softmax(logits, 1) * known[:, None]
    truth = one_hot(safe, len(SURFACE_CLASSES)).permute(0, 3, 1, 2) * known[:, None]
    shared = (probabilities * truth).sum((0, 2, 3))[1:]
    dice = 1 - (2 * shared + 50) / (probabilities.sum((0, 2, 3))[1:] + truth.sum((0, 2, 3))[1:] + 50)
    return (plain * known).sum() / known.sum() + 0.5 * dice.mean()


def crop(example: Example, size: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Maps (size, size, 9) and labels of a square on the metal, often around a defect, varied at random."""
    about = rng.choice(list(CROPS_ABOUT), p=list(CROPS_ABOUT.values()))
    rows, columns = np.nonzero((example.label == about)[::2, ::2] & example.seen[::2, ::2])
    if not len(rows):
        rows, columns = np.nonzero(example.seen[::2, ::2])
    height, width = example.seen.shape
    if len(rows):
        pick = rng.integers(len(rows))
        y, x = (
            2 * rows[pick] + rng.integers(-size // 3, size // 3),
            2 * columns[pick] + rng.integers(-size // 3, size // 3),
        )
    else:
        y, x = height // 2, rng.integers(width)
    top, left = (int(np.clip(c - size // 2, 0, n - size)) for c, n in ((y, height), (x, width)))
    maps = example.maps[top : top + size, left : left + size].astype(np.float32)
    label, seen = (
        example.label[top : top + size, left : left + size],
        example.seen[top : top + size, left : left + size],
    )
    maps, label, seen = _noisier(maps, rng), label.copy(), seen.copy()
    maps *= seen[..., None]
    for axis in (0, 1):
        if rng.random() < 0.5:
            maps, label = np.flip(maps, axis).copy(), np.flip(label, axis).copy()
            maps[..., MIRRORED] *= -1
    return maps, label


def _noisier(maps: NDArray, rng: np.random.Generator) -> NDArray:
    """The same maps with a little more noise and other contrast, as from a worse camera, light or render."""
    size = maps.shape[:2]
    grain = cv2.GaussianBlur(rng.standard_normal(size, dtype=np.float32), (0, 0), rng.uniform(0.4, 1.4))
    grain /= grain.std()
    for i in range(maps.shape[-1]):
        strength = rng.uniform(0, 0.25) if i in SLOPES else rng.uniform(0, 0.02)
        shift = rng.integers(size[0], size=2)
        maps[..., i] += strength * np.roll(grain, shift, (0, 1))
        if i not in SLOPES and "contrast" in MAP_NAMES[i]:
            maps[..., i] = (maps[..., i] + 1) * rng.uniform(0.85, 1.08) - 1
    return maps


def batch_of(
    shaded: list[Example], rendered: list[Example], count: int, size: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Crops (count, 9, size, size) and labels (count, size, size)."""
    crops = []
    for _ in range(count):
        pool = rendered if rendered and rng.random() < RENDERED_SHARE else shaded
        crops.append(crop(pool[rng.integers(len(pool))], size, rng))
    maps = np.stack([m for m, _ in crops]).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(maps)), torch.from_numpy(
        np.stack([c for _, c in crops]).astype(np.int64)
    )


@torch.no_grad()
def intersections(model: UNet, views: list[Example]) -> dict[str, float]:
    """Intersection over union of each class over whole views."""
    model.eval()
    both, either = np.zeros(len(SURFACE_CLASSES)), np.zeros(len(SURFACE_CLASSES))
    for example in views:
        maps = torch.from_numpy(example.maps.astype(np.float32).transpose(2, 0, 1)[None].copy())
        chosen = model(maps).argmax(1)[0].numpy()
        known = (example.label != IGNORE) & example.seen
        for k in range(len(SURFACE_CLASSES)):
            a, b = (chosen == k) & known, (example.label == k) & known
            both[k] += np.count_nonzero(a & b)
            either[k] += np.count_nonzero(a | b)
    model.train()
    return {name: round(float(b / max(e, 1)), 3) for name, b, e in zip(SURFACE_CLASSES, both, either, strict=True)}


def train(
    data: Path, work: Path, steps: int, batch: int, size: int, rate: float, threads: int, begin: Path | None
) -> None:
    """Run from the last checkpoint in `work` to the last step; views made meanwhile are taken in."""
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    work.mkdir(parents=True, exist_ok=True)
    model = network().to(memory_format=torch.channels_last)
    known: dict[str, Example] = {}
    shaded = examples(data, Split.train, How.shaded, known, 40)
    rendered = [e for how in RENDERED for e in examples(data, Split.train, how, known)]
    if begin is not None and not (work / "checkpoint.pt").exists():
        typical, _ = batch_of(shaded, rendered, 2 * batch, size, np.random.default_rng(SEED))
        begin_from(model, begin, SURFACE_CLASSES, typical)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99), use_buffers=True
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    checkpoint, first = work / "checkpoint.pt", 0
    if checkpoint.exists():
        state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    print(f"{parameter_count(model)} parameters, from step {first} of {steps}", flush=True)
    rng, began, losses = np.random.default_rng([SEED, first]), time.monotonic(), []
    for step in range(first, steps):
        if step % 20 == 0:
            shaded = examples(data, Split.train, How.shaded, known, 8)
            rendered = [e for how in RENDERED for e in examples(data, Split.train, how, known, 2)]
        warm = min(1.0, (step + 1) / 40)
        for group in optimiser.param_groups:
            group["lr"] = rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        maps, labels = batch_of(shaded, rendered, batch, size, rng)
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=HALF):
            logits = model(maps.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        average.update_parameters(model)
        losses.append(loss.item())
        done = step + 1
        if done % 20 == 0 or done == steps:
            rest = (time.monotonic() - began) / (done - first) * (steps - done)
            print(f"step {done}: loss {np.mean(losses[-20:]):.4f}, {len(shaded)}+{len(rendered)} views, "
                  f"{rest / 60:.0f} min to go", flush=True)  # fmt: skip
        if done % 100 == 0 or done == steps:
            unfinished = checkpoint.with_suffix(".unfinished")
            torch.save({
                "model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                "step": done,
            }, unfinished)  # fmt: skip
            unfinished.replace(checkpoint)
            torch.save(average.module.state_dict(), work / "weights.pt")
        if done % 400 == 0 or done == steps:
            validation = [e for how in RENDERED for e in examples(data, Split.validation, how, known)]
            if validation:
                print(f"step {done}: validation {intersections(average.module, validation)}", flush=True)


def main(
    data: Annotated[Path, typer.Option(help="Folder that surface_data fills.")],
    work: Annotated[Path, typer.Option(help="Folder of checkpoints and of the trained weights.pt.")],
    steps: Annotated[int, typer.Option(min=1)] = 1200,
    batch: Annotated[int, typer.Option(min=1)] = 8,
    size: Annotated[int, typer.Option(help="Side of a crop, a multiple of 16.")] = 192,
    rate: Annotated[float, typer.Option()] = 4e-3,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    begin: Annotated[Path | None, typer.Option(help="A shipped surface.onnx, with its card, to go on from.")] = None,
) -> None:
    """Train, or go on training, the surface network."""
    train(data, work, steps, batch, size, rate, threads, begin)


if __name__ == "__main__":
    typer.run(main)
