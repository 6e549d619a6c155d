"""From what was measured of a prong to its state, in words."""

from __future__ import annotations

from loupebox.calibration.estimate import Estimate
from loupebox.inspect.prong import ProngState
from loupebox.inspect.spec import Head
from loupebox.inspect.verdict import Limits, Verdict, judge_estimate

NO_LIFT = "its height cannot be told, because the oblique view does not show its tip"


def state_of(length: Estimate, bend: Estimate, lift: Estimate | None, head: Head) -> tuple[ProngState, str]:
    """Judge one prong that is there against the spec sheet, with the guard band.

    Parameters
    ----------
    length, bend, lift : Estimate
        In mm; bend is signed, and its size is what counts; lift is None when the oblique view cannot tell.
    head : Head
        With the limits.

    Returns
    -------
    state, reason
        A surely broken limit gives its state (bent before lifted before short or long), one inside its uncertainty
        gives "unsure"; the reason names every limit that is not surely kept, and is empty when good.
    """
    sideways = Estimate(abs(bend.value), bend.unit, bend.budget)
    checks: list[tuple[str, str, Estimate, Limits]] = [
        ("bend", "bent sideways by", sideways, head.bend_mm.limits),
        ("length", "reaching over the stone by", length, head.prong_length_mm.limits),
    ]
    if lift is not None:
        checks.insert(1, ("lift", "lifted by", lift, head.lift_mm.limits))
    surely: list[tuple[ProngState, str]] = []
    doubtful: list[str] = [] if lift is not None else [NO_LIFT]
    for what, words, estimate, limits in checks:
        verdict = judge_estimate(estimate, limits)
        if verdict is Verdict.PASS:
            continue
        value = round(estimate.value, 2) + 0.0  # no minus before nought
        text = f"{words} {value:.2f} ± {estimate.expanded_uncertainty:.2f} mm, {_allowed(limits)}"
        if verdict is Verdict.REVIEW:
            doubtful.append(f"{text}, too close to tell")
        else:
            below = limits.lower is not None and estimate.value < limits.lower
            surely.append((_state(what, below), text))
    if surely:
        return surely[0][0], "; ".join(text for _, text in surely)
    if doubtful:
        return "unsure", "; ".join(doubtful)
    return "good", ""


def bent_words(sideways: Estimate, limits: Limits) -> str:
    """Why a prong is bent, for one of which nothing else is known."""
    return f"bent sideways by {sideways.value:.2f} ± {sideways.expanded_uncertainty:.2f} mm, {_allowed(limits)}"


def _state(what: str, below: bool) -> ProngState:
    if what == "bend":
        return "bent"
    if what == "lift":
        return "lifted"
    return "short" if below else "long"


def _allowed(limits: Limits) -> str:
    if limits.lower is None:
        return f"at most {limits.upper:.2f} mm allowed"
    if limits.upper is None:
        return f"at least {limits.lower:.2f} mm allowed"
    return f"{limits.lower:.2f} to {limits.upper:.2f} mm allowed"
