"""What the surface model's card says: detection by size, false findings, what a score means; each with its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import chi2

from loupebox.inspect.rates import wilson
from loupebox.models.training.pod import fit_pod
from loupebox.models.training.surface_data import How
from loupebox.models.training.surface_defect import DEFECT_CLASSES
from loupebox.models.training.surface_matching import Answered, Asked

SIZES: dict[str, tuple[str, Callable[[Asked], float | None], tuple[float, ...]]] = {
    "porosity_size_mm": ("porosity", lambda a: a.size_mm, (0.0, 0.03, 0.045, 0.07, 0.12, 9.0)),
    "scratch_width_mm": ("scratch", lambda a: a.width_mm, (0.0, 0.0125, 0.015, 0.02, 0.03, 9.0)),
    "scratch_length_mm": ("scratch", lambda a: a.size_mm, (0.0, 0.5, 1.0, 2.0, 99.0)),
    "orange_peel_size_mm": ("orange_peel", lambda a: a.size_mm, (0.0, 1.0, 99.0)),
    "dull_patch_size_mm": ("dull_patch", lambda a: a.size_mm, (0.0, 0.5, 99.0)),
}
"""What detection is told by: the class, how large a defect is in that way, and the edges of the table's bins."""
SCORE_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
MM2_PER_CM2 = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One view: what was asked of the model, every region that it answered with, and how much metal could be judged."""

    name: str
    how: How
    metal: str
    light: str
    band: str
    asked: tuple[Asked, ...]
    answered: tuple[Answered, ...]
    area_cm2: float

    def at(self, thresholds: dict[str, float]) -> Judged:
        """The same view with only the findings that reach their class's threshold."""
        return Judged(
            self.name, self.how, self.metal, self.light, self.band,
            tuple(a if a.score is None or a.score >= thresholds[a.class_name] else a.missed() for a in self.asked),
            tuple(a for a in self.answered if a.score >= thresholds[a.class_name]), self.area_cm2,
        )  # fmt: skip


def poisson_95(count: int, amount: float) -> list[float]:
    """The exact two-sided 95 % interval of a rate of which `count` events were seen in `amount` (Garwood 1936)."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    return [round(low / amount, 3), round(float(chi2.ppf(0.975, 2 * count + 2)) / 2 / amount, 3)]


def share(k: int, n: int) -> dict[str, Any]:
    """A share with Wilson's 95 % interval."""
    return {"found": k, "of": n, "wilson_95": [round(end, 3) for end in wilson(k, n)]}


def detection(asked: Sequence[Asked]) -> dict[str, Any]:
    """By class and size: hits in bins, and the curve through all of them with a90 and a90/95."""
    report: dict[str, Any] = {}
    for key, (name, size_of, edges) in SIZES.items():
        sized = [(s, a.detected) for a in asked if a.class_name == name and (s := size_of(a)) is not None]
        if not sized:
            continue
        sizes, hits = np.array([s for s, _ in sized]), np.array([d for _, d in sized])
        bins = [
            {"from": low, "below": high} | share(int(hits[inside].sum()), int(inside.sum()))
            for low, high in pairwise(edges)
            if (inside := (sizes >= low) & (sizes < high)).any()
        ]
        report[key] = share(int(hits.sum()), len(hits)) | {"bins": bins, "curve": None}
        if (curve := fit_pod(sizes, hits)) is not None:
            report[key]["curve"] = {
                "intercept": round(curve.intercept, 4), "slope": round(curve.slope, 4),
                "covariance": [[round(float(c), 5) for c in row] for row in curve.covariance],
                "a90": round(curve.a90, 4), "a90_95": None if curve.a90_95 is None else round(curve.a90_95, 4),
            }  # fmt: skip
    return report


def false_findings(views: Sequence[Judged]) -> dict[str, Any]:
    """By class: findings on nothing (dust counts as nothing), a piece and a cm2, and those that mistake the class."""
    area = sum(v.area_cm2 for v in views)
    report: dict[str, Any] = {}
    for name in DEFECT_CLASSES:
        own = [a.outcome for v in views for a in v.answered if a.class_name == name]
        false = own.count("false")
        spoilt = sum(any(a.class_name == name and a.outcome == "false" for a in v.answered) for v in views)
        report[name] = {
            "true": own.count("true"), "confused": own.count("confused"), "false": false,
            "false_per_cm2": round(false / area, 3), "poisson_95": poisson_95(false, area),
            "views_with_a_false_one": share(spoilt, len(views)),
        }  # fmt: skip
    return report


def reliability(answered: Iterable[Answered]) -> list[dict[str, Any]]:
    """Of all regions by their score, thresholds aside: how many lay on a defect of their class."""
    scores = [(a.score, a.outcome == "true") for a in answered]
    rows = []
    for low, high in pairwise(SCORE_EDGES):
        inside = [(s, true) for s, true in scores if low <= s < high or s == high == 1.0]
        if inside:
            mean = round(float(np.mean([s for s, _ in inside])), 3)
            rows.append({"from": low, "below": high, "mean_score": mean}
                        | share(sum(true for _, true in inside), len(inside)))  # fmt: skip
    return rows


def report(regions: Sequence[Judged], thresholds: dict[str, float]) -> dict[str, Any]:
    """All figures of a split.

    Detection is told by every view, false findings by those on which defects and dirt are as they come.
    """
    views = [v.at(thresholds) for v in regions]
    natural = [v for v in views if v.how is not How.crowded]
    asked = [a for v in views for a in v.asked]
    result: dict[str, Any] = {
        "views": len(natural), "crowded_views": len(views) - len(natural),
        "area_cm2": round(sum(v.area_cm2 for v in natural), 2),
        "detection": detection(asked),
        "findings": false_findings(natural) if natural else {},
        "false_on_crowded_views": false_findings(c) if (c := [v for v in views if v.how is How.crowded]) else {},
        "reliability": reliability(a for v in regions for a in v.answered),
        "by": {key: conditions_table(views, key) for key in ("metal", "light", "band")},
    }  # fmt: skip
    sized = [a for a in asked if a.found_size_mm is not None and a.class_name == "porosity"]
    if sized:
        errors = np.array([a.found_size_mm - a.size_mm for a in sized])  # type: ignore[operator]
        inside = sum(abs(e) <= a.found_uncertainty_mm for e, a in zip(errors, sized, strict=True))  # type: ignore[operator]
        result["porosity_size_within_expanded_uncertainty"] = share(int(inside), len(sized))
        result["porosity_size_mean_error_mm"] = round(float(errors.mean()), 4)
    return result


def conditions_table(views: Sequence[Judged], key: str) -> dict[str, Any]:
    """Detection and false findings by metal, light or band."""
    table = {}
    for value in sorted({getattr(v, key) for v in views}):
        own = [v for v in views if getattr(v, key) == value]
        area = sum(v.area_cm2 for v in own)
        false = sum(a.outcome == "false" for v in own for a in v.answered)
        table[value] = {
            "views": len(own), "false": false, "false_per_cm2": round(false / area, 3),
            "poisson_95": poisson_95(false, area),
        } | {
            name: share(sum(a.detected for a in asked), len(asked))
            for name in DEFECT_CLASSES
            if (asked := [a for v in own for a in v.asked if a.class_name == name])
        }  # fmt: skip
    return table
