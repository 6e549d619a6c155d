"""What is measured on a rendered head, held against its truth."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Estimate
from loupebox.inspect.head import HeadResult, measure_head
from loupebox.inspect.head_stone import CROWN_SLOPE, MODEL
from loupebox.inspect.head_thresholds import POINTERS, PRONG, HeadThresholds
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong_pattern import away_deg, middle_turn
from loupebox.inspect.prong_tip import PlanePoint, TipFromAbove
from loupebox.inspect.prong_width import tip_width_mm
from loupebox.inspect.spec import Head, Range
from loupebox.models.look import Look, Pointing

STATION_UM_PER_PX, FACTOR = 16.0, 2
"""Of the station's frames, and how many of their pixels are one of the model's."""
OF_STONES = (
    "stone_diameter_mm", "stone_widest_mm", "stone_narrowest_mm", "stone_offset_mm", "table_offset_mm",
    "stone_tilt_deg", "prong_spacing_deg",
)  # fmt: skip
OF_PRONGS = ("length_mm", "bend_mm", "lift_mm")
DERIVED = ("tip_width_mm", "height_percent", "contact_percent")
QUANTITIES = (*OF_STONES, *OF_PRONGS, *DERIVED)
LENGTH_MARGIN_MM, BEND_MM, LIFT_MM = 0.2, 0.25, 0.2


@dataclass(frozen=True, slots=True)
class ProngErrors:
    """One prong: its true and found state and numbers; errors, stated errors and expanded uncertainties of the latter.

    `true_state` is by the limits of its style; `true_mm` holds length (less the nominal one), bend and lift.
    """

    head: str
    angle_deg: float
    drawn_state: str
    true_state: str
    found_state: str
    reason: str
    true_mm: dict[str, float]
    errors_mm: dict[str, float]
    expanded_mm: dict[str, float]
    stated_mm: dict[str, float]
    other_mm: dict[str, float]


@dataclass(frozen=True, slots=True)
class HeadErrors:
    """One head: its stone's true numbers and their errors, its prongs, and why it was taken for another style.

    `stone_seen` is 1 or 0; None when it could not be told.
    """

    head: str
    stone_seen: float | None
    true_mm: dict[str, float]
    errors_mm: dict[str, float]
    expanded_mm: dict[str, float]
    other_mm: dict[str, float]
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


def nominal_length_mm(truth: dict[str, Any]) -> float:
    """How far the style's prongs reach: as its good ones do, since tips that are not round reach less than drawn."""
    good = [p["length_mm"] for p in truth["prongs"] if p["state"] in ("good", "bent", "lifted")]
    return float(np.median(good)) if good else truth["length_nominal_mm"]


def style_of(truth: dict[str, Any], rng: np.random.Generator) -> Head:
    """The head of the spec sheet that this random head would have been made to, lying turned by up to 10 degrees."""
    prongs, nominal = truth["prongs"], nominal_length_mm(truth)
    step = 360 / len(prongs)
    first = middle_turn([away_deg(p["angle_deg"], k * step) for k, p in enumerate(prongs)]) + rng.uniform(-10, 10)
    whole = [p for p in prongs if p["length_mm"] is not None]
    resting = [
        p["tip_height_mm"] - p["lift_mm"] - CROWN_SLOPE * (p["length_mm"] - nominal)
        for p in whole
        if p["state"] in ("good", "bent")
    ]
    centre_z = truth["stone"]["centre_mm"][2]
    halves = [p["tip_height_mm"] - (p["tip_centre_mm"][2] - centre_z) for p in whole]
    return Head(
        prong_count=len(prongs),
        first_prong_deg=first % 360,
        stone_diameter_mm=truth["stone"]["diameter_mm"],
        tip_height_mm=float(np.median(resting)) if resting else 1.0,
        tip_thickness_mm=2 * max(float(np.median(halves)), 0.01) if whole else None,
        prong_length_mm=Range(lower=nominal - LENGTH_MARGIN_MM, upper=nominal + LENGTH_MARGIN_MM),
        bend_mm=Range(upper=BEND_MM),
        lift_mm=Range(upper=LIFT_MM),
    )


def at_station(look: Look) -> Look:
    """What is said at 32 um/px as the station has it, at its finer pixels."""

    def finer(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        size = (FACTOR * plane.shape[1], FACTOR * plane.shape[0])
        return np.asarray(cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32)

    return Look(
        finer(look.probabilities),
        {name: finer(mark) for name, mark in look.marks.items()},
        {
            name: Pointing((p.target_xy_px + 0.5) * FACTOR - 0.5, p.error_px * FACTOR, FACTOR)
            for name, p in look.pointings.items()
        },
    )


def compare(
    name: str,
    top: Look,
    oblique: Look,
    truth: dict[str, Any],
    thresholds: HeadThresholds,
    rng: np.random.Generator,
    picture: NDArray[np.float32] | None = None,
) -> HeadErrors:
    """Measure a head that has a stone, from what is said at 32 um/px, and hold it against its truth.

    `picture` is the top view at 32 um/px; without it the girdle rests on the model alone.
    """
    head = style_of(truth, rng)
    views = at_station(top), at_station(oblique)
    finer = None
    if picture is not None:
        size = (FACTOR * picture.shape[1], FACTOR * picture.shape[0])
        finer = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.float32)
    certificates = certificate("top"), certificate("oblique")
    result = measure_head(*views, *certificates, head, thresholds, (), finer)
    prongs = _prong_errors(name, result, truth, head)
    return HeadErrors(
        name, _seen(result), _true_of_stone(truth), *_stone_errors(result, truth), prongs, result.wrong_style
    )


def stone_seen(
    top: Look, oblique: Look, truth: dict[str, Any], thresholds: HeadThresholds, rng: np.random.Generator
) -> float | None:
    """Whether the station sees a stone in the seat of a head, which may be empty."""
    views = at_station(top), at_station(oblique)
    certificates = certificate("top"), certificate("oblique")
    return _seen(measure_head(*views, *certificates, style_of(truth, rng), thresholds))


def _seen(result: HeadResult) -> float | None:
    present = (
        m.estimate.value for m in result.measurements if m.name == "stone_1_present" and isinstance(m, Measurement)
    )
    return next(present, None)


def _stone_errors(
    result: HeadResult, truth: dict[str, Any]
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Errors, expanded uncertainties, and standard uncertainties without the model's share."""
    true = _true_of_stone(truth)
    known = {m.name: m.estimate for m in result.measurements if isinstance(m, Measurement) and m.name in true}
    return (
        {name: e.value - true[name] for name, e in known.items()},
        {name: e.expanded_uncertainty for name, e in known.items()},
        {name: _other(e) for name, e in known.items()},
    )


def _true_of_stone(truth: dict[str, Any]) -> dict[str, float]:
    """What is true of the stone and of how the tips stand about the middle, as they are seen from above."""
    stone, k = truth["stone"], truth["um_per_px"] / 1e3
    diameter, axis = stone["diameter_mm"], stone["axis"]
    table = np.mean(truth["table_px"]["top"], axis=0) - stone["centre_px"]["top"]
    true = {
        "stone_diameter_mm": diameter * (1 + axis[2]) / 2,  # the mean of the two below
        "stone_widest_mm": diameter,
        "stone_narrowest_mm": diameter * axis[2],  # a tilted circle is seen narrower
        "stone_offset_mm": stone["offset_mm"],
        "table_offset_mm": k * float(np.hypot(*table)),
        "stone_tilt_deg": math.degrees(math.acos(min(axis[2], 1.0))),
    }
    if all(p["length_mm"] is not None for p in truth["prongs"]):
        x, y = (np.array([p["tip_px"]["top"] for p in truth["prongs"]]) - truth["middle_px"]["top"]).T
        turns = np.degrees(np.unwrap(np.arctan2(-y, x)))
        gaps = np.diff(np.append(turns, turns[0] + 360))
        true["prong_spacing_deg"] = float(np.abs(gaps - 360 / len(gaps)).max())
    return true


def _true_turn_deg(truth: dict[str, Any], head: Head) -> float:
    """How far the pattern lies turned: by the rule of the station, on the true places."""
    places = head.prong_angles_deg
    angles = [p["angle_deg"] for p in truth["prongs"]]
    off = [min((away_deg(a, place) for place in places), key=abs) for a in angles]
    return middle_turn(off)


def _true_mm(prong: dict[str, Any], place_deg: float, truth: dict[str, Any]) -> dict[str, float]:
    """Length, bend and lift; a bend is counted from the place that the pattern gives, as the station does."""
    if prong["length_mm"] is None:
        return {}
    k = truth["um_per_px"] / 1e3
    x, y = (np.array(prong["tip_px"]["top"]) - truth["middle_px"]["top"]) * (k, -k)
    turn = away_deg(float(np.degrees(np.arctan2(y, x))), place_deg)
    stone = truth["stone"]
    return {
        "length_mm": prong["length_mm"],
        "bend_mm": float(np.hypot(x, y) * np.radians(turn)),
        "lift_mm": prong["lift_mm"],
        "height_percent": 100 * prong["tip_height_mm"] / (stone["crown_mm"] + stone["girdle_mm"] / 2),
        "contact_percent": 200 * prong["length_mm"] / (stone["diameter_mm"] * (1 - stone["table"])),
        **({"tip_width_mm": prong["tip_width_mm"]} if prong.get("tip_width_mm") else {}),
    }


def with_widths(truth: dict[str, Any], labels: NDArray[np.uint8]) -> dict[str, Any]:
    """The same truth with the width of each tip, read from the labels of the top view."""
    k, (cx, cy) = truth["um_per_px"] / 1e3, truth["stone"]["centre_px"]["top"]
    prong = (labels == PRONG).astype(np.float32)

    def point(xy_px: list[float]) -> PlanePoint:
        return PlanePoint((xy_px[0] - cx) * k, (cy - xy_px[1]) * k, 0.0)

    prongs = []
    for each in truth["prongs"]:
        if each["length_mm"] is not None:
            tip, inmost, foot = (point(each[f"{name}_px"]["top"]) for name in POINTERS)
            seen = tip_width_mm(prong, TipFromAbove(tip, inmost, foot, 0.0), (cx, cy), 0.5, k)
            each = {**each, "tip_width_mm": None if seen is None else seen[0]}
        prongs.append(each)
    return {**truth, "prongs": prongs}


def state_by_limits(true_mm: dict[str, float], nominal_mm: float) -> str:
    """The state of a prong whose numbers are known exactly, in the station's order."""
    if not true_mm:
        return "missing"
    if abs(true_mm["bend_mm"]) > BEND_MM:
        return "bent"
    if true_mm["lift_mm"] > LIFT_MM:
        return "lifted"
    off = true_mm["length_mm"] - nominal_mm
    return "short" if off < -LENGTH_MARGIN_MM else "long" if off > LENGTH_MARGIN_MM else "good"


def _prong_errors(name: str, result: HeadResult, truth: dict[str, Any], head: Head) -> tuple[ProngErrors, ...]:
    rows: list[ProngErrors] = []
    nominal = nominal_length_mm(truth)
    true_turn = _true_turn_deg(truth, head)
    measured = {m.name: m.estimate for m in result.measurements if isinstance(m, Measurement)}
    for prong in result.prongs:
        place = head.prong_angles_deg[prong.index - 1]
        true = min(truth["prongs"], key=lambda p: abs(away_deg(p["angle_deg"], place + true_turn)))
        true_mm = _true_mm(true, place + true_turn, truth)
        known = {
            quantity: (estimate, true_mm[quantity])
            for quantity in (*OF_PRONGS, *DERIVED)
            if quantity in true_mm
            and (estimate := getattr(prong, quantity, None) or measured.get(f"prong_{prong.index}_{quantity}"))
        }
        rows.append(
            ProngErrors(
                name,
                true["angle_deg"],
                true["state"],
                state_by_limits(true_mm, nominal),
                prong.state,
                prong.reason,
                {**true_mm, "length_mm": true_mm["length_mm"] - nominal} if true_mm else {},
                {q: e.value - t for q, (e, t) in known.items()},
                {q: e.expanded_uncertainty for q, (e, _) in known.items()},
                {q: _pointed(e) for q, (e, _) in known.items()},
                {q: _other(e) for q, (e, _) in known.items()},
            )
        )
    return tuple(rows)


def _pointed(estimate: Estimate) -> float:
    """What the pixels themselves brought to the uncertainty."""
    return sum(c.standard_uncertainty for c in estimate.budget if c.name.startswith("pointing"))


def _other(estimate: Estimate) -> float:
    """Standard uncertainty without the model's share, which validation is to tell."""
    return math.hypot(
        *(c.standard_uncertainty for c in estimate.budget if not c.name.startswith("pointing") and c.name != MODEL)
    )
