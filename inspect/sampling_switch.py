"""Which severity the next lot gets: the switching rules of ISO 2859-1:1999, 9.3 and 9.4."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loupebox.inspect.sampling_plan import AQLS_PERCENT, SamplingPlan, SamplingSeverity, sampling_plan

ENOUGH_FOR_REDUCED = 30
LOTS_LOOKED_BACK = 5
REJECTED_TO_TIGHTEN = 2
ACCEPTED_TO_RELAX = 5
REJECTED_TO_STOP = 5


@dataclass(frozen=True, slots=True)
class SwitchingState:
    """Where a series of lots from one source stands.

    Parameters
    ----------
    severity : SamplingSeverity
        For the next lot.
    score : int
        Switching score, kept on normal inspection only (9.3.3.2).
    recent : tuple of bool
        Whether the last lots under this severity were accepted, at most 5, the last last.
    rejected_on_tightened : int
        Lots not accepted since tightened inspection began or was resumed.
    discontinued : bool
        Sampling has stopped until the source has been put right (9.4): no lot may be drawn.
    steady : bool
        Production is steady and the responsible authority wants reduced inspection, both said by a person (9.3.3.1).
    """

    severity: SamplingSeverity = "normal"
    score: int = 0
    recent: tuple[bool, ...] = ()
    rejected_on_tightened: int = 0
    discontinued: bool = False
    steady: bool = False


START = SwitchingState()


@dataclass(frozen=True, slots=True)
class LotResult:
    """What the sample of a lot had, on original inspection; a lot that was sorted and comes again does not count."""

    plan: SamplingPlan
    nonconforming: int

    @property
    def accepted(self) -> bool:
        return self.nonconforming <= self.plan.accept


def after_lot(state: SwitchingState, result: LotResult, aql_percent: float) -> SwitchingState:
    """Where the series stands after one more lot.

    Raises
    ------
    ValueError
        When sampling is discontinued: there can be no such lot.
    """
    if state.discontinued:
        raise ValueError("sampling is discontinued; no lot can be judged until it is resumed")
    recent = (*state.recent, result.accepted)[-LOTS_LOOKED_BACK:]
    if state.severity == "tightened":
        rejected = state.rejected_on_tightened + (not result.accepted)
        if rejected >= REJECTED_TO_STOP:
            return replace(state, recent=recent, rejected_on_tightened=rejected, discontinued=True)
        if len(recent) == ACCEPTED_TO_RELAX and all(recent):
            return START
        return replace(state, recent=recent, rejected_on_tightened=rejected)
    if state.severity == "reduced":
        return replace(state, recent=recent) if result.accepted else START
    if recent.count(False) >= REJECTED_TO_TIGHTEN:
        return SwitchingState("tightened")
    score = _score(state.score, result, aql_percent)
    return _relaxed(replace(state, recent=recent, score=score))


def after_steady(state: SwitchingState, steady: bool) -> SwitchingState:
    """After a person said that production is steady and reduced inspection is wanted, or that it no longer is."""
    if not steady and state.severity == "reduced":
        return START
    return _relaxed(replace(state, steady=steady))


def after_resumption(state: SwitchingState) -> SwitchingState:
    """After the source has been put right: on with tightened inspection, counted anew."""
    if not state.discontinued:
        raise ValueError("sampling is not discontinued; there is nothing to resume")
    return SwitchingState("tightened")


def what_next(state: SwitchingState) -> tuple[str, ...]:
    """What would change the severity, in sentences: how many more lots of which outcome, and what a person must say.

    Examples
    --------
    >>> what_next(SwitchingState("tightened", recent=(True, True)))
    ('normal again after 3 more lots accepted in a row', 'discontinued after 5 more lots not accepted')
    """
    if state.discontinued:
        return ("no lot may be drawn until the source is put right and sampling is resumed, tightened",)
    if state.severity == "reduced":
        return ("normal again after 1 lot not accepted, or once production is no longer steady",)
    if state.severity == "tightened":
        in_a_row = next((n for n, accepted in enumerate(reversed(state.recent)) if not accepted), len(state.recent))
        return (
            f"normal again after {_more(ACCEPTED_TO_RELAX - in_a_row)} accepted in a row",
            f"discontinued after {_more(REJECTED_TO_STOP - state.rejected_on_tightened)} not accepted",
        )
    kept = state.recent[1 - LOTS_LOOKED_BACK :]  # when the next lot comes, the fifth from the end no longer counts
    if not all(kept):
        within = LOTS_LOOKED_BACK - 1 - kept[::-1].index(False)
        tightened = (
            f"tightened after 1 lot not accepted among the next {within}"
            if within > 1
            else ("tightened if the next lot is not accepted")
        )
    else:
        tightened = f"tightened after {REJECTED_TO_TIGHTEN} of {LOTS_LOOKED_BACK} successive lots not accepted"
    wanted = [f"a switching score of {ENOUGH_FOR_REDUCED} (it is {state.score})"] * (state.score < ENOUGH_FOR_REDUCED)
    wanted += ["somebody's word that production is steady and reduced inspection wanted"] * (not state.steady)
    return (tightened, f"reduced after {' and '.join(wanted)}")


def _more(lots: int) -> str:
    return f"{lots} more lot{'s' * (lots != 1)}"


def _relaxed(state: SwitchingState) -> SwitchingState:
    if state.severity == "normal" and state.steady and state.score >= ENOUGH_FOR_REDUCED:
        return SwitchingState("reduced", steady=True)
    return state


def _score(score: int, result: LotResult, aql_percent: float) -> int:
    """9.3.3.2 a: 3 more when the lot would have passed one AQL tighter, 2 more when Ac is 0 or 1 and it passed."""
    if result.plan.accept <= 1:
        return score + 2 if result.accepted else 0
    tighter = sampling_plan(result.plan.letter, AQLS_PERCENT[AQLS_PERCENT.index(aql_percent) - 1], "normal")
    return score + 3 if result.nonconforming <= tighter.accept else 0
