"""A pinhole camera with a distorting lens: from a view's points to straight ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.lens import Lens, straightened_px

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PinholeCamera:
    """Intrinsic parameters (Brown's model as OpenCV orders it).

    Parameters
    ----------
    fx_px, fy_px : float
        Focal length along x and y.
    cx_px, cy_px : float
        Principal point.
    k1, k2, p1, p2, k3 : float
        Radial and tangential distortion of normalised points.
    """

    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k3: float = 0.0

    @property
    def matrix(self) -> Floats:
        """The camera matrix, shape (3, 3)."""
        return np.array([[self.fx_px, 0, self.cx_px], [0, self.fy_px, self.cy_px], [0, 0, 1]], np.float64)

    @property
    def distortion(self) -> Floats:
        """k1, k2, p1, p2, k3."""
        return np.array([self.k1, self.k2, self.p1, self.p2, self.k3], np.float64)

    def undistorted_px(self, xy_px: Floats) -> Floats:
        """Where points would lie in a picture of the same camera without distortion.

        Points are corrected, not pictures: a picture that is drawn anew loses what its edges say below a pixel.

        Parameters
        ----------
        xy_px : ndarray, shape (n, 2)

        Returns
        -------
        ndarray, shape (n, 2)
        """
        return straightened_px(self.distorted_px, xy_px)

    def distorted_px(self, xy_px: Floats) -> Floats:
        """The inverse of `undistorted_px`: where the lens puts straight points."""
        rays = np.column_stack([(xy_px - [self.cx_px, self.cy_px]) / [self.fx_px, self.fy_px], np.ones(len(xy_px))])
        zero = np.zeros(3)
        seen, _ = cv2.projectPoints(rays.reshape(-1, 1, 3), zero, zero, self.matrix, self.distortion)
        return np.asarray(seen, np.float64).reshape(-1, 2)

    def lens(self, size_px: tuple[int, int]) -> Lens:
        """The distortion alone, for a picture of a width and height; pixels are taken for square."""
        lens = Lens(size_px, centre_xy_px=(self.cx_px, self.cy_px))
        # Brown's points are in focal lengths, a lens's in half diagonals.
        h = lens.half_diagonal_px * 2 / (self.fx_px + self.fy_px)
        return replace(lens, k1=self.k1 * h**2, k2=self.k2 * h**4, k3=self.k3 * h**6, p1=self.p1 * h, p2=self.p2 * h)
