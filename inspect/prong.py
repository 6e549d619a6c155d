"""One prong of a head, as seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from loupebox.calibration.estimate import Estimate

ProngState = Literal["good", "missing", "bent", "short", "long", "lifted", "unsure"]
PRONG_STATES: tuple[ProngState, ...] = get_args(ProngState)


@dataclass(frozen=True, slots=True)
class Prong:
    """One place of the style's prong pattern and what stands there.

    Parameters
    ----------
    index : int
        From 1, by rising angle of the place in the pattern.
    angle_deg : float
        Of the prong's tip about the stone's centre, seen from the top, 0 to 360, counter-clockwise from image right;
        of the expected place when the prong is missing.
    state : ProngState
    reason : str
        Why this state, in words with the numbers; empty when good.
    length_mm : Estimate or None
        How far the prong reaches inward over the stone from the girdle, seen from the top; None when missing.
    bend_mm : Estimate or None
        Sideways offset of the tip from its expected place along the girdle; positive counter-clockwise.
    lift_mm : Estimate or None
        Height of the tip above its nominal height over the girdle; None when the oblique view cannot tell.
    tip_xy_px : tuple of float or None
        Tip in the top frame.
    tip_oblique_xy_px : tuple of float or None
        Tip in the oblique frame.
    """

    index: int
    angle_deg: float
    state: ProngState
    reason: str = ""
    length_mm: Estimate | None = None
    bend_mm: Estimate | None = None
    lift_mm: Estimate | None = None
    tip_xy_px: tuple[float, float] | None = None
    tip_oblique_xy_px: tuple[float, float] | None = None
