"""What is measured on a rendered head, held against its truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.inspect.head import CROWN_SLOPE, HeadResult, measure_head
from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong_pattern import away_deg
from loupebox.inspect.spec import Head, Range

STATION_UM_PER_PX = 16.0
LENGTH_MARGIN_MM, BEND_MM, LIFT_MM = 0.2, 0.25, 0.2


@dataclass(frozen=True, slots=True)
class ProngErrors:
    """One prong: its true and found state, and error and expanded uncertainty of each quantity that was measured."""

    head: str
    angle_deg: float
    true_state: str
    found_state: str
    errors_mm: dict[str, float]
    expanded_mm: dict[str, float]


@dataclass(frozen=True, slots=True)
class HeadErrors:
    """One head: errors of its stone, its prongs, and why it was taken for another style, if it was."""

    head: str
    errors_mm: dict[str, float]
    expanded_mm: dict[str, float]
    prongs: tuple[ProngErrors, ...]
    wrong_style: str | None


def certificate(view: str) -> Certificate:
    """Of the virtual station: exact, since what is looked for is the error of everything else."""
    return Certificate.parse(
        json.dumps({
            "schema": 1, "certificate_id": f"virtual {view}", "station": "virtual", "view": view,
            "camera_serial": "virtual", "artefact": "arithmetic", "issued_by": "Loupebox",
            "issued_at": "2026-10-01T00:00:00+00:00", "valid_until": "2027-04-01T00:00:00+00:00",
            "scale_um_per_px": STATION_UM_PER_PX, "scale_standard_uncertainty_um_per_px": STATION_UM_PER_PX * 5e-5,
            "elevation_deg": 90.0 if view == "top" else 45.0, "elevation_standard_uncertainty_deg": 0.05,
            "dark_level_dn": 0.0, "edge_sigma_px": 0.75,
        }), f"virtual {view}",
    )  # fmt: skip


def style_of(truth: dict[str, Any], rng: np.random.Generator) -> Head:
    """The head of the spec sheet that this random head would have been made to, lying turned by up to 10 degrees."""
    prongs, nominal = truth["prongs"], truth["length_nominal_mm"]
    step = 360 / len(prongs)
    offsets = [away_deg(p["angle_deg"], k * step) for k, p in enumerate(prongs)]
    first = offsets[0] + float(np.mean([away_deg(o, offsets[0]) for o in offsets])) + rng.uniform(-10, 10)
    resting = [
        p["tip_height_mm"] - p["lift_mm"] - CROWN_SLOPE * (p["length_mm"] - nominal)
        for p in prongs
        if p["state"] in ("good", "bent")
    ]
    return Head(
        prong_count=len(prongs),
        first_prong_deg=first % 360,
        stone_diameter_mm=truth["stone"]["diameter_mm"],
        tip_height_mm=float(np.median(resting)) if resting else 1.0,
        prong_length_mm=Range(lower=nominal - LENGTH_MARGIN_MM, upper=nominal + LENGTH_MARGIN_MM),
        bend_mm=Range(upper=BEND_MM),
        lift_mm=Range(upper=LIFT_MM),
    )


def at_station(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities at 32 um/px as the station sees them, at its finer pixels."""
    size = (2 * probabilities.shape[1], 2 * probabilities.shape[0])
    return np.asarray(cv2.resize(probabilities, size, interpolation=cv2.INTER_LINEAR), np.float32)


def compare(
    name: str, top: NDArray[np.float32], oblique: NDArray[np.float32], truth: dict[str, Any],
    thresholds: HeadThresholds, rng: np.random.Generator,
) -> HeadErrors:  # fmt: skip
    """Measure a head that has a stone, from probabilities at 32 um/px, and hold it against its truth."""
    head = style_of(truth, rng)
    views = at_station(top), at_station(oblique)
    result = measure_head(*views, certificate("top"), certificate("oblique"), head, thresholds)
    errors, expanded = _stone_errors(result, truth)
    return HeadErrors(name, errors, expanded, _prong_errors(name, result, truth, head), result.wrong_style)


def _stone_errors(result: HeadResult, truth: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    true = {"stone_diameter_mm": truth["stone"]["diameter_mm"], "stone_offset_mm": 0.0}
    known = {m.name: m.estimate for m in result.measurements if isinstance(m, Measurement) and m.name in true}
    return (
        {name: e.value - true[name] for name, e in known.items()},
        {name: e.expanded_uncertainty for name, e in known.items()},
    )


def _prong_errors(name: str, result: HeadResult, truth: dict[str, Any], head: Head) -> tuple[ProngErrors, ...]:
    rows: list[ProngErrors] = []
    for prong in result.prongs:
        place = head.prong_angles_deg[prong.index - 1] + (result.turn_deg or 0.0)
        true = min(truth["prongs"], key=lambda p: abs(away_deg(p["angle_deg"], place)))
        known = {
            quantity: (estimate, true[quantity])
            for quantity in ("length_mm", "bend_mm", "lift_mm")
            if (estimate := getattr(prong, quantity)) is not None and true[quantity] is not None
        }
        rows.append(
            ProngErrors(
                name,
                true["angle_deg"],
                true["state"],
                prong.state,
                {q: e.value - t for q, (e, t) in known.items()},
                {q: e.expanded_uncertainty for q, (e, _) in known.items()},
            )
        )
    return tuple(rows)
