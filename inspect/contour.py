"""A closed contour around a centre, as a Fourier series of its radius."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.linear_fit import LinearFit, fit_linear

Floats = NDArray[np.float64]

ORDER = 16
"""Highest lobe count kept: ovals, trilobes and flats of a ring lie far below; dirt and grain lie above."""
CENTRING_ORDER = 4
DIAMETER_ORDER = 8
SCALE_FLOOR_PX = 0.02
WINDOW_DEG = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """A smooth closed curve.

    Angles run from image right towards image down.

    Parameters
    ----------
    centre_xy_px : tuple of float
        Chosen so that the first harmonic is nil: the centre of the least-squares circle.
    cosines, sines : ndarray, shape (order + 1,)
        Series of the radius in px; `cosines[0]` is the mean radius and `sines[0]` is 0.
    radius_standard_uncertainty_px : float
        Of the radius at one angle, from the scatter of the points and the form that is finer than the series.
    accepted_share : float
        Part of the points that agree with the curve, 0 to 1.
    largest_gap_deg : float
        Widest angle without a point that agrees.
    covariance : ndarray, shape (2 order + 1, 2 order + 1), or None
        Of mean, cos 1, sin 1, cos 2, ... in px^2; None when only the scatter at one angle is known.
    form_px : float
        Root mean square of the form that is finer than the series.
    """

    centre_xy_px: tuple[float, float]
    cosines: Floats
    sines: Floats
    radius_standard_uncertainty_px: float
    accepted_share: float
    largest_gap_deg: float
    covariance: Floats | None = None
    form_px: float = 0.0

    def held_standard_uncertainty_px(self, angle_rad: Floats, shares: Floats) -> float:
        """Of the sum of the radii at some angles, each times its share."""
        apart = self.form_px * float(np.hypot.reduce(shares)) if len(shares) else 0.0
        if self.covariance is None:
            return self.radius_standard_uncertainty_px
        weight = shares @ waves(angle_rad, len(self.cosines) - 1)
        return float(np.hypot(np.sqrt(max(float(weight @ self.covariance @ weight), 0.0)), apart))

    def radius_px(self, angle_rad: Floats) -> Floats:
        """Radius at each angle, same shape."""
        k = np.arange(len(self.cosines), dtype=np.float64)
        phase = np.asarray(angle_rad, np.float64)[..., None] * k
        return np.cos(phase) @ self.cosines + np.sin(phase) @ self.sines

    def points_xy_px(self, count: int) -> Floats:
        """`count` points along the curve, shape (count, 2), x then y."""
        angle = np.arange(count, dtype=np.float64) * (2 * np.pi / count)
        radius = self.radius_px(angle)
        return np.column_stack(
            [self.centre_xy_px[0] + radius * np.cos(angle), self.centre_xy_px[1] + radius * np.sin(angle)]
        )

    def diameters_px(self, count: int = 360) -> Floats:
        """Diameters through the centre over half a turn, shape (count,); of harmonics up to 8, the rest is grain."""
        even = np.arange(0, min(len(self.cosines), DIAMETER_ORDER + 1), 2)
        phase = np.arange(count, dtype=np.float64)[:, None] * (np.pi / count) * even
        # Odd harmonics have opposite signs at the two ends of a diameter.
        return 2 * (np.cos(phase) @ self.cosines[even] + np.sin(phase) @ self.sines[even])

    def grown_px(self, by_px: float) -> Contour:
        """The same curve with every radius longer by `by_px`."""
        cosines = self.cosines.copy()
        cosines[0] += by_px
        return replace(self, cosines=cosines)


def fit_contour(points_xy_px: Floats, centre_xy_px: tuple[float, float], order: int = ORDER) -> Contour:
    """Fit the series to points around a centre; outliers (dust, lint, a dent) are left out by their distance.

    Parameters
    ----------
    points_xy_px : ndarray, shape (n, 2)
        About evenly around; NaN where none was found. At least 4 order + 2 finite ones.
    centre_xy_px : tuple of float
        A first guess, inside the curve.
    order : int

    Raises
    ------
    ValueError
        When there are too few points.
    """
    centre = np.asarray(centre_xy_px, np.float64)
    # Few harmonics are enough to find the centre; what they leave of the first one stays in the series.
    for harmonics in (min(order, CENTRING_ORDER), min(order, CENTRING_ORDER)):
        centre = centre + _fit_around(points_xy_px, centre, harmonics)[0].coefficients[1:3]
    fit, basis, angle, radius = _fit_around(points_xy_px, centre, order)
    good = fit.weights > 0.05
    cosines = np.concatenate([fit.coefficients[:1], fit.coefficients[1::2]])
    sines = np.concatenate([[0.0], fit.coefficients[2::2]])
    residual = np.where(good, radius - basis @ fit.coefficients, np.nan)
    scatter = fit.scale * float(np.sqrt((2 * order + 1) / max(1, int(good.sum()))))
    form = windowed_rms(angle[good], residual[good])
    return Contour(
        (float(centre[0]), float(centre[1])),
        cosines,
        sines,
        float(np.hypot(scatter, form)),
        float(good.mean()),
        largest_gap_deg(angle[good]),
    )


def waves(angle_rad: Floats, order: int) -> Floats:
    """The series' functions at some angles, shape (n, 2 order + 1): 1, cos 1, sin 1, cos 2, ..."""
    phase = angle_rad[:, None] * np.arange(1, order + 1, dtype=np.float64)
    pairs = np.stack([np.cos(phase), np.sin(phase)], axis=2).reshape(len(angle_rad), 2 * order)
    return np.column_stack([np.ones(len(angle_rad)), pairs])


def _fit_around(points_xy_px: Floats, centre_xy_px: Floats, order: int) -> tuple[LinearFit, Floats, Floats, Floats]:
    """Series of the radius about a centre, its basis, and angle and radius of the points."""
    offset = points_xy_px - centre_xy_px
    angle: Floats = np.arctan2(offset[:, 1], offset[:, 0])
    radius: Floats = np.hypot(offset[:, 0], offset[:, 1])
    basis = waves(np.where(np.isfinite(angle), angle, 0.0), order)
    stages = tuple(n for n in (5, 9) if n < 2 * order + 1)
    return fit_linear(basis, radius, SCALE_FLOOR_PX, stages), basis, angle, radius


def windowed_rms(angle: Floats, residual: Floats) -> float:
    """Root mean square of the residuals' means over windows: form between the series and the grain."""
    window = ((angle + np.pi) / np.radians(WINDOW_DEG)).astype(np.intp)
    count = np.bincount(window)
    mean = np.bincount(window, residual)[count > 0] / count[count > 0]
    return float(np.sqrt((mean**2).mean()))


def largest_gap_deg(angle: Floats) -> float:
    """Widest angle in degrees between neighbours of angles in radians."""
    if len(angle) < 2:
        return 360.0
    turns = np.sort(angle)
    return float(np.degrees(np.diff(turns, append=turns[0] + 2 * np.pi).max()))
