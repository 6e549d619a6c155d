"""A value that says how sure it is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

COVERAGE_FACTOR = 2.0
"""k of the expanded uncertainty (JCGM 100, 6.3.3): about 95 % when the budget is close to normal."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of an uncertainty budget, already in the unit of the result.

    Parameters
    ----------
    name : str
        What varies, in words: "scale certificate", "edge noise".
    standard_uncertainty : float
        Sensitivity times standard uncertainty, in the unit of the estimate; finite and not negative.
    """

    name: str
    standard_uncertainty: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.standard_uncertainty) and self.standard_uncertainty >= 0):
            raise ValueError(
                f"uncertainty contribution '{self.name}' is {self.standard_uncertainty!r}; "
                "allowed is a finite number that is not negative"
            )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its uncertainty budget (JCGM 100).

    Parameters
    ----------
    value : float
        Best estimate, in `unit`.
    unit : str
        "mm", "deg", "um/px" or "1".
    budget : tuple of Contribution
        Independent contributions; their root sum of squares is the standard uncertainty.
    """

    value: float
    unit: str
    budget: tuple[Contribution, ...] = field(default=())

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"estimate is {self.value!r} {self.unit}; allowed is a finite number")

    @property
    def standard_uncertainty(self) -> float:
        """Root sum of squares of the budget, in `unit`."""
        return math.hypot(*(c.standard_uncertainty for c in self.budget))

    @property
    def expanded_uncertainty(self) -> float:
        """`COVERAGE_FACTOR` times the standard uncertainty, in `unit`."""
        return COVERAGE_FACTOR * self.standard_uncertainty

    @property
    def interval(self) -> tuple[float, float]:
        """The coverage interval, both ends included, in `unit`."""
        return self.value - self.expanded_uncertainty, self.value + self.expanded_uncertainty

    def with_contributions(self, more: Iterable[Contribution]) -> Estimate:
        """The same value with a longer budget."""
        return Estimate(self.value, self.unit, (*self.budget, *more))
