"""A value with its budget."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.calibration.estimate import COVERAGE_FACTOR, Contribution, Estimate

PARTS = st.lists(st.floats(0, 1e3), max_size=6)


def estimate(*parts: float, value: float = 1.0) -> Estimate:
    return Estimate(value, "mm", tuple(Contribution(f"part {i}", u) for i, u in enumerate(parts)))


def test_contributions_add_in_squares() -> None:
    found = estimate(3.0, 4.0, value=10.0)
    assert found.standard_uncertainty == 5.0
    assert found.expanded_uncertainty == COVERAGE_FACTOR * 5.0
    assert found.interval == (0.0, 20.0)


def test_gum_supplement_1_clause_9_2_sums_four_unit_normals_to_two() -> None:
    assert estimate(1.0, 1.0, 1.0, 1.0).standard_uncertainty == 2.0


@given(PARTS, st.floats(0, 1e3))
def test_another_contribution_never_makes_it_surer(parts: list[float], more: float) -> None:
    before = estimate(*parts)
    after = before.with_contributions([Contribution("more", more)])
    assert after.value == before.value
    assert after.standard_uncertainty >= before.standard_uncertainty
    assert math.isclose(after.standard_uncertainty, math.hypot(before.standard_uncertainty, more))


@pytest.mark.parametrize("bad", [-1e-9, math.nan, math.inf])
def test_a_bad_contribution_is_named(bad: float) -> None:
    with pytest.raises(ValueError, match=r"'edge noise' is .*allowed is a finite number that is not negative"):
        Contribution("edge noise", bad)


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="estimate is nan mm; allowed is a finite number"):
        Estimate(math.nan, "mm")
