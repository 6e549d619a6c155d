"""Propagation and coverage against the worked examples of the GUM."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.propagation import Input, propagate
from loupebox.calibration.student import t_quantile


def end_gauge() -> Estimate:
    """GUM H.1: an end gauge of 50 mm compared with a standard, in nm."""

    def length(
        ls: float, d: float, d1: float, d2: float, theta: float, swing: float, da: float, alpha: float, dt: float
    ):
        return ls + d + d1 + d2 - ls * (da * (theta + swing) + alpha * dt)

    return propagate(
        length,
        [
            Input("standard", 50_000_623, 25, 18),
            Input("repeated observations", 215, 5.8, 24),
            Input("random effects of the comparator", 0, 3.9, 5),
            Input("systematic effects of the comparator", 0, 6.7, 8),
            Input("mean temperature of the bed", -0.1, 0.2),
            Input.arcsine("swing of the room", 0, 0.5),
            Input.rectangular("difference of expansion", 0, 1e-6, 50),
            Input.rectangular("expansion of the standard", 11.5e-6, 2e-6),
            Input.rectangular("difference of temperature", 0, 0.05, 2),
        ],
        "nm",
    )


def test_gum_h1_end_gauge() -> None:
    found = end_gauge()
    assert found.value == pytest.approx(50_000_838, abs=0.5)
    # To the digits of GTC, and to those printed in the guide (32 nm, 16, 93 nm).
    assert found.standard_uncertainty == pytest.approx(31.664, abs=5e-4)
    assert found.degrees_of_freedom == pytest.approx(16.752, abs=1e-3)
    assert found.expanded(0.99) == pytest.approx(91.9, abs=0.05)
    assert round(found.standard_uncertainty) == 32
    assert math.floor(found.degrees_of_freedom) == 16
    assert round(t_quantile(0.995, 16) * round(found.standard_uncertainty)) == 93


def test_gum_h1_budget_line_by_line() -> None:
    by_name = {c.name: c.standard_uncertainty for c in end_gauge().budget}
    # Table H.1, last column but one.
    assert by_name["standard"] == pytest.approx(25)
    assert by_name["difference of expansion"] == pytest.approx(2.9, abs=0.05)
    assert by_name["difference of temperature"] == pytest.approx(16.6, abs=0.05)
    for without in ("mean temperature of the bed", "swing of the room", "expansion of the standard"):
        assert by_name[without] == 0


def test_the_first_order_agrees_with_random_draws() -> None:
    rng = np.random.default_rng(1)
    inputs = [Input("length", 20.0, 0.001), Input("pixels", 1176.0, 0.05), Input("warmth", 1.00005, 0.00002)]

    def model(length: float, pixels: float, warmth: float) -> float:
        return length * warmth / pixels

    draws = model(*(rng.normal(i.value, i.standard_uncertainty, 200_000) for i in inputs))  # type: ignore[arg-type]
    found = propagate(model, inputs, "mm/px")
    assert found.value == pytest.approx(float(np.mean(draws)), rel=1e-6)
    assert found.standard_uncertainty == pytest.approx(float(np.std(draws)), rel=0.01)


def test_few_degrees_of_freedom_widen_the_interval() -> None:
    sure = Estimate(1.0, "mm", (Contribution("a", 0.1),))
    few = Estimate(1.0, "mm", (Contribution("a", 0.1, 4),))
    assert sure.coverage_factor == 2.0
    # GUM table G.2, column 95.45 %.
    for freedom, k in ((1, 13.97), (4, 2.87), (10, 2.28), (20, 2.13), (50, 2.05)):
        assert Estimate(1.0, "mm", (Contribution("a", 0.1, freedom),)).coverage_factor == pytest.approx(k, abs=0.005)
    assert few.expanded_uncertainty == pytest.approx(0.287, abs=5e-4)


def test_a_negligible_line_with_few_degrees_of_freedom_costs_nothing() -> None:
    found = Estimate(1.0, "mm", (Contribution("large", 1.0), Contribution("small", 0.01, 2)))
    assert found.coverage_factor == pytest.approx(2.0, abs=1e-6)


def test_the_mean_of_readings() -> None:
    mean = Input.mean("readings", [1.0, 2.0, 3.0, 4.0])
    assert (mean.value, mean.degrees_of_freedom) == (2.5, 3)
    assert mean.standard_uncertainty == pytest.approx(math.sqrt(5 / 3) / 2)
    with pytest.raises(ValueError, match="readings: there is 1 reading; a spread needs 2 or more"):
        Input.mean("readings", [1.0])


def test_degrees_of_freedom_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="'a' has 0 degrees of freedom; allowed is a number above 0"):
        Contribution("a", 1.0, 0)
