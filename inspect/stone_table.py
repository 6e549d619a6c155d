"""The table of a stone seen from above: its middle and its size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.stone_outline import GirdleCircle

LEVEL = 0.5
"""Probability at which the table ends."""
SHARES = (0.3, 0.8)
"""Of the girdle's radius; a table outside these is none that is known."""
CORNER_SHARE = 0.949
"""Radius of the circle of equal area over the distance of the corners, of the regular octagon that most tables are."""


@dataclass(frozen=True, slots=True)
class StoneTable:
    """The table, in pixels of the top frame.

    Parameters
    ----------
    centre_xy_px : (float, float)
        x right, y down.
    radius_px : float
        Of its corners, as tables are graded.
    """

    centre_xy_px: tuple[float, float]
    radius_px: float


def find_table(mark: NDArray[np.float32], girdle: GirdleCircle) -> StoneTable | None:
    """Middle and size of the table, where the model sees it.

    Parameters
    ----------
    mark : ndarray of float32, shape (height, width)
        Probability of being on the table.
    girdle : GirdleCircle

    Returns
    -------
    StoneTable or None
        None when no table of a usual size is seen.
    """
    mask = (mark >= LEVEL).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    # What prongs or glints cut out of it the hull gives back: a table is convex.
    hull = cv2.convexHull(np.argwhere(labels == largest)[:, ::-1].astype(np.int32))
    moments = cv2.moments(hull)
    if moments["m00"] <= 0:
        return None
    # The hull runs through the middles of the outermost pixels, half a pixel inside of the edge.
    radius = (math.sqrt(moments["m00"] / math.pi) + 0.5) / CORNER_SHARE
    if not SHARES[0] < radius / girdle.radius_px < SHARES[1]:
        return None
    return StoneTable((moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]), radius)
