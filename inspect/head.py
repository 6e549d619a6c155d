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
from loupebox.inspect.head_thresholds import CLASSES, MARKS, PRONG, STONE, HeadThresholds
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.oblique_view import ObliqueView, TipHeight, look_obliquely, of_scale
from loupebox.inspect.prong import Prong
from loupebox.inspect.prong_pattern import PatternMatch, away_deg, better_count, match_pattern, pattern_middle
from loupebox.inspect.prong_state import state_of
from loupebox.inspect.prong_tip import PlanePoint, TipFromAbove, tips_from_above
from loupebox.inspect.spec import Head
from loupebox.inspect.stone_outline import GirdleCircle, find_girdle
from loupebox.inspect.sub_pixel import bilinear
from loupebox.inspect.tip_votes import LEAST_VOTES
from loupebox.inspect.triangulation import levelled
from loupebox.models.look import Look

CROWN_SLOPE = math.tan(math.radians(34.5))
"""A prong that reaches further lies higher on the crown, by this much a mm; 34.5 degrees is the round brilliant's."""
OTHER_STONE = 0.10
"""A diameter off by more than this share of the nominal one belongs to another style."""
MODEL = "the model's share"
"""Name of the contribution that validation found."""
TRACE, TRACE_MM = 0.3, 0.3
"""Mark of a tip, within this distance of where it should be, at which a prong is not called missing."""


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
    top_look: Look,
    oblique_look: Look,
    top: Certificate,
    oblique: Certificate,
    head: Head,
    thresholds: HeadThresholds,
) -> HeadResult:
    """Measure the stone and every prong of a solitaire's head.

    Parameters
    ----------
    top_look, oblique_look : Look
        What the head-parts model says of the two views.
    top, oblique : Certificate
        Of the two views.
    head : Head
        From the style's spec sheet.
    thresholds : HeadThresholds
        From the card of the model.

    Returns
    -------
    HeadResult

    Raises
    ------
    ValueError
        When the model has other classes.
    """
    for view, look in (("top", top_look), ("oblique", oblique_look)):
        shape = look.probabilities.shape
        if len(shape) != 3 or shape[2] != len(CLASSES) or min(shape) < 2:
            raise ValueError(
                f"probabilities of the {view} view have shape {shape}; allowed is (height, width, {len(CLASSES)})"
            )
    scale = top.scale
    girdle = find_girdle(_plane(top_look, STONE), _plane(top_look, PRONG), thresholds.stone)
    if girdle is None:
        return _without_stone(_plane(top_look, PRONG), thresholds)
    tips = tips_from_above(top_look, girdle, scale.mm_per_px.value, LEAST_VOTES)
    diameter = scale.length_mm(2 * girdle.radius_px, 2 * girdle.radius_u_px, "scatter of the girdle's outline")
    diameter = diameter.with_contributions([Contribution(MODEL, thresholds.stone_diameter_mm)])
    wrong = _wrong_style(head, diameter, tips)
    middle = pattern_middle(
        np.array([(t.foot.x_mm, t.foot.y_mm) for t in tips]).reshape(-1, 2), girdle.radius_px * scale.mm_per_px.value
    )
    stands = _Standing(middle[:2] if middle else (0.0, 0.0), tips)
    match = match_pattern(head.prong_angles_deg, stands.feet_deg)
    measurements: list[MeasurementResult] = [
        Measurement("stone_diameter_mm", diameter),
        _stone_offset(girdle, len(tips), middle, scale, thresholds),
        Measurement("prong_count", Estimate(float(len(tips)), "1")),
    ]
    prongs: tuple[Prong, ...] = ()
    if wrong is None:
        sight = look_obliquely(oblique_look, oblique, girdle.radius_px * scale.mm_per_px.value, thresholds.stone)
        prongs = _prongs(head, match, stands, top_look.marks[MARKS[0]], girdle, scale, sight, thresholds)
    return HeadResult(
        prongs, tuple(measurements), wrong, girdle.centre_xy_px, girdle.radius_px, None if wrong else match.turn_deg
    )


def _plane(look: Look, which: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(look.probabilities[..., which])


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """Prongs about the middle on which they stand, in mm from the stone's centre."""

    middle_xy_mm: tuple[float, float]
    tips: tuple[TipFromAbove, ...]

    def deg(self, point: PlanePoint) -> float:
        """Angle of a point about the middle."""
        x, y = self.middle_xy_mm
        return math.degrees(math.atan2(point.y_mm - y, point.x_mm - x)) % 360

    def far_mm(self, point: PlanePoint) -> float:
        """Distance of a point from the middle."""
        return math.hypot(point.x_mm - self.middle_xy_mm[0], point.y_mm - self.middle_xy_mm[1])

    @property
    def feet_deg(self) -> list[float]:
        return [self.deg(t.foot) for t in self.tips]


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
    count: int,
    middle: tuple[float, float, float] | None,
    scale: Scale,
    thresholds: HeadThresholds,
) -> MeasurementResult:
    """How far the stone's centre lies from the middle of its prongs."""
    name = "stone_offset_mm"
    if middle is None:
        return Unmeasurable(name, f"only {count} prongs are seen, and the middle of a pattern needs three")
    offset = math.hypot(*middle[:2])
    return Measurement(
        name,
        scale.length_mm(offset / scale.mm_per_px.value, girdle.centre_u_px, "scatter of the girdle's outline")
        .with_contributions([
            Contribution("scatter of the prongs", middle[2]),
            Contribution(MODEL, thresholds.stone_offset_mm),
        ]),
    )  # fmt: skip


def _prongs(
    head: Head,
    match: PatternMatch,
    stands: _Standing,
    near_tip: NDArray[np.float32],
    girdle: GirdleCircle,
    scale: Scale,
    sight: ObliqueView | None,
    thresholds: HeadThresholds,
) -> tuple[Prong, ...]:
    """One prong for each place, by rising index."""
    tips = [stands.tips[owner] for owner in match.owner if owner is not None]
    girdle_mm = girdle.radius_px * scale.mm_per_px.value
    lengths = [girdle_mm - t.inmost.distance_mm for t in tips]
    heights, lifts = _lifts(head, tips, lengths, sight)
    prongs: list[Prong] = []
    seen = iter(zip(tips, lengths, heights, lifts, strict=True))
    for index, (place, owner) in enumerate(zip(head.prong_angles_deg, match.owner, strict=True), 1):
        expected = (place + match.turn_deg) % 360
        if owner is None:
            prongs.append(_absent(index, expected, near_tip, girdle, scale, head))
            continue
        tip, length_mm, height, lift_mm = next(seen)
        rim = Contribution("scatter of the girdle's outline", girdle.radius_u_px * scale.mm_per_px.value)
        bend_mm = stands.far_mm(tip.centre) * math.radians(away_deg(stands.deg(tip.centre), expected))
        bend = Estimate(bend_mm, "mm", (
            of_scale(scale, bend_mm), Contribution("pointing at the tip", thresholds.bend_gain * tip.centre.error_mm),
            Contribution(MODEL, thresholds.bend_mm),
        ))  # fmt: skip
        length = Estimate(length_mm, "mm", (
            of_scale(scale, length_mm), rim,
            Contribution("pointing at the inmost point", thresholds.length_gain * tip.inmost.error_mm),
            Contribution(MODEL, thresholds.length_mm),
        ))  # fmt: skip
        lift = None
        if sight is not None and height is not None:
            lift = Estimate(lift_mm, "mm", (
                *sight.budget(height),
                Contribution("pointing at the tip", thresholds.lift_gain * height.error_mm),
                Contribution(MODEL, thresholds.lift_mm),
            ))  # fmt: skip
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
                _in_frame(tip.inmost, girdle, scale),
                None if height is None else height.centre_xy_px,
            )
        )
    return tuple(prongs)


def _lifts(
    head: Head, tips: Sequence[TipFromAbove], lengths_mm: Sequence[float], sight: ObliqueView | None
) -> tuple[list[TipHeight | None], list[float]]:
    """Each tip in the oblique view, and how much higher than it should it lies once the piece is levelled."""
    if sight is None or not tips:
        return [None] * len(tips), [0.0] * len(tips)
    half_mm = float(np.median([t.ball_mm for t in tips]))
    if head.tip_thickness_mm is not None:
        half_mm = head.tip_thickness_mm / 2
    limits = head.prong_length_mm
    middle = float(np.median(lengths_mm))
    if limits.lower is not None and limits.upper is not None:
        middle = (limits.lower + limits.upper) / 2
    nominal = [head.tip_height_mm - half_mm + CROWN_SLOPE * (length - middle) for length in lengths_mm]
    heights = sight.heights(tips, nominal)
    known = [i for i, h in enumerate(heights) if h is not None]
    lifts = [0.0] * len(tips)
    over = [h.height_mm - n for h, n in zip(heights, nominal, strict=True) if h is not None]
    flat = levelled(
        np.array([tips[i].centre.x_mm for i in known]), np.array([tips[i].centre.y_mm for i in known]), np.array(over)
    )
    for i, value in zip(known, flat, strict=True):
        lifts[i] = float(value)
    return heights, lifts


def _absent(
    index: int, expected_deg: float, near_tip: NDArray[np.float32], girdle: GirdleCircle, scale: Scale, head: Head
) -> Prong:
    """A place where no prong was found: missing, unless the model sees a trace of one."""
    k = scale.mm_per_px.value
    turn, radius = np.meshgrid(np.linspace(0, 2 * np.pi, 24, endpoint=False), np.linspace(0.0, TRACE_MM, 6))
    place = math.radians(expected_deg)
    limits = head.prong_length_mm
    reach = 0.5 * ((limits.lower or 0.0) + (limits.upper or limits.lower or 0.0))
    far = girdle.radius_px - 0.5 * reach / k
    x = far * math.cos(place) + np.cos(turn) * radius / k
    y = far * math.sin(place) + np.sin(turn) * radius / k
    trace = float(np.mean(bilinear(near_tip, girdle.centre_xy_px[0] + x, girdle.centre_xy_px[1] - y)))
    if trace >= TRACE:
        return Prong(index, expected_deg, "unsure", f"at {expected_deg:.0f} degrees a prong is seen only faintly")
    return Prong(index, expected_deg, "missing", f"no prong is seen at {expected_deg:.0f} degrees")


def _in_frame(point: PlanePoint, girdle: GirdleCircle, scale: Scale) -> tuple[float, float]:
    """A point in pixels of the top frame."""
    k = scale.mm_per_px.value
    return girdle.centre_xy_px[0] + point.x_mm / k, girdle.centre_xy_px[1] - point.y_mm / k
