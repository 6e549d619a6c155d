"""The outside of the shank: how wide it is, and which pixels are metal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import LinearFrame
from loupebox.calibration.lens import Lens
from loupebox.inspect.backlight import LEVEL_DOUBT, backlight_gap_mm
from loupebox.inspect.edge_band import band_half_px, fit_edge_band
from loupebox.inspect.edge_pixels import pixels_along
from loupebox.inspect.linear_fit import fit_linear
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.silhouette import split_level

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHANK_WIDTH, SHANK_WIDEST = "shank_width_mm", "shank_widest_mm"
DEGREE = 4
HALF_PX = 10
LEAST_CONTRAST = 0.15
COARSE_ROWS = 400
"""On so many the band is looked for."""
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
    """Measure the least and the largest width of the band in the shank view and mark its metal.

    The band runs across the frame from left to right. Each edge is a polynomial of degree 4 along the band, fitted to
    all raw pixels near it; dust does not move it. The width is the vertical distance between the two, times the cosine
    of the band's slope.

    Parameters
    ----------
    backlight : LinearFrame
        View shank, light backlight, one channel; the band dark on a bright field.
    certificate : Certificate
        Of the shank view.

    Returns
    -------
    tuple of two MeasurementResult
        shank_width_mm and shank_widest_mm with their budgets, or why they cannot be measured.
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
        return (Unmeasurable(SHANK_WIDTH, band), Unmeasurable(SHANK_WIDEST, band)), None
    gap = backlight_gap_mm(certificate.backlight_half_angle_deg)
    widths = gap if isinstance(gap, str) else _widths(signal, band, certificate, gap)
    if isinstance(widths, str):
        return (Unmeasurable(SHANK_WIDTH, widths), Unmeasurable(SHANK_WIDEST, widths)), band
    return widths, band


def _band(signal: NDArray[np.float32]) -> Mask | str:
    if min(signal.shape) < 64:
        return f"the frame is only {signal.shape[1]} x {signal.shape[0]} px"
    by = max(1, min(signal.shape) // COARSE_ROWS)
    width, height = int(signal.shape[1]), int(signal.shape[0])
    coarse = np.asarray(cv2.resize(signal, (width // by, height // by), interpolation=cv2.INTER_AREA), np.float32)
    # Each coarse pixel is the mean of fine ones, which one that is not finite spoils.
    if not np.isfinite(coarse).all():
        return "the frame holds values that are not finite"
    level = split_level(coarse)
    if level is None:
        return "no band is seen: the frame is of one brightness"
    shape = _coarse_band(coarse < level)
    if isinstance(shape, str):
        return shape
    metal = np.asarray(shape, np.bool_)
    if by > 1:
        # What is near the edge is told by the fine picture, and what is inside by the coarse one.
        square = np.ones((3, 3), np.uint8)
        around, within = (
            np.asarray(cv2.resize(one, (width, height), interpolation=cv2.INTER_NEAREST), np.bool_)
            for one in (cv2.dilate(shape, square), cv2.erode(shape, square))
        )
        metal = (np.asarray(_dark(signal < level), np.bool_) & around) | within
    if bool(metal[0].any() or metal[-1].any()):
        return "the band runs out of the frame at the top or bottom"
    return metal


def _dark(below: Mask) -> NDArray[np.uint8]:
    # Specks of noise and dust are no holes in the metal, and no metal.
    return np.asarray(cv2.medianBlur(below.astype(np.uint8), 5), np.uint8)


def _coarse_band(below: Mask) -> NDArray[np.uint8] | str:
    """The dark part that runs from left to right, its holes filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_dark(below), connectivity=4)
    across = [k for k in range(1, count) if stats[k, cv2.CC_STAT_WIDTH] == below.shape[1]]
    if not across:
        return "no band runs across the frame from left to right"
    metal = np.asarray(labels == max(across, key=lambda k: int(stats[k, cv2.CC_STAT_AREA])), np.uint8)
    holes, inner, areas, _ = cv2.connectedComponentsWithStats(1 - metal, connectivity=4)
    for k in range(1, holes):
        touches = areas[k, cv2.CC_STAT_TOP] == 0
        touches |= areas[k, cv2.CC_STAT_TOP] + areas[k, cv2.CC_STAT_HEIGHT] == below.shape[0]
        if not touches and areas[k, cv2.CC_STAT_AREA] < 0.01 * below.size:
            metal[np.asarray(inner == k)] = 1
    return metal


def _widths(
    signal: NDArray[np.float32], band: Mask, certificate: Certificate, gap_mm: float
) -> tuple[Measurement, ...] | str:
    height, width = int(signal.shape[0]), int(signal.shape[1])
    place: Floats = np.linspace(-1, 1, width)
    basis = np.vander(place, DEGREE + 1, increasing=True)
    top = _edge(signal, band.argmax(axis=0).astype(np.float64) - 0.5, basis, falling=True)
    bottom = _edge(signal, height - 0.5 - band[::-1].argmax(axis=0).astype(np.float64), basis, falling=False)
    if isinstance(top, str) or isinstance(bottom, str):
        return f"the {'upper' if isinstance(top, str) else 'lower'} edge of the band is dirty or damaged"
    lens = certificate.lens((width, height))
    above, below = (edge.at if lens is None else _straight(edge.at, lens) for edge in (top, bottom))
    middle = (above + below) / 2
    slope: Floats = np.gradient(middle)
    widths: Floats = (below - above) / np.hypot(1, slope)
    noise, sigma = math.hypot(top.noise_px, bottom.noise_px), max(top.sigma_px, bottom.sigma_px)
    return tuple(
        Measurement(name, _width_mm(float(of(widths)), noise, sigma, certificate, gap_mm, lens))
        for name, of in ((SHANK_WIDTH, np.min), (SHANK_WIDEST, np.max))
    )


def _width_mm(
    width_px: float, noise_px: float, sigma_px: float, certificate: Certificate, gap_mm: float, lens: Lens | None
) -> Estimate:
    scale = certificate.scale
    raw = scale.length_mm(width_px, noise_px, "edge noise")
    value = raw.value + gap_mm
    budget = (
        *raw.budget,
        Contribution("level of the edge", 2 * LEVEL_DOUBT * math.sqrt(2 * math.pi) * sigma_px * scale.mm_per_px.value),
        Contribution("backlight", gap_mm / 2),
        Contribution("tilt of the ring", value * (1 - math.cos(math.radians(TILT_DEG))) + ROCKING_MM),
    )
    if lens is not None:
        # The largest that a corner's doubt does to a width anywhere: its local scale changes three times as fast.
        part = 3 * certificate.lens_standard_uncertainty_px / lens.half_diagonal_px
        budget = (*budget, Contribution("distortion of the lens", value * part))
    return Estimate(value, "mm", budget)


def _straight(rows_px: Floats, lens: Lens) -> Floats:
    """Row of an edge in every column of a straight picture."""
    columns: Floats = np.arange(len(rows_px), dtype=np.float64)
    points = lens.undistorted_px(np.column_stack([columns, rows_px]))
    return np.asarray(np.interp(columns, points[:, 0], points[:, 1]), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Edge:
    at: Floats
    noise_px: float
    sigma_px: float


def _edge(signal: NDArray[np.float32], rough_px: Floats, basis: Floats, falling: bool) -> _Edge | str:
    """Row of one edge of the band in every column, or a word on why there is none."""
    guide = fit_linear(basis, rough_px, 0.5, (2,))
    rows: Floats = basis @ guide.coefficients
    sigma = _blur_px(signal, rows)
    pixels = pixels_along(signal, rows, band_half_px(sigma))
    fit = fit_edge_band(pixels, rows, basis, sigma, bright_before=falling) if pixels else None
    if fit is None or fit.contrast < LEAST_CONTRAST:
        return "dirty or damaged"
    good = fit.weights > 0
    # What the edge does beside the curve and the noise of its sectors: grain, or something else that was followed.
    rough = math.sqrt(max(0.0, float((fit.offset_px[good] ** 2 - fit.offset_variance_px2[good]).mean())))
    if float(good.mean()) < LEAST_ACCEPTED or rough > ROUGHEST_PX:
        return "dirty or damaged"
    noise = math.sqrt(float(((basis @ fit.covariance) * basis).sum(axis=1).mean()))
    return _Edge(basis @ (guide.coefficients + fit.coefficients), noise, fit.sigma_px)


def _blur_px(signal: NDArray[np.float32], rows_px: Floats) -> float:
    """Blur of the edge from its steepest step in every eighth column, good to a fifth."""
    columns = np.arange(0, len(rows_px), 8)
    y = np.clip(
        np.rint(rows_px[columns]).astype(np.intp)[:, None] + np.arange(-HALF_PX, HALF_PX + 1), 0, len(signal) - 1
    )
    profiles = np.asarray(signal[y, columns[:, None]], np.float64)
    steepest = np.abs(np.diff(profiles, axis=1)).max(axis=1) / np.maximum(np.ptp(profiles, axis=1), 1e-9)
    return math.sqrt(max(1 / (2 * math.pi * float(np.median(steepest)) ** 2) - 1 / 12, 0.15))
