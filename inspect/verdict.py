"""Three verdicts: a value passes only when its whole coverage interval is inside the limits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from loupebox.calibration.estimate import Estimate


class Verdict(StrEnum):
    """What becomes of a piece, or of one check; later members outweigh earlier ones."""

    PASS = "PASS"
    REVIEW = "REVIEW"
    FAIL = "FAIL"

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The one that decides; PASS of nothing."""
        order = list(cls)
        return max(verdicts, key=order.index, default=cls.PASS)


@dataclass(frozen=True, slots=True)
class Limits:
    """Specification limits in the unit of the characteristic, ends included; None is an open side."""

    lower: float | None
    upper: float | None
    nominal: float | None = None

    def __post_init__(self) -> None:
        if self.lower is None and self.upper is None:
            raise ValueError("limits need a lower or an upper end; both are missing")
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise ValueError(f"lower limit {self.lower:g} lies above upper limit {self.upper:g}")


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement of the spec sheet held against the piece.

    Parameters
    ----------
    name : str
        "inner_diameter_mm", "prong_3", "porosity zone A".
    verdict : Verdict
    reason : str
        A sentence with the numbers; for a pass too.
    estimate : Estimate or None
        None for counts of findings, states of prongs and what could not be measured.
    limits : Limits or None
    conformance_probability : float or None
        JCGM 106, 7: probability that the true value lies inside the limits, given a normal estimate.
    """

    name: str
    verdict: Verdict
    reason: str
    estimate: Estimate | None = None
    limits: Limits | None = None
    conformance_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a piece with every check behind it."""

    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        return Verdict.worst(check.verdict for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What decided: the reasons of all checks that did not pass, the worst first."""
        order = list(Verdict)
        open_checks = [c for c in self.checks if c.verdict is not Verdict.PASS]
        return tuple(c.reason for c in sorted(open_checks, key=lambda c: -order.index(c.verdict)))


def conformance_probability(estimate: Estimate, limits: Limits) -> float:
    """Probability that the true value lies inside the limits (JCGM 106, 7.3; normal distribution).

    A zero uncertainty gives 0 or 1, limits included.
    """
    u = estimate.standard_uncertainty

    def below(limit: float) -> float:
        return 0.5 * (1 + math.erf((limit - estimate.value) / (u * math.sqrt(2))))

    if u == 0:
        above = limits.lower is None or estimate.value >= limits.lower
        return float(above and (limits.upper is None or estimate.value <= limits.upper))
    upper = 1.0 if limits.upper is None else below(limits.upper)
    lower = 0.0 if limits.lower is None else below(limits.lower)
    return upper - lower


def judge_estimate(estimate: Estimate, limits: Limits) -> Verdict:
    """PASS when the coverage interval is inside the limits, FAIL when it is outside, REVIEW when it straddles one.

    ISO 14253-1 with guard bands of one expanded uncertainty on both sides (ILAC-G8 w = U).
    """
    low, high = estimate.interval
    if (limits.upper is not None and low > limits.upper) or (limits.lower is not None and high < limits.lower):
        return Verdict.FAIL
    if (limits.upper is None or high <= limits.upper) and (limits.lower is None or low >= limits.lower):
        return Verdict.PASS
    return Verdict.REVIEW
