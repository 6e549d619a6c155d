"""Lengths are stated at 20 °C (ISO 1): what temperature does to the part and to the artefact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.propagation import Input, propagate

REFERENCE_C = 20.0

Material = Literal[
    "steel", "tungsten carbide", "ceramic", "soda-lime glass", "borosilicate glass", "fused silica",
    "gold alloy", "silver alloy", "platinum alloy", "palladium alloy", "brass",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expansion:
    """Linear expansion between 15 and 30 °C, in 1e-6 / K; rectangular within plus or minus `half_width`."""

    per_k_1e6: float
    half_width: float


# Pure metals as the handbooks give them at room temperature (Au 14.2, Ag 18.9, Cu 16.5, Pt 8.8, Pd 11.8, Ru 6.4);
# the alloys of the trade lie between their metals, and the half-widths cover 9 to 22 carat and the usual hardeners.
# Gauge steel 11.5 +- 1 as GUM H.1 and ISO 3650 have it; zirconia, the usual gauge ceramic, 9 to 10.5.
EXPANSION: Mapping[Material, Expansion] = {
    "steel": Expansion(11.5, 1.0),
    "tungsten carbide": Expansion(4.5, 0.5),
    "ceramic": Expansion(9.7, 0.8),
    "soda-lime glass": Expansion(8.7, 0.5),
    "borosilicate glass": Expansion(3.3, 0.3),
    "fused silica": Expansion(0.55, 0.1),
    "gold alloy": Expansion(15.7, 2.0),
    "silver alloy": Expansion(18.7, 0.8),
    "platinum alloy": Expansion(8.9, 0.6),
    "palladium alloy": Expansion(11.8, 0.8),
    "brass": Expansion(19.0, 1.5),
}


@dataclass(frozen=True, slots=True)
class Temperature:
    """Of a body when it was measured, in °C; with the limits within which it surely lay."""

    celsius: float
    half_width: float

    def __post_init__(self) -> None:
        if not (-10 <= self.celsius <= 60 and 0 <= self.half_width <= 30):
            raise ValueError(
                f"temperature is {self.celsius:g} ± {self.half_width:g} °C; allowed are -10 to 60 °C, known within 30 K"
            )


def growth_inputs(what: str, material: Material, temperature: Temperature) -> tuple[Input, Input]:
    """Coefficient of expansion in 1 / K and temperature difference to 20 °C in K, as inputs of a formula.

    Parameters
    ----------
    what : str
        The body, as the budget calls it: "artefact" or "part".
    material : Material
    temperature : Temperature
    """
    expansion = EXPANSION[material]
    return (
        Input.rectangular(f"expansion of the {what}", expansion.per_k_1e6 * 1e-6, expansion.half_width * 1e-6),
        Input.rectangular(f"temperature of the {what}", temperature.celsius - REFERENCE_C, temperature.half_width),
    )


def at_reference(length: Estimate, material: Material, temperature: Temperature) -> Estimate:
    """A length measured at some temperature, as it would be at 20 °C.

    Parameters
    ----------
    length : Estimate
        As measured.
    material : Material
        Of the part.
    temperature : Temperature
        Of the part while it was measured.

    Returns
    -------
    Estimate
        length * (1 - alpha * (t - 20 °C)); the budget is the length's and two lines more.

    Examples
    --------
    A ring of gold at 25 °C, known within 2 K:

    >>> ring = at_reference(Estimate(17.35, "mm"), "gold alloy", Temperature(25.0, 2.0))
    >>> f"{ring.value:.5f} ± {ring.expanded_uncertainty:.5f} mm"
    '17.34864 ± 0.00066 mm'
    """

    def shrunk(alpha: float, above: float) -> float:
        return length.value * (1 - alpha * above)

    grown = propagate(shrunk, growth_inputs("part", material, temperature), length.unit)
    shrink = grown.value / length.value if length.value else 1.0
    own = tuple(Contribution(c.name, c.standard_uncertainty * shrink, c.degrees_of_freedom) for c in length.budget)
    return Estimate(grown.value, length.unit, (*own, *grown.budget))
