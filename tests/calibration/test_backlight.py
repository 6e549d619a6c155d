"""The bias of a wide backlight against path-traced holes, and the cone from a lying pin."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loupebox.calibration.backlight import backlight_gap, half_angle_from_pin
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.propagation import Input

# Half-angle in degrees and what a path-traced comfort-fit ring of 17.35 mm gained on its hole, in um.
TRACED = ((1, 0.3), (2, 0.4), (4, 1.5), (8, 6.6), (15, 22.0), (30, 86.0))
COMFORT_FIT = Input("radius of the metal's edge", 1.26, 0.06)


@pytest.mark.parametrize(("half_angle", "gap_um"), [t for t in TRACED if t[0] <= 15])
def test_a_described_section_gives_the_traced_gap_within_its_uncertainty(half_angle: float, gap_um: float) -> None:
    gap = backlight_gap(half_angle, 0.0, COMFORT_FIT)
    assert not isinstance(gap, str)
    assert abs(1000 * gap.value - gap_um) <= 1000 * gap.expanded_uncertainty
    assert gap.expanded_uncertainty < 0.25 * gap.value + 0.0002 + 1e-4


@pytest.mark.parametrize(("half_angle", "gap_um"), [t for t in TRACED if t[0] <= 8])
def test_a_section_that_nobody_described_is_still_covered(half_angle: float, gap_um: float) -> None:
    gap = backlight_gap(half_angle)
    assert not isinstance(gap, str)
    assert gap.interval[0] <= gap_um / 1000 <= gap.interval[1]


@pytest.mark.parametrize(("half_angle", "radius"), [(9.0, None), (30.0, COMFORT_FIT)])
def test_a_doubt_too_large_is_refused_in_words(half_angle: float, radius: Input | None) -> None:
    told = backlight_gap(half_angle) if radius is None else backlight_gap(half_angle, 0.0, radius)
    assert isinstance(told, str)
    assert f"half-angle is {half_angle:g}°: reflections of the metal move its edges by" in told
    assert told.endswith("allowed are ± 8 um")


def test_a_flat_section_has_no_gap_and_may_have_a_wide_light() -> None:
    gap = backlight_gap(20.0, 1.0, Input("radius of the metal's edge", 0.05, 0.03))
    assert not isinstance(gap, str)
    assert gap.value < 0.0016


def test_more_light_angle_more_gap_more_doubt() -> None:
    gaps = [backlight_gap(a) for a in (0.0, 1.0, 2.0, 4.0, 8.0)]
    values = [g.value for g in gaps if not isinstance(g, str)]
    doubts = [g.standard_uncertainty for g in gaps if not isinstance(g, str)]
    assert values == sorted(values)
    assert doubts == sorted(doubts)
    assert len(values) == 5


def test_the_half_angle_must_be_an_angle() -> None:
    with pytest.raises(ValueError, match="half-angle of the backlight is -1°; allowed is 0 to below 90"):
        backlight_gap(-1.0)


@pytest.mark.parametrize("half_angle", [0.0, 1.0, 3.0, 8.0])
def test_the_cone_comes_back_from_the_width_of_a_lying_pin(half_angle: float) -> None:
    rng = np.random.default_rng(4)
    diameter, inside = 10.0, 0
    for _ in range(300):
        looks = diameter * math.cos(math.radians(half_angle) / 2) + rng.normal(0, 0.0004)
        found = half_angle_from_pin(Estimate(looks, "mm", (Contribution("edges", 0.0004),)), Estimate(diameter, "mm"))
        inside += found.interval[0] <= half_angle <= found.interval[1]
    assert inside >= 0.93 * 300


def test_a_pin_that_looks_no_thinner_says_how_wide_the_cone_may_be() -> None:
    found = half_angle_from_pin(Estimate(10.0002, "mm", (Contribution("edges", 0.0004),)), Estimate(10.0, "mm"))
    assert found.value == 0
    # 0.8 um of 10 mm: a cone of about 1.45 degrees would do that.
    assert found.expanded_uncertainty == pytest.approx(math.degrees(2 * math.acos(1 - 8e-5)), rel=1e-6)
