"""An edge by maximum likelihood on the raw pixels of a band about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.normal import normal_cdf
from loupebox.inspect.edge_pixels import TABLE, EdgePixels
from loupebox.inspect.linear_fit import fit_linear

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

ITERATIONS = 6
SMALLEST_SIGMA_PX = 0.25
WIDE_PX = 11.0
LEAST_NOISE = 6e-3
"""Of the contrast: what the grid of the pixels and a lens that is not quite Gaussian do to an edge without noise."""
WORST_SECTOR = 4.5
"""Robust standard deviations of a sector's residual noise or offset from which on it counts nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class BandFit:
    """What the pixels say about the edge.

    Parameters
    ----------
    coefficients : ndarray, shape (p,)
        Of the basis: how much longer the radius is than the guide's, in px.
    covariance : ndarray, shape (p, p)
        In px^2, from the pixel noise that the fit left, or from the scatter of the sectors where that is larger.
    sigma_px : float
        Gaussian blur of the edge with the pixel's own width in it, standard deviation.
    contrast : float
        Mean difference of the two levels, in the unit of the signal.
    noise : float
        Standard deviation of what the fit left of the pixels, in the unit of the signal.
    weights : ndarray, shape (sectors,)
        1, or 0 for dirt and damage and what was not looked at.
    offset_px, offset_variance_px2 : ndarray, shape (sectors,)
        How far each sector's own pixels put the edge outside the fitted one, and what their noise makes of that.
    """

    coefficients: Floats
    covariance: Floats
    sigma_px: float
    contrast: float
    noise: float
    weights: Floats
    offset_px: Floats
    offset_variance_px2: Floats


def band_half_px(sigma_px: float) -> float:
    """How far to either side of a guide pixels are used: the edge is within 3 sigma, the rest tell the levels.

    Unknown levels cost an edge a part sqrt(pi) sigma / half of its information: here a sixth, less than a tenth of its
    standard deviation. Of a blurred edge less is used, a fifth is lost: the other edge of a thin wall is near.
    """
    return max(6 * sigma_px + 2, min(8 * sigma_px + 2, WIDE_PX))


def fit_edge_band(
    pixels: EdgePixels, guide_px: Floats, basis: Floats, sigma_px: float, *, bright_before: bool
) -> BandFit | None:
    """Fit a blurred edge to every pixel near a guide.

    The model of a pixel at distance u across the curve is dark + (bright - dark) Phi(-(u + k s^2) / s) with Phi the
    normal distribution and s the blur, the pixel's own width in it; k is half the curvature, since the half level of a
    blurred disc lies s^2 / (2 R) inside it. Both levels are low harmonics along the edge, s is one number, and the
    curve is guide + basis @ coefficients: all are found together by Gauss-Newton, every pixel weighted by its own
    noise. The solver needs only the sums over sectors; a sector with dirt in it, told by its offset or its residuals,
    counts nothing.

    Parameters
    ----------
    pixels : EdgePixels
        Of a band about the guide that is `band_half_px` wide to either side.
    guide_px : ndarray, shape (places,)
        Good to about a pixel.
    basis : ndarray, shape (places, p)
        At the same places.
    sigma_px : float
        First guess of the blur, good to a third.
    bright_before : bool
        Whether the light is at smaller radii or rows than the edge (as in a hole) or beyond.

    Returns
    -------
    BandFit or None
        None when less than twice as many sectors as coefficients are clean: most of the edge is dirty or damaged.

    References
    ----------
    `benchmarks/ruler.py` holds it against the bound, the inverse of the Fisher information of the same model.
    """
    middle = basis[TABLE // 2 :: TABLE][pixels.sectors]
    light, side = pixels.light, -1.0 if bright_before else 1.0
    lights = int(light.shape[1])
    state = _first_levels(pixels, guide_px, side, sigma_px)
    if state is None:
        return None
    free = int(basis.shape[1])
    coefficients: Floats = np.zeros(free)
    weights: Floats = np.ones(len(middle))
    covariance: Floats = np.zeros((free, free))
    sums = _sums(pixels, guide_px, state, side)
    for iteration in range(ITERATIONS):
        weights = _clean(sums, state.sigma_px, pixels, trust_offset=iteration > 0)
        if int(weights.sum()) < 2 * free:
            return None
        solved = _solve(sums, middle, light, weights)
        if solved is None:
            return None
        step, inverse = solved
        dark, bright, shape = step[:lights], step[lights : 2 * lights], step[2 * lights : -1]
        coefficients = coefficients + np.clip(shape, -2 * state.sigma_px, 2 * state.sigma_px)
        sigma = state.sigma_px + float(np.clip(step[-1], -0.3 * state.sigma_px, 0.5 * state.sigma_px))
        contrast = float((state.bright + bright - state.dark - dark)[0])
        state = _State(
            state.dark + dark, state.bright + bright, max(sigma, SMALLEST_SIGMA_PX), _noise(sums, weights, contrast)
        )
        covariance = inverse[2 * lights : -1, 2 * lights : -1]
        if float(np.abs(middle @ shape).max()) < 1e-3 and abs(float(step[-1])) < 2e-3:
            break
        sums = _sums(pixels, guide_px + basis @ coefficients, state, side)
    variance = 1 / np.maximum(sums.squares[2, 2], 1e-12)
    whole: Floats = np.zeros((3, pixels.count))
    whole[:, pixels.sectors] = weights, sums.residuals[2] * variance, variance
    good = weights > 0
    # Sectors that scatter more than their pixels' noise explains (grain, polish) widen what is claimed.
    more = max(1.0, float((whole[1] ** 2 / np.maximum(whole[2], 1e-12))[pixels.sectors][good].mean()))
    contrast = float(state.bright[0] - state.dark[0])
    noise = math.sqrt(float(np.mean(np.square(state.noise))))
    return BandFit(coefficients, covariance * more, state.sigma_px, contrast, noise, whole[0], whole[1], whole[2])


@dataclass(slots=True, eq=False)
class _State:
    dark: Floats
    bright: Floats
    sigma_px: float
    noise: tuple[float, float]
    """Standard deviation of a pixel in the dark and in the bright."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Weighted sums a sector over its pixels; order: dark, bright, offset, blur."""

    squares: Floats
    """Shape (4, 4, sectors), products of the derivatives."""
    residuals: Floats
    """Shape (4, sectors), derivatives times residual."""
    misfit: Floats
    """Mean square of residual over noise."""
    peak: Floats
    """Largest residual over noise, either way."""
    ends: Floats
    """Shape (4, sectors): sum of squares and number of pixels of the dark end, then of the bright end."""


def _first_levels(pixels: EdgePixels, guide_px: Floats, side: float, sigma_px: float) -> _State | None:
    """Levels from the flat ends of the band, dirt left out."""
    u = side * pixels.beyond_px(guide_px)[0]
    levels: list[Floats] = []
    noise: list[float] = []
    for end in (u < -2.5 * sigma_px, u > 2.5 * sigma_px):
        number, total = pixels.sums(np.stack([end.astype(np.float64), np.where(end, pixels.value, 0.0)]))
        mean = np.where(number > 0, total / np.maximum(number, 1), np.nan)
        try:
            fit = fit_linear(pixels.light, mean, 1e-4, (1,))
        except ValueError:
            return None
        levels.append(fit.coefficients)
        left = np.abs(pixels.value - (pixels.light @ fit.coefficients)[pixels.row])[end]
        noise.append(1.4826 * float(np.median(left)))
    contrast = float(levels[1][0] - levels[0][0])
    if contrast < max(6 * max(noise), 1e-6):
        return None
    noise = [max(n, LEAST_NOISE * contrast) for n in noise]
    return _State(levels[0], levels[1], sigma_px, (noise[0], noise[1]))


def _sums(pixels: EdgePixels, guide_px: Floats, state: _State, side: float) -> _Sums:
    u, bend = pixels.beyond_px(guide_px)
    s, light = state.sigma_px, pixels.light
    dark, bright = light @ state.dark, light @ state.bright
    # From here on single precision does: half the memory to pass through, and 1e-7 of a residual is nothing.
    z = np.asarray((u + s * s * bend) * (side / s), np.float32)
    share = normal_cdf(z)
    rise = np.asarray(bright - dark, np.float32)[pixels.row]
    slope = np.asarray(np.exp(-0.5 * z * z) * rise / np.float32(s * math.sqrt(2 * math.pi)), np.float32)
    residual = np.asarray(pixels.value - dark[pixels.row], np.float32) - rise * share
    low, high = state.noise
    root = np.asarray(1 / np.sqrt(np.float32(low * low) + np.float32(high * high - low * low) * share), np.float32)
    one = root * (1 - share), root * share, root * slope * np.float32(-side), root * slope * -z
    left = root * residual
    pairs = [(i, j) for i in range(4) for j in range(i, 4)]
    products: Singles = np.empty((19, len(left)), np.float32)
    for k, (i, j) in enumerate(pairs):
        np.multiply(one[i], one[j], out=products[k])
    for k, g in enumerate((*one, left)):
        np.multiply(g, left, out=products[10 + k])
    np.less(share, 0.02, out=products[16])
    np.greater(share, 0.98, out=products[18])
    np.multiply(residual, residual, out=residual)
    np.multiply(products[16], residual, out=products[15])
    np.multiply(products[18], residual, out=products[17])
    total = pixels.sums(products)
    squares: Floats = np.empty((4, 4, total.shape[1]))
    for k, (i, j) in enumerate(pairs):
        squares[i, j] = squares[j, i] = total[k]
    size = np.diff(pixels.starts, append=len(left))
    peak = np.maximum.reduceat(np.abs(left), pixels.starts).astype(np.float64)
    return _Sums(squares, total[10:14], total[14] / size, peak, total[15:19])


def _clean(sums: _Sums, sigma_px: float, pixels: EdgePixels, *, trust_offset: bool) -> Floats:
    """1 for a sector that is like the others and has no other one within reach, else 0.

    A sector is like the others in the offset from the curve, in the mean square of its residuals and in the largest of
    them. Before the first step the curve is but a guide, and offsets are no sign of dirt.
    """
    # Each with the least spread to believe in: what the pixels' grid does to an edge without noise is no dirt.
    unlike = [(sums.misfit, 0.25), (0.75 * sums.peak, 0.4)]
    if trust_offset:
        unlike.append((sums.residuals[2] / np.maximum(sums.squares[2, 2], 1e-300), 0.01))
    bad = np.zeros(len(sums.misfit), np.bool_)
    for values, least in unlike:
        middle = values - np.median(values)
        bad |= np.abs(middle) > WORST_SECTOR * max(1.4826 * float(np.median(np.abs(middle))), least)
    # What dirt throws on its neighbours is too little to be told from noise, and enough to pull.
    arc_px = 2 * math.pi * float(pixels.across_px.mean()) / pixels.count if pixels.closed else float(TABLE)
    everywhere = np.zeros(pixels.count, np.bool_)
    everywhere[pixels.sectors] = bad
    near = everywhere.copy()
    for by in range(1, math.ceil((3 * sigma_px + 1) / arc_px) + 1):
        near |= np.roll(everywhere, by) | np.roll(everywhere, -by)
    return np.where(near[pixels.sectors], 0.0, 1.0)


def _solve(sums: _Sums, shape: Floats, light: Floats, weights: Floats) -> tuple[Floats, Floats] | None:
    """Step of dark levels, bright levels, shape and blur, and the inverse of the normal matrix; None if it has none."""
    parts = (light, light, shape, np.ones((len(shape), 1)))
    normal = np.block(
        [
            [a.T @ (b * (weights * sums.squares[i, j])[:, None]) for j, b in enumerate(parts)]
            for i, a in enumerate(parts)
        ]
    )
    right = np.concatenate([a.T @ (weights * sums.residuals[i]) for i, a in enumerate(parts)])
    # By its scale first, so that the units of the parameters do not count.
    scale = 1 / np.sqrt(np.maximum(np.diag(normal), 1e-300))
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(normal * scale[:, None] * scale))
    except np.linalg.LinAlgError:
        return None
    inverse = np.asarray(inverse.T @ inverse, np.float64) * scale[:, None] * scale
    return inverse @ right, inverse


def _noise(sums: _Sums, weights: Floats, contrast: float) -> tuple[float, float]:
    dark, dark_count, bright, bright_count = sums.ends @ weights
    least = LEAST_NOISE * contrast
    return (
        max(math.sqrt(dark / max(dark_count, 1.0)), least),
        max(math.sqrt(bright / max(bright_count, 1.0)), least),
    )
