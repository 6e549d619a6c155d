"""What a gauge adds to what it measures: the components of variation and the words for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from loupebox.calibration.gauge_crossed import GAUGE, PART, TOTAL
from loupebox.calibration.gauge_error import GaugeStudyError

Acceptance = Literal["good", "conditional", "not acceptable"]

SPREAD = 6.0
"""Standard deviations that count as the whole spread when held against a tolerance (AIAG MSA, 4th edition)."""

GOOD_BELOW_PERCENT = 10.0
ACCEPTABLE_UP_TO_PERCENT = 30.0
CATEGORIES_NEEDED = 5

NOTHING = 1e-18
"""Share of the total variance that rounding leaves where there is none."""


@dataclass(frozen=True, slots=True)
class Component:
    """One source of variation.

    Parameters
    ----------
    name : str
        "repeatability", "reproducibility", "gauge R&R", "part", "total"; with the analysis of variance also
        the name of the factor and "interaction", which make up the reproducibility.
    variance, standard_deviation : float
        In the unit of the readings, squared and plain.
    contribution_percent : float
        Of the total variance.
    study_percent : float
        Of the total standard deviation; these do not add up to 100.
    tolerance_percent : float or None
        `SPREAD` standard deviations as a share of the tolerance; None without a tolerance.
    interval : (float, float) or None
        Confidence interval of the standard deviation; None where the method gives none.
    """

    name: str
    variance: float
    standard_deviation: float
    contribution_percent: float
    study_percent: float
    tolerance_percent: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class GaugeSummary:
    """Components of variation and what they mean.

    Parameters
    ----------
    components : tuple of Component
    ndc : int or None
        Number of distinct categories, truncated; None when the gauge shows no variation at all.
    ndc_exact : float or None
        1.41 times part over gauge, before truncation.
    acceptance : Acceptance
        Below 10 % good, up to 30 % conditional, above not acceptable; the worse of study and tolerance.
    reason : str
        A sentence with the numbers.
    tolerance : float or None
        Width of the tolerance, in the unit of the readings.
    """

    components: tuple[Component, ...]
    ndc: int | None
    ndc_exact: float | None
    acceptance: Acceptance
    reason: str
    tolerance: float | None

    def component(self, name: str) -> Component:
        """The component of that name; KeyError when there is none."""
        for component in self.components:
            if component.name == name:
                return component
        raise KeyError(name)


def check_tolerance(tolerance: float | None) -> None:
    """Raise `GaugeStudyError` unless the width of a tolerance is above 0 and finite, or None."""
    if tolerance is not None and not (math.isfinite(tolerance) and tolerance > 0):
        raise GaugeStudyError(f"the tolerance is {tolerance:g} wide; allowed is a finite width above 0")


def summarise(
    variances: Mapping[str, float],
    tolerance: float | None,
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> GaugeSummary:
    """Percentages, number of distinct categories and acceptance from variance components.

    Parameters
    ----------
    variances : mapping of str to float
        By name, in the order of the report, not negative; must hold "gauge R&R", "part" and "total" (above 0).
    tolerance : float or None
        Upper minus lower limit, in the unit of the readings.
    intervals : mapping of str to (float, float), optional
        Of standard deviations, by the same names.

    Raises
    ------
    GaugeStudyError
        When the tolerance is not above 0, or nothing varies.
    """
    check_tolerance(tolerance)
    total = variances[TOTAL]
    if total <= 0:
        raise GaugeStudyError("the components of variation are all zero; there is nothing to divide the gauge's by")
    components = tuple(
        Component(
            name=name,
            variance=variance,
            standard_deviation=math.sqrt(variance),
            contribution_percent=100.0 * variance / total,
            study_percent=100.0 * math.sqrt(variance / total),
            tolerance_percent=None if tolerance is None else 100.0 * SPREAD * math.sqrt(variance) / tolerance,
            interval=(intervals or {}).get(name),
        )
        for name, variance in variances.items()
    )
    gauge = next(c for c in components if c.name == GAUGE)
    ndc_exact = None if gauge.variance <= NOTHING * total else 1.41 * math.sqrt(variances[PART] / gauge.variance)
    acceptance, reason = _accept(gauge, ndc_exact)
    ndc = None if ndc_exact is None else math.floor(ndc_exact)
    return GaugeSummary(components, ndc, ndc_exact, acceptance, reason, tolerance)


def _accept(gauge: Component, ndc: float | None) -> tuple[Acceptance, str]:
    shares = [(gauge.study_percent, "of the study variation")]
    if gauge.tolerance_percent is not None:
        shares.append((gauge.tolerance_percent, "of the tolerance"))
    worst = max(share for share, _ in shares)
    word: Acceptance = "good"
    if worst >= GOOD_BELOW_PERCENT:
        word = "conditional" if worst <= ACCEPTABLE_UP_TO_PERCENT else "not acceptable"
    sentence = "gauge R&R is " + " and ".join(f"{share:.2f} % {of}" for share, of in shares)
    sentence += f": {word} (below {GOOD_BELOW_PERCENT:g} % good, above {ACCEPTABLE_UP_TO_PERCENT:g} % not acceptable)"
    if ndc is not None and math.floor(ndc) < CATEGORIES_NEEDED:
        told_apart = f"{math.floor(ndc)} categories of parts apart ({ndc:.2f})"
        sentence += f"; it tells {told_apart}, wanted are {CATEGORIES_NEEDED} or more"
    return word, sentence
