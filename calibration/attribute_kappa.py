"""Agreement beyond chance: Cohen's kappa of two raters, Fleiss' kappa of several."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from loupebox.calibration.gauge_error import GaugeStudyError

Agreement = Literal["good", "fair", "poor"]

GOOD_FROM = 0.75
POOR_UP_TO = 0.40


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance.

    Parameters
    ----------
    value : float or None
        1 is perfect, 0 is chance; None when all calls are the same, for chance alone would agree then.
    interval : (float, float) or None
        95 %, cut at -1 and 1; Cohen's kappa only.
    z, p : float or None
        Test of kappa = 0, one-sided upwards; Fleiss' kappa only.
    observed, by_chance : float
        Share of agreeing pairs, and what chance would give.
    word : Agreement or None
        "good" from .75, "poor" up to .40 (AIAG MSA, 4th edition).
    """

    value: float | None
    interval: tuple[float, float] | None
    z: float | None
    p: float | None
    observed: float
    by_chance: float
    word: Agreement | None


def cohen_kappa(table: ArrayLike) -> Kappa:
    """Agreement of two raters (Cohen, Educ. Psychol. Meas. 20, 1960).

    Parameters
    ----------
    table : array_like, shape (categories, categories)
        Counts; rows are the calls of the first rater, columns those of the second.

    Returns
    -------
    Kappa
        With the large-sample interval of Fleiss, Cohen and Everitt (Psychol. Bull. 72, 1969), which takes the
        calls for independent; several trials of one part are not quite.

    Raises
    ------
    GaugeStudyError
        When the table is not square, empty or has negative counts.
    """
    counts = _counts(table)
    if counts.shape[0] != counts.shape[1]:
        raise GaugeStudyError(f"a table of two raters is square; this one has shape {counts.shape}")
    n = float(counts.sum())
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = float(np.trace(p)), float(rows @ columns)
    if chance >= 1:
        return Kappa(None, None, None, None, observed, chance, None)
    value = (observed - chance) / (1 - chance)
    # marginal[i, j]: share of j in the first rater's calls and of i in the second's.
    marginal = columns[:, None] + rows[None, :]
    on_diagonal = float((np.diag(p) * (1 - np.diag(marginal) * (1 - value)) ** 2).sum())
    off_diagonal = (1 - value) ** 2 * float((p * marginal**2).sum() - (np.diag(p) * np.diag(marginal) ** 2).sum())
    variance = (on_diagonal + off_diagonal - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
    reach = float(stats.norm.isf(0.025)) * math.sqrt(max(0.0, variance))
    interval = (max(-1.0, value - reach), min(1.0, value + reach))
    return Kappa(value, interval, None, None, observed, chance, agreement_word(value))


def fleiss_kappa(table: ArrayLike) -> Kappa:
    """Agreement of several raters (Fleiss, Psychol. Bull. 76, 1971).

    Parameters
    ----------
    table : array_like, shape (parts, categories)
        How many raters put the part into the category; each part has the same number of raters, at least 2.

    Returns
    -------
    Kappa
        With the test of no agreement by Fleiss, Nee and Landis (Psychol. Bull. 86, 1979).

    Raises
    ------
    GaugeStudyError
        When parts have different numbers of raters, or fewer than 2.
    """
    counts = _counts(table)
    raters = counts.sum(axis=1)
    if (raters != raters[0]).any() or raters[0] < 2:
        raise GaugeStudyError(
            f"parts were called {raters.min():g} to {raters.max():g} times; each needs the same number, 2 or more"
        )
    n, m = counts.shape[0], float(raters[0])
    share = counts.sum(axis=0) / (n * m)
    observed = float((counts * (counts - 1)).sum() / (n * m * (m - 1)))
    chance = float((share**2).sum())
    if chance >= 1:
        return Kappa(None, None, None, None, observed, chance, None)
    value = (observed - chance) / (1 - chance)
    scatter = share * (1 - share)
    total = float(scatter.sum())
    variance = 2 * (total**2 - float((scatter * (1 - 2 * share)).sum())) / (n * m * (m - 1) * total**2)
    z = value / math.sqrt(variance)
    return Kappa(value, None, z, float(stats.norm.sf(z)), observed, chance, agreement_word(value))


def agreement_word(kappa: float) -> Agreement:
    """What a kappa is called.

    >>> agreement_word(0.75), agreement_word(0.5), agreement_word(0.4)
    ('good', 'fair', 'poor')
    """
    if kappa >= GOOD_FROM:
        return "good"
    return "poor" if kappa <= POOR_UP_TO else "fair"


def _counts(table: ArrayLike) -> NDArray[np.float64]:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or min(counts.shape) < 1 or not np.isfinite(counts).all() or (counts < 0).any():
        raise GaugeStudyError("a table of calls needs two dimensions and counts of 0 or more")
    if counts.sum() == 0:
        raise GaugeStudyError("the table of calls is empty")
    return counts
