"""The examples in the docstrings of the gauge studies hold."""

from __future__ import annotations

import doctest

import pytest

from loupebox.calibration import attribute_agreement, attribute_kappa, gauge_range_factors


@pytest.mark.parametrize("module", [attribute_agreement, attribute_kappa, gauge_range_factors])
def test_examples(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0
