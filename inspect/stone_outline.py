"""The girdle of a round stone: a circle from above, an ellipse obliquely, hidden in part by its prongs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.robust_fit import Vector, robust_fit
from loupebox.inspect.sub_pixel import bilinear, last_crossing

RAYS = 360
SMALLEST_STONE_PX2 = 2000.0
"""Pixels of stone below which there is none (a 0.8 mm stone at 16 um/px)."""
LARGEST_SLOPE = 0.4
"""Of a girdle that is still believed to be one; a stone tilted by 20 degrees has 0.36."""
LEAST_SHARE = 0.25
"""Of the outline that must be seen."""


@dataclass(frozen=True, slots=True)
class GirdleCircle:
    """The girdle seen from above, in pixels of the top frame.

    Parameters
    ----------
    centre_xy_px : (float, float)
        x right, y down.
    radius_px : float
    radius_u_px, centre_u_px : float
        Standard uncertainties from the scatter of the outline.
    share_seen : float
        Of the outline that no prong hides, 0 to 1.
    oval_px : float
        How much longer than the mean the longest radius is, and shorter the shortest.
    on_pixels : bool
        Whether it rests on the picture's own pixels, and not only on what a model makes of them.
    """

    centre_xy_px: tuple[float, float]
    radius_px: float
    radius_u_px: float
    centre_u_px: float
    share_seen: float
    oval_px: float = 0.0
    on_pixels: bool = False


@dataclass(frozen=True, slots=True)
class GirdleEllipse:
    """The middle of the girdle in the oblique view.

    Parameters
    ----------
    centre_xy_px : (float, float)
        x right, y down.
    centre_u_px : float
        Standard uncertainty.
    slope_xy : (float, float)
        How much the girdle's plane rises to the right and to the back.
    slope_u : float
        Standard uncertainty of both from the scatter of the outline.
    """

    centre_xy_px: tuple[float, float]
    centre_u_px: float
    slope_xy: tuple[float, float]
    slope_u: float

    @property
    def tilt_deg(self) -> float:
        """Angle of the girdle's plane against the level that the camera's elevation counts from."""
        return math.degrees(math.atan(math.hypot(*self.slope_xy)))


def stone_blob(stone: NDArray[np.float32], level: float) -> tuple[tuple[float, float], float] | None:
    """Centroid (x, y) and area in pixels of the largest connected region of stone, or None when there is no stone."""
    mask = (stone >= level).astype(np.uint8)
    _, _, stats, centroids = cv2.connectedComponentsWithStats(mask)
    if len(stats) < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    area = float(stats[largest, cv2.CC_STAT_AREA])
    if area < SMALLEST_STONE_PX2:
        return None
    return (float(centroids[largest, 0]), float(centroids[largest, 1])), area


def _edge_points(
    stone: NDArray[np.float32],
    prong: NDArray[np.float32],
    level: float,
    centre_xy_px: tuple[float, float],
    radius_px: float,
    flatness: float,
    reach: tuple[float, float],
) -> tuple[Vector, Vector]:
    """Points (x, y up) about the centre where stone ends, along rays of an ellipse, those at prongs left out."""
    turn = 2 * np.pi * (np.arange(RAYS) + 0.5) / RAYS
    step = 0.5 / radius_px
    rho = np.arange(reach[0], reach[1], step)
    x = radius_px * np.cos(turn)[:, None] * rho
    y = radius_px * flatness * np.sin(turn)[:, None] * rho
    column, row = centre_xy_px[0] + x, centre_xy_px[1] - y
    at = last_crossing(bilinear(stone, column, row), level)
    beside = bilinear(prong, column, row)
    near = np.abs(np.arange(len(rho)) - at[:, None]) <= 8  # 4 pixels to both sides
    clear = np.isfinite(at) & (np.where(near, beside, 0).max(axis=1) < 0.2)
    found = reach[0] + at[clear] * step
    return radius_px * np.cos(turn[clear]) * found, radius_px * flatness * np.sin(turn[clear]) * found


def find_girdle(stone: NDArray[np.float32], prong: NDArray[np.float32], level: float) -> GirdleCircle | None:
    """Fit the girdle's circle in the top view.

    Parameters
    ----------
    stone, prong : ndarray of float32, shape (height, width)
        Probabilities.
    level : float
        Of stone, at which it ends.

    Returns
    -------
    GirdleCircle or None
        None when no stone is seen, or less than a quarter of its outline.
    """
    blob = stone_blob(stone, level)
    if blob is None:
        return None
    centre, area = blob
    radius = math.sqrt(area / math.pi)
    result = None
    for reach in ((0.6, 1.4), (0.85, 1.15), (0.9, 1.1)):
        x, y = _edge_points(stone, prong, level, centre, radius, 1.0, reach)
        if len(x) < LEAST_SHARE * RAYS:
            return None
        fit = robust_fit(
            lambda p, x=x, y=y: np.hypot(x - p[0], y - p[1]) - p[2],
            np.array([0.0, 0.0, radius]),
            np.full(3, 0.05),
            0.05,
        )
        if fit is None or not 0.5 * radius < fit.values[2] < 2 * radius:
            return None
        centre = (centre[0] + float(fit.values[0]), centre[1] - float(fit.values[1]))
        radius = float(fit.values[2])
        # Neighbouring rays see the same pixels: about one independent point every two pixels of outline.
        inflation = math.sqrt(max(1.0, RAYS / (math.pi * radius)))
        result = GirdleCircle(
            centre,
            radius,
            inflation * math.sqrt(fit.covariance[2, 2]),
            inflation * math.sqrt(max(fit.covariance[0, 0], fit.covariance[1, 1])),
            len(x) / RAYS,
            _oval_px(x[fit.used] - fit.values[0], y[fit.used] - fit.values[1]),
        )
    return result


def _oval_px(x: Vector, y: Vector) -> float:
    """Amplitude of the outline's second harmonic, fitted with the lower ones, which prongs leave otherwise loose."""
    turn = np.arctan2(y, x)
    shape = np.stack([np.ones_like(turn), *(f(n * turn) for n in (1, 2) for f in (np.cos, np.sin))], 1)
    found = np.linalg.lstsq(shape, np.hypot(x, y), rcond=None)[0]
    return float(np.hypot(*found[3:]))


def find_oblique_girdle(
    stone: NDArray[np.float32], prong: NDArray[np.float32], level: float, radius_px: float, elevation_rad: float
) -> GirdleEllipse | None:
    """Fit the middle of the girdle in the oblique view.

    In front the lower edge of the girdle bounds the stone, behind its upper edge; the middle lies between the two.

    Parameters
    ----------
    stone, prong : ndarray of float32, shape (height, width)
        Probabilities.
    level : float
    radius_px : float
        Of the girdle, in pixels of this view, known from the top view.
    elevation_rad : float
        Of the camera above the girdle's plane.

    Returns
    -------
    GirdleEllipse or None
        None when no stone of that size is seen.
    """
    blob = stone_blob(stone, level)
    if blob is None:
        return None
    centre = blob[0]
    flatness = math.sin(elevation_rad)
    result, slopes = None, (0.0, 0.0)
    for reach in ((0.7, 1.4), (0.85, 1.2), (0.88, 1.15)):
        x, y = _edge_points(stone, prong, level, centre, radius_px, flatness, reach)
        away = np.abs(y) > 0.2 * radius_px * flatness  # at the sides, front and back edge of the girdle meet
        x, y = x[away], y[away]
        if len(x) < LEAST_SHARE * RAYS:
            return None

        def distances(p: Vector, x: Vector = x, y: Vector = y) -> Vector:
            deep = flatness + p[4] * math.cos(elevation_rad)
            u = (x - p[0]) / radius_px
            w = (y - p[1] - np.sign(y) * p[2] - p[3] * math.cos(elevation_rad) * (x - p[0])) / (radius_px * deep)
            rho = np.hypot(u, w)
            slope = np.hypot(u / radius_px, w / (radius_px * deep)) / np.maximum(rho, 1e-9)
            return (rho - 1) / np.maximum(slope, 1e-9)

        start = np.array([0.0, 0.0, 1.0, *slopes])
        fit = robust_fit(distances, start, np.array([0.05, 0.05, 0.05, 1e-3, 1e-3]), 0.1)
        if fit is None or not (abs(fit.values[2]) < 0.15 * radius_px and np.hypot(*fit.values[:2]) < 0.5 * radius_px):
            return None
        slopes = (float(fit.values[3]), float(fit.values[4]))
        if math.hypot(*slopes) > LARGEST_SLOPE:
            return None
        centre = (centre[0] + float(fit.values[0]), centre[1] - float(fit.values[1]))
        inflation = math.sqrt(max(1.0, RAYS / (math.pi * radius_px)))
        result = GirdleEllipse(
            centre,
            inflation * math.sqrt(fit.covariance[1, 1]),
            slopes,
            inflation * math.sqrt(max(fit.covariance[3, 3], fit.covariance[4, 4])),
        )
    return result
