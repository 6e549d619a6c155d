"""The largest circle that fits into a contour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Circle:
    """Centre and radius, in the unit of the points that it was made from."""

    centre_xy: tuple[float, float]
    radius: float


def maximum_inscribed_circle(points_xy: Floats, inside_xy: tuple[float, float]) -> Circle:
    """Find the largest circle that has no point of a closed contour inside.

    Maximises over the centre c the smallest distance to a point. Each round solves the linear programme of the
    distances at the present centre (distance falls by u . d for a step d towards a point in direction u) and takes as
    much of its step as makes the circle larger; this is Newton's method where three points hold the circle.

    Parameters
    ----------
    points_xy : ndarray, shape (n, 2)
        Along the contour, dense enough that the arc between neighbours is flat; at least 3.
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
    if len(points_xy) < 3 or not np.isfinite(points_xy).all():
        raise ValueError(f"a contour needs 3 or more finite points; got {len(points_xy)}, finite or not")
    centre = np.asarray(inside_xy, np.float64)
    distance = _distances(points_xy, centre)
    radius = float(distance.min())
    for _ in range(50):
        towards = (points_xy - centre) / distance[:, None]
        step = _largest_gain(towards, distance, 0.2 * max(radius, float(distance.max()) * 1e-3))
        gained = 0.0
        while float(np.abs(step).max()) > 1e-13 * radius:
            further = _distances(points_xy, centre + step)
            gained = float(further.min()) - radius
            if gained > 0:
                centre, distance, radius = centre + step, further, float(further.min())
                break
            step = step / 2
        if gained <= 1e-12 * radius:
            break
    return Circle((float(centre[0]), float(centre[1])), radius)


def _distances(points_xy: Floats, centre: Floats) -> Floats:
    return np.hypot(points_xy[:, 0] - centre[0], points_xy[:, 1] - centre[1])


def _largest_gain(towards: Floats, distance: Floats, reach: float) -> Floats:
    """The step of at most `reach` in x and y that most enlarges the smallest linearised distance."""
    # Far points never hold the circle within this reach; without them the programme is small.
    near = distance < distance.min() + 3 * reach
    towards, distance = towards[near], distance[near]
    constraints = np.column_stack([towards, np.ones(len(towards))])
    solved: Any = linprog(
        [0.0, 0.0, -1.0], A_ub=constraints, b_ub=distance, bounds=[(-reach, reach), (-reach, reach), (0, None)]
    )
    return np.asarray(solved.x[:2], np.float64)
