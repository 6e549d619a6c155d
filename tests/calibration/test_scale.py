"""Pixels into millimetres."""

from __future__ import annotations

import pytest

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.scale import Scale


def test_a_length_carries_both_uncertainties() -> None:
    scale = Scale(Estimate(0.015, "mm/px", (Contribution("scale certificate", 1e-6),)))
    length = scale.length_mm(-1000.0, 0.1, "edge noise")
    assert (length.value, length.unit) == (-15.0, "mm")
    assert {c.name: pytest.approx(c.standard_uncertainty) for c in length.budget} == {
        "scale certificate": 1e-3,
        "edge noise": 1.5e-3,
    }


def test_a_scale_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="scale is 0 mm/px; allowed is a number above 0"):
        Scale(Estimate(0.0, "mm/px"))
