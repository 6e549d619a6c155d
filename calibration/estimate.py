"""A value that says how sure it is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from loupebox.calibration.student import t_quantile

COVERAGE_FACTOR = 2.0
"""k of the expanded uncertainty (JCGM 100, 6.3.3) when the degrees of freedom are without limit: 95.45 % of a normal
distribution. With finite degrees of freedom k is Student's t of the same probability (JCGM 100, G.6.4)."""
COVERAGE_PROBABILITY = math.erf(COVERAGE_FACTOR / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of an uncertainty budget, already in the unit of the result.

    Parameters
    ----------
    name : str
        What varies, in words: "scale certificate", "edge noise".
    standard_uncertainty : float
        Sensitivity times standard uncertainty, in the unit of the estimate; finite and not negative.
    degrees_of_freedom : float
        Of the standard uncertainty itself: readings minus one, or what its certificate says; above 0. Without limit
        when the distribution is known (JCGM 100, G.4.3).
    """

    name: str
    standard_uncertainty: float
    degrees_of_freedom: float = math.inf

    def __post_init__(self) -> None:
        if not self.degrees_of_freedom > 0:
            raise ValueError(
                f"uncertainty contribution '{self.name}' has {self.degrees_of_freedom!r} degrees of freedom; "
                "allowed is a number above 0"
            )
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
        "mm", "deg", "um/px", "%" or "1".
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
    def degrees_of_freedom(self) -> float:
        """Effective degrees of freedom of the standard uncertainty (Welch-Satterthwaite; JCGM 100, G.4.1)."""
        limited = [c for c in self.budget if math.isfinite(c.degrees_of_freedom) and c.standard_uncertainty > 0]
        if not limited:
            return math.inf
        u = self.standard_uncertainty
        return 1 / math.fsum((c.standard_uncertainty / u) ** 4 / c.degrees_of_freedom for c in limited)

    @property
    def coverage_factor(self) -> float:
        """k of the expanded uncertainty: `COVERAGE_FACTOR`, or more when the degrees of freedom are few."""
        freedom = self.degrees_of_freedom
        return COVERAGE_FACTOR if math.isinf(freedom) else t_quantile(0.5 + COVERAGE_PROBABILITY / 2, freedom)

    @property
    def expanded_uncertainty(self) -> float:
        """`coverage_factor` times the standard uncertainty, in `unit`; about 95 %."""
        return self.coverage_factor * self.standard_uncertainty

    def expanded(self, probability: float) -> float:
        """Half-width of the interval of another coverage probability, by Student's t, in `unit`."""
        return t_quantile(0.5 + probability / 2, self.degrees_of_freedom) * self.standard_uncertainty

    @property
    def interval(self) -> tuple[float, float]:
        """The coverage interval, both ends included, in `unit`."""
        return self.value - self.expanded_uncertainty, self.value + self.expanded_uncertainty

    def with_contributions(self, more: Iterable[Contribution]) -> Estimate:
        """The same value with a longer budget."""
        return Estimate(self.value, self.unit, (*self.budget, *more))
