"""Linearity study: does the gauge read large and small parts with the same bias?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_t_test import TTest, t_quantile, t_test

FEWEST_PARTS = 3
BAND_POINTS = 101


@dataclass(frozen=True, slots=True)
class ReferencePart:
    """One part of known size and how it was read.

    Parameters
    ----------
    name : str
    reference : float
        Its true value.
    readings : tuple of float
        In the same unit; at least 2.
    """

    name: str
    reference: float
    readings: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PartBias:
    """Bias of the gauge at one part.

    Parameters
    ----------
    part : ReferencePart
    bias : TTest
        Mean reading minus reference, with the spread of this part's own readings.
    """

    part: ReferencePart
    bias: TTest


@dataclass(frozen=True, slots=True)
class LinearityResult:
    """Bias over the range of the gauge.

    Parameters
    ----------
    method : str
        A sentence for the report.
    parts : tuple of PartBias
        By rising reference.
    slope, intercept : TTest
        Of the straight line bias = intercept + slope * reference.
    r_squared : float or None
        None when no reading deviates at all.
    residual_standard_deviation : float
    mean_bias : TTest
        Over all readings.
    band : tuple of (float, float, float, float)
        Reference, line, lower and upper end of the 95 % band of the line, over the range of the parts.
    acceptable : bool
        Whether zero bias lies inside the band over the whole range.
    reason : str
        A sentence with the numbers.
    """

    method: str
    parts: tuple[PartBias, ...]
    slope: TTest
    intercept: TTest
    r_squared: float | None
    residual_standard_deviation: float
    mean_bias: TTest
    band: tuple[tuple[float, float, float, float], ...]
    acceptable: bool
    reason: str


def linearity_study(parts: Sequence[ReferencePart]) -> LinearityResult:
    """Fit a straight line to the bias of every reading (AIAG MSA, 4th edition, chapter III B).

    Parameters
    ----------
    parts : sequence of ReferencePart
        At least `FEWEST_PARTS` with different references, over the range in which the gauge is used.

    Returns
    -------
    LinearityResult

    Raises
    ------
    GaugeStudyError
        Naming the part and what is allowed.
    """
    _check(parts)
    ordered = sorted(parts, key=lambda p: p.reference)
    x = np.concatenate([np.full(len(p.readings), p.reference) for p in ordered])
    y = np.concatenate([np.asarray(p.readings) - p.reference for p in ordered])
    n = x.size
    centre, sxx = float(x.mean()), float(((x - x.mean()) ** 2).sum())
    slope = float(((x - centre) * (y - y.mean())).sum()) / sxx
    residuals = y - y.mean() - slope * (x - centre)
    s = math.sqrt(float((residuals**2).sum()) / (n - 2))
    spread = float(((y - y.mean()) ** 2).sum())
    band = _band(float(x[0]), float(x[-1]), float(y.mean()), slope, centre, s, n, sxx)
    lines = {
        "slope": t_test(slope, s / math.sqrt(sxx), n - 2),
        "intercept": t_test(float(y.mean()) - slope * centre, s * math.sqrt(1 / n + centre**2 / sxx), n - 2),
    }
    acceptable = all(low <= 0 <= high for _, _, low, high in band)
    return LinearityResult(
        method=(
            f"Linearity (AIAG MSA, 4th edition): least squares of the bias of {n} readings of {len(ordered)} parts "
            "over their references; acceptable when zero lies in the 95 % band of the line over the whole range; "
            "bias of each part by Student's t with its own spread."
        ),
        parts=tuple(PartBias(p, _bias(np.asarray(p.readings) - p.reference)) for p in ordered),
        slope=lines["slope"],
        intercept=lines["intercept"],
        r_squared=None if spread == 0 else 1.0 - float((residuals**2).sum()) / spread,
        residual_standard_deviation=s,
        mean_bias=_bias(y),
        band=band,
        acceptable=acceptable,
        reason=_reason(lines, acceptable),
    )


def _check(parts: Sequence[ReferencePart]) -> None:
    references = {p.reference for p in parts}
    if len(references) < FEWEST_PARTS:
        raise GaugeStudyError(
            f"a linearity study needs parts of at least {FEWEST_PARTS} sizes; there are {len(references)}"
        )
    for part in parts:
        if len(part.readings) < 2:
            raise GaugeStudyError(f"part {part.name} was read {len(part.readings)} time(s); needed are 2 or more")
        for value in (part.reference, *part.readings):
            if not math.isfinite(value):
                raise GaugeStudyError(f"part {part.name} holds {value}; allowed are finite numbers")


def _bias(deviations: NDArray[np.float64]) -> TTest:
    # Deviations from the first: equal readings then have no spread at all, not one of rounding.
    n, first = deviations.size, float(deviations[0])
    from_first = deviations - first
    return t_test(first + float(from_first.mean()), float(from_first.std(ddof=1)) / math.sqrt(n), n - 1)


def _band(
    start: float, end: float, mean: float, slope: float, centre: float, s: float, n: int, sxx: float
) -> tuple[tuple[float, float, float, float], ...]:
    at = start + (end - start) * np.arange(BAND_POINTS) / (BAND_POINTS - 1)
    line = mean + slope * (at - centre)
    reach = t_quantile(n - 2) * s * np.sqrt(1 / n + (at - centre) ** 2 / sxx)
    columns = (at, line, line - reach, line + reach)
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in zip(*columns, strict=True))


def _reason(lines: Mapping[str, TTest], acceptable: bool) -> str:
    told = ", ".join(f"{name} {t.value:.4g} (p {t.p:.2g})" for name, t in lines.items())
    if acceptable:
        return f"zero bias lies inside the band over the whole range: acceptable; {told}"
    return f"zero bias leaves the band: not acceptable; {told}"
