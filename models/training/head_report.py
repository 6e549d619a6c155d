"""What the card says of the head-parts model: states, errors, coverage, detection by size, by kind of head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, norm

from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.models.training.head_data import read_truth
from loupebox.models.training.head_seeing import Seen, empty_seats, measure_all, rows_of
from loupebox.models.training.head_truth import (
    BEND_MM,
    LENGTH_MARGIN_MM,
    LIFT_MM,
    QUANTITIES,
    HeadErrors,
    ProngErrors,
)
from loupebox.models.training.pod import fit_pod

TILT = "stone_tilt_deg"
CLEARLY_MM = 0.35
"""From this size on a missing, broken, bent or short prong must be found."""
LIFTED_MM = 0.2
TILTED_DEG, TILT_LIMIT_DEG = 4.0, 3.0
"""From this tilt on a stone must be found; the limit that a sheet would set for that."""
INTERVALS = (
    "shares: exact 95 % interval of a binomial share (Clopper and Pearson), prongs of one head taken as independent; "
    "a90 and a90/95: logit of the probability on the logarithm of the size by maximum likelihood, one-sided 95 % bound "
    "by Wald (MIL-HDBK-1823A). A hit is told by the measured quantity itself, its value and stated interval against "
    "its limit, whatever else is doubtful of the prong"
)
NOMINAL = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Coverage probabilities at which stated intervals are checked."""


def clopper_pearson(hits: int, of: int) -> list[float]:
    """The exact 95 % interval of a share."""
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(0.975, hits + 1, of - hits))
    return [round(low, 4), round(high, 4)]


def share(hits: int, of: int) -> dict[str, Any]:
    """A share with its interval."""
    if of == 0:
        return {"n": 0, "of": 0, "share": None, "interval_95": None}
    return {"n": hits, "of": of, "share": round(hits / of, 4), "interval_95": clopper_pearson(hits, of)}


def report(seen: Seen, ious: dict[str, float], folder: Path, thresholds: HeadThresholds) -> dict[str, Any]:
    """Everything that was measured on one split."""
    heads = measure_all(seen, folder, thresholds)
    prongs = [p for h in heads for p in h.prongs]
    empty = empty_seats(seen, folder, thresholds)
    return {
        "intervals": INTERVALS,
        "heads": len(seen), "prongs": len(prongs), "intersection_over_union": ious, "states": states(prongs),
        "goals": {**goals(prongs), **stone_goals(heads, empty)},
        "called_another_style": sum(h.wrong_style is not None for h in heads),
        "errors_mm": {q: error_summary(heads, q) for q in QUANTITIES if rows_of(heads, q)},
        "detection_by_size": {what: detection(prongs, what) for what in ("bend", "short", "lift")},
        "by_kind": {
            key: by_kind(heads, {h.head: str(read_truth(folder, h.head)[key]) for h in heads})
            for key in ("family", "light", "prong_metal")
        },
    }  # fmt: skip


def states(prongs: Sequence[ProngErrors]) -> dict[str, Any]:
    """By true state (within the style's limits or not): what it was found to be.

    A faulty prong is caught when it is called anything but good: "unsure" sends it to a person.
    """
    table = Counter((p.true_state, p.found_state) for p in prongs)
    result: dict[str, Any] = {}
    for state in sorted({p.true_state for p in prongs}):
        found = {got: n for (true, got), n in sorted(table.items()) if true == state}
        of = sum(found.values())
        right = found.get("good", 0) if state == "good" else of - found.get("good", 0)
        key = "called_good" if state == "good" else "not_called_good"
        result[state] = {"found": found, "of": of, key: round(right / of, 4), "interval_95": clopper_pearson(right, of)}
    return result


def _clearly_faulty(prong: ProngErrors) -> bool:
    if prong.true_state == "missing":
        return True
    t = prong.true_mm
    return abs(t["bend_mm"]) >= CLEARLY_MM or t["length_mm"] <= -CLEARLY_MM


def _only_lifted(prong: ProngErrors) -> bool:
    """Lifted by what must be found, beyond its limit, and nothing else."""
    return prong.true_state == "lifted" and prong.true_mm["lift_mm"] >= LIFTED_MM


def goals(prongs: Sequence[ProngErrors]) -> dict[str, Any]:
    """The shares that issue 4 sets goals for, and how often a person is asked about a good prong."""
    faulty = [p for p in prongs if _clearly_faulty(p)]
    lifted = [p for p in prongs if _only_lifted(p)]
    good = [p for p in prongs if p.true_state == "good"]
    drawn = [p for p in good if p.drawn_state == "good"]
    return {
        "missing_bent_or_short_by_0.35_mm_not_called_good": _found(faulty),
        "missing_bent_or_short_by_0.35_mm_called_faulty": _called(faulty),
        "lifted_beyond_0.2_mm_not_called_good": _found(lifted),
        "lifted_beyond_0.2_mm_called_faulty": _called(lifted),
        "good_called_faulty": _called(good),
        "good_called_good": share(sum(p.found_state == "good" for p in good), len(good)),
        "made_as_drawn_called_good": share(sum(p.found_state == "good" for p in drawn), len(drawn)),
    }


def stone_goals(heads: Sequence[HeadErrors], empty: Sequence[float | None]) -> dict[str, Any]:
    """Stones that are missing, and stones that sit tilted, held against a limit that is below what must be found."""
    tilts = [
        (h.true_mm[TILT], h.true_mm[TILT] + h.errors_mm[TILT], h.expanded_mm[TILT])
        if TILT in h.errors_mm
        else (h.true_mm[TILT], TILT_LIMIT_DEG, 1.0)
        for h in heads
    ]
    tilted = [(value, u) for true, value, u in tilts if true >= TILTED_DEG]
    level = [(value, u) for true, value, u in tilts if true < 2.0]
    return {
        "stone_missing_called_missing": share(sum(e == 0 for e in empty), len(empty)),
        "stone_missing_not_passed": share(sum(e != 1 for e in empty), len(empty)),
        "stone_there_called_missing": share(sum(h.stone_seen == 0 for h in heads), len(heads)),
        "stone_tilted_by_4_deg_not_passed": share(sum(v + u > TILT_LIMIT_DEG for v, u in tilted), len(tilted)),
        "stone_tilted_by_4_deg_called_tilted": share(sum(v - u > TILT_LIMIT_DEG for v, u in tilted), len(tilted)),
        "stone_level_called_tilted": share(sum(v - u > TILT_LIMIT_DEG for v, u in level), len(level)),
        "stone_level_passed": share(sum(v + u <= TILT_LIMIT_DEG for v, u in level), len(level)),
    }


def _found(prongs: Sequence[ProngErrors]) -> dict[str, Any]:
    return share(sum(p.found_state != "good" for p in prongs), len(prongs))


def _called(prongs: Sequence[ProngErrors]) -> dict[str, Any]:
    return share(sum(p.found_state not in ("good", "unsure") for p in prongs), len(prongs))


def error_summary(heads: Sequence[HeadErrors], quantity: str) -> dict[str, Any]:
    """Errors of one quantity and how well its stated intervals hold them."""
    rows = rows_of(heads, quantity)
    errors = np.array([r.errors_mm[quantity] for r in rows])
    expanded = np.array([r.expanded_mm[quantity] for r in rows])
    inside = int(np.count_nonzero(np.abs(errors) <= expanded))
    return {
        "n": len(errors), "mean": round(float(errors.mean()), 4), "sd": round(float(errors.std()), 4),
        "median_of_size": round(float(np.median(np.abs(errors))), 4),
        "size_of_95_percent": round(float(np.percentile(np.abs(errors), 95)), 4),
        "expanded_uncertainty": {
            "median": round(float(np.median(expanded)), 4),
            "from_to": [round(float(np.percentile(expanded, q)), 4) for q in (5, 95)],
        },
        "inside_stated_interval": share(inside, len(errors)),
        "reliability": {
            str(p): round(float(np.mean(np.abs(errors) <= expanded / 2 * norm.ppf(0.5 + p / 2))), 4) for p in NOMINAL
        },
    }  # fmt: skip


def detection(prongs: Sequence[ProngErrors], what: str) -> dict[str, Any]:
    """Probability that a fault of a size does not pass its own limit, and that it surely breaks it."""
    limit = {"bend": BEND_MM, "short": LENGTH_MARGIN_MM, "lift": LIFT_MM}[what]
    rows = [(size, *_measured_mm(p, what)) for p in prongs if (size := _size_mm(p, what)) is not None and size > 0.01]
    sizes, values, expanded = np.array(rows, np.float64).reshape(-1, 3).T
    return {
        "limit_mm": limit,
        "n": len(rows),
        "not_measured": int(np.count_nonzero(~np.isfinite(expanded))),
        "not_passed": _curve(sizes, values + expanded > limit),
        "called_faulty": _curve(sizes, values - expanded > limit),
    }


def _measured_mm(prong: ProngErrors, what: str) -> tuple[float, float]:
    """The fault as measured and its expanded uncertainty, which is without end where it was not."""
    key = {"bend": "bend_mm", "short": "length_mm", "lift": "lift_mm"}[what]
    if key not in prong.errors_mm:
        return 0.0, np.inf
    value = prong.true_mm[key] + prong.errors_mm[key]
    return {"bend": abs(value), "short": -value, "lift": value}[what], prong.expanded_mm[key]


def _size_mm(prong: ProngErrors, what: str) -> float | None:
    """Size of this fault; None when the prong is missing or has another fault."""
    t = prong.true_mm
    if not t:
        return None
    sizes = {"bend": abs(t["bend_mm"]), "short": -t["length_mm"], "lift": t["lift_mm"]}
    limits = {"bend": BEND_MM, "short": LENGTH_MARGIN_MM, "lift": LIFT_MM}
    if t["length_mm"] > LENGTH_MARGIN_MM or any(sizes[k] > limits[k] for k in sizes if k != what):
        return None
    return sizes[what]


def _curve(sizes: NDArray[np.float64], hits: NDArray[np.bool_]) -> dict[str, Any]:
    """The fitted curve; where none can be fitted, the largest miss and the smallest hit."""
    curve = fit_pod(sizes, hits) if len(sizes) else None
    edges = {
        "largest_missed_mm": round(float(sizes[~hits].max()), 3) if (~hits).any() else None,
        "smallest_found_mm": round(float(sizes[hits].min()), 3) if hits.any() else None,
    }
    if curve is None:
        return {"a90_mm": None, "a90_95_mm": None, **edges}
    sure = curve.a90_95
    return {
        "a90_mm": round(curve.a90, 3), "a90_95_mm": None if sure is None else round(sure, 3),
        "intercept": round(curve.intercept, 3), "slope": round(curve.slope, 3), **edges,
    }  # fmt: skip


def by_kind(heads: Sequence[HeadErrors], kind_of: dict[str, str]) -> dict[str, Any]:
    """The main figures for each kind of head."""
    result: dict[str, Any] = {}
    for kind in sorted(set(kind_of.values())):
        mine = [h for h in heads if kind_of[h.head] == kind]
        prongs = [p for h in mine for p in h.prongs]
        good = [p for p in prongs if p.true_state == "good"]
        result[kind] = {
            "heads": len(mine),
            "good_called_good": share(sum(p.found_state == "good" for p in good), len(good)),
            "clearly_faulty_not_called_good": _found([p for p in prongs if _clearly_faulty(p)]),
            "inside_stated_interval": {q: _inside(mine, q) for q in QUANTITIES},
        }
    return result


def _inside(heads: Iterable[HeadErrors], quantity: str) -> dict[str, Any]:
    rows = rows_of(list(heads), quantity)
    return share(sum(abs(r.errors_mm[quantity]) <= r.expanded_mm[quantity] for r in rows), len(rows))
