"""The band of a ring between its two outlines, away from the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.contour import Contour, fit_contour
from loupebox.inspect.linear_fit import fit_linear
from loupebox.inspect.rays import directions_rad, edges_across, points_at

Floats = NDArray[np.float64]

PROFILES = 1440
ROUGH_DEGREE, DEGREE = 6, 14
WORST_MISFIT = 0.1
LEAST_ACCEPTED = 0.7
ROUGHEST_PX = 0.5
"""Scatter of the places about the smooth edge above which something other than the edge was followed."""


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """The wall of the band.

    Parameters
    ----------
    outer_xy_px : ndarray, shape (n, 2)
        Along its outer outline, x then y.
    thickness_px : float
        Least distance between the outlines along a ray from the hole's centre.
    thinnest_deg : float
        Where, from image right towards image down.
    standard_uncertainty_px : float
        Of the outer outline at one angle, from scatter.
    """

    outer_xy_px: Floats
    thickness_px: float
    thinnest_deg: float
    standard_uncertainty_px: float


def fit_wall(
    signal: NDArray[np.float32],
    inner: Contour,
    sigma_px: float,
    rough_outer_xy_px: Floats,
    head_span_deg: tuple[float, float] | None,
) -> Wall | str:
    """Find the outer outline to a small part of a pixel and the thinnest place.

    Without a head the outline is a Fourier series as the hole's; with one, a polynomial of degree 14 in the angle over
    the rest.

    Parameters
    ----------
    signal : ndarray, shape (height, width)
    inner : Contour
    sigma_px : float
        Blur of edges as sampled.
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
    count = round(PROFILES * span / 360)
    angle = np.radians(begin) + directions_rad(PROFILES)[:count]
    place = np.linspace(-1, 1, count, endpoint=head_span_deg is not None)
    try:
        rough = fit_linear(
            _polynomials(2 * turned[away] / span - 1, ROUGH_DEGREE),
            np.hypot(offset[away, 0], offset[away, 1]),
            1.0,
            (2,),
        )
    except ValueError:
        return "the outer edge of the band is hardly seen"
    expected = _polynomials(place, ROUGH_DEGREE) @ rough.coefficients
    edges, radius = edges_across(signal, inner.centre_xy_px, angle, expected, max(9.0, 4 * sigma_px + 4), sigma_px)
    clear = (edges.contrast > 0.5 * np.nanmedian(edges.contrast)) & (edges.misfit < WORST_MISFIT)
    radius = np.where(clear, radius, np.nan)
    try:
        if head_span_deg is None:
            outer = fit_contour(points_at(inner.centre_xy_px, angle, radius), inner.centre_xy_px)
            accepted, uncertainty = outer.accepted_share, outer.radius_standard_uncertainty_px
            radius = _about(outer, inner.centre_xy_px, angle)
        else:
            basis = _polynomials(place, DEGREE)
            fit = fit_linear(basis, radius, 0.02, (3, 7))
            accepted = float((fit.weights > 0.05).mean()) if fit.scale < ROUGHEST_PX else 0.0
            uncertainty = fit.scale * float(np.sqrt((DEGREE + 1) / max(1.0, float(fit.weights.sum()))))
            radius = basis @ fit.coefficients
    except ValueError:
        return "most of the outer edge of the band is dirty or damaged"
    if accepted < LEAST_ACCEPTED:
        return f"{100 * (1 - accepted):.0f} % of the outer edge of the band is dirty or damaged"
    # A blurred curved edge is seen too far inside by s^2 / (2 R).
    radius = radius + sigma_px**2 / (2 * float(np.median(radius)))
    thickness: Floats = radius - inner.radius_px(angle)
    thinnest = int(thickness.argmin())
    return Wall(
        points_at(inner.centre_xy_px, angle, radius),
        float(thickness[thinnest]),
        float(np.degrees(angle[thinnest]) % 360),
        uncertainty,
    )


def _polynomials(place: Floats, degree: int) -> Floats:
    # Chebyshev's: T_k(cos a) = cos(k a).
    angle: Floats = np.arccos(np.clip(place, -1, 1))
    phase: Floats = np.outer(angle, np.arange(degree + 1, dtype=np.float64))
    return np.cos(phase)


def _about(outer: Contour, centre_xy_px: tuple[float, float], angle_rad: Floats) -> Floats:
    """Radius of a contour about another centre close by, at given angles."""
    offset = outer.points_xy_px(4 * PROFILES) - np.asarray(centre_xy_px)
    around = np.arctan2(offset[:, 1], offset[:, 0])
    radius = np.hypot(offset[:, 0], offset[:, 1])
    return np.asarray(np.interp(angle_rad, around, radius, period=2 * np.pi), np.float64)
