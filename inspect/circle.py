"""The circles that touch a closed contour: the largest inside, the smallest around, and the two with all between."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDS = 60
MOST_EXCHANGES = 500


@dataclass(frozen=True, slots=True)
class Circle:
    """Centre and radius, in the unit of the points that it was made from.

    Parameters
    ----------
    centre_xy : tuple of float
    radius : float
    touches : tuple of int
        Indices of the points that hold it, three at most.
    shares : tuple of float
        How much of each such point's distance is in the radius; they add up to 1. A change of the points changes the
        radius by the shares' sum of the changes along their radii, which is what an uncertainty needs.
    """

    centre_xy: tuple[float, float]
    radius: float
    touches: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """Two circles of one centre with all points between them; their distance is the roundness by minimum zone."""

    centre_xy: tuple[float, float]
    inner_radius: float
    outer_radius: float

    @property
    def width(self) -> float:
        return self.outer_radius - self.inner_radius


def maximum_inscribed_circle(points_xy: Floats, inside_xy: tuple[float, float]) -> Circle:
    """Find the largest circle that has no point of a closed contour inside.

    Maximises over the centre c the smallest distance to a point. Each round solves the linear programme of the
    distances at the present centre (distance falls by u . d for a step d towards a point in direction u) and takes as
    much of its step as makes the circle larger; this is Newton's method where three points hold the circle.

    Parameters
    ----------
    points_xy : ndarray, shape (n, 2)
        Along the contour, dense enough that the arc between neighbours is flat; at least 3, and around the start.
    inside_xy : tuple of float
        Where to start: inside, nearer to the centre than to the contour. A contour that is no near-circle can have
        several such circles; the one climbed to from here is returned.

    Returns
    -------
    Circle

    Raises
    ------
    ValueError
        When there are fewer than 3 points or one is not finite.
    """
    return _held_circle(points_xy, inside_xy, 1.0)


def minimum_circumscribed_circle(points_xy: Floats, inside_xy: tuple[float, float]) -> Circle:
    """Find the smallest circle that has no point of a closed contour outside; otherwise as `maximum_inscribed_circle`.

    There is only one, whatever the start.
    """
    return _held_circle(points_xy, inside_xy, -1.0)


def minimum_zone(points_xy: Floats, inside_xy: tuple[float, float]) -> Zone:
    """Find the two circles of one centre that enclose all points at the least distance (ISO 12181-1, MZCI).

    Parameters and errors as `maximum_inscribed_circle`; at least 4 points.
    """
    _check(points_xy, 4)

    def span(distance: Floats) -> float:
        return -float(np.ptp(distance))

    def step(towards: Floats, distance: Floats) -> Floats:
        one = np.ones((len(distance), 1))
        # Of y = (step, radius, half width): no point farther out, and none farther in, than half the width.
        above, below = np.hstack([-towards, -one, -one]), np.hstack([towards, one, -one])
        turn = np.arctan2(towards[:, 1], towards[:, 0])
        ends = [_nearest(turn, k * math.pi / 2) for k in range(4)]
        basis = [e + (k % 2) * len(distance) for k, e in enumerate(ends)]
        found = _programme(
            np.vstack([above, below]), np.concatenate([-distance, distance]), np.array([0.0, 0, 0, -1]), basis
        )
        return found[0][:2]

    centre, distance = _climb(points_xy, inside_xy, span, step)
    return Zone((float(centre[0]), float(centre[1])), float(distance.min()), float(distance.max()))


def held_radii(angle_rad: Floats, radii: Floats, *, inside: bool) -> Floats:
    """Radius of the largest circle inside, or the smallest around, of many contours that are almost the same circle.

    One linear programme each, begun where the last one ended: exact but for d^2 / (2 R), d being how far the circle's
    centre lies from the contour's.

    Parameters
    ----------
    angle_rad : ndarray, shape (n,)
    radii : ndarray, shape (contours, n)
        About a centre close to the circle's.
    inside : bool

    Returns
    -------
    ndarray, shape (contours,)
    """
    sign = 1.0 if inside else -1.0
    towards = np.column_stack([np.cos(angle_rad), np.sin(angle_rad)])
    constraints = np.column_stack([sign * towards, np.ones(len(angle_rad))])
    rows = [_nearest(angle_rad, k * 2 * math.pi / 3) for k in range(3)]
    found: Floats = np.empty(len(radii))
    for i, radius in enumerate(radii):
        best, rows, _ = _programme(constraints, sign * radius, np.array([0.0, 0.0, 1.0]), rows)
        found[i] = sign * best[2]
    return found


def _held_circle(points_xy: Floats, inside_xy: tuple[float, float], sign: float) -> Circle:
    _check(points_xy, 3)
    held: tuple[list[int], Floats] = ([], np.zeros(0))

    def least(distance: Floats) -> float:
        return float((sign * distance).min())

    def step(towards: Floats, distance: Floats) -> Floats:
        nonlocal held
        turn = np.arctan2(towards[:, 1], towards[:, 0])
        basis = [_nearest(turn, k * 2 * math.pi / 3) for k in range(3)]
        constraints = np.column_stack([sign * towards, np.ones(len(distance))])
        found, rows, multipliers = _programme(constraints, sign * distance, np.array([0.0, 0.0, 1.0]), basis)
        held = rows, multipliers
        return found[:2]

    centre, distance = _climb(points_xy, inside_xy, least, step)
    touching = [(i, float(share)) for i, share in zip(*held, strict=True) if share > 1e-9]
    return Circle(
        (float(centre[0]), float(centre[1])),
        sign * least(distance),
        tuple(i for i, _ in touching),
        tuple(share for _, share in touching),
    )


def _climb(
    points_xy: Floats,
    start_xy: tuple[float, float],
    worth: Callable[[Floats], float],
    best_step: Callable[[Floats, Floats], Floats],
) -> tuple[Floats, Floats]:
    """Move the centre as long as the worth of the distances rises; the centre and the distances from it."""
    centre = np.asarray(start_xy, np.float64)
    distance = _distances(points_xy, centre)
    size = float(distance.mean())
    for _ in range(ROUNDS):
        step = best_step((points_xy - centre) / np.maximum(distance, 1e-12 * size)[:, None], distance)
        length = float(np.hypot(*step))
        # A linear programme knows nothing of curvature; far from its start it is no guide.
        step = step * min(1.0, 0.3 * float(distance.min()) / max(length, 1e-300))
        gained = 0.0
        while float(np.abs(step).max()) > 1e-13 * size:
            further = _distances(points_xy, centre + step)
            gained = worth(further) - worth(distance)
            if gained > 0:
                centre, distance = centre + step, further
                break
            step = step / 2
        if gained <= 1e-13 * size:
            break
    return centre, distance


def _programme(a: Floats, b: Floats, c: Floats, basis: list[int]) -> tuple[Floats, list[int], Floats]:
    """Maximise c . y subject to a y <= b by the dual simplex method; the optimum, what holds it, and the multipliers.

    The rows of `basis` must hold c in their positive hull, as they do when they point evenly around.
    """
    rows = list(basis)
    size = float(np.abs(b).max())
    for _ in range(MOST_EXCHANGES):
        held = a[rows]
        y = np.linalg.solve(held, b[rows])
        slack = b - a @ y
        worst = int(slack.argmin())
        if slack[worst] >= -1e-14 * size or worst in rows:
            break
        multipliers, toward = np.linalg.solve(held.T, np.column_stack([c, a[worst]])).T
        ratio = np.where(toward > 1e-12, np.maximum(multipliers, 0.0) / np.maximum(toward, 1e-12), np.inf)
        rows[int(ratio.argmin())] = worst
    held = a[rows]
    y, multipliers = np.linalg.solve(held, b[rows]), np.linalg.solve(held.T, c)
    return np.asarray(y, np.float64), rows, np.asarray(multipliers, np.float64)


def _nearest(turn: Floats, angle: float) -> int:
    return int(np.cos(turn - angle).argmax())


def _distances(points_xy: Floats, centre: Floats) -> Floats:
    return np.hypot(points_xy[:, 0] - centre[0], points_xy[:, 1] - centre[1])


def _check(points_xy: Floats, fewest: int) -> None:
    if len(points_xy) < fewest or not np.isfinite(points_xy).all():
        raise ValueError(f"a contour needs {fewest} or more finite points; got {len(points_xy)}, finite or not")
