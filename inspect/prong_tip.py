"""The tips of prongs seen from above, in mm from the stone's centre."""

from __future__ import annotations

import math
from dataclasses import dataclass

from loupebox.inspect.stone_outline import GirdleCircle
from loupebox.inspect.tip_votes import VotedPoint, VotedTip, voted_tips
from loupebox.models.look import Look

REACH_MM = (0.35, 0.8)
"""A tip nearer to the stone's centre than this share of its radius, or further outside it than this, is none."""


@dataclass(frozen=True, slots=True)
class PlanePoint:
    """A point in mm from the stone's centre, x right and y up in the picture, and how far it may be amiss."""

    x_mm: float
    y_mm: float
    error_mm: float

    @property
    def distance_mm(self) -> float:
        """From the stone's centre."""
        return math.hypot(self.x_mm, self.y_mm)


@dataclass(frozen=True, slots=True)
class TipFromAbove:
    """The end of one prong.

    Parameters
    ----------
    centre, inmost, foot : PlanePoint
        The middle of the prong's end, its inmost point, its place at the girdle.
    votes : float
        How many of the model's pixels agree.
    """

    centre: PlanePoint
    inmost: PlanePoint
    foot: PlanePoint
    votes: float

    @property
    def angle_deg(self) -> float:
        """Of the tip, 0 to 360, counter-clockwise from image right."""
        return math.degrees(math.atan2(self.centre.y_mm, self.centre.x_mm)) % 360

    @property
    def foot_deg(self) -> float:
        """Of the foot, likewise."""
        return math.degrees(math.atan2(self.foot.y_mm, self.foot.x_mm)) % 360

    @property
    def ball_mm(self) -> float:
        """How far the prong stands out beyond the middle of its end."""
        return math.hypot(self.centre.x_mm - self.inmost.x_mm, self.centre.y_mm - self.inmost.y_mm)


def tips_from_above(look: Look, girdle: GirdleCircle, mm_per_px: float, least: float) -> tuple[TipFromAbove, ...]:
    """Every tip at the stone on which `least` pixels agree, by rising angle of its foot."""

    def placed(point: VotedPoint) -> PlanePoint:
        x, y = point.xy_px
        cx, cy = girdle.centre_xy_px
        return PlanePoint((x - cx) * mm_per_px, (cy - y) * mm_per_px, point.error_px * mm_per_px)

    def at_stone(voted: VotedTip) -> bool:
        distance, radius = placed(voted.tip).distance_mm, girdle.radius_px * mm_per_px
        return REACH_MM[0] * radius < distance < radius + REACH_MM[1]

    tips = [
        TipFromAbove(placed(v.tip), placed(v.inmost), placed(v.foot), v.votes)
        for v in voted_tips(look, least)
        if at_stone(v)
    ]
    return tuple(sorted(tips, key=lambda t: t.foot_deg))
