"""Type 1 study: one person reads one reference part again and again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_summary import check_tolerance
from loupebox.calibration.gauge_t_test import TTest, t_test

FEWEST_READINGS = 25
TOLERANCE_SHARE = 0.2
"""Part of the tolerance that the gauge may fill."""

STUDY_SPREAD = 6.0
"""Standard deviations that count as the gauge's spread."""

CAPABLE_FROM = 1.33
"""Cg and Cgk of a capable gauge."""

FINEST_STEP_PERCENT = 5.0
"""Largest step of the display as a share of the tolerance."""


@dataclass(frozen=True, slots=True)
class Type1Result:
    """Can this gauge measure this characteristic at all?

    Parameters
    ----------
    method : str
        A sentence for the report.
    readings : tuple of float
        In their order in time.
    reference, tolerance : float
        True value of the part and width of the tolerance, in the unit of the readings.
    mean, standard_deviation : float
    bias : TTest
        Mean minus reference, against zero.
    cg, cgk : float
        Capability from the spread alone, and from spread and bias.
    repeatability_percent, repeatability_and_bias_percent : float
        Share of the tolerance that they fill: 20 % over Cg and Cgk. The second is infinite when Cgk is zero or
        below; then it is None.
    smallest_tolerance : float
        Narrowest tolerance for which both Cg and Cgk would be `CAPABLE_FROM`.
    resolution_percent : float or None
        Step of the display as a share of the tolerance; None when the step was not given.
    capable : bool
    reason : str
        A sentence with the numbers.
    """

    method: str
    readings: tuple[float, ...]
    reference: float
    tolerance: float
    mean: float
    standard_deviation: float
    bias: TTest
    cg: float
    cgk: float
    repeatability_percent: float
    repeatability_and_bias_percent: float | None
    smallest_tolerance: float
    resolution_percent: float | None
    capable: bool
    reason: str


def type1_study(
    readings: ArrayLike, reference: float, tolerance: float, resolution: float | None = None
) -> Type1Result:
    """Cg, Cgk and the bias of repeated readings of one reference part.

    Parameters
    ----------
    readings : array_like, shape (n,)
        At least `FEWEST_READINGS`, in their order in time, finite and not all equal.
    reference : float
        True value of the part, in the same unit.
    tolerance : float
        Upper minus lower limit of the characteristic, above 0.
    resolution : float, optional
        Smallest step that the gauge can show, above 0.

    Returns
    -------
    Type1Result

    Raises
    ------
    GaugeStudyError
        Naming what is wrong, and what is allowed.

    Notes
    -----
    ``Cg = 0.2 T / (6 s)`` and ``Cgk = (0.1 T - |bias|) / (3 s)``, s with n - 1 degrees of freedom.
    """
    x = np.asarray(readings, dtype=np.float64)
    check_tolerance(tolerance)
    if x.ndim != 1 or x.size < FEWEST_READINGS:
        raise GaugeStudyError(
            f"a type 1 study needs {FEWEST_READINGS} readings or more, of one part; there are {x.size}"
        )
    if not np.isfinite(x).all():
        first = int(np.argmin(np.isfinite(x)))
        raise GaugeStudyError(f"reading {first + 1} is {x[first]}; allowed are finite numbers")
    if not math.isfinite(reference):
        raise GaugeStudyError(f"the reference value is {reference}; allowed is a finite number")
    if resolution is not None and not (math.isfinite(resolution) and resolution > 0):
        raise GaugeStudyError(f"the resolution is {resolution:g}; allowed is a finite step above 0")
    if np.ptp(x) == 0:
        raise GaugeStudyError(
            f"all {x.size} readings are {x[0]:g}: the gauge's step hides its spread, so Cg would be infinite; "
            "read more decimals"
        )
    mean, s = float(x.mean()), float(x.std(ddof=1))
    bias = t_test(mean - reference, s / math.sqrt(x.size), x.size - 1)
    spread, half = STUDY_SPREAD * s, TOLERANCE_SHARE / 2 * tolerance
    cg = TOLERANCE_SHARE * tolerance / spread
    cgk = (half - math.fabs(bias.value)) / (spread / 2)
    step = None if resolution is None else 100.0 * resolution / tolerance
    capable = cg >= CAPABLE_FROM and cgk >= CAPABLE_FROM and (step is None or step <= FINEST_STEP_PERCENT)
    return Type1Result(
        method=(
            f"Type 1 study of {x.size} readings: Cg = {TOLERANCE_SHARE:g} T / ({STUDY_SPREAD:g} s), "
            f"Cgk = ({TOLERANCE_SHARE / 2:g} T - |bias|) / ({STUDY_SPREAD / 2:g} s), T the width of the tolerance; "
            f"capable from {CAPABLE_FROM:g}; bias by Student's t, two-sided, 95 %."
        ),
        readings=tuple(float(v) for v in x),
        reference=reference,
        tolerance=tolerance,
        mean=mean,
        standard_deviation=s,
        bias=bias,
        cg=cg,
        cgk=cgk,
        repeatability_percent=100.0 * TOLERANCE_SHARE / cg,
        repeatability_and_bias_percent=100.0 * TOLERANCE_SHARE / cgk if cgk > 0 else None,
        smallest_tolerance=(CAPABLE_FROM * spread / 2 + math.fabs(bias.value)) / (TOLERANCE_SHARE / 2),
        resolution_percent=step,
        capable=capable,
        reason=_reason(cg, cgk, bias, step, capable),
    )


def _reason(cg: float, cgk: float, bias: TTest, step: float | None, capable: bool) -> str:
    sentence = f"Cg {cg:.2f} and Cgk {cgk:.2f}, wanted are {CAPABLE_FROM:g} or more: "
    sentence += "capable" if capable else "not capable"
    if step is not None and step > FINEST_STEP_PERCENT:
        sentence += f"; the step is {step:.1f} % of the tolerance, wanted is at most {FINEST_STEP_PERCENT:g} %"
    if bias.significant:
        sentence += f"; the bias of {bias.value:.4g} is no chance (p {bias.p:.2g})"
    return sentence
