"""The band of a ring between its two outlines, away from the head."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.closed_edge import find_closed_edge, sector_form_px, sectors_of
from loupebox.inspect.contour import Contour, fit_contour
from loupebox.inspect.edge_band import band_half_px, fit_edge_band
from loupebox.inspect.edge_pixels import TABLE, pixels_around
from loupebox.inspect.linear_fit import fit_linear
from loupebox.inspect.rays import directions_rad, points_at, rough_edges

Floats = NDArray[np.float64]

PLACES = 1440
GUIDE_PROFILES, GUIDE_HALF_PX = 240, 9.0
ROUGH_DEGREE, DEGREE = 6, 14
LEAST_ACCEPTED = 0.7
ROUGHEST_PX = 0.5
"""Form finer than the smooth edge above which something other than the edge was followed."""


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """The wall of the band.

    Parameters
    ----------
    angle_rad : ndarray, shape (n,)
        Evenly around away from the head, from image right towards image down; ascending, perhaps past a whole turn.
    outer_xy_px : ndarray, shape (n, 2)
        The outer outline there, x then y.
    thickness_px : ndarray, shape (n,)
        Distance between the outlines along the ray from the hole's centre.
    standard_uncertainty_px : float
        Of the outer outline at one angle.
    closed : bool
        Whether it goes all around, so that its end is its beginning.
    """

    angle_rad: Floats
    outer_xy_px: Floats
    thickness_px: Floats
    standard_uncertainty_px: float
    closed: bool


def fit_wall(
    signal: NDArray[np.float32],
    inner: Contour,
    sigma_px: float,
    rough_outer_xy_px: Floats,
    head_span_deg: tuple[float, float] | None,
) -> Wall | str:
    """Find the outer outline to a small part of a pixel and the thickness all along.

    Without a head the outline is a Fourier series as the hole's; with one, a polynomial of degree 14 in the angle over
    the rest. Both are fitted to all raw pixels near the edge.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    inner : Contour
    sigma_px : float
        Blur of edges with the pixel's own width in it.
    rough_outer_xy_px : ndarray, shape (n, 2)
        Good to some pixels; dirt allowed.
    head_span_deg : tuple of float or None
        Where the head begins and how wide it is.

    Returns
    -------
    Wall, or a clause after "because"
    """
    begin, span = (0.0, 360.0) if head_span_deg is None else (sum(head_span_deg), 360 - head_span_deg[1])
    offset = rough_outer_xy_px - np.asarray(inner.centre_xy_px)
    turned = (np.degrees(np.arctan2(offset[:, 1], offset[:, 0])) - begin) % 360
    away = turned <= span
    try:
        rough = fit_linear(
            _polynomials(2 * turned[away] / span - 1, ROUGH_DEGREE),
            np.hypot(offset[away, 0], offset[away, 1]),
            1.0,
            (2,),
        )
    except ValueError:
        return "the outer edge of the band is hardly seen"
    angle = np.radians(begin) + directions_rad(GUIDE_PROFILES)[: round(GUIDE_PROFILES * span / 360)]
    expected = _polynomials(_place(angle, begin, span), ROUGH_DEGREE) @ rough.coefficients
    half = max(GUIDE_HALF_PX, 4 * sigma_px + 4)
    radius, _, _ = rough_edges(signal, inner.centre_xy_px, angle, expected, half, falling=False)
    try:
        if head_span_deg is None:
            found = _all_around(signal, inner, sigma_px, points_at(inner.centre_xy_px, angle, radius))
        else:
            guide = fit_linear(_polynomials(_place(angle, begin, span), DEGREE), radius, 0.02, (3, 7))
            found = _away_from_head(signal, inner, sigma_px, guide.coefficients, begin, span)
    except ValueError:
        return "most of the outer edge of the band is dirty or damaged"
    if found is None:
        return "most of the outer edge of the band is dirty or damaged"
    angle, radius, uncertainty, accepted = found
    if accepted < LEAST_ACCEPTED:
        return f"{100 * (1 - accepted):.0f} % of the outer edge of the band is dirty or damaged"
    outer = points_at(inner.centre_xy_px, angle, radius)
    return Wall(angle, outer, radius - inner.radius_px(angle), uncertainty, head_span_deg is None)


def _all_around(
    signal: NDArray[np.float32], inner: Contour, sigma_px: float, points_xy_px: Floats
) -> tuple[Floats, Floats, float, float] | None:
    """Angle and radius about the hole's centre, standard uncertainty, and the part of the edge that is clean."""
    guide = fit_contour(points_xy_px, inner.centre_xy_px)
    edge = find_closed_edge(signal, guide, sigma_px, bright_inside=False)
    if edge is None:
        return None
    angle = directions_rad(PLACES)
    radius = _about(edge.contour, inner.centre_xy_px, angle)
    return angle, radius, edge.contour.radius_standard_uncertainty_px, edge.contour.accepted_share


def _away_from_head(
    signal: NDArray[np.float32], inner: Contour, sigma_px: float, guide: Floats, begin_deg: float, span_deg: float
) -> tuple[Floats, Floats, float, float] | None:
    """The same away from the head."""
    count = sectors_of(float(guide[0]))
    around = directions_rad(TABLE * count)
    place = _place(around, begin_deg, span_deg)
    basis = _polynomials(place, DEGREE)
    radius = basis @ guide
    used = (np.abs(place) <= 1)[TABLE // 2 :: TABLE]
    pixels = pixels_around(signal, inner.centre_xy_px, radius, band_half_px(sigma_px), used)
    fit = fit_edge_band(pixels, radius, basis, sigma_px, bright_before=False) if pixels else None
    if fit is None or sector_form_px(fit) > ROUGHEST_PX:
        return None
    angle = math.radians(begin_deg) + directions_rad(PLACES)[: round(PLACES * span_deg / 360)]
    here = _polynomials(_place(angle, begin_deg, span_deg), DEGREE)
    scatter = math.sqrt(float(((here @ fit.covariance) * here).sum(axis=1).mean()))
    accepted = float(fit.weights[used].mean())
    return angle, here @ (guide + fit.coefficients), math.hypot(scatter, sector_form_px(fit)), accepted


def _place(angle_rad: Floats, begin_deg: float, span_deg: float) -> Floats:
    """-1 where the band begins to 1 where it ends; beyond 1 in the head."""
    # Rounding must not throw the beginning to the far end.
    return 2 * ((np.degrees(angle_rad) - begin_deg + 1e-6) % 360 - 1e-6) / span_deg - 1


def _polynomials(place: Floats, degree: int) -> Floats:
    # Chebyshev's: T_k(cos a) = cos(k a).
    angle: Floats = np.arccos(np.clip(place, -1, 1))
    phase: Floats = np.outer(angle, np.arange(degree + 1, dtype=np.float64))
    return np.cos(phase)


def _about(outer: Contour, centre_xy_px: tuple[float, float], angle_rad: Floats) -> Floats:
    """Radius of a contour about another centre close by, at given angles."""
    offset = outer.points_xy_px(4 * PLACES) - np.asarray(centre_xy_px)
    around = np.arctan2(offset[:, 1], offset[:, 0])
    radius = np.hypot(offset[:, 0], offset[:, 1])
    return np.asarray(np.interp(angle_rad, around, radius, period=2 * np.pi), np.float64)
