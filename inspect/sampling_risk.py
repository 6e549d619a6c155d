"""What a sampling plan lets through: its operating characteristic."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import beta, binom, hypergeom

from loupebox.inspect.sampling_plan import SamplingPlan


def chance_accepted(plan: SamplingPlan, fraction_nonconforming: float) -> float:
    """Probability that a lot of this quality is accepted, out of a steady production (binomial).

    Parameters
    ----------
    plan : SamplingPlan
    fraction_nonconforming : float
        0 to 1.
    """
    if not 0 <= fraction_nonconforming <= 1:
        raise ValueError(f"the fraction nonconforming is {fraction_nonconforming:g}; allowed is 0 to 1")
    return float(binom.cdf(plan.accept, plan.sample_size, fraction_nonconforming))


def chance_accepted_of_lot(plan: SamplingPlan, lot_size: int, nonconforming: int) -> float:
    """Probability that one lot with so many nonconforming pieces is accepted (hypergeometric)."""
    if not 0 <= nonconforming <= lot_size:
        raise ValueError(f"{nonconforming} of {lot_size} pieces nonconforming; allowed are 0 to {lot_size}")
    sample = min(plan.sample_size, lot_size)
    return float(hypergeom.cdf(plan.accept, lot_size, nonconforming, sample))


def quality_passed(plan: SamplingPlan, chance: float = 0.10) -> float:
    """The fraction nonconforming that the plan still accepts with this probability (10 %: the consumer's risk).

    The binomial sum is an incomplete beta function (Clopper and Pearson 1934), so this is one of its quantiles.

    Examples
    --------
    >>> round(100 * quality_passed(SamplingPlan("L", 200, 5)), 2)
    4.59
    """
    if not 0 < chance < 1:
        raise ValueError(f"the probability is {chance:g}; allowed is between 0 and 1")
    if plan.accept >= plan.sample_size:
        raise ValueError(f"the plan accepts {plan.accept} of {plan.sample_size} pieces: it lets everything through")
    return float(beta.ppf(1 - chance, plan.accept + 1, plan.sample_size - plan.accept))


@dataclass(frozen=True, slots=True)
class PlanRisk:
    """What a plan lets through.

    Parameters
    ----------
    chance_at_aql : float
        Probability that a lot just as bad as the AQL is accepted.
    passed_in_ten : float or None
        The fraction nonconforming with which one lot in ten is still accepted; None when every lot is.
    """

    chance_at_aql: float
    passed_in_ten: float | None


def plan_risk(plan: SamplingPlan, lot_size: int, aql_percent: float) -> PlanRisk:
    """The risks of a plan for lots of this size.

    Examples
    --------
    >>> risk = plan_risk(SamplingPlan("L", 200, 5), 2000, 1.0)
    >>> round(risk.chance_at_aql, 3), round(risk.passed_in_ten, 4)
    (0.989, 0.0459)
    """
    at_aql = chance_accepted_of_lot(plan, lot_size, round(lot_size * aql_percent / 100))
    return PlanRisk(at_aql, None if plan.accept >= plan.sample_size else quality_passed(plan))
