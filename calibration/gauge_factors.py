"""Gauge R&R without appraisers: load, rotation, day and what else may move a reading, crossed or nested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from loupebox.calibration.gauge_anova import CONFIDENCE, POOLING_ALPHA, AnovaRow
from loupebox.calibration.gauge_crossed import GAUGE, PART, REPEATABILITY, REPRODUCIBILITY, TOTAL
from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_intervals import MeanSquareTerm, variance_interval
from loupebox.calibration.gauge_summary import GaugeSummary, summarise

Floats = NDArray[np.float64]

MOST_FACTORS = 5
_RESERVED = (REPEATABILITY, REPRODUCIBILITY, GAUGE, TOTAL, "trial", "value")


@dataclass(frozen=True, slots=True, eq=False)
class FactorStudy:
    """Readings by the levels of several factors, balanced; all factors are random.

    Parameters
    ----------
    readings : ndarray of float64, shape (levels of the first factor, ..., levels of the last, repeats)
        At least 2 levels of each factor; finite and not all equal. Made read-only. Levels of a nested factor are
        counted within its parents.
    factors : tuple of str
        Names along the axes; one of them is "part".
    levels : tuple of tuple of str
        Names along each axis; of a nested factor only their count means anything.
    nested : mapping of str to tuple of str
        Factor and the factors in which it is nested: "load": ("part", "day") when each part was put in anew each day.
    """

    readings: Floats
    factors: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __post_init__(self) -> None:
        check_factors(self.factors, self.nested)
        shape = self.readings.shape
        if shape[:-1] != tuple(len(names) for names in self.levels) or shape[-1] < 1:
            raise GaugeStudyError(f"readings have shape {shape}; the factors' levels need another")
        for name, count in zip(self.factors, shape, strict=False):
            if count < 2:
                raise GaugeStudyError(f"factor {name} has {count} level; needed are 2 or more")
        if not np.isfinite(self.readings).all():
            raise GaugeStudyError("a reading is not finite; allowed are finite numbers")
        if np.ptp(self.readings) == 0:
            raise GaugeStudyError(
                "all readings are equal; nothing can be said about a gauge that always reads the same"
            )
        view = self.readings.view()
        view.flags.writeable = False
        object.__setattr__(self, "readings", view)


def check_factors(factors: Sequence[str], nested: Mapping[str, tuple[str, ...]]) -> None:
    """Raise `GaugeStudyError` unless these factors, so nested, make a design."""
    if PART not in factors or len(set(factors)) != len(factors):
        raise GaugeStudyError(f"factors are {', '.join(factors)}; one must be 'part', and each be there once")
    if not 2 <= len(factors) <= MOST_FACTORS:
        raise GaugeStudyError(f"there are {len(factors)} factors; allowed are 2 to {MOST_FACTORS}, part included")
    for name in factors:
        if not name or name in _RESERVED:
            raise GaugeStudyError(f"a factor is called '{name}'; allowed is any name but {', '.join(_RESERVED)}")
    for child, parents in nested.items():
        for name in (child, *parents):
            if name not in factors:
                raise GaugeStudyError(f"'{name}' is no factor here; there are {', '.join(factors)}")
        if child == PART or not parents or child in ancestors(nested, child):
            raise GaugeStudyError(f"{child} cannot be nested in {', '.join(parents) or 'nothing'}")


def ancestors(nested: Mapping[str, tuple[str, ...]], factor: str) -> frozenset[str]:
    """All factors in which this one is nested, their parents included."""
    found: set[str] = set()
    waiting = list(nested.get(factor, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += nested.get(name, ())
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Term:
    """One effect of the model: what varies in it, and within what.

    >>> Term(("load",), ("part", "day")).name
    'load in part, day'
    """

    live: tuple[str, ...]
    within: tuple[str, ...]

    @property
    def name(self) -> str:
        live = " x ".join(self.live)
        return f"{live} in {', '.join(self.within)}" if self.within else live

    @property
    def indices(self) -> frozenset[str]:
        return frozenset((*self.live, *self.within))


@dataclass(frozen=True, slots=True)
class FactorResult:
    """Components of variation of a study with several factors.

    Parameters
    ----------
    method : str
        A sentence for the report, with the model and what the pooling rule did.
    factors : tuple of str
    nested : tuple of (str, tuple of str)
        Each nested factor with its parents.
    table : tuple of AnovaRow
        Before any pooling. Where no single mean square has the expected value to divide by, F and p are
        Satterthwaite's.
    reduced_table : tuple of AnovaRow
        After pooling; the same as `table` when nothing was pooled.
    pooled : tuple of str
        Interactions that were taken for repeatability.
    confidence : float
        Of the intervals in `summary`.
    summary : GaugeSummary
    levels : tuple of tuple of str
    by_level : tuple of tuple of tuple of float
        Readings by factor and level, less the mean of their part: what the gauge alone did.
    """

    method: str
    factors: tuple[str, ...]
    nested: tuple[tuple[str, tuple[str, ...]], ...]
    table: tuple[AnovaRow, ...]
    reduced_table: tuple[AnovaRow, ...]
    pooled: tuple[str, ...]
    confidence: float
    summary: GaugeSummary
    levels: tuple[tuple[str, ...], ...]
    by_level: tuple[tuple[tuple[float, ...], ...], ...]


def analyse_factors(
    study: FactorStudy, tolerance: float | None = None, pooling_alpha: float = POOLING_ALPHA
) -> FactorResult:
    """Variance components by the method of moments from the analysis of variance of a balanced random model.

    Expected mean squares follow the rules for balanced designs (Searle, Casella and McCulloch, Variance Components,
    1992, chapter 4): a term's mean square holds its own component and that of every term that contains all its indices.

    Parameters
    ----------
    study : FactorStudy
        With one reading a cell the term of all indices serves as repeatability.
    tolerance : float, optional
        Upper minus lower limit, in the unit of the readings.
    pooling_alpha : float
        An interaction that no other term contains is pooled with the repeatability when its p is above this; then the
        next. 1 never pools. Factors themselves, nested or not, are never pooled.

    Returns
    -------
    FactorResult
        Negative components count as zero. Intervals are modified large sample ones at `CONFIDENCE`.

    Raises
    ------
    GaugeStudyError
        When the tolerance is not above 0.
    """
    terms = _terms(study)
    squares = {t.name: _sum_of_squares(study, t) for t in terms}
    error = _error(study, terms, squares)
    by_name = {t.name: t for t in terms if t.name in squares}
    table = _table(study, by_name, squares, error)
    pooled = _pool(study, by_name, squares, error, pooling_alpha)
    for name in pooled:
        df, ss = squares.pop(name)
        error = (error[0] + df, error[1] + ss)
        del by_name[name]
    reduced = _table(study, by_name, squares, error) if pooled else table
    combinations_ = _combinations(study, by_name)
    mean_squares = {name: (df, ss / df) for name, (df, ss) in {**squares, REPEATABILITY: error}.items()}
    repeats = study.readings.shape[-1]
    size = " x ".join(f"{n} {f}s" for n, f in zip(study.readings.shape, study.factors, strict=False))
    model = "; ".join(f"{c} nested in {', '.join(p)}" for c, p in study.nested.items()) or "all crossed"
    return FactorResult(
        method=(
            f"Analysis of variance of a balanced design, all effects random: {size} x {repeats} readings; {model}; "
            f"pooled with the repeatability (rule: interactions that no other term contains, p above "
            f"{pooling_alpha:g}, the highest first): {', '.join(pooled) or 'none'}; components by the method of "
            f"moments, negative ones set to zero; {100 * CONFIDENCE:.0f} % modified large sample intervals of the "
            "standard deviations (Burdick and Larsen 1997); interactions with the part count to the gauge; "
            "ndc = 1.41 part/gauge, truncated."
        ),
        factors=study.factors,
        nested=tuple((child, tuple(parents)) for child, parents in study.nested.items()),
        table=table,
        reduced_table=reduced,
        pooled=pooled,
        confidence=CONFIDENCE,
        summary=_summary(combinations_, mean_squares, tolerance),
        levels=study.levels,
        by_level=_by_level(study),
    )


def _terms(study: FactorStudy) -> tuple[Term, ...]:
    """All effects that a design has, the simplest first."""
    found: list[Term] = []
    for count in range(1, len(study.factors) + 1):
        for live in combinations(study.factors, count):
            above = frozenset[str]().union(*(ancestors(study.nested, f) for f in live))
            if not above & set(live):
                found.append(Term(live, tuple(f for f in study.factors if f in above)))
    return tuple(sorted(found, key=lambda t: len(t.indices)))


def _sum_of_squares(study: FactorStudy, term: Term) -> tuple[int, float]:
    """Degrees of freedom and sum of squares: deviations along what varies, means over what is not in the term."""
    # The mean goes first: squares of small deviations from large readings would lose their last digits.
    effect = study.readings - study.readings.mean()
    effect = effect.mean(axis=-1)
    df = 1
    for axis, name in enumerate(study.factors):
        mean = effect.mean(axis=axis, keepdims=True)
        if name in term.live:
            effect, df = effect - mean, df * (study.readings.shape[axis] - 1)
        elif name in term.within:
            df *= study.readings.shape[axis]
        else:
            effect = mean
    times = study.readings.size / effect.size
    return df, float(times * (effect**2).sum())


def _error(study: FactorStudy, terms: Sequence[Term], squares: dict[str, tuple[int, float]]) -> tuple[int, float]:
    repeats = study.readings.shape[-1]
    if repeats > 1:
        cells = study.readings - study.readings.mean(axis=-1, keepdims=True)
        return study.readings.size // repeats * (repeats - 1), float((cells**2).sum())
    whole = next(t for t in terms if t.indices == frozenset(study.factors))
    return squares.pop(whole.name)


def _weights(study: FactorStudy, terms: Mapping[str, Term]) -> tuple[list[str], Floats]:
    """Expected mean squares: rows are mean squares, columns components; the repeatability comes last."""
    names = [*terms, REPEATABILITY]
    shape = dict(zip(study.factors, study.readings.shape, strict=False))
    matrix = np.zeros((len(names), len(names)))
    matrix[:, -1] = 1
    for (i, a), (j, b) in product(enumerate(terms.values()), repeat=2):
        if b.indices >= a.indices:
            matrix[i, j] = study.readings.size / math.prod(shape[f] for f in b.indices)
    return names, matrix


def _combinations(study: FactorStudy, terms: Mapping[str, Term]) -> dict[str, dict[str, float]]:
    """Each component as a linear combination of mean squares."""
    names, matrix = _weights(study, terms)
    inverse = np.linalg.inv(matrix)
    return {
        name: {n: float(c) for n, c in zip(names, row, strict=True) if abs(c) > 1e-12}
        for name, row in zip(names, inverse, strict=True)
    }


def _f_test(
    name: str, combination: Mapping[str, float], mean_squares: Mapping[str, tuple[int, float]]
) -> tuple[float | None, float | None]:
    """F and p of a component against zero; what stands for its error may be several mean squares."""
    own = combination[name]
    # Mean squares with the sign of the term itself join it above, the others go below the line.
    above = [MeanSquareTerm(c / own, mean_squares[n][1], mean_squares[n][0]) for n, c in combination.items() if c > 0]
    below = [MeanSquareTerm(-c / own, mean_squares[n][1], mean_squares[n][0]) for n, c in combination.items() if c < 0]
    upper, lower = (math.fsum(t.coefficient * t.mean_square for t in part) for part in (above, below))
    if lower <= 0:
        return None, 0.0 if upper > 0 else None
    f = upper / lower
    return f, float(stats.f.sf(f, _satterthwaite(above), _satterthwaite(below)))


def _satterthwaite(terms: Sequence[MeanSquareTerm]) -> float:
    total = math.fsum(t.coefficient * t.mean_square for t in terms)
    parts = math.fsum((t.coefficient * t.mean_square) ** 2 / t.degrees_of_freedom for t in terms)
    return total**2 / parts if parts > 0 else float(min(t.degrees_of_freedom for t in terms))


def _table(
    study: FactorStudy,
    terms: Mapping[str, Term],
    squares: Mapping[str, tuple[int, float]],
    error: tuple[int, float],
) -> tuple[AnovaRow, ...]:
    every = {**{name: squares[name] for name in terms}, REPEATABILITY: error}
    mean_squares = {name: (df, ss / df) for name, (df, ss) in every.items()}
    combination = _combinations(study, terms)
    rows: list[AnovaRow] = []
    for name, (df, ss) in every.items():
        f, p = (None, None) if name == REPEATABILITY else _f_test(name, combination[name], mean_squares)
        rows.append(AnovaRow(name, df, ss, ss / df, f, p))
    df, ss = sum(d for d, _ in every.values()), math.fsum(s for _, s in every.values())
    return (*rows, AnovaRow(TOTAL, df, ss, ss / df, None, None))


def _pool(
    study: FactorStudy,
    terms: Mapping[str, Term],
    squares: Mapping[str, tuple[int, float]],
    error: tuple[int, float],
    alpha: float,
) -> tuple[str, ...]:
    left, pooled = dict(terms), list[str]()
    while True:
        outer = [t for t in left.values() if len(t.live) > 1 and not any(o.indices > t.indices for o in left.values())]
        tested: list[tuple[float, str]] = []
        for term in outer:
            df, ss = squares[term.name]
            f = (ss / df) / (error[1] / error[0]) if error[1] > 0 else math.inf
            tested.append((float(stats.f.sf(f, df, error[0])), term.name))
        p, name = max(tested, default=(0.0, ""))
        if p <= alpha:
            return tuple(pooled)
        error = (error[0] + squares[name][0], error[1] + squares[name][1])
        pooled.append(name)
        del left[name]


def _summary(
    combination: Mapping[str, Mapping[str, float]],
    mean_squares: Mapping[str, tuple[int, float]],
    tolerance: float | None,
) -> GaugeSummary:
    single = {
        name: max(0.0, math.fsum(c * mean_squares[n][1] for n, c in parts.items()))
        for name, parts in combination.items()
    }
    others = [n for n in combination if n not in (PART, REPEATABILITY)]
    reproducibility = math.fsum(single[n] for n in others)
    gauge = single[REPEATABILITY] + reproducibility
    sums: dict[str, list[str]] = {
        REPRODUCIBILITY: others,
        GAUGE: [REPEATABILITY, *others],
        TOTAL: [REPEATABILITY, *others, PART],
    }
    whole: dict[str, Mapping[str, float]] = dict(combination)
    for name, parts in sums.items():
        sources = sorted({s for p in parts for s in combination[p]})
        whole[name] = {s: math.fsum(combination[p].get(s, 0.0) for p in parts) for s in sources}
    variances = {
        REPEATABILITY: single[REPEATABILITY],
        REPRODUCIBILITY: reproducibility,
        **{n: single[n] for n in others},
        GAUGE: gauge,
        PART: single[PART],
        TOTAL: gauge + single[PART],
    }
    return summarise(variances, tolerance, {n: _sd_interval(whole[n], mean_squares) for n in variances})


def _sd_interval(
    combination: Mapping[str, float], mean_squares: Mapping[str, tuple[int, float]]
) -> tuple[float, float]:
    terms = [MeanSquareTerm(c, mean_squares[n][1], mean_squares[n][0]) for n, c in combination.items()]
    low, high = variance_interval(terms, CONFIDENCE)
    return math.sqrt(low), math.sqrt(high)


def _by_level(study: FactorStudy) -> tuple[tuple[tuple[float, ...], ...], ...]:
    part = study.factors.index(PART)
    others = tuple(a for a in range(study.readings.ndim) if a != part)
    rest = study.readings - study.readings.mean(axis=others, keepdims=True)
    found: list[tuple[tuple[float, ...], ...]] = []
    for axis in range(len(study.factors)):
        source = study.readings if axis == part else rest
        found.append(tuple(tuple(float(v) for v in np.ravel(one)) for one in np.moveaxis(source, axis, 0)))
    return tuple(found)
