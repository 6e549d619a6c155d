"""What a piece that was measured before would get under another spec sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loupebox.calibration.estimate import Estimate
from loupebox.inspect.finding import Finding
from loupebox.inspect.judge import judge
from loupebox.inspect.measurement import MeasurementResult, Unmeasurable
from loupebox.inspect.prong import Prong
from loupebox.inspect.prong_state import bent_words, state_of
from loupebox.inspect.spec import Head, SpecDraft
from loupebox.inspect.verdict import Judgement, Verdict, judge_estimate

OTHER_PATTERN = "the new sheet has another prong pattern than the one that the prongs were measured against"
TIP_UNCLEAR = "its tip was not clear enough to measure it"


def judge_again(
    new: SpecDraft,
    old: SpecDraft,
    measurements: Sequence[MeasurementResult],
    prongs: Sequence[Prong] | None,
    findings: Sequence[Finding] | None,
) -> Judgement:
    """Hold what was measured under one sheet against another.

    Parameters
    ----------
    new : SpecDraft
        The sheet that is tried.
    old : SpecDraft
        The sheet that the piece was inspected under: prongs were measured against its pattern.
    measurements, prongs, findings
        As for `judge`, as they were recorded.

    Returns
    -------
    Judgement
        With the new sheet's limits. Every prong is judged anew by its numbers; under another prong pattern the old
        numbers mean nothing, which gives REVIEW. A finding gets the zone that the new sheet gives to its view.
    """
    if new.head is not None and prongs and (old.head is None or not _same_pattern(new.head, old.head)):
        measurements = [
            *(m for m in measurements if m.name != "prong_count"),
            Unmeasurable("prong_count", OTHER_PATTERN),
        ]
        prongs = None
    elif new.head is not None and old.head is not None and prongs:
        lower_mm = old.head.tip_height_mm - new.head.tip_height_mm
        prongs = [_prong_again(prong, new.head, lower_mm) for prong in prongs]
    if findings is not None:
        findings = [replace(f, zone=new.zones.shank) if f.view == "shank" else f for f in findings]
    return judge(new, measurements, prongs, findings)


def _same_pattern(new: Head, old: Head) -> bool:
    return (new.prong_count, new.first_prong_deg) == (old.prong_count, old.first_prong_deg)


def _prong_again(prong: Prong, head: Head, lower_mm: float) -> Prong:
    """The prong under new limits; its lift counts from the new nominal height, `lower_mm` below the old one."""
    if prong.bend_mm is None:
        return prong  # missing, or too faint for any number
    if prong.length_mm is None:
        sideways = Estimate(abs(prong.bend_mm.value), prong.bend_mm.unit, prong.bend_mm.budget)
        if judge_estimate(sideways, head.bend_mm.limits) is Verdict.FAIL:
            return replace(prong, state="bent", reason=bent_words(sideways, head.bend_mm.limits))
        return replace(prong, state="unsure", reason=TIP_UNCLEAR)
    lift = prong.lift_mm
    if lift is not None and lower_mm:  # minus nought and nought is nought, which reads otherwise
        lift = Estimate(lift.value + lower_mm, lift.unit, lift.budget)
    state, reason = state_of(prong.length_mm, prong.bend_mm, lift, head)
    return replace(prong, state=state, reason=reason, lift_mm=lift)
