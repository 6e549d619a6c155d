"""The oblique view of a head: where its girdle lies there, and how high its prongs' tips stand over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Contribution
from loupebox.calibration.scale import Scale
from loupebox.inspect.head_thresholds import CLASSES, PRONG, STONE
from loupebox.inspect.prong_tip import TipFromAbove
from loupebox.inspect.stone_outline import GirdleEllipse, find_oblique_girdle
from loupebox.inspect.tip_votes import VotedTip, voted_tips
from loupebox.inspect.triangulation import height_mm
from loupebox.models.look import Look

ASIDE_MM, OFF_MM = 0.06, 0.4
"""Deviations sideways, and in height from where it should be, that cost a pairing of tips 1."""
LARGEST_COST = 9.0
HEIGHTS_MM = (-0.6, 1.5)
"""How much lower or higher than it should a tip may lie."""


@dataclass(frozen=True, slots=True)
class TipHeight:
    """A prong's tip in the oblique view.

    Parameters
    ----------
    height_mm : float
        Of the middle of its end over the middle of the girdle.
    centre_xy_px : (float, float)
        In the oblique frame.
    error_mm : float
        How far the height may be amiss, by what the pixels say.
    """

    height_mm: float
    centre_xy_px: tuple[float, float]
    error_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class ObliqueView:
    """The oblique view of a head, ready to look heights up in.

    Parameters
    ----------
    tips : tuple of VotedTip
    girdle : GirdleEllipse
    scale : Scale
    elevation_rad, elevation_u_rad : float
        Of the camera above the girdle's plane, with its standard uncertainty.
    """

    tips: tuple[VotedTip, ...]
    girdle: GirdleEllipse
    scale: Scale
    elevation_rad: float
    elevation_u_rad: float

    def heights(self, tips: Sequence[TipFromAbove], nominal_mm: Sequence[float]) -> list[TipHeight | None]:
        """The height of each tip that was seen from above; None for one that is not found here.

        Parameters
        ----------
        tips : sequence of TipFromAbove
        nominal_mm : sequence of float
            Where the middle of each prong's end should be over the girdle.
        """
        pairs: list[tuple[float, int, int]] = []
        found = [[self._height(tip, voted) for voted in self.tips] for tip in tips]
        k = self.scale.mm_per_px.value
        for i, tip in enumerate(tips):
            for j, voted in enumerate(self.tips):
                aside = (voted.tip.xy_px[0] - self.girdle.centre_xy_px[0]) * k - tip.centre.x_mm
                off = found[i][j].height_mm - nominal_mm[i]
                cost = (aside / ASIDE_MM) ** 2 + (off / OFF_MM) ** 2
                if HEIGHTS_MM[0] < off < HEIGHTS_MM[1] and (aside / ASIDE_MM) ** 2 < LARGEST_COST:
                    pairs.append((cost, i, j))
        result: list[TipHeight | None] = [None] * len(tips)
        taken: set[int] = set()
        for _, i, j in sorted(pairs):
            if result[i] is None and j not in taken:
                result[i] = found[i][j]
                taken.add(j)
        return result

    def _height(self, tip: TipFromAbove, voted: VotedTip) -> TipHeight:
        k, e = self.scale.mm_per_px.value, self.elevation_rad
        up_mm = (self.girdle.centre_xy_px[1] - voted.tip.xy_px[1]) * k
        error = math.hypot(voted.tip.error_px * k, tip.centre.error_mm * math.sin(e)) / math.cos(e)
        return TipHeight(height_mm(up_mm, tip.centre.y_mm, e), voted.tip.xy_px, error)

    def budget(self, found: TipHeight) -> tuple[Contribution, ...]:
        """What the certificate and the girdle bring to the uncertainty of a height.

        The elevation e counts by the derivative of `height_mm`, height tan e - back; the second part is a tilt, which
        levelling takes away.
        """
        e = self.elevation_rad
        return (
            of_scale(self.scale, found.height_mm),
            Contribution("elevation certificate", abs(found.height_mm) * math.tan(e) * self.elevation_u_rad),
            Contribution(
                "scatter of the girdle's outline",
                self.girdle.centre_u_px * self.scale.mm_per_px.value / math.cos(e),
            ),
        )


def look_obliquely(look: Look, certificate: Certificate, radius_mm: float, level: float) -> ObliqueView | None:
    """Find girdle and tips in the oblique view.

    Parameters
    ----------
    look : Look
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
    assert look.probabilities.shape[2] == len(CLASSES)
    scale = certificate.scale
    girdle = find_oblique_girdle(
        look.probabilities[..., STONE],
        look.probabilities[..., PRONG],
        level,
        radius_mm / scale.mm_per_px.value,
        math.radians(elevation),
    )
    if girdle is None:
        return None
    return ObliqueView(voted_tips(look), girdle, scale, math.radians(elevation), math.radians(elevation_u))


def of_scale(scale: Scale, length_mm: float) -> Contribution:
    """What the certificate of the scale brings to the uncertainty of a length."""
    k = scale.mm_per_px
    return Contribution("scale certificate", abs(length_mm) * k.standard_uncertainty / k.value)
