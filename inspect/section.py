"""The section of a band, and where a line of sight grazes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Profile = Literal["court", "D", "flat", "flat court"]
"""As the trade calls it: court is rounded inside (comfort fit) and outside, D flat inside and rounded outside, flat is
flat on both sides, flat court is rounded inside and flat outside."""
Shape = Literal["rounded", "flat"]

SIDES: dict[Profile, tuple[Shape, Shape]] = {
    "court": ("rounded", "rounded"),
    "D": ("flat", "rounded"),
    "flat": ("flat", "flat"),
    "flat court": ("rounded", "flat"),
}
"""Inside and outside of each profile."""
EXPONENT = 2.6
"""Of a rounded side, a superellipse; 2 is an ellipse, 3 is nearly flat in its middle."""
EDGE_MM = 0.15
"""Radius to which the edges of a flat side are rounded off."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a section, the inner or the outer one.

    Parameters
    ----------
    shape : Shape
    width_mm : float
        Of the band, along the finger.
    depth_mm : float
        Of a rounded side, from its crown to where the band is widest: half the thickness.
    exponent : float
        Of a rounded side.
    edge_mm : float
        Radius of a flat side's edges.
    """

    shape: Shape
    width_mm: float
    depth_mm: float
    exponent: float = EXPONENT
    edge_mm: float = EDGE_MM

    def grazed(self, slope: Floats) -> tuple[Floats, Floats]:
        """Where the side has a slope: place across the band from its middle, and how far it lies behind the crown.

        Parameters
        ----------
        slope : ndarray
            Millimetres behind the crown per millimetre across; below 0 on the half with negative places.

        Returns
        -------
        ndarray, ndarray, each of the shape of `slope`
            In mm.
        """
        steep = np.abs(slope)
        if self.shape == "flat":
            edge = min(self.edge_mm, self.width_mm / 2)
            into = edge * steep / np.hypot(1, steep)
            return np.sign(slope) * (self.width_mm / 2 - edge + into), edge - np.sqrt(edge**2 - into**2)
        logs = _superellipse(self.exponent)
        # The table is of a side one half wide and one deep.
        reach = np.exp(np.interp(np.log(np.maximum(steep * self.width_mm / 2 / self.depth_mm, 1e-12)), *logs))
        reach = np.where(steep > 0, reach, 0.0)
        depth = self.depth_mm * (1 - (1 - reach**self.exponent) ** (1 / self.exponent))
        return np.sign(slope) * reach * self.width_mm / 2, depth


@lru_cache(maxsize=16)
def _superellipse(exponent: float) -> tuple[Floats, Floats]:
    """Logarithms of slope and of place, 0 to 1, of 1 - (1 - x^p)^(1/p)."""
    place: Floats = np.concatenate([np.geomspace(1e-6, 0.5, 200), 1 - np.geomspace(0.49, 1e-9, 200)])
    slope: Floats = place ** (exponent - 1) * (1 - place**exponent) ** (1 / exponent - 1)
    return np.log(slope), np.log(place)
