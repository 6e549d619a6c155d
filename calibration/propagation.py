"""From the uncertainties of what goes into a formula to that of what comes out (JCGM 100, clause 5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loupebox.calibration.estimate import Contribution, Estimate


@dataclass(frozen=True, slots=True)
class Input:
    """One input quantity of a measurement.

    Parameters
    ----------
    name : str
        What it is called in the budget.
    value, standard_uncertainty : float
        In one unit.
    degrees_of_freedom : float
        As in `Contribution`.
    """

    name: str
    value: float
    standard_uncertainty: float
    degrees_of_freedom: float = math.inf

    @classmethod
    def rectangular(cls, name: str, value: float, half_width: float, degrees_of_freedom: float = math.inf) -> Input:
        """Anywhere between two limits, all places alike (JCGM 100, 4.3.7)."""
        return cls(name, value, half_width / math.sqrt(3), degrees_of_freedom)

    @classmethod
    def arcsine(cls, name: str, value: float, half_width: float) -> Input:
        """Swings like a pendulum between two limits (JCGM 100, H.1.3.4)."""
        return cls(name, value, half_width / math.sqrt(2))

    @classmethod
    def expanded(
        cls, name: str, value: float, expanded_uncertainty: float, k: float, degrees_of_freedom: float = math.inf
    ) -> Input:
        """From a certificate that states an expanded uncertainty and its coverage factor (JCGM 100, 4.3.3)."""
        return cls(name, value, expanded_uncertainty / k, degrees_of_freedom)

    @classmethod
    def mean(cls, name: str, readings: Sequence[float]) -> Input:
        """The mean of independent readings (JCGM 100, 4.2).

        Raises
        ------
        ValueError
            With fewer than two readings, which say nothing about their spread.
        """
        n = len(readings)
        if n < 2:
            raise ValueError(f"{name}: there is {n} reading; a spread needs 2 or more")
        mean = math.fsum(readings) / n
        variance = math.fsum((r - mean) ** 2 for r in readings) / (n - 1)
        return cls(name, mean, math.sqrt(variance / n), n - 1)


def propagate(model: Callable[..., float], inputs: Sequence[Input], unit: str) -> Estimate:
    """Law of propagation of uncertainty for independent inputs (JCGM 100, 5.1.2).

    Each sensitivity is the slope of the model between one standard uncertainty below and above the best value, which
    JCGM 100, 5.1.3, note 2, allows in place of the derivative.

    Parameters
    ----------
    model : callable
        Takes the values of the inputs in their order and gives the result in `unit`.
    inputs : sequence of Input
    unit : str

    Returns
    -------
    Estimate
        With one contribution an input, in the order of the inputs.

    Examples
    --------
    >>> area = propagate(lambda a, b: a * b, [Input("a", 3.0, 0.1), Input("b", 4.0, 0.2)], "mm2")
    >>> area.value, [round(c.standard_uncertainty, 6) for c in area.budget]
    (12.0, [0.4, 0.6])
    """
    best = [i.value for i in inputs]

    def at(place: int, value: float) -> float:
        return model(*best[:place], value, *best[place + 1 :])

    budget = tuple(
        Contribution(
            i.name,
            abs(at(k, i.value + i.standard_uncertainty) - at(k, i.value - i.standard_uncertainty)) / 2,
            i.degrees_of_freedom,
        )
        for k, i in enumerate(inputs)
    )
    return Estimate(model(*best), unit, budget)
