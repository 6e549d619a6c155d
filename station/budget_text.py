"""The uncertainty budgets of an inspection, line by line, for a person at a terminal (JCGM 100, 8.1)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from loupebox.calibration.estimate import Estimate
from loupebox.inspect.measurement import Measurement, MeasurementResult

DECIMALS = {"mm": 5, "deg": 3}


def budget_text(measurements: Sequence[MeasurementResult]) -> str:
    """A table of contributions for each measurement, the largest first, with what share of the variance it is."""
    if not measurements:
        return "nothing was measured, so there is no budget"
    return "\n\n".join("\n".join(_table(result)) for result in measurements)


def _table(result: MeasurementResult) -> Iterator[str]:
    name = result.name.removesuffix("_mm").removesuffix("_deg").replace("_", " ")
    if not isinstance(result, Measurement):
        yield f"{name}: cannot be measured because {result.reason}"
        return
    estimate = result.estimate
    digits = DECIMALS.get(estimate.unit, 4)
    unit = "" if estimate.unit == "1" else f" {estimate.unit}"
    yield (
        f"{name}: {estimate.value:.{digits}f} ± {estimate.expanded_uncertainty:.{digits}f}{unit} "
        f"(k = {estimate.coverage_factor:.2f}, {_freedom(estimate.degrees_of_freedom)} degrees of freedom)"
    )
    yield f"  {'contribution':<40} {'u' + (f' ({estimate.unit})' if unit else ''):>12} {'share':>7} {'freedom':>8}"
    for line in sorted(estimate.budget, key=lambda c: -c.standard_uncertainty):
        share = _share(line.standard_uncertainty, estimate)
        yield (
            f"  {line.name:<40} {line.standard_uncertainty:>12.{digits}f} {share:>6.1f}% "
            f"{_freedom(line.degrees_of_freedom):>8}"
        )
    yield f"  {'together (root of the sum of squares)':<40} {estimate.standard_uncertainty:>12.{digits}f}"


def _share(standard_uncertainty: float, whole: Estimate) -> float:
    return 100 * (standard_uncertainty / whole.standard_uncertainty) ** 2 if whole.standard_uncertainty > 0 else 0.0


def _freedom(degrees: float) -> str:
    return "∞" if math.isinf(degrees) else f"{degrees:.0f}"
