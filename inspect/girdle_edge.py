"""The girdle on the raw pixels of the top view: the circle on which brightness or colour changes most."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.robust_fit import Vector, robust_fit
from loupebox.inspect.stone_outline import GirdleCircle
from loupebox.inspect.sub_pixel import bilinear

Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]

RAYS = 720
STEP_PX = 0.25
BAND, SHIFT, OVAL = 4.5, 2.0, 0.75
"""In the model's pixels, whose outline is the guide: how far to either side is looked, how far the middle may move,
and how large the second harmonic may become."""
STAGES = ((0.75, 0.5), (0.4, 0.25), (0.15, 0.1), (0.0, 0.04))
"""Blur of what is climbed and first step on it, in the model's pixels, from coarse to fine."""
EDGE_PX, NEAR_PX = 0.6, 2.0
"""Scale of the derivative, and how far from the found circle each ray's own edge may lie."""
HIDDEN = 0.3
"""Probability of prong at which a ray counts nothing."""
DARK = 0.02
"""Of full scale: what is darker differs by noise alone."""
CAP = 4.0
"""Times the median change: larger ones count no more, so that a glint does not outvote the rest."""
LEAST_RAYS = 60
COHERENT = 0.55
"""Of the cap: mean change over the found circle that makes it an edge; girdles have 0.76 to 1, chance up to 0.45."""


def girdle_on_pixels(picture: Pixels, prong: Pixels, guide: GirdleCircle, factor: int) -> GirdleCircle | None:
    """Move the girdle from the model's outline to the edge in the picture.

    Facets, reflections and what lies under the stone make edges everywhere, but only the girdle's lie on one circle:
    of all circles (with a small second harmonic, since a tilted one is an ellipse) near the guide the one is taken
    over which the logarithm of the light changes most, summed over all rays that no prong hides. Each ray's own
    steepest place near it, in linear light, whose steepest place a symmetric blur does not move, gives the final fit.

    Parameters
    ----------
    picture : ndarray of float32, shape (height, width, 3)
        Linear light of the top view, 0 to 1.
    prong : ndarray of float32, shape (height, width)
        Probability of being prong.
    guide : GirdleCircle
        The model's; good to a few pixels.
    factor : int
        Pixels of the picture a pixel of the model.

    Returns
    -------
    GirdleCircle or None
        None when too few rays have an edge, or no circle stands out.
    """
    turn = 2 * np.pi * (np.arange(RAYS) + 0.5) / RAYS
    half = BAND * factor
    away = np.arange(-half, half + STEP_PX / 2, STEP_PX)
    x = guide.centre_xy_px[0] + (guide.radius_px + away) * np.cos(turn)[:, None]
    y = guide.centre_xy_px[1] - (guide.radius_px + away) * np.sin(turn)[:, None]
    clear = bilinear(prong, x, y).max(axis=1) < HIDDEN
    if np.count_nonzero(clear) < LEAST_RAYS:
        return None
    basis = np.stack([np.ones(RAYS), *(f(n * turn) for n in (1, 2) for f in (np.cos, np.sin))], 1)
    profiles = _sampled(picture, x, y)
    change = _change(np.log(np.maximum(profiles, 0) + DARK))
    change = np.minimum(change / (CAP * max(float(np.median(change[clear])), 1e-9)), 1.0)
    change[~clear] = 0
    limits = np.array([half - NEAR_PX, *[SHIFT * factor] * 2, *[OVAL * factor] * 2])
    shape, total = np.zeros(5), 0.0
    for blur, step in STAGES:
        wide = max(blur * factor / STEP_PX, 0.3)
        smooth = np.asarray(cv2.GaussianBlur(change, (0, 0), sigmaX=wide, sigmaY=0.3), np.float64)
        shape, total = _climb(smooth, basis, shape, step * factor, limits, half)
    if total < COHERENT * np.count_nonzero(clear):
        return None
    rays, at = _own_edges(_change(profiles), basis @ shape, clear, half)
    if len(rays) < LEAST_RAYS:
        return None
    own: Floats = basis[rays]

    def residuals(p: Vector) -> Vector:
        return at - own @ p

    fit = robust_fit(residuals, shape, np.full(5, 0.01), 0.05)
    if fit is None or not (np.abs(fit.values) <= 1.5 * limits).all():
        return None
    # Rays within a blur of each other see the same pixels.
    inflation = math.sqrt(max(1.0, 2 * EDGE_PX * RAYS / (2 * math.pi * guide.radius_px)))
    u = inflation * np.sqrt(np.diag(fit.covariance))
    longer, right, up = float(fit.values[0]), float(fit.values[1]), float(fit.values[2])
    return replace(
        guide,
        centre_xy_px=(guide.centre_xy_px[0] + right, guide.centre_xy_px[1] - up),
        radius_px=guide.radius_px + longer,
        radius_u_px=float(u[0]),
        centre_u_px=float(max(u[1], u[2])),
        share_seen=np.count_nonzero(clear) / RAYS,
        oval_px=math.hypot(float(fit.values[3]), float(fit.values[4])),
        on_pixels=True,
    )


def _sampled(picture: Pixels, x: Floats, y: Floats) -> Pixels:
    """Colours (rays, samples, 3) between the pixels, by cubic interpolation."""
    where = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return np.asarray(cv2.remap(picture, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _change(profiles: Pixels) -> Pixels:
    """How fast the colour changes along each ray (rays, samples), by the derivative of a Gaussian."""
    reach = math.ceil(4 * EDGE_PX / STEP_PX)
    s = np.arange(-reach, reach + 1) * STEP_PX
    kernel = -s * np.exp(-(s**2) / (2 * EDGE_PX**2))
    kernel = (kernel / np.abs(kernel).sum()).astype(np.float32)[None]
    parts = [
        cv2.filter2D(np.ascontiguousarray(profiles[..., c]), -1, kernel, borderType=cv2.BORDER_REPLICATE)
        for c in range(profiles.shape[2])
    ]
    return np.asarray(np.sqrt(np.sum(np.square(parts), axis=0)), np.float32)


def _climb(
    change: Floats, basis: Floats, shape: Vector, step: float, limits: Vector, half: float
) -> tuple[Vector, float]:
    """The shape near the given one under which the sum of the change is largest, and that sum."""
    rows = np.arange(len(change))

    def total(p: Vector) -> float:
        at = (basis @ p + half) / STEP_PX
        left = np.clip(at.astype(np.intp), 0, change.shape[1] - 2)
        part = np.clip(at - left, 0, 1)
        return float(((1 - part) * change[rows, left] + part * change[rows, left + 1]).sum())

    best = total(shape)
    for _ in range(60):
        before = best
        for which in range(len(shape)):
            for move in (step, -step, step / 3, -step / 3):
                tried = shape.copy()
                tried[which] += move
                if abs(tried[which]) <= limits[which] and (value := total(tried)) > best + 1e-6:
                    shape, best = tried, value
        if best == before:
            break
    return shape, best


def _own_edges(
    change: Pixels, guide_px: Floats, clear: NDArray[np.bool_], half: float
) -> tuple[NDArray[np.intp], Floats]:
    """Of each clear ray the steepest place near the guide: the ray, and its distance from the first guide in px."""
    near = round(NEAR_PX / STEP_PX)
    middle = np.rint((guide_px + half) / STEP_PX).astype(np.intp)
    rays = np.flatnonzero(clear & (middle > near) & (middle < change.shape[1] - near - 1))
    window = change[rays[:, None], middle[rays, None] + np.arange(-near, near + 1)].astype(np.float64)
    top = window.argmax(axis=1)
    inside = (top > 0) & (top < 2 * near)  # a peak at the end of the window is some other edge's slope
    rays, window, top = rays[inside], window[inside], top[inside]
    row = np.arange(len(rays))
    before, peak, after = window[row, top - 1], window[row, top], window[row, top + 1]
    shift = 0.5 * (before - after) / np.minimum(before - 2 * peak + after, -1e-12)
    return rays, (middle[rays] - near + top + shift) * STEP_PX - half
