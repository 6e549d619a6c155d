"""The prongs of a head, each against its place in the style's pattern."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.scale import Scale
from loupebox.inspect.head_stone import CROWN_SLOPE, MODEL, RIM
from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.inspect.oblique_view import ObliqueView, TipHeight, of_scale
from loupebox.inspect.prong import Prong
from loupebox.inspect.prong_pattern import PatternMatch, away_deg
from loupebox.inspect.prong_state import state_of
from loupebox.inspect.prong_tip import PlanePoint, TipFromAbove
from loupebox.inspect.spec import Head
from loupebox.inspect.stone_outline import GirdleCircle
from loupebox.inspect.sub_pixel import bilinear
from loupebox.inspect.triangulation import levelled

TRACE, TRACE_MM = 0.3, 0.3
"""Mark of a tip, within this distance of where it should be, at which a prong is not called missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
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
        """Angles of the feet about the middle."""
        return [self.deg(t.foot) for t in self.tips]


@dataclass(frozen=True, slots=True, eq=False)
class FoundProng:
    """One place of the pattern, and the tip that stands there with its angle about the middle; None when none does."""

    prong: Prong
    tip: TipFromAbove | None = None
    angle: Estimate | None = None


def prongs_at_places(
    head: Head,
    match: PatternMatch,
    stands: Standing,
    near_tip: NDArray[np.float32],
    girdle: GirdleCircle,
    scale: Scale,
    sight: ObliqueView | None,
    thresholds: HeadThresholds,
) -> tuple[FoundProng, ...]:
    """One prong for each place, by rising index.

    Parameters
    ----------
    head : Head
        With the pattern and the limits.
    match : PatternMatch
        Which tip stands at which place.
    stands : Standing
    near_tip : ndarray of float32, shape (height, width)
        The top view's mark of tips.
    girdle : GirdleCircle
        From above.
    scale : Scale
        Of the top view.
    sight : ObliqueView or None
        None when the oblique view cannot tell.
    thresholds : HeadThresholds
    """
    tips = [stands.tips[owner] for owner in match.owner if owner is not None]
    girdle_mm = girdle.radius_px * scale.mm_per_px.value
    lengths = [girdle_mm - t.inmost.distance_mm for t in tips]
    heights, lifts = _lifts(head, tips, lengths, sight)
    found: list[FoundProng] = []
    seen = iter(zip(tips, lengths, heights, lifts, strict=True))
    for index, (place, owner) in enumerate(zip(head.prong_angles_deg, match.owner, strict=True), 1):
        expected = (place + match.turn_deg) % 360
        if owner is None:
            found.append(FoundProng(_absent(index, expected, near_tip, girdle, scale, head)))
            continue
        tip, length_mm, height, lift_mm = next(seen)
        rim = Contribution(RIM, girdle.radius_u_px * scale.mm_per_px.value)
        far_mm = stands.far_mm(tip.centre)
        bend_mm = far_mm * math.radians(away_deg(stands.deg(tip.centre), expected))
        sideways = (
            Contribution("pointing at the tip", thresholds.bend_gain * tip.centre.error_mm),
            Contribution(MODEL, thresholds.bend_mm),
        )
        bend = Estimate(bend_mm, "mm", (of_scale(scale, bend_mm), *sideways))
        angle = Estimate(stands.deg(tip.centre), "deg", tuple(
            Contribution(c.name, math.degrees(c.standard_uncertainty / far_mm)) for c in sideways
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
        prong = Prong(
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
        found.append(FoundProng(prong, tip, angle))
    return tuple(found)


def middle_length_mm(head: Head) -> float | None:
    """The middle of the allowed lengths; None when an end is open."""
    limits = head.prong_length_mm
    return None if limits.lower is None or limits.upper is None else (limits.lower + limits.upper) / 2


def _lifts(
    head: Head, tips: Sequence[TipFromAbove], lengths_mm: Sequence[float], sight: ObliqueView | None
) -> tuple[list[TipHeight | None], list[float]]:
    """Each tip in the oblique view, and how much higher than it should it lies once the piece is levelled."""
    if sight is None or not tips:
        return [None] * len(tips), [0.0] * len(tips)
    half_mm = float(np.median([t.ball_mm for t in tips]))
    if head.tip_thickness_mm is not None:
        half_mm = head.tip_thickness_mm / 2
    middle = middle_length_mm(head)
    if middle is None:
        middle = float(np.median(lengths_mm))
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
