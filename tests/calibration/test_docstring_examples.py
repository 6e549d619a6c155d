"""The examples in the docstrings of the calibrations hold."""

from __future__ import annotations

import doctest

import pytest

from loupebox.calibration import (
    attribute_agreement,
    attribute_kappa,
    backlight,
    gauge_factors,
    gauge_range_factors,
    propagation,
    slanted_edge,
    student,
    thermal,
)
from loupebox.station import calibration_page

MODULES = (
    *(attribute_agreement, attribute_kappa, backlight, gauge_factors, gauge_range_factors),
    *(propagation, slanted_edge, student, thermal, calibration_page),
)


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0
