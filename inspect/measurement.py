"""A named quantity of a piece, measured or honestly not."""

from __future__ import annotations

from dataclasses import dataclass

from loupebox.calibration.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Measurement:
    """A quantity with its estimate.

    Parameters
    ----------
    name : str
        Ends in its unit where it has one: "inner_diameter_mm", "prong_2_tip_width_mm", "prong_count".
    estimate : Estimate
    """

    name: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Unmeasurable:
    """A quantity that this capture cannot give, and why. A result, not an error: the verdict becomes REVIEW.

    Parameters
    ----------
    name : str
        As in `Measurement`.
    reason : str
        A clause that completes "cannot be measured because ...".
    """

    name: str
    reason: str


MeasurementResult = Measurement | Unmeasurable
