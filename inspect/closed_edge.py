"""The edge of a hole, or of a piece, to the limit that the pixels' noise sets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.contour import ORDER, WINDOW_DEG, Contour, largest_gap_deg, waves, windowed_rms
from loupebox.inspect.edge_band import BandFit, band_half_px, fit_edge_band
from loupebox.inspect.edge_pixels import TABLE, pixels_around

Floats = NDArray[np.float64]

SECTOR_PX = 5.0
SURELY_THERE = 9.2
"""Squared amplitude over its variance above which a harmonic is believed: noise exceeds it once in a hundred."""


@dataclass(frozen=True, slots=True, eq=False)
class ClosedEdge:
    """A closed contour, how its edge looks, and what the pixels left.

    Parameters
    ----------
    contour : Contour
        Where the metal ends; the curvature of a blurred edge is in the model, so nothing is left to correct.
    sigma_px : float
        Blur of the edge with the pixel's own width in it.
    contrast, noise : float
        Of the two levels and of a pixel, in the unit of the signal.
    """

    contour: Contour
    sigma_px: float
    contrast: float
    noise: float


def find_closed_edge(
    signal: NDArray[np.float32], guide: Contour, sigma_px: float, *, bright_inside: bool
) -> ClosedEdge | None:
    """Fit a Fourier series of order 16 to all pixels of the band about a guide.

    Harmonics that noise alone could have made are left out: they would only roughen a round ring, and an inscribed
    circle feels every roughness.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    guide : Contour
        Good to about a pixel.
    sigma_px : float
        Good to a third.
    bright_inside : bool

    Returns
    -------
    ClosedEdge or None
        None when most of the edge is dirty or damaged.
    """
    count = sectors_of(float(guide.cosines[0]))
    angle, basis = _around(count)
    radius = guide.radius_px(angle)
    pixels = pixels_around(signal, guide.centre_xy_px, radius, band_half_px(sigma_px))
    fit = fit_edge_band(pixels, radius, basis, sigma_px, bright_before=bright_inside) if pixels else None
    if fit is None:
        return None
    # The guide has no more harmonics than the basis, so the sum is a series again.
    series: Floats = np.zeros(int(basis.shape[1]))
    series[: 2 * len(guide.cosines) - 1] = np.concatenate(
        [guide.cosines[:1], np.column_stack([guide.cosines[1:], guide.sines[1:]]).ravel()]
    )
    series += fit.coefficients
    x, y = guide.centre_xy_px[0] + series[1], guide.centre_xy_px[1] + series[2]
    # A circle about a point d off its centre has the mean radius R - d^2 / (4 R); d is a small part of a pixel here.
    series[0] += (series[1] ** 2 + series[2] ** 2) / (4 * series[0])
    series[1] = series[2] = 0.0
    variance = np.diag(fit.covariance)
    power = (series**2 / np.maximum(variance, 1e-18))[1:].reshape(-1, 2).sum(axis=1)
    series[1:] *= np.repeat(power > SURELY_THERE, 2)
    contour = Contour(
        (x, y),
        np.concatenate([series[:1], series[1::2]]),
        np.concatenate([[0.0], series[2::2]]),
        *_doubt(fit, basis, count),
    )
    return ClosedEdge(contour, fit.sigma_px, fit.contrast, fit.noise)


def sectors_of(radius_px: float) -> int:
    """How many sectors a closed edge of this radius is cut into."""
    return int(np.clip(round(2 * math.pi * radius_px / SECTOR_PX), 120, 1440))


def sector_form_px(fit: BandFit) -> float:
    """Root mean square of what the edge does between the curve and the noise of its sectors."""
    good = fit.weights > 0
    middle = (np.flatnonzero(good).astype(np.float64) + 0.5) * (2 * math.pi / len(fit.weights)) - math.pi
    rms = windowed_rms(middle, fit.offset_px[good])
    windows = 360 / WINDOW_DEG
    noise = float(fit.offset_variance_px2[good].mean()) * min(1.0, windows / max(1, int(good.sum())))
    return math.sqrt(max(0.0, rms * rms - noise))


def _doubt(fit: BandFit, basis: Floats, count: int) -> tuple[float, float, float, Floats, float]:
    """What a `Contour` says of itself: scatter at one angle, accepted share, largest gap, covariance, form."""
    good = fit.weights > 0
    form = sector_form_px(fit)
    some = basis[:: max(1, len(basis) // 64)]
    scatter = math.sqrt(float(((some @ fit.covariance) * some).sum(axis=1).mean()))
    where = np.flatnonzero(good).astype(np.float64) * (2 * math.pi / count)
    gap = largest_gap_deg(where)
    return math.hypot(scatter, form), float(good.mean()), gap, fit.covariance, form


@lru_cache(maxsize=8)
def _around(count: int) -> tuple[Floats, Floats]:
    angle: Floats = np.arange(TABLE * count, dtype=np.float64) * (2 * math.pi / (TABLE * count))
    basis = waves(angle, ORDER)
    basis.flags.writeable = False
    return angle, basis
