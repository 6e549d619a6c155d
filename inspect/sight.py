"""What a lens and a backlight see of a ring: where the dark begins, and how far that is from the metal's own radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.section import Side

Floats = NDArray[np.float64]


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
        is tilted or the lens is no telecentric one. On the camera's side of that place the metal is seen at a grazing
        angle, and up to half the angle between the line of sight and the rim of the backlight it mirrors the backlight.
        A perfect mirror would be as bright, and the dark would begin behind it; rough metal scatters and is less
        bright. All this is narrower than a pixel, so the edge moves by the brightness times the width.

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
        # Light turns by twice the grazing angle: inward at the hole, outward at the outer side.
        grazing = np.maximum(math.radians(self.half_angle_deg) + (view if inside else -view), 0.0) / 2
        line = view - lean
        crown = radius_mm * (1 - np.square(lean) / 2)

        def edge(slope: Floats) -> Floats:
            place, behind = side.grazed(slope)
            at = crown + (behind if inside else -behind) + place * lean
            if self.pupil_mm is None:
                return at
            return (at * self.pupil_mm - place * away) / (self.pupil_mm + place)

        dark, mirror = edge(line if inside else -line), edge(line - grazing if inside else -line - grazing)
        return dark + brightness(grazing, roughness) * (mirror - dark)


def brightness(grazing_rad: Floats, roughness: float) -> Floats:
    """How bright metal looks that mirrors the backlight up to a grazing angle, as a part of the backlight itself.

    A curve through 183 edges of 110 path-traced rings (`benchmarks/ring_renders.py`), of inner and outer, rounded and
    flat sides before both lenses: it depends on angle over roughness alone, within 0.03.
    """
    steps = grazing_rad / roughness
    return np.square(steps) / (np.square(steps) + 0.8 * steps + 2.6)
