"""What a lens and a backlight see of a ring: where the dark begins, and how far that is from the metal's own radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.section import Side

Floats = NDArray[np.float64]

SCATTER = 2.2
"""Grazing angle over roughness at which metal mirrors 1 - 1/e of the light into the backlight's cone."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a ring's middle plane is looked at.

    Parameters
    ----------
    half_angle_deg : float
        Of the backlight's cone.
    pupil_mm : float or None
        Distance of the lens's entrance pupil from the plane in which the scale holds; None for a telecentric lens.
    offset_xy_mm : tuple of float
        From where the optical axis meets that plane to the ring's centre, image right and image down.
    """

    half_angle_deg: float
    pupil_mm: float | None = None
    offset_xy_mm: tuple[float, float] = (0.0, 0.0)

    def seen_mm(
        self,
        side: Side,
        radius_mm: Floats | float,
        angle_rad: Floats,
        tilt_xy_rad: Floats,
        roughness: float,
        *,
        inside: bool,
    ) -> Floats:
        """Radius at which each direction of the picture turns dark, in mm of the plane of the scale.

        A line of sight that goes past the inner side touches it where the side's slope across the band equals the
        line's own: at the crown when both run along the finger, and away from it, at a smaller opening, when the ring
        is tilted or the lens is no telecentric one. A mirror that is grazed at less than half the angle b between the
        line of sight and the rim of the backlight looks as bright as the backlight, so the dark begins only where the
        metal is steeper, on the side of the camera. Rough metal scatters: it does so up to
        b (1 - exp(-b / (4.4 alpha))) / 2, which the path-traced rings of `benchmarks/ring_renders.py` gave.

        Parameters
        ----------
        side : Side
        radius_mm : float or ndarray, broadcastable to (..., n)
            Of the crown of the side.
        angle_rad : ndarray, shape (n,)
            From image right towards image down.
        tilt_xy_rad : ndarray, shape (..., 2)
            How far the ring's axis leans, away from the camera, to image right and image down.
        roughness : float
            Of the metal, alpha of its microfacets (GGX): 0.004 for a mirror polish, 0.05 for satin.
        inside : bool
            Whether it is the inner side (a hole) or the outer one.

        Returns
        -------
        ndarray, shape (..., n)
        """
        cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
        lean = tilt_xy_rad[..., :1] * cosine + tilt_xy_rad[..., 1:] * sine
        away = self.offset_xy_mm[0] * cosine + self.offset_xy_mm[1] * sine
        view: Floats = np.zeros_like(cosine) if self.pupil_mm is None else (radius_mm + away) / self.pupil_mm
        cone = math.radians(self.half_angle_deg)
        # Light turns by twice the grazing angle: inward at the hole, outward at the outer side.
        mirrored = np.maximum(cone + (view if inside else -view), 0.0) / 2
        grazing = mirrored * (1 - np.exp(-mirrored / (SCATTER * roughness)))
        line = view - lean
        place, behind = side.grazed(line - grazing if inside else -line - grazing)
        crown = radius_mm * (1 - np.square(lean) / 2)
        at = crown + (behind if inside else -behind) + place * lean
        if self.pupil_mm is None:
            return at
        return (at * self.pupil_mm - place * away) / (self.pupil_mm + place)
