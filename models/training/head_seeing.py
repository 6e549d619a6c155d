"""Rendered heads through a trained model and the station's measuring; needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from loupebox.inspect.head_thresholds import CLASSES, SYMMETRIES, HeadThresholds
from loupebox.models.look import Look, Pointing
from loupebox.models.runner import Model
from loupebox.models.training.head_data import (
    VIEWS,
    HeadPicture,
    Picture,
    as_seen,
    finished_heads,
    read_picture,
    read_truth,
)
from loupebox.models.training.head_truth import HeadErrors, ProngErrors, compare, stone_seen, with_widths

BLUR_PX, NOISE = 0.4, 0.004
"""The ordinary station's lens and sensor, at 32 um/px."""

Seen = dict[str, tuple[Look, Look]]


def see_all(model: Model, folder: Path, most: int) -> tuple[Seen, dict[str, float]]:
    """What the model says of both views of every head of a split, and intersection over union of each class."""
    both, either = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    seen: Seen = {}
    for name in track(finished_heads(folder)[:most], description=f"{folder.name} heads"):
        looks: list[Look] = []
        for view in VIEWS:
            picture = read_picture(folder, name, view)
            look = model.look(through_camera(picture, name), model.card.um_per_px, SYMMETRIES[view])
            chosen = look.probabilities.argmax(axis=2)
            for k in range(len(CLASSES)):
                both[k] += np.count_nonzero((chosen == k) & (picture.labels == k))
                either[k] += np.count_nonzero((chosen == k) | (picture.labels == k))
            looks.append(_small(look))
        seen[name] = (looks[0], looks[1])
    return seen, {c: round(float(b / max(e, 1)), 4) for c, b, e in zip(CLASSES, both, either, strict=True)}


def through_camera(picture: HeadPicture, name: str) -> Picture:
    """A render as the ordinary station's camera sees it, always the same."""
    rng = np.random.default_rng([int(name), VIEWS.index(picture.view)])
    return as_seen(picture.rgb.astype(np.float32), rng, BLUR_PX, NOISE)


def _small(look: Look) -> Look:
    """The same in half the memory, which hundreds of heads need."""
    return Look(
        look.probabilities.astype(np.float16),  # type: ignore[arg-type]
        {name: mark.astype(np.float16) for name, mark in look.marks.items()},  # type: ignore[misc]
        {name: Pointing(p.target_xy_px, p.error_px, p.factor) for name, p in look.pointings.items()},
    )


def measure_all(seen: Seen, folder: Path, thresholds: HeadThresholds, *, sharp: bool = True) -> list[HeadErrors]:
    """Every head of the split that has a stone against its truth; the girdle on the picture's pixels if `sharp`."""
    found: list[HeadErrors] = []
    for name, views in seen.items():
        truth = read_truth(folder, name)
        if truth["prongs"] and truth["stone"]["present"]:
            top = read_picture(folder, name, "top")
            truth, rng = with_widths(truth, top.labels), np.random.default_rng([7, int(name)])
            found.append(compare(name, *views, truth, thresholds, rng, through_camera(top, name) if sharp else None))
    return found


def empty_seats(seen: Seen, folder: Path, thresholds: HeadThresholds) -> list[float | None]:
    """Of every head that has lost its stone whether one was seen: 0 when not, None when it could not be told."""
    found: list[float | None] = []
    for name, views in seen.items():
        truth = read_truth(folder, name)
        if truth["stone"] and truth["prongs"] and not truth["stone"]["present"]:
            found.append(stone_seen(*views, truth, thresholds, np.random.default_rng([7, int(name)])))
    return found


def rows_of(heads: Sequence[HeadErrors], quantity: str) -> list[HeadErrors | ProngErrors]:
    """The stones or prongs of which a quantity was measured."""
    rows: list[HeadErrors | ProngErrors] = [*heads, *(p for h in heads for p in h.prongs)]
    return [r for r in rows if quantity in r.errors_mm]


def errors_of(heads: Sequence[HeadErrors], quantity: str) -> NDArray[np.float64]:
    """All errors of one quantity of stones or prongs."""
    return np.array([r.errors_mm[quantity] for r in rows_of(heads, quantity)])
