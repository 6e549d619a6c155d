"""How sure a component of variation is: modified large sample intervals of sums and differences of mean squares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from scipy import stats


@dataclass(frozen=True, slots=True)
class MeanSquareTerm:
    """One term of a linear combination of independent mean squares.

    Parameters
    ----------
    coefficient : float
        Any sign.
    mean_square : float
        Not negative.
    degrees_of_freedom : int
        At least 1.
    """

    coefficient: float
    mean_square: float
    degrees_of_freedom: int


def variance_interval(terms: Sequence[MeanSquareTerm], confidence: float) -> tuple[float, float]:
    """Two-sided confidence interval of the sum of `coefficient * expected mean square`.

    Modified large sample intervals: Graybill and Wang (1980) when all signs agree; Ting, Burdick, Graybill,
    Jeyaratnam and Lu (J. Statist. Comput. Simul. 35, 1990) when they differ; as Burdick and Larsen (J. Qual.
    Technol. 29, 1997) use them for gauge studies. One term alone gives the exact chi-square interval.

    Parameters
    ----------
    terms : sequence of MeanSquareTerm
        With their signs in the coefficients; zero coefficients are left out.
    confidence : float
        Of both sides together, 0.90 for 90 %.

    Returns
    -------
    (float, float)
        Lower and upper end, not below zero.
    """
    tail = (1.0 - confidence) / 2.0
    plus = [t for t in terms if t.coefficient > 0]
    minus = [MeanSquareTerm(-t.coefficient, t.mean_square, t.degrees_of_freedom) for t in terms if t.coefficient < 0]
    value = sum(t.coefficient * t.mean_square for t in terms)
    # The upper end of a sum is minus the lower end of its negative, so one formula serves both.
    return max(0.0, value - _reach_down(plus, minus, tail)), max(0.0, value + _reach_down(minus, plus, tail))


def _reach_down(plus: Sequence[MeanSquareTerm], minus: Sequence[MeanSquareTerm], tail: float) -> float:
    """How far the lower end lies below the estimate of `sum(plus) - sum(minus)`."""
    squared = sum((_down(t.degrees_of_freedom, tail) * t.coefficient * t.mean_square) ** 2 for t in plus)
    squared += sum((_up(t.degrees_of_freedom, tail) * t.coefficient * t.mean_square) ** 2 for t in minus)
    for a in plus:
        for b in minus:
            squared += _of_opposite_signs(a.degrees_of_freedom, b.degrees_of_freedom, tail) * _product(a, b)
    if minus and len(plus) > 1:
        pairs = sum(
            _of_one_sign(a.degrees_of_freedom, b.degrees_of_freedom, tail) * _product(a, b)
            for i, a in enumerate(plus)
            for b in plus[i + 1 :]
        )
        squared += pairs / (len(plus) - 1)
    return math.sqrt(max(0.0, squared))


def _product(a: MeanSquareTerm, b: MeanSquareTerm) -> float:
    return a.coefficient * a.mean_square * b.coefficient * b.mean_square


@cache
def _down(df: int, tail: float) -> float:
    """G: the share of a mean square by which its variance may lie below it."""
    return 1.0 - df / float(stats.chi2.isf(tail, df))


@cache
def _up(df: int, tail: float) -> float:
    """H: the share of a mean square by which its variance may lie above it."""
    return df / float(stats.chi2.ppf(tail, df)) - 1.0


@cache
def _of_opposite_signs(df_plus: int, df_minus: int, tail: float) -> float:
    """Makes the interval of a difference exact when the difference is zero."""
    f = float(stats.f.isf(tail, df_plus, df_minus))
    return ((f - 1.0) ** 2 - (_down(df_plus, tail) * f) ** 2 - _up(df_minus, tail) ** 2) / f


@cache
def _of_one_sign(df_a: int, df_b: int, tail: float) -> float:
    """Makes the interval of a sum exact when the two expected mean squares are in proportion to their freedom."""
    both = df_a + df_b
    return (
        _down(both, tail) ** 2 * both**2 / (df_a * df_b)
        - _down(df_a, tail) ** 2 * df_a / df_b
        - _down(df_b, tail) ** 2 * df_b / df_a
    )
