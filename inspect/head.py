"""The head of a solitaire: its stone and its prongs, from the class probabilities of the top and oblique views.

The stone's girdle is a circle from above and gives centre and diameter. Each prong ends in a ball, fitted from above;
the oblique view then has one unknown left for it, its height over the girdle. Lengths, sideways bends and heights
are held against the style's pattern, whose turn about the stone comes from the prongs themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.scale import Scale
from loupebox.inspect.head_thresholds import CLASSES, PRONG, STONE, HeadThresholds
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.oblique_view import ObliqueView, look_obliquely, of_scale
from loupebox.inspect.prong import Prong
from loupebox.inspect.prong_pattern import PatternMatch, away_deg, better_count, match_pattern
from loupebox.inspect.prong_state import bent_words, state_of
from loupebox.inspect.prong_tip import TipFromAbove, find_tips
from loupebox.inspect.spec import Head
from loupebox.inspect.stone_outline import GirdleCircle, find_girdle
from loupebox.inspect.sub_pixel import bilinear
from loupebox.inspect.verdict import Verdict, judge_estimate

CROWN_SLOPE = math.tan(math.radians(34.5))
"""A prong that reaches further lies higher on the crown, by this much a mm; 34.5 degrees is the round brilliant's."""
OTHER_STONE = 0.10
"""A diameter off by more than this share of the nominal one belongs to another style."""
CLEAR_TIP = 0.5
"""Mean fall of the probability across a tip's outline from above, below which the tip is not measured."""
FAINT_TIP, FAINT_BEND_MM = 0.3, 0.05
"""Down to this a bend is still told, with this much more standard uncertainty (validation: 0.04 to 0.05 mm there)."""
UNCLEAR = "its tip is not clearly bounded in the top view"
TRACE, TRACE_MM = 0.3, 0.3
"""Probability of prong, within this distance of its place at the girdle, at which a prong is not called missing."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadResult:
    """What was found of the head.

    Parameters
    ----------
    prongs : tuple of Prong
        One for each place of the style's pattern, in its order; empty when this is another style.
    measurements : tuple of MeasurementResult
        stone_diameter_mm, stone_offset_mm and prong_count.
    wrong_style : str or None
        Why this is not a head of the style, as a clause; None when it is.
    stone_centre_xy_px, stone_radius_px
        In the top frame; None when no stone is seen.
    turn_deg : float or None
        How far the piece lies turned about the stone's axis, counter-clockwise.
    """

    prongs: tuple[Prong, ...]
    measurements: tuple[MeasurementResult, ...]
    wrong_style: str | None = None
    stone_centre_xy_px: tuple[float, float] | None = None
    stone_radius_px: float | None = None
    turn_deg: float | None = None


def measure_head(
    top_probs: NDArray[np.float32],
    oblique_probs: NDArray[np.float32],
    top: Certificate,
    oblique: Certificate,
    head: Head,
    thresholds: HeadThresholds,
) -> HeadResult:
    """Measure the stone and every prong of a solitaire's head.

    Parameters
    ----------
    top_probs, oblique_probs : ndarray of float32, shape (height, width, 4)
        Probabilities of background, metal, stone and prong, at the size of their frames.
    top, oblique : Certificate
        Of the two views.
    head : Head
        From the style's spec sheet.
    thresholds : HeadThresholds
        From the card of the model that gave the probabilities.

    Returns
    -------
    HeadResult

    Raises
    ------
    ValueError
        When an array has another shape.
    """
    for view, probs in (("top", top_probs), ("oblique", oblique_probs)):
        if probs.ndim != 3 or probs.shape[2] != len(CLASSES) or min(probs.shape) < 2:
            raise ValueError(
                f"probabilities of the {view} view have shape {probs.shape}; allowed is (height, width, {len(CLASSES)})"
            )
    scale = top.scale
    girdle = find_girdle(_plane(top_probs, STONE), _plane(top_probs, PRONG), thresholds.stone)
    if girdle is None:
        return _without_stone(_plane(top_probs, PRONG), thresholds)
    tips = find_tips(_plane(top_probs, PRONG), girdle, scale.mm_per_px.value, thresholds.prong)
    diameter = scale.length_mm(2 * girdle.radius_px, 2 * girdle.radius_u_px, "scatter of the girdle's outline")
    diameter = diameter.with_contributions([Contribution("segmentation of the stone", thresholds.stone_diameter_mm)])
    wrong = _wrong_style(head, diameter, tips)
    match = match_pattern(head.prong_angles_deg, [t.foot_deg for t in tips])
    measurements: list[MeasurementResult] = [
        Measurement("stone_diameter_mm", diameter),
        _stone_offset(girdle, tips, match, scale, thresholds),
        Measurement("prong_count", Estimate(float(len(tips)), "1")),
    ]
    prongs: tuple[Prong, ...] = ()
    if wrong is None:
        sight = look_obliquely(
            _plane(oblique_probs, STONE),
            _plane(oblique_probs, PRONG),
            oblique,
            girdle.radius_px * scale.mm_per_px.value,
            thresholds.stone,
        )
        prongs = _prongs(head, match, tips, _plane(top_probs, PRONG), girdle, scale, sight, thresholds)
    return HeadResult(
        prongs, tuple(measurements), wrong, girdle.centre_xy_px, girdle.radius_px, None if wrong else match.turn_deg
    )


def _plane(probs: NDArray[np.float32], which: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(probs[..., which])


def _without_stone(prong: NDArray[np.float32], thresholds: HeadThresholds) -> HeadResult:
    """No girdle: another style when there is no head at all, else a head that cannot be measured."""
    reason = "no stone is seen in the top view"
    if np.count_nonzero(prong >= thresholds.prong) < 0.001 * prong.size:
        return HeadResult((), (), "neither a stone nor prongs are seen in the top view")
    return HeadResult(
        (), tuple(Unmeasurable(n, reason) for n in ("stone_diameter_mm", "stone_offset_mm", "prong_count"))
    )


def _wrong_style(head: Head, diameter: Estimate, tips: Sequence[TipFromAbove]) -> str | None:
    off = abs(diameter.value - head.stone_diameter_mm) - diameter.expanded_uncertainty
    if off > OTHER_STONE * head.stone_diameter_mm:
        return f"the stone is {diameter.value:.2f} mm wide, and the style's is {head.stone_diameter_mm:.2f} mm"
    if not tips:
        return f"no prongs are seen at the stone, and the style has {head.prong_count}"
    other = better_count(head.prong_angles_deg, [t.foot_deg for t in tips])
    if other is not None:
        return (
            f"the {len(tips)} prongs seen stand like those of a head of {other}, and the style has {head.prong_count}"
        )
    return None


def _stone_offset(
    girdle: GirdleCircle,
    tips: Sequence[TipFromAbove],
    match: PatternMatch,
    scale: Scale,
    thresholds: HeadThresholds,
) -> MeasurementResult:
    """How far the stone's centre lies from the middle of its prongs: their outer distances vary once around."""
    name = "stone_offset_mm"
    owned = [tips[owner] for owner in match.owner if owner is not None]
    if len(owned) < 3:
        return Unmeasurable(name, f"only {len(owned)} prongs are seen, and the middle of a pattern needs three")
    angles = np.radians([t.foot_deg for t in owned])
    distances = np.array([t.outmost_mm for t in owned])
    wave = np.stack([np.ones(len(owned)), np.cos(angles), np.sin(angles)], axis=1)
    weights = np.ones(len(owned))
    fitted = np.zeros(3)
    for _ in range(10):  # short and bent prongs count less
        root = np.sqrt(weights)
        fitted = np.linalg.lstsq(wave * root[:, None], distances * root, rcond=None)[0]
        off = np.abs(distances - wave @ fitted)
        weights = 1 / np.maximum(off / 0.03, 1.0) ** 2
    scatter = math.sqrt(float((weights * (distances - wave @ fitted) ** 2).sum()) / max(len(owned) - 3, 1))
    offset = float(np.hypot(fitted[1], fitted[2]))
    return Measurement(
        name,
        scale.length_mm(offset / scale.mm_per_px.value, girdle.centre_u_px, "scatter of the girdle's outline")
        .with_contributions([
            Contribution("scatter of the prongs", scatter * math.sqrt(2 / len(owned))),
            Contribution("segmentation of stone and prongs", thresholds.stone_offset_mm),
        ]),
    )  # fmt: skip


def _prongs(
    head: Head,
    match: PatternMatch,
    tips: Sequence[TipFromAbove],
    prong: NDArray[np.float32],
    girdle: GirdleCircle,
    scale: Scale,
    sight: ObliqueView | None,
    thresholds: HeadThresholds,
) -> tuple[Prong, ...]:
    """One prong for each place, by rising index."""
    ball_mm = float(np.median([t.radius_mm for t in tips if t.contrast >= CLEAR_TIP] or [t.radius_mm for t in tips]))
    girdle_mm = girdle.radius_px * scale.mm_per_px.value
    lengths = [girdle_mm - t.inmost_mm for t in tips]
    limits = head.prong_length_mm
    middle = float(np.median(lengths))
    if limits.lower is not None and limits.upper is not None:
        middle = (limits.lower + limits.upper) / 2
    prongs: list[Prong] = []
    for index, (place, owner) in enumerate(zip(head.prong_angles_deg, match.owner, strict=True), 1):
        expected = (place + match.turn_deg) % 360
        if owner is None:
            prongs.append(_absent(index, expected, prong, girdle, scale))
            continue
        tip = tips[owner]
        k = scale.mm_per_px
        noise = Contribution("scatter of the tip's outline", tip.noise_mm)
        rim = Contribution("scatter of the girdle's outline", girdle.radius_u_px * k.value)
        length_mm, bend_mm = lengths[owner], tip.distance_mm * math.radians(away_deg(tip.angle_deg, expected))
        bend = Estimate(bend_mm, "mm", (
            of_scale(scale, bend_mm), noise, Contribution("segmentation of the tip", thresholds.bend_mm)
        ))  # fmt: skip
        if tip.contrast < CLEAR_TIP:
            prongs.append(_faint(index, tip, bend, head, _in_frame(tip, girdle, scale)))
            continue
        length = Estimate(length_mm, "mm", (
            of_scale(scale, length_mm), noise, rim, Contribution("segmentation of tip and stone", thresholds.length_mm)
        ))  # fmt: skip
        nominal = head.tip_height_mm + CROWN_SLOPE * (length_mm - middle)
        found = None if sight is None else sight.find(tip, ball_mm, length_mm, nominal, thresholds.prong)
        lift = None
        if sight is not None and found is not None:
            lift = sight.lift(found, tip, ball_mm, nominal, thresholds.lift_mm)
        state, reason = state_of(length, bend, lift, head)
        prongs.append(
            Prong(
                index,
                tip.angle_deg,
                state,
                reason,
                length,
                bend,
                lift,
                _in_frame(tip, girdle, scale),
                None if found is None else found.centre_xy_px,
            )
        )
    return tuple(prongs)


def _faint(index: int, tip: TipFromAbove, bend: Estimate, head: Head, tip_xy_px: tuple[float, float]) -> Prong:
    """A prong whose tip fades: how far it reaches cannot be told, but a bend large enough can."""
    wide = bend.with_contributions([Contribution("tip not clearly bounded", FAINT_BEND_MM)])
    sideways = Estimate(abs(wide.value), "mm", wide.budget)
    if tip.contrast >= FAINT_TIP and judge_estimate(sideways, head.bend_mm.limits) is Verdict.FAIL:
        reason = bent_words(sideways, head.bend_mm.limits)
        return Prong(index, tip.angle_deg, "bent", reason, bend_mm=wide, tip_xy_px=tip_xy_px)
    return Prong(index, tip.angle_deg, "unsure", UNCLEAR, tip_xy_px=tip_xy_px)


def _absent(index: int, expected_deg: float, prong: NDArray[np.float32], girdle: GirdleCircle, scale: Scale) -> Prong:
    """A place where no prong was found: missing, unless the model sees a trace of one."""
    k = scale.mm_per_px.value
    turn, radius = np.meshgrid(np.linspace(0, 2 * np.pi, 24, endpoint=False), np.linspace(0.05, TRACE_MM, 6))
    place = math.radians(expected_deg)
    x = girdle.radius_px * math.cos(place) + np.cos(turn) * radius / k
    y = girdle.radius_px * math.sin(place) + np.sin(turn) * radius / k
    trace = float(bilinear(prong, girdle.centre_xy_px[0] + x, girdle.centre_xy_px[1] - y).max())
    if trace >= TRACE:
        return Prong(index, expected_deg, "unsure", f"at {expected_deg:.0f} degrees a prong is seen only faintly")
    return Prong(index, expected_deg, "missing", f"no prong is seen at {expected_deg:.0f} degrees")


def _in_frame(tip: TipFromAbove, girdle: GirdleCircle, scale: Scale) -> tuple[float, float]:
    """The prong's inmost point in pixels of the top frame."""
    (x, y), k = tip.inmost_xy_mm, scale.mm_per_px.value
    return girdle.centre_xy_px[0] + x / k, girdle.centre_xy_px[1] - y / k
