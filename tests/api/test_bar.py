"""Bars tell the truth: what lies where, in percent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.api.bar import bar


def test_two_sided_limits_lie_a_margin_from_the_ends() -> None:
    made = bar(17.35, 0.012, 17.25, 17.45, 17.35)
    # Tolerance 0.2 and 0.6 of it on both sides: 0.44 mm across.
    assert made.lower == pytest.approx(100 * 0.12 / 0.44, abs=0.01)
    assert made.upper == pytest.approx(100 * 0.32 / 0.44, abs=0.01)
    assert made.value == made.nominal == pytest.approx(50)
    assert made.interval.width == pytest.approx(100 * 0.024 / 0.44, abs=0.01)
    assert made.sure is not None
    assert made.sure.start == pytest.approx(100 * 0.132 / 0.44, abs=0.01)
    assert [round(g.width, 2) for g in made.guards] == [2.73, 2.73]


def test_an_open_side_runs_to_the_end() -> None:
    made = bar(0.02, 0.008, None, 0.06)
    assert made.allowed.start == 0
    assert made.lower is None
    assert made.sure is not None
    assert made.sure.start == 0
    assert len(made.guards) == 1


def test_no_place_is_sure_when_the_uncertainty_is_wider_than_the_tolerance() -> None:
    assert bar(1.0, 0.3, 0.9, 1.1).sure is None


def test_limits_are_needed() -> None:
    with pytest.raises(ValueError, match="a bar needs a lower or an upper limit; both are missing"):
        bar(1.0, 0.1, None, None)


millimetres = st.floats(-50, 50).map(lambda x: round(x, 4))


@given(
    value=millimetres, u=st.floats(0, 3), ends=st.lists(millimetres, min_size=2, max_size=2), open_end=st.integers(0, 2)
)
def test_everything_lies_on_the_bar_and_in_order(value: float, u: float, ends: list[float], open_end: int) -> None:
    lower, upper = min(ends), max(ends)
    made = bar(value, u, None if open_end == 1 else lower, None if open_end == 2 else upper)
    on_bar = [made.value, made.interval.start, made.interval.end, made.allowed.start, made.allowed.end]
    on_bar += [end for guard in made.guards for end in (guard.start, guard.end)]
    assert all(-0.01 <= place <= 100.01 for place in on_bar)
    assert made.interval.start <= made.value <= made.interval.end
    assert all(guard.width >= 0 for guard in made.guards)
    if made.upper is not None and value > upper + 1e-3:
        assert made.value >= made.upper
    if made.lower is not None and value < lower - 1e-3:
        assert made.value <= made.lower
