"""The tips of prongs seen from above: each a round end, found to a part of a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.robust_fit import Vector, robust_fit
from loupebox.inspect.stone_outline import GirdleCircle
from loupebox.inspect.sub_pixel import bilinear, first_crossing

SMALLEST_PRONG_MM2 = 0.08
TIP_RADIUS_MM = (0.08, 0.9)
"""Radii that a prong's tip may have."""
FAN_DEG = 70.0
"""The tip is fitted over this angle to both sides of where it points."""
BESIDE_MM = 0.05
"""How far inside and outside of an outline the probability is compared."""
ALIKE = 3
"""From so many prongs on, all are fitted with the radius in their middle: a setting's prongs are of one wire."""
SHORT_MM = 0.25
"""Between foot and tip, below which the two do not say where the prong points."""


@dataclass(frozen=True, slots=True)
class TipFromAbove:
    """The ball at a prong's end, in mm from the stone's centre, x right and y up in the picture.

    Parameters
    ----------
    centre_xy_mm : (float, float)
    radius_mm : float
    foot_xy_mm : (float, float)
        Where the prong crosses the girdle.
    outmost_mm : float
        Distance of the prong's outmost point from the stone's centre.
    noise_mm : float
        Standard uncertainty of the ball's centre from the scatter of its outline.
    contrast : float
        Mean fall of the probability across the ball's outline, at most 1.
    """

    centre_xy_mm: tuple[float, float]
    radius_mm: float
    foot_xy_mm: tuple[float, float]
    outmost_mm: float
    noise_mm: float
    contrast: float

    @property
    def distance_mm(self) -> float:
        """Of the ball's centre from the stone's."""
        return math.hypot(*self.centre_xy_mm)

    @property
    def inmost_mm(self) -> float:
        """Distance of the prong's inmost point from the stone's centre."""
        return self.distance_mm - self.radius_mm

    @property
    def angle_deg(self) -> float:
        """Of the tip, 0 to 360, counter-clockwise from image right."""
        return math.degrees(math.atan2(self.centre_xy_mm[1], self.centre_xy_mm[0])) % 360

    @property
    def foot_deg(self) -> float:
        """Of the foot, 0 to 360, counter-clockwise from image right."""
        return math.degrees(math.atan2(self.foot_xy_mm[1], self.foot_xy_mm[0])) % 360

    @property
    def heading(self) -> tuple[float, float]:
        """Unit vector along the prong to its tip; to the stone's centre when it hardly reaches over the stone."""
        x, y = self.centre_xy_mm[0] - self.foot_xy_mm[0], self.centre_xy_mm[1] - self.foot_xy_mm[1]
        if math.hypot(x, y) < SHORT_MM:
            x, y = -self.centre_xy_mm[0], -self.centre_xy_mm[1]
        norm = max(math.hypot(x, y), 1e-9)
        return x / norm, y / norm

    @property
    def inmost_xy_mm(self) -> tuple[float, float]:
        """The prong's inmost point."""
        k = self.inmost_mm / max(self.distance_mm, 1e-9)
        return self.centre_xy_mm[0] * k, self.centre_xy_mm[1] * k


def find_tips(
    prong: NDArray[np.float32], girdle: GirdleCircle, mm_per_px: float, level: float
) -> tuple[TipFromAbove, ...]:
    """Every prong that reaches the girdle, by rising angle of its foot.

    Parameters
    ----------
    prong : ndarray of float32, shape (height, width)
        Probability of prong in the top view.
    girdle : GirdleCircle
    mm_per_px : float
    level : float
        At which a prong ends.
    """
    height, width = prong.shape
    y, x = np.mgrid[:height, :width]
    right = (x - girdle.centre_xy_px[0]) * mm_per_px
    up = -(y - girdle.centre_xy_px[1]) * mm_per_px
    distance = np.hypot(right, up)
    radius_mm = girdle.radius_px * mm_per_px
    inside = (prong >= level) & (distance > 0.35 * radius_mm) & (distance < radius_mm + 1.2)
    labels = np.zeros(prong.shape, np.int32)
    cv2.connectedComponents(inside.astype(np.uint8), labels)
    tips: list[TipFromAbove] = []
    for label in range(1, int(labels.max()) + 1):
        body = labels == label
        points = np.stack([right[body], up[body]], axis=1)
        far = np.hypot(points[:, 0], points[:, 1])
        # What never comes near the girdle is a prong's image inside the stone.
        if len(points) * mm_per_px**2 < SMALLEST_PRONG_MM2 or far.max() < radius_mm - 0.05:
            continue
        tip = _first_fit(prong, points, girdle, mm_per_px, level)
        if tip is not None:
            tips.append(tip)
    if len(tips) >= ALIKE:
        shared = float(np.median([t.radius_mm for t in tips]))
        tips = [_fit(prong, t, girdle, mm_per_px, level, shared) or t for t in tips]
    return tuple(sorted(tips, key=lambda t: t.foot_deg))


def _first_fit(
    prong: NDArray[np.float32], points_mm: Vector, girdle: GirdleCircle, mm_per_px: float, level: float
) -> TipFromAbove | None:
    """The round end of one prong, from its pixels (n, 2) in mm about the stone's centre."""
    radius_mm = girdle.radius_px * mm_per_px
    far = np.hypot(points_mm[:, 0], points_mm[:, 1])
    at_girdle = points_mm[np.abs(far - max(radius_mm, far.min() + 0.1)) < 0.25]
    foot = at_girdle.mean(axis=0)
    inmost = float(np.percentile(far, 0.5))
    end = points_mm[far < inmost + 0.12].mean(axis=0)
    # Half the width a little way behind the end starts the ball's radius.
    behind = points_mm[(far > inmost + 0.25) & (far < inmost + 0.45)]
    area_mm2 = len(behind) * mm_per_px**2
    ball = float(np.clip(area_mm2 / 0.2 / 2, 0.15, 0.6))
    axis = foot - end
    if np.hypot(*axis) < SHORT_MM:  # hardly reaches over the stone: take it to be radial
        axis = end / max(float(np.hypot(*end)), 1e-9)
    outward = axis / np.hypot(*axis)
    inmost_point = end / np.hypot(*end) * inmost
    centre = inmost_point + ball * outward
    start = TipFromAbove(_xy(centre), ball, _xy(foot), float(np.percentile(far, 99.5)), 0.0, 0.0)
    return _fit(prong, start, girdle, mm_per_px, level, None)


def _fit(
    prong: NDArray[np.float32],
    start: TipFromAbove,
    girdle: GirdleCircle,
    mm_per_px: float,
    level: float,
    shared_radius_mm: float | None,
) -> TipFromAbove | None:
    """Fit the ball at a prong's end, with a radius of its own or with the one that all prongs share."""
    fan = np.radians(np.linspace(-FAN_DEG, FAN_DEG, 57))
    centre: Vector = np.array(start.centre_xy_mm, np.float64)
    ball = shared_radius_mm or start.radius_mm
    tip = start

    def look(heading: Vector, reach: Vector) -> Vector:
        column = girdle.centre_xy_px[0] + (centre[0] + np.cos(heading) * reach) / mm_per_px
        return bilinear(prong, column, girdle.centre_xy_px[1] - (centre[1] + np.sin(heading) * reach) / mm_per_px)

    for _ in range(6):
        right, up = tip.heading
        heading = math.atan2(up, right) + fan
        along = np.arange(0, 2.5 * ball, 0.5 * mm_per_px)
        reach = first_crossing(look(heading[:, None], along[None]), level) * 0.5 * mm_per_px
        seen = np.isfinite(reach)
        if np.count_nonzero(seen) < 20:
            return None
        edge_x = centre[0] + np.cos(heading[seen]) * reach[seen]
        edge_y = centre[1] + np.sin(heading[seen]) * reach[seen]

        def distances(p: Vector, x: Vector = edge_x, y: Vector = edge_y) -> Vector:
            radius = float(p[2]) if shared_radius_mm is None else shared_radius_mm
            return np.hypot(x - p[0], y - p[1]) - radius

        parameters = centre if shared_radius_mm else np.append(centre, ball)
        fit = robust_fit(distances, parameters, np.full(len(parameters), 0.002), 0.002)
        if fit is None or np.hypot(*(fit.values[:2] - centre)) > 1.0:
            return None
        centre, ball = fit.values[:2], shared_radius_mm or float(fit.values[2])
        if not TIP_RADIUS_MM[0] < ball < TIP_RADIUS_MM[1]:
            return None
        noise = math.sqrt(float(np.trace(fit.covariance[:2, :2])))
        tip = replace(tip, centre_xy_mm=_xy(centre), radius_mm=ball, noise_mm=noise)
    right, up = tip.heading
    heading = math.atan2(up, right) + fan
    fall = look(heading, np.full_like(fan, ball - BESIDE_MM)) - look(heading, np.full_like(fan, ball + BESIDE_MM))
    return replace(tip, contrast=float(fall.mean()))


def _xy(point: Vector) -> tuple[float, float]:
    return float(point[0]), float(point[1])
