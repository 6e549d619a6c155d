"""One connected region of pixels: how long, how wide, how compact, and its outline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Pixels that belong together, cut out of a frame.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        At least one pixel is True.
    corner_xy_px : tuple of int
        Where the mask's first pixel lies in the frame.
    """

    mask: NDArray[np.bool_]
    corner_xy_px: tuple[int, int]

    @property
    def area_px(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.mask))

    @property
    def place(self) -> tuple[slice, slice]:
        """The rows and columns of the frame that the mask covers."""
        x, y = self.corner_xy_px
        return slice(y, y + self.mask.shape[0]), slice(x, x + self.mask.shape[1])

    @property
    def pixels_xy_px(self) -> Points:
        """Centres of all pixels in the frame, shape (n, 2)."""
        rows, columns = np.nonzero(self.mask)
        return np.stack([columns, rows], -1).astype(np.float64) + np.array(self.corner_xy_px, np.float64)

    @property
    def hull_xy_px(self) -> Points:
        """Convex hull of the pixels' centres, shape (n, 2)."""
        hull = cv2.convexHull(self.pixels_xy_px.astype(np.float32))
        return np.asarray(hull, np.float64).reshape(-1, 2)

    @property
    def outline_xy_px(self) -> tuple[tuple[float, float], ...]:
        """Outline of the largest part through its outermost pixel centres; a box around what has no area of its own."""
        padded = np.pad(self.mask.astype(np.uint8), 1)
        contours, _ = cv2.findContours(padded, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        longest = max(contours, key=lambda c: float(len(c)))
        points = np.asarray(cv2.approxPolyDP(longest, 0.7, True), np.float64).reshape(-1, 2)
        points += np.array(self.corner_xy_px, np.float64) - 1
        if len(points) < 3:
            (left, top), (right, bottom) = points.min(0) - 0.5, points.max(0) + 0.5
            points = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        return tuple((float(x), float(y)) for x, y in points)

    @property
    def extents_px(self) -> tuple[float, float]:
        """Largest and smallest Feret diameter, each with half a pixel added at either end.

        The largest distance between, and the smallest between parallel lines around, the convex hull of the pixels'
        centres; exact for the hull (rotating calipers over its edges).
        """
        hull = self.hull_xy_px
        largest = float(np.linalg.norm(hull[:, None] - hull[None], axis=-1).max())
        edges = np.roll(hull, -1, 0) - hull
        edges = edges[np.linalg.norm(edges, axis=1) > 0]
        if len(edges) == 0:
            return 1.0, 1.0
        across = np.stack([-edges[:, 1], edges[:, 0]], -1) / np.linalg.norm(edges, axis=1, keepdims=True)
        heights = hull @ across.T
        return largest + 1, float(np.ptp(heights, axis=0).min()) + 1

    @property
    def solidity(self) -> float:
        """Share of its convex hull that the region fills, 0 to 1; branched regions fill little."""
        canvas = np.zeros(self.mask.shape, np.uint8)
        hull = np.rint(self.hull_xy_px - np.array(self.corner_xy_px, np.float64)).astype(np.int32)
        cv2.fillConvexPoly(canvas, hull, 1)
        return min(self.area_px / max(int(np.count_nonzero(canvas)), 1), 1.0)

    @property
    def axis(self) -> tuple[Points, Points]:
        """Centre (x, y) and unit vector of the direction in which the region is longest."""
        points = self.pixels_xy_px
        centre = points.mean(0)
        if len(points) < 2:
            return centre, np.array([1.0, 0.0])
        _, _, directions = np.linalg.svd(points - centre, full_matrices=False)
        return centre, np.asarray(directions[0], np.float64)


def regions(mask: NDArray[np.bool_], bridge_px: int = 0) -> list[Region]:
    """Connected regions (8 neighbours), from the top left; parts not more than `bridge_px` apart count as one.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
    bridge_px : int
        Widest gap of False pixels, in x and y, across which parts still belong together.

    Returns
    -------
    list of Region
        Without the gaps: a region that was bridged has several parts.
    """
    binary = mask.astype(np.uint8)
    size = bridge_px + 1
    joined = cv2.dilate(binary, np.ones((size, size), np.uint8)) if bridge_px else binary
    labels = np.empty(binary.shape, np.int32)
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, labels, connectivity=8, ltype=cv2.CV_32S)
    boxes = np.asarray(stats, np.int64)
    found: list[Region] = []
    for number in range(1, count):
        x, y, w, h = (int(v) for v in boxes[number, :4])
        part = (labels[y : y + h, x : x + w] == number) & mask[y : y + h, x : x + w]
        rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
        part = part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        found.append(Region(part, (x + int(columns[0]), y + int(rows[0]))))
    return found
