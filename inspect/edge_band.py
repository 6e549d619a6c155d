"""A closed edge by maximum likelihood on the raw pixels of a band about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.normal import normal_cdf
from loupebox.inspect.linear_fit import fit_linear

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

TABLE = 4
"""Places of the guide a sector, so that the straight line between two of them is as good as the curve."""
LEVEL_ORDER = 2
"""Harmonics of each light level around the edge: uneven light and veiling glare are smoother than any dirt."""
ITERATIONS = 6
SMALLEST_SIGMA_PX = 0.25
LEAST_NOISE = 3e-3
"""Of the contrast: little more than what rounding to 8 bits alone does."""
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


def fit_edge_band(
    signal: NDArray[np.float32],
    centre_xy_px: tuple[float, float],
    guide_px: Floats,
    basis: Floats,
    sigma_px: float,
    *,
    bright_inside: bool,
    used: NDArray[np.bool_] | None = None,
) -> BandFit | None:
    """Fit a blurred edge to every pixel within 4 sigma + 1 px of a guide.

    The model of a pixel at distance u outside the curve of radius R is dark + (bright - dark) Phi(-(u + s^2/(2R)) / s)
    with Phi the normal distribution and s the blur; s^2/(2R) is how far the half level of a blurred curved edge lies
    inside it. Both levels are harmonics of order 2 of the angle, s is one number and the curve is
    guide + basis @ coefficients: all of them are found together by Gauss-Newton, every pixel weighted by its own noise.
    The band is cut into sectors whose sums are all that the solver needs, and a sector with dirt in it, told by its
    offset or by its residuals, counts nothing.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    centre_xy_px : tuple of float
    guide_px : ndarray, shape (4 sectors,)
        Radius at angles k * 2 pi / (4 sectors), from image right towards image down; good to about a pixel.
    basis : ndarray, shape (4 sectors, p)
        At the same angles.
    sigma_px : float
        First guess of the blur, good to a third.
    bright_inside : bool
        Whether light is inside the curve (a hole) or outside (a silhouette).
    used : ndarray of bool, shape (sectors,) or None
        Sectors to look at; None is all. Sector k lies about place 4 k + 2 of the guide.

    Returns
    -------
    BandFit or None
        None when less than twice as many sectors as coefficients are clean: most of the edge is dirty or damaged.

    References
    ----------
    The bound that this is held against is the inverse of the Fisher information of the same model (benchmarks).
    """
    pixels = _Pixels.of(signal, centre_xy_px, guide_px, 4 * sigma_px + 1, used)
    if pixels is None:
        return None
    middle = basis[TABLE // 2 :: TABLE][pixels.sectors]
    angle = (pixels.sectors + 0.5) * (2 * math.pi / pixels.count)
    harmonics = np.arange(1, LEVEL_ORDER + 1, dtype=np.float64)
    phase: Floats = angle[:, None] * harmonics
    light = np.column_stack([np.ones(len(angle)), np.cos(phase), np.sin(phase)])
    side = -1.0 if bright_inside else 1.0
    state = _first_levels(pixels, guide_px, light, side, sigma_px)
    if state is None:
        return None
    coefficients: Floats = np.zeros(basis.shape[1])
    weights: Floats = np.ones(len(angle))
    covariance: Floats = np.zeros((basis.shape[1],) * 2)
    reach = math.ceil((3 * sigma_px + 1) / (float(guide_px.mean()) * 2 * math.pi / pixels.count))
    for iteration in range(ITERATIONS):
        sums = _sums(pixels, guide_px + basis @ coefficients, light, state, side)
        weights = _clean(sums, reach, trust_offset=iteration > 0)
        if int((weights > 0.5).sum()) < 2 * basis.shape[1]:
            return None
        step, inverse = _solve(sums, middle, light, weights)
        shape, levels = step[2 * light.shape[1] : -1], step[: 2 * light.shape[1]].reshape(2, -1)
        coefficients = coefficients + np.clip(shape, -2 * state.sigma_px, 2 * state.sigma_px)
        sigma = state.sigma_px + float(np.clip(step[-1], -0.3 * state.sigma_px, 0.5 * state.sigma_px))
        state = _State(state.dark + levels[0], state.bright + levels[1], max(sigma, SMALLEST_SIGMA_PX), state.noise)
        state.noise = _noise(sums, weights, LEAST_NOISE * float(state.bright[0] - state.dark[0]))
        covariance = inverse[2 * light.shape[1] : -1, 2 * light.shape[1] : -1]
        if float(np.abs(middle @ shape).max()) < 1e-3 and abs(float(step[-1])) < 2e-3:
            break
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
class _Pixels:
    """The band's pixels in the order of their sectors."""

    value: Floats
    radius_px: Floats
    place: Indices
    """Of the guide, just before the pixel's angle."""
    part: Floats
    """Of the way from that place to the next, 0 to 1."""
    row: Indices
    """Of `sectors`, for each pixel."""
    starts: Indices
    sectors: Indices
    count: int

    @classmethod
    def of(
        cls,
        signal: NDArray[np.float32],
        centre_xy_px: tuple[float, float],
        guide_px: Floats,
        half_px: float,
        used: NDArray[np.bool_] | None,
    ) -> _Pixels | None:
        """Those within `half_px` of the guide, or None when there are none."""
        y, x = _annulus(signal.shape, centre_xy_px, float(guide_px.min()) - half_px, float(guide_px.max()) + half_px)
        dx, dy = x - centre_xy_px[0], y - centre_xy_px[1]
        radius = np.hypot(dx, dy)
        turn: Floats = np.arctan2(dy, dx) * (len(guide_px) / (2 * math.pi))
        turn = np.where(turn < 0, turn + len(guide_px), turn)
        place = np.minimum(turn.astype(np.intp), len(guide_px) - 1)
        near = np.abs(radius - guide_px[place]) < half_px
        sector = place // TABLE
        if used is not None:
            near &= used[sector]
        kept = np.flatnonzero(near)
        if len(kept) == 0:
            return None
        # Radix sort: numpy uses it for 16 bits, and there are never 65 536 sectors.
        kept = kept[np.argsort(sector[kept].astype(np.uint16), kind="stable")]
        sectors, starts, sizes = np.unique(sector[kept], return_index=True, return_counts=True)
        return cls(
            np.asarray(signal[y[kept], x[kept]], np.float64),
            radius[kept],
            place[kept],
            turn[kept] - place[kept],
            np.repeat(np.arange(len(sectors)), sizes),
            starts,
            sectors,
            len(guide_px) // TABLE,
        )

    def beyond_px(self, guide_px: Floats) -> tuple[Floats, Floats]:
        """How far each pixel lies outside the guide, and the guide's radius there."""
        guide: Floats = np.append(guide_px, guide_px[0])
        radius = guide[self.place] * (1 - self.part) + guide[self.place + 1] * self.part
        return self.radius_px - radius, radius

    def sums(self, values: Floats) -> Floats:
        """Over each sector; (n, pixels) becomes (n, sectors)."""
        return np.add.reduceat(values, self.starts, axis=1)


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


def _annulus(
    shape: tuple[int, ...], centre_xy: tuple[float, float], inner: float, outer: float
) -> tuple[Indices, Indices]:
    """Rows and columns of the pixels between two radii, those of the frame, without looking at any other."""
    cx, cy = centre_xy
    rows = np.arange(max(0, math.ceil(cy - outer)), min(shape[0] - 1, math.floor(cy + outer)) + 1)
    square: Floats = (rows - cy) ** 2.0
    far: Floats = np.sqrt(outer**2 - square)
    near: Floats = np.sqrt(np.maximum(inner**2 - square, 0.0)) if inner > 0 else np.zeros_like(far)
    begin = np.concatenate([cx - far, np.where(near > 0, cx + near, cx)])
    end = np.concatenate([np.where(near > 0, cx - near, np.nextafter(cx, -math.inf)), cx + far])
    first = np.maximum(np.ceil(begin), 0).astype(np.intp)
    count = np.maximum(np.minimum(np.floor(end), shape[1] - 1).astype(np.intp) - first + 1, 0)
    y = np.repeat(np.concatenate([rows, rows]), count)
    x = np.arange(int(count.sum())) + np.repeat(first - np.cumsum(count) + count, count)
    return y, x


def _first_levels(pixels: _Pixels, guide_px: Floats, light: Floats, side: float, sigma_px: float) -> _State | None:
    """Levels from the flat ends of the band, dirt left out."""
    u = side * pixels.beyond_px(guide_px)[0]
    levels: list[Floats] = []
    noise: list[float] = []
    for end in (u < -2.5 * sigma_px, u > 2.5 * sigma_px):
        number, total = pixels.sums(np.stack([end.astype(np.float64), np.where(end, pixels.value, 0.0)]))
        mean = np.where(number > 0, total / np.maximum(number, 1), np.nan)
        try:
            fit = fit_linear(light, mean, 1e-4, (1,))
        except ValueError:
            return None
        levels.append(fit.coefficients)
        left = np.abs(pixels.value - (light @ fit.coefficients)[pixels.row])[end]
        noise.append(1.4826 * float(np.median(left)))
    contrast = float(levels[1][0] - levels[0][0])
    if contrast < max(6 * max(noise), 1e-6):
        return None
    noise = [max(n, LEAST_NOISE * contrast) for n in noise]
    return _State(levels[0], levels[1], sigma_px, (noise[0], noise[1]))


def _sums(pixels: _Pixels, guide_px: Floats, light: Floats, state: _State, side: float) -> _Sums:
    u, radius = pixels.beyond_px(guide_px)
    s = state.sigma_px
    z: Floats = (u + s * s / (2 * radius)) * (side / s)
    share = normal_cdf(z)
    dark: Floats = light @ state.dark
    rise = (light @ state.bright - dark)[pixels.row]
    slope: Floats = np.exp(-0.5 * z * z) * rise * (1 / (s * math.sqrt(2 * math.pi)))
    residual = pixels.value - dark[pixels.row] - rise * share
    low, high = state.noise
    root = 1 / np.sqrt(low * low + (high * high - low * low) * share)
    one = root * (1 - share), root * share, root * slope * -side, root * slope * -z
    left = root * residual
    pairs = [(i, j) for i in range(4) for j in range(i, 4)]
    products: Floats = np.empty((19, len(left)))
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
    peak = np.maximum.reduceat(np.abs(left), pixels.starts)
    return _Sums(squares, total[10:14], total[14] / size, peak, total[15:19])


def _clean(sums: _Sums, reach: int, *, trust_offset: bool) -> Floats:
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
    near = bad.copy()
    for by in range(1, reach + 1):
        near |= np.roll(bad, by) | np.roll(bad, -by)
    return np.where(near, 0.0, 1.0)


def _solve(sums: _Sums, shape: Floats, light: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Step of dark levels, bright levels, shape and blur, and the inverse of the normal matrix."""
    parts = (light, light, shape, np.ones((len(shape), 1)))
    normal = np.block(
        [[a.T @ (b * (weights * sums.squares[i, j])[:, None]) for j, b in enumerate(parts)] for i, a in enumerate(parts)]
    )
    right = np.concatenate([a.T @ (weights * sums.residuals[i]) for i, a in enumerate(parts)])
    inverse = np.asarray(np.linalg.inv(normal), np.float64)
    return inverse @ right, inverse


def _noise(sums: _Sums, weights: Floats, least: float) -> tuple[float, float]:
    dark, dark_count, bright, bright_count = sums.ends @ weights
    return (
        max(math.sqrt(dark / max(dark_count, 1.0)), least),
        max(math.sqrt(bright / max(bright_count, 1.0)), least),
    )
