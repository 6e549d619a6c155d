"""Wilson's interval, against published values and what must hold for any share."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupebox.inspect.rates import Z_95, wilson


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [  # R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


shares = st.integers(0, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(share=shares)
def test_the_interval_holds_the_share_and_mirrors(share: tuple[int, int]) -> None:
    k, n = share
    low, high = wilson(k, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= k / n <= high
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(share=shares.filter(lambda share: 0 < share[0] < share[1]))
def test_its_ends_are_where_the_score_test_just_rejects(share: tuple[int, int]) -> None:
    """The definition: |k/n - p| = z sqrt(p (1 - p) / n)."""
    k, n = share
    for end in wilson(k, n):
        assert abs(k / n - end) == pytest.approx(Z_95 * math.sqrt(end * (1 - end) / n), rel=1e-6)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_what_is_no_share(k: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"{k} out of {n} is no share"):
        wilson(k, n)
