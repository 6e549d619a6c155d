"""The oblique view of a head: where its girdle lies there, and how high its prongs' tips stand over it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.scale import Scale
from loupebox.inspect.prong_tip import TipFromAbove
from loupebox.inspect.stone_outline import GirdleEllipse, find_oblique_girdle
from loupebox.inspect.triangulation import TipHeight, find_height

KNEE_MM = (0.12, 0.28)
"""How much higher than its tip the knee of a prong behind the stone can look: this and a share of its length."""


@dataclass(frozen=True, slots=True, eq=False)
class ObliqueView:
    """The oblique view of a head, ready to look heights up in.

    Parameters
    ----------
    prong : ndarray of float32, shape (height, width)
        Probability of prong.
    girdle : GirdleEllipse
    scale : Scale
    elevation_rad, elevation_u_rad : float
        Of the camera above the girdle's plane, with its standard uncertainty.
    """

    prong: NDArray[np.float32]
    girdle: GirdleEllipse
    scale: Scale
    elevation_rad: float
    elevation_u_rad: float

    def find(
        self, tip: TipFromAbove, ball_mm: float, length_mm: float, nominal_mm: float, level: float
    ) -> TipHeight | None:
        """The tip in this view, or None when it is not clear.

        Parameters
        ----------
        tip : TipFromAbove
        ball_mm : float
            Radius of the tip's ball.
        length_mm : float
            How far the prong reaches over the stone.
        nominal_mm : float
            Where the ball's top should be, over the girdle.
        level : float
            Probability at which a prong ends.
        """
        return find_height(
            self.prong,
            self.girdle,
            tip,
            ball_mm,
            self.scale.mm_per_px.value,
            self.elevation_rad,
            level,
            nominal_mm - ball_mm,
            KNEE_MM[0] + KNEE_MM[1] * max(length_mm, 0.0),
        )

    def lift(
        self, found: TipHeight, tip: TipFromAbove, ball_mm: float, nominal_mm: float, segmentation_u_mm: float
    ) -> Estimate:
        """Height of the ball's top over where it should be, in mm.

        The elevation e counts by the derivative of `height_mm`: height tan e - back.
        """
        height = found.centre_height_mm + ball_mm
        e = self.elevation_rad
        by_elevation = found.centre_height_mm * math.tan(e) - tip.centre_xy_mm[1]
        return Estimate(
            height - nominal_mm,
            "mm",
            (
                of_scale(self.scale, height),
                Contribution("elevation certificate", abs(by_elevation) * self.elevation_u_rad),
                Contribution("scatter of the tip's outline", math.hypot(found.noise_mm, tip.noise_mm)),
                Contribution(
                    "scatter of the girdle's outline",
                    self.girdle.centre_u_px * self.scale.mm_per_px.value / math.cos(e),
                ),
                Contribution("knee or tip", found.doubt_mm),
                Contribution("segmentation of the tip and its shape", segmentation_u_mm),
            ),
        )


def look_obliquely(
    stone: NDArray[np.float32], prong: NDArray[np.float32], certificate: Certificate, radius_mm: float, level: float
) -> ObliqueView | None:
    """Find the girdle in the oblique view.

    Parameters
    ----------
    stone, prong : ndarray of float32, shape (height, width)
        Probabilities.
    certificate : Certificate
        Of the oblique view.
    radius_mm : float
        Of the girdle, from the top view.
    level : float
        Probability at which the stone ends.

    Returns
    -------
    ObliqueView or None
        None when the stone is not found there.

    Raises
    ------
    ValueError
        When the certificate's elevation is missing, or too flat or steep to tell heights.
    """
    elevation = certificate.elevation_deg
    elevation_u = certificate.elevation_standard_uncertainty_deg
    if elevation is None or elevation_u is None or not 15 <= elevation <= 75:
        raise ValueError(
            f"certificate {certificate.certificate_id} of the oblique view says elevation {elevation} degrees; "
            "heights need an elevation of 15 to 75 degrees with its uncertainty"
        )
    scale = certificate.scale
    girdle = find_oblique_girdle(stone, prong, level, radius_mm / scale.mm_per_px.value, math.radians(elevation))
    if girdle is None:
        return None
    return ObliqueView(prong, girdle, scale, math.radians(elevation), math.radians(elevation_u))


def of_scale(scale: Scale, length_mm: float) -> Contribution:
    """What the certificate of the scale brings to the uncertainty of a length."""
    k = scale.mm_per_px
    return Contribution("scale certificate", abs(length_mm) * k.standard_uncertainty / k.value)
