"""Attribute agreement: do people, or a station, call the same parts good, and rightly?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy import stats

from loupebox.calibration.attribute_kappa import Kappa, cohen_kappa, fleiss_kappa
from loupebox.calibration.gauge_error import GaugeStudyError


@dataclass(frozen=True, slots=True)
class AttributeStudy:
    """Calls of parts by appraisers, balanced.

    Parameters
    ----------
    calls : tuple of tuple of tuple of str
        By part, appraiser and trial; at least 2 parts, and 2 calls a part or a reference.
    parts, appraisers : tuple of str
        Names along the first two axes.
    accept : str
        The call that lets a part go; every other call holds it back.
    reference : tuple of str or None
        True call of each part.
    factor : str
        What the second axis is, as in `gauge_crossed.CrossedStudy`.

    Raises
    ------
    GaugeStudyError
        Naming the part and what is needed.
    """

    calls: tuple[tuple[tuple[str, ...], ...], ...]
    parts: tuple[str, ...]
    appraisers: tuple[str, ...]
    accept: str
    reference: tuple[str, ...] | None = None
    factor: str = "appraiser"

    def __post_init__(self) -> None:
        if len(self.parts) < 2 or not self.appraisers:
            raise GaugeStudyError(
                f"an attribute study needs 2 parts and 1 {self.factor} or more; "
                f"there are {len(self.parts)} and {len(self.appraisers)}"
            )
        if len(self.calls) != len(self.parts):
            raise GaugeStudyError(f"there are {len(self.parts)} parts and calls of {len(self.calls)}")
        for part, cells in zip(self.parts, self.calls, strict=True):
            if len(cells) != len(self.appraisers) or {len(c) for c in cells} != {self.trials}:
                raise GaugeStudyError(
                    f"part {part} needs {self.trials} call(s) by each of {len(self.appraisers)} {self.factor}(s)"
                )
        if self.trials < 1 or (self.reference is None and self.trials * len(self.appraisers) < 2):
            raise GaugeStudyError("one call a part and no reference: there is nothing to agree with")
        if self.reference is not None and len(self.reference) != len(self.parts):
            raise GaugeStudyError(f"there are {len(self.parts)} parts and {len(self.reference)} references")
        if self.accept not in self.categories:
            raise GaugeStudyError(
                f"no part is called '{self.accept}', the call that accepts; calls are {', '.join(self.categories)}"
            )

    @property
    def trials(self) -> int:
        return len(self.calls[0][0]) if self.calls and self.calls[0] else 0

    @property
    def categories(self) -> tuple[str, ...]:
        """All calls that occur, in alphabetical order."""
        seen = {call for cells in self.calls for cell in cells for call in cell}
        return tuple(sorted(seen | set(self.reference or ())))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval by Wilson's score (J. Am. Stat. Assoc. 22, 1927).

    Parameters
    ----------
    count, of : int
    value : float or None
        None of nothing.
    interval : (float, float)
        0 to 1 of nothing.
    """

    count: int
    of: int
    value: float | None
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class AppraiserAgreement:
    """One appraiser.

    Parameters
    ----------
    appraiser : str
    repeated : Rate or None
        Parts that all trials call alike; None with one trial.
    within : Kappa or None
        Fleiss' kappa over the trials; None with one trial.
    effectiveness : Rate or None
        Parts that all trials call as the reference does; None without a reference, as are the next three.
    against_reference : Kappa or None
        Cohen's kappa over all calls.
    miss : Rate or None
        Calls that accept, of those on parts that the reference does not.
    false_alarm : Rate or None
        Calls that do not accept, of those on parts that the reference does.
    """

    appraiser: str
    repeated: Rate | None
    within: Kappa | None
    effectiveness: Rate | None
    against_reference: Kappa | None
    miss: Rate | None
    false_alarm: Rate | None


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Cohen's kappa of two appraisers, their calls paired by part and trial."""

    first: str
    second: str
    kappa: Kappa


@dataclass(frozen=True, slots=True)
class AgreementResult:
    """Agreement of all calls.

    Parameters
    ----------
    method : str
        A sentence for the report.
    factor, accept : str
    parts, trials : int
    categories : tuple of str
    appraisers : tuple of AppraiserAgreement
    pairs : tuple of PairAgreement
    between : Kappa or None
        Fleiss' kappa over all calls of a part; None with one call a part.
    everyone : AppraiserAgreement
        All appraisers taken as one: shares of parts on which all calls agree, rates over all calls.
    disputed : tuple of str
        Parts that are not always called alike, or not as the reference does: the ones to look at together.
    reason : str
        A sentence with the numbers.
    """

    method: str
    factor: str
    accept: str
    parts: int
    trials: int
    categories: tuple[str, ...]
    appraisers: tuple[AppraiserAgreement, ...]
    pairs: tuple[PairAgreement, ...]
    between: Kappa | None
    everyone: AppraiserAgreement
    disputed: tuple[str, ...]
    reason: str


def attribute_agreement(study: AttributeStudy) -> AgreementResult:
    """Kappas, effectiveness, miss and false-alarm rates (AIAG MSA, 4th edition, chapter III C).

    Parameters
    ----------
    study : AttributeStudy

    Returns
    -------
    AgreementResult
    """
    by_appraiser = [[cells[a] for cells in study.calls] for a in range(len(study.appraisers))]
    all_calls = [tuple(call for cell in cells for call in cell) for cells in study.calls]
    everyone = _agreement(f"all {study.factor}s", all_calls, study)
    pairs = tuple(
        PairAgreement(
            study.appraisers[a],
            study.appraisers[b],
            cohen_kappa(_cross_table(_flat(by_appraiser[a]), _flat(by_appraiser[b]), study.categories)),
        )
        for a, b in combinations(range(len(study.appraisers)), 2)
    )
    truth = study.reference or tuple(calls[0] for calls in all_calls)
    return AgreementResult(
        method=(
            f"Attribute agreement (AIAG MSA, 4th edition): {len(study.parts)} parts x {len(study.appraisers)} "
            f"{study.factor}(s) x {study.trials} trial(s); Fleiss' kappa within and between, Cohen's kappa of pairs "
            "(paired by part and trial) and against the reference (all calls); effectiveness counts parts whose "
            f"calls are all right; a miss accepts ('{study.accept}') a part that the reference does not, a false "
            "alarm holds back one that it accepts; Wilson 95 % intervals; judged by kappa against the reference of all "
            "calls, without a reference by kappa between all calls."
        ),
        factor=study.factor,
        accept=study.accept,
        parts=len(study.parts),
        trials=study.trials,
        categories=study.categories,
        appraisers=tuple(_agreement(n, c, study) for n, c in zip(study.appraisers, by_appraiser, strict=True)),
        pairs=pairs,
        between=everyone.within,
        everyone=everyone,
        disputed=tuple(
            part for part, calls, right in zip(study.parts, all_calls, truth, strict=True) if set(calls) != {right}
        ),
        reason=_reason(everyone),
    )


def rate(count: int, of: int) -> Rate:
    """A share and its Wilson interval.

    >>> rate(0, 0).interval
    (0.0, 1.0)
    """
    if of == 0:
        return Rate(0, 0, None, (0.0, 1.0))
    z2 = float(stats.norm.isf(0.025)) ** 2
    share = count / of
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = math.sqrt(z2 * (share * (1 - share) / of + z2 / (4 * of**2))) / (1 + z2 / of)
    # At the ends the formula gives 0 and 1 up to rounding.
    low = 0.0 if count == 0 else centre - reach
    return Rate(count, of, share, (low, 1.0 if count == of else centre + reach))


def _agreement(name: str, calls: Sequence[tuple[str, ...]], study: AttributeStudy) -> AppraiserAgreement:
    n = len(calls)
    repeated = within = effectiveness = kappa = miss = false_alarm = None
    if len(calls[0]) > 1:
        repeated = rate(sum(len(set(c)) == 1 for c in calls), n)
        within = fleiss_kappa([[c.count(k) for k in study.categories] for c in calls])
    if study.reference is not None:
        truth = study.reference
        effectiveness = rate(sum(set(c) == {t} for c, t in zip(calls, truth, strict=True)), n)
        every = [(t == study.accept, t, call) for c, t in zip(calls, truth, strict=True) for call in c]
        kappa = cohen_kappa(_cross_table([call for _, _, call in every], [t for _, t, _ in every], study.categories))
        on_bad = [call == study.accept for good, _, call in every if not good]
        on_good = [call != study.accept for good, _, call in every if good]
        miss, false_alarm = rate(sum(on_bad), len(on_bad)), rate(sum(on_good), len(on_good))
    return AppraiserAgreement(name, repeated, within, effectiveness, kappa, miss, false_alarm)


def _flat(calls: Iterable[tuple[str, ...]]) -> list[str]:
    return [call for cell in calls for call in cell]


def _cross_table(first: Sequence[str], second: Sequence[str], categories: Sequence[str]) -> list[list[int]]:
    seen = Counter(zip(first, second, strict=True))
    return [[seen[a, b] for b in categories] for a in categories]


def _reason(everyone: AppraiserAgreement) -> str:
    told: list[str] = []
    for kappa, what in ((everyone.within, "between all calls"), (everyone.against_reference, "against the reference")):
        if kappa is not None:
            number = "undefined, for all calls are the same" if kappa.value is None else f"{kappa.value:.3f}"
            told.append(f"kappa {what} {number}" + (f" ({kappa.word})" if kappa.word else ""))
    for share, what in ((everyone.miss, "misses"), (everyone.false_alarm, "false alarms")):
        if share is not None and share.value is not None:
            low, high = share.interval
            percent = f"{100 * share.value:.1f} % (95 %: {100 * low:.1f} to {100 * high:.1f} %)"
            told.append(f"{what} {share.count} of {share.of}, {percent}")
    return "; ".join(told)
