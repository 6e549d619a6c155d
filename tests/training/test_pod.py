"""Probability of detection against simulated inspections whose curve is known."""

import numpy as np
import pytest
from scipy.special import expit

from loupebox.models.training.pod import fit_pod


def inspections(count: int, seed: int, a50: float = 0.2, slope: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.uniform(np.log(0.05), np.log(0.8), count))
    return sizes, rng.random(count) < expit(slope * np.log(sizes / a50))


def test_a_large_study_gives_back_its_curve():
    curve = fit_pod(*inspections(20_000, 1))
    assert curve.slope == pytest.approx(5.0, rel=0.05)
    assert curve.a90 == pytest.approx(0.2 * 9 ** (1 / 5), rel=0.02)  # logit(0.9) = ln 9
    assert curve.probability(0.2) == pytest.approx(0.5, abs=0.02)
    assert curve.a90 < curve.a90_95 < 1.05 * curve.a90


def test_a90_95_is_above_the_true_a90_in_95_of_100_studies():
    true = 0.2 * 9 ** (1 / 5)
    curves = [fit_pod(*inspections(120, seed)) for seed in range(400)]
    held = [c.a90_95 is None or c.a90_95 >= true for c in curves if c is not None]
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize(
    ("sizes", "hits"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0, 0, 0, 1, 1, 1]),  # a size parts them: no slope is the steepest
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [1, 1, 1, 1, 1, 1]),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [1, 1, 1, 0, 1, 0, 0]),  # larger ones are found less often
    ],
)
def test_what_gives_no_curve(sizes, hits):
    assert fit_pod(np.array(sizes), np.array(hits, bool)) is None
