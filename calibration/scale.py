"""How many millimetres a pixel is, and how surely."""

from __future__ import annotations

import math
from dataclasses import dataclass

from loupebox.calibration.estimate import Contribution, Estimate


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of one view, the same in both directions (telecentric lens, square pixels).

    Parameters
    ----------
    mm_per_px : Estimate
        Above 0, in mm/px, with the uncertainty of the certificate that it comes from.

    Raises
    ------
    ValueError
        When the value is not above 0.
    """

    mm_per_px: Estimate

    def __post_init__(self) -> None:
        if self.mm_per_px.value <= 0:
            raise ValueError(f"scale is {self.mm_per_px.value:g} mm/px; allowed is a number above 0")

    def length_mm(self, length_px: float, standard_uncertainty_px: float, name: str) -> Estimate:
        """Turn a length in pixels into millimetres.

        Parameters
        ----------
        length_px : float
            Any sign.
        standard_uncertainty_px : float
            Of finding the length in the image.
        name : str
            What that uncertainty is called in the budget, such as "edge noise".

        Returns
        -------
        Estimate
            In mm; the budget holds the certificate's part and the part called `name`.
        """
        k = self.mm_per_px
        return Estimate(
            length_px * k.value,
            "mm",
            (
                Contribution("scale certificate", math.fabs(length_px) * k.standard_uncertainty, k.degrees_of_freedom),
                Contribution(name, standard_uncertainty_px * k.value),
            ),
        )
