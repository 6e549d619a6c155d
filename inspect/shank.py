"""The outside of the shank: how wide it is, and which pixels are metal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.edges import locate_edges, sample_profiles
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import LinearFrame
from loupebox.inspect.backlight import LEVEL_DOUBT, backlight_gap_mm
from loupebox.inspect.linear_fit import fit_linear
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHANK_WIDTH = "shank_width_mm"
DEGREE = 4
HALF_PX = 10.0
STEP_PX = 0.5
WORST_MISFIT = 0.12
LEAST_CONTRAST = 0.15
LEAST_ACCEPTED = 0.7
ROUGHEST_PX = 0.5
"""Scatter of the places about the smooth edge above which something other than the edge was followed."""
TILT_DEG = 0.5
"""Standard uncertainty of the angle between the band's middle plane and the camera's axis, when placed by hand."""
ROCKING_MM = 0.0005
"""What that tilt adds to the width of a rounded section, whose widest point it moves."""


def measure_shank(
    backlight: LinearFrame, certificate: Certificate
) -> tuple[tuple[MeasurementResult, ...], NDArray[np.bool_] | None]:
    """Measure the least width of the band in the shank view and mark its metal.

    The band runs across the frame from left to right. Each edge is located column by column with a blurred step, and
    a polynomial of degree 4 along the band, which dust does not move, goes through the places. The width is the least
    vertical distance between the two, times the cosine of the band's slope.

    Parameters
    ----------
    backlight : LinearFrame
        View shank, light backlight, one channel; the band dark on a bright field.
    certificate : Certificate
        Of the shank view.

    Returns
    -------
    tuple of one MeasurementResult
        shank_width_mm with its budget, or why it cannot be measured.
    ndarray of bool, shape (height, width), or None
        True on metal; None when no band is seen, and then nothing can be said about its surface either.

    Raises
    ------
    ValueError
        When the frame or the certificate is of another view or light, or in colour.
    """
    for what, view in (("frame", backlight.view), ("certificate", certificate.view)):
        if view != "shank":
            raise ValueError(f"the {what} is of view {view}; a shank is measured in view shank")
    if backlight.light != "backlight" or backlight.signal.ndim != 2:
        raise ValueError(
            f"the frame is shank/{backlight.light} of shape {backlight.signal.shape}; allowed is shank/backlight, grey"
        )
    signal = backlight.signal
    band = _band(signal)
    if isinstance(band, str):
        return (Unmeasurable(SHANK_WIDTH, band),), None
    gap = backlight_gap_mm(certificate.backlight_half_angle_deg)
    width = gap if isinstance(gap, str) else _least_width(signal, band, certificate, gap)
    return (Unmeasurable(SHANK_WIDTH, width) if isinstance(width, str) else width,), band


def _band(signal: NDArray[np.float32]) -> Mask | str:
    if min(signal.shape) < 64:
        return f"the frame is only {signal.shape[1]} x {signal.shape[0]} px"
    if not np.isfinite(signal).all():
        return "the frame holds values that are not finite"
    grey = np.asarray(np.clip(signal * 255, 0, 255), np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark, bright = signal[grey <= threshold], signal[grey > threshold]
    if dark.size == 0 or bright.size == 0:
        return "no band is seen: the frame is of one brightness"
    low, high = float(np.median(dark)), float(np.median(bright))
    if high - low < LEAST_CONTRAST or low > 0.5 * high:
        return "no band is seen: the frame is of one brightness"
    # Specks of noise and dust are no holes in the metal, and no metal.
    below = cv2.medianBlur((signal < (low + high) / 2).astype(np.uint8), 5)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(below), connectivity=4)
    across = [k for k in range(1, count) if stats[k, cv2.CC_STAT_WIDTH] == signal.shape[1]]
    if not across:
        return "no band runs across the frame from left to right"
    metal: Mask = np.asarray(labels == max(across, key=lambda k: int(stats[k, cv2.CC_STAT_AREA])))
    if bool(metal[0].any() or metal[-1].any()):
        return "the band runs out of the frame at the top or bottom"
    holes, inner, areas, _ = cv2.connectedComponentsWithStats((~metal).astype(np.uint8), connectivity=4)
    for k in range(1, holes):
        touches = areas[k, cv2.CC_STAT_TOP] == 0
        touches |= areas[k, cv2.CC_STAT_TOP] + areas[k, cv2.CC_STAT_HEIGHT] == signal.shape[0]
        if not touches and areas[k, cv2.CC_STAT_AREA] < 0.01 * signal.size:
            metal |= np.asarray(inner == k)
    return metal


def _least_width(signal: NDArray[np.float32], band: Mask, certificate: Certificate, gap_mm: float) -> Measurement | str:
    height, width = int(signal.shape[0]), int(signal.shape[1])
    place: Floats = np.linspace(-1, 1, width)
    basis = np.vander(place, DEGREE + 1, increasing=True)
    top = _edge(signal, band.argmax(axis=0).astype(np.float64) - 0.5, basis, falling=True)
    bottom = _edge(signal, height - 0.5 - band[::-1].argmax(axis=0).astype(np.float64), basis, falling=False)
    if isinstance(top, str) or isinstance(bottom, str):
        return f"the {'upper' if isinstance(top, str) else 'lower'} edge of the band is dirty or damaged"
    middle = (top.at + bottom.at) / 2
    slope: Floats = np.gradient(middle)
    widths: Floats = (bottom.at - top.at) / np.hypot(1, slope)
    scale = certificate.scale
    raw = scale.length_mm(float(widths.min()), math.hypot(top.noise_px, bottom.noise_px), "edge noise")
    sigma = max(top.sigma_px, bottom.sigma_px)
    value = raw.value + gap_mm
    budget = (
        *raw.budget,
        Contribution("level of the edge", 2 * LEVEL_DOUBT * math.sqrt(2 * math.pi) * sigma * scale.mm_per_px.value),
        Contribution("backlight", gap_mm / 2),
        Contribution("tilt of the ring", value * (1 - math.cos(math.radians(TILT_DEG))) + ROCKING_MM),
    )
    return Measurement(SHANK_WIDTH, Estimate(value, "mm", budget))


@dataclass(frozen=True, slots=True, eq=False)
class _Edge:
    at: Floats
    noise_px: float
    sigma_px: float


def _edge(signal: NDArray[np.float32], rough_px: Floats, basis: Floats, falling: bool) -> _Edge | str:
    """Row of one edge of the band in every column, or a word on why there is none."""
    guide = fit_linear(basis, rough_px, 0.5, (2,))
    rows: Floats = basis @ guide.coefficients
    sigma, at = math.nan, rows
    for every in (8, 1):
        columns = np.arange(0, len(rows), every)
        steps = np.arange(-HALF_PX, HALF_PX + STEP_PX / 2, STEP_PX, dtype=np.float64)
        y: Floats = rows[columns][:, None] + steps
        x = np.broadcast_to(columns[:, None].astype(np.float64), y.shape)
        edges = locate_edges(sample_profiles(signal, x, y), STEP_PX, None if every > 1 else sigma)
        right_way = (edges.contrast < 0) == falling
        clear = right_way & (np.abs(edges.contrast) > LEAST_CONTRAST) & (edges.misfit < WORST_MISFIT)
        if float(clear.mean()) < LEAST_ACCEPTED:
            return "dirty or damaged"
        sigma = float(np.median(edges.sigma_px[clear]))
        at = np.where(clear, rows[columns] - HALF_PX + edges.position_px, np.nan)
    fit = fit_linear(basis, at, 0.02, (2,))
    accepted = float((fit.weights > 0.05).mean())
    if accepted < LEAST_ACCEPTED or fit.scale > ROUGHEST_PX:
        return "dirty or damaged"
    noise = fit.scale * math.sqrt((DEGREE + 1) / max(1.0, float(fit.weights.sum())))
    return _Edge(basis @ fit.coefficients, noise, sigma)
