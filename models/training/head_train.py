"""Train the network that finds the stone, its prongs and the metal, and write it beside its card.

`python -m loupebox.models.training.head_train --help`; resumable: it goes on from the last checkpoint.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from loupebox.inspect.head_thresholds import CLASSES
from loupebox.models.training.head_data import (
    VIEWS,
    HeadPicture,
    as_seen,
    batches,
    finished_heads,
    read_picture,
    targets_of,
)
from loupebox.models.training.head_network import HeadNetwork
from loupebox.models.training.network import parameter_count

SEED = 20261122
POINTING_WEIGHT, MARK_WEIGHT = 0.1, 0.3
LARGEST_GRADIENT = 5.0
HALF = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""Convolutions in bfloat16 where the processor has it: half the time."""


def loss_of(said: tuple[Tensor, ...], labels: Tensor, marks: Tensor, offsets: Tensor) -> Tensor:
    """What the network said, against the truth.

    Cross entropy keeps the half-probability line on the edge, and Dice keeps small prongs in view; pointing errors
    are Laplace distributed, with a scale that the network states itself.
    """
    classes, mark_logits, pointed, log_scales = said
    probabilities = torch.softmax(classes, 1)
    truth = one_hot(labels, len(CLASSES)).permute(0, 3, 1, 2).float()
    shared = (probabilities * truth).sum((0, 2, 3))
    dice = 1 - (2 * shared + 1) / (probabilities.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    marking = binary_cross_entropy_with_logits(mark_logits, marks)
    amiss = (pointed - offsets).abs().sum(2) * torch.exp(-log_scales) + 2 * log_scales
    near = marks[:, :1]
    pointing = (amiss * near).sum() / (near.sum() * amiss.shape[1] + 1)
    return cross_entropy(classes, labels) + 0.5 * dice.mean() + MARK_WEIGHT * marking + POINTING_WEIGHT * pointing


class Average:
    """The running mean of the weights: smoother than the weights of any one step."""

    def __init__(self, model: nn.Module, decay: float = 0.995) -> None:
        self.decay = decay
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for k, v in model.state_dict().items():
            if v.dtype.is_floating_point:
                self.weights[k].lerp_(v.detach(), 1 - decay)
            else:
                self.weights[k].copy_(v)


@torch.no_grad()
def agreement(model: nn.Module, pictures: list[HeadPicture]) -> dict[str, float]:
    """Intersection over union of each class, and pixels amiss of the median pointing, as an ordinary camera sees."""
    model.eval()
    rng = np.random.default_rng(5)
    both, either = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    amiss: list[float] = []
    for picture in pictures:
        seen = as_seen(picture.rgb.astype(np.float32), rng, 0.4, 0.004)
        classes, _, pointed, _ = model(torch.from_numpy(seen.transpose(2, 0, 1)[None].copy()))
        chosen, truth = classes.argmax(1)[0].numpy(), targets_of(picture.labels, picture.points, picture.table)
        off = np.hypot(*np.moveaxis(pointed[0].numpy() - truth.offsets, 1, 0))
        amiss += [float(np.median(o[truth.marks[0] > 0])) for o in off[:1] if truth.marks[0].any()]
        for k in range(len(CLASSES)):
            a, b = chosen == k, picture.labels == k
            both[k] += np.count_nonzero(a & b)
            either[k] += np.count_nonzero(a | b)
    model.train()
    found = {name: round(float(b / max(e, 1)), 4) for name, b, e in zip(CLASSES, both, either, strict=True)}
    return {**found, "tip_px": round(float(np.mean(amiss)), 3)} if amiss else found


def read_split(folder: Path, known: dict[str, list[HeadPicture]]) -> list[HeadPicture]:
    """All finished pictures of a split; those read before are not read again."""
    for name in finished_heads(folder):
        if name not in known:
            known[name] = [read_picture(folder, name, view) for view in VIEWS]
    return [picture for name in sorted(known) for picture in known[name]]


def train(data: Path, work: Path, steps: int, batch: int, crop: int, rate: float, threads: int) -> None:
    """Run from the last checkpoint in `work` to the last step; more heads are taken in as they are rendered."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    torch.manual_seed(SEED)
    work.mkdir(parents=True, exist_ok=True)
    model = HeadNetwork().to(memory_format=torch.channels_last)
    average = Average(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-4)
    checkpoint, first = work / "checkpoint.pt", 0
    if checkpoint.exists():
        state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.weights, first = state["average"], state["step"]
    known: dict[str, list[HeadPicture]] = {}
    pictures = read_split(data / "train", known)
    print(f"{parameter_count(model)} parameters, {len(pictures)} pictures, from step {first} of {steps}", flush=True)
    stream, began, losses = batches(pictures, batch, crop, np.random.default_rng([SEED, first])), time.monotonic(), []
    for step in range(first, steps):
        warm = min(1.0, (step + 1) / 50)
        for group in optimiser.param_groups:
            group["lr"] = rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        rgb, *truth = next(stream)
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=HALF):
            said = model(torch.from_numpy(rgb).contiguous(memory_format=torch.channels_last))
        loss = loss_of(said, *map(torch.from_numpy, truth))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        average.update(model, step)
        losses.append(loss.item())
        done = step + 1
        if done % 50 == 0:
            pace = (time.monotonic() - began) / (done - first)
            print(f"step {done} loss {np.mean(losses[-50:]):.4f} {pace:.2f} s/step", flush=True)
        if done % 100 == 0 or done == steps:
            state = {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average.weights,
                "step": done,
            }
            torch.save(state, checkpoint.with_suffix(".partial"))
            checkpoint.with_suffix(".partial").replace(checkpoint)
            grown = read_split(data / "train", known)
            if len(grown) > len(pictures):
                pictures = grown
                stream = batches(pictures, batch, crop, np.random.default_rng([SEED, done]))
                print(f"now {len(pictures)} pictures", flush=True)
        if done % 1000 == 0 or done == steps:
            fresh = HeadNetwork()
            fresh.load_state_dict(average.weights)
            held_out = read_split(data / "validation", {})
            if held_out:
                print(f"step {done} validation {json.dumps(agreement(fresh, held_out[:24]))}", flush=True)


def main(
    data: Annotated[Path, typer.Option(help="Folder with the splits train, validation and test of rendered heads.")],
    work: Annotated[Path, typer.Option(help="Folder for the checkpoint.")],
    steps: Annotated[int, typer.Option(help="Steps in all, those of earlier runs counted in.")] = 3000,
    batch: Annotated[int, typer.Option(help="Pictures a step.")] = 4,
    crop: Annotated[int, typer.Option(help="Side of the square crops, in pixels; a multiple of 32.")] = 288,
    rate: Annotated[float, typer.Option(help="Largest learning rate.")] = 3e-3,
    threads: Annotated[
        int, typer.Option(help="Threads; beside other work one is fastest, since two wait for each other.")
    ] = 1,
) -> None:
    """Train, then measure and export with head_evaluate."""
    train(data, work, steps, batch, crop, rate, threads)


if __name__ == "__main__":
    typer.run(main)
