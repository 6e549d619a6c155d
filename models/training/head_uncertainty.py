"""Levels and uncertainties of the head-parts model, from validation heads alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.models.training.head_data import read_truth
from loupebox.models.training.head_recipe import FAMILIES, LIGHTS
from loupebox.models.training.head_seeing import Seen, errors_of, measure_all, rows_of
from loupebox.models.training.head_truth import DERIVED, OF_PRONGS, OF_STONES, HeadErrors, ProngErrors

LEVELS = (0.4, 0.45, 0.5, 0.55, 0.6)
GAINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2)
START = HeadThresholds(0.5, 0.5, 0.01, 0.01, 0.02, 0.02, 0.04, 1.0, 1.0, 1.0, 0.01, 0.5, 0.02, 5.0, 5.0, 0.02)
WANTED = 0.95

Vector = NDArray[np.float64]


def unfamiliar(folder: Path, name: str) -> bool:
    """Whether a head has prongs or a light that training did not see: the world is like that."""
    truth = read_truth(folder, name)
    return truth["family"] not in FAMILIES["train"] or truth["light"] not in LIGHTS["train"]


def choose(seen: Seen, folder: Path) -> HeadThresholds:
    """The stone's level that leaves the smallest errors, then uncertainties that hold on the unfamiliar heads."""
    unknown = {name: views for name, views in seen.items() if unfamiliar(folder, name)} or seen

    def badness(level: float) -> float:
        heads = measure_all(dict(list(seen.items())[:24]), folder, replace(START, stone=level), sharp=False)
        return float(np.median(np.abs(errors_of(heads, "stone_diameter_mm"))))

    chosen = replace(START, stone=min(LEVELS, key=badness))
    outline = fit_uncertainty(*_table(measure_all(unknown, folder, chosen, sharp=False), "stone_diameter_mm"))
    chosen = replace(chosen, outline_mm=round(outline[1], 5))
    # What is made of other measures needs those with their uncertainties first.
    for quantities in ((*OF_STONES, *OF_PRONGS), DERIVED):
        heads = measure_all(unknown, folder, chosen)
        fitted: dict[str, float] = {}
        for quantity in quantities:
            gain, base = fit_uncertainty(*_table(heads, quantity))
            if quantity in HeadThresholds.__slots__:
                fitted[quantity] = round(base, 5)
            if (key := f"{quantity.removesuffix('_mm')}_gain") in HeadThresholds.__slots__:
                fitted[key] = gain
        chosen = replace(chosen, **fitted)
    return chosen


def _table(heads: Sequence[HeadErrors], quantity: str) -> tuple[Vector, Vector, Vector]:
    """Errors, what the pixels stated, and the standard uncertainty from everything but the model."""
    rows = rows_of(heads, quantity)
    stated = [r.stated_mm[quantity] if isinstance(r, ProngErrors) else 0.0 for r in rows]
    other = [r.other_mm[quantity] for r in rows]
    return np.array([r.errors_mm[quantity] for r in rows]), np.array(stated), np.array(other)


def fit_uncertainty(errors: Vector, stated: Vector, other: Vector) -> tuple[float, float]:
    """Gain and base of u^2 = other^2 + (gain stated)^2 + base^2, so that twice u holds 95 % of the errors.

    Of all gains that with the shortest intervals, by the mean of their logarithms.
    """
    best = (0.0, 0.0, np.inf)
    for gain in GAINS if stated.any() else (0.0,):
        known = other**2 + (gain * stated) ** 2
        # Each error needs at least this base to lie inside.
        needed = np.maximum((errors / 2) ** 2 - known, 0)
        base = float(np.sqrt(np.quantile(needed, WANTED, method="higher"))) if len(needed) else 0.0
        width = float(np.mean(np.log(np.sqrt(known + base**2) + 1e-9))) if len(needed) else 0.0
        if width < best[2]:
            best = (gain, base, width)
    return best[0], best[1]
