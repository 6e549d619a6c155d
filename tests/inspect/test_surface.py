"""Findings from drawn probability maps: kind, size, joining, thresholds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.inspect.surface import find_defects, light_for
from loupebox.models.card import Card

CLASSES = ("clean", "porosity", "scratch", "orange_peel", "dull_patch")
HEIGHT, WIDTH, MM = 120, 260, 0.008
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(float)
METAL = np.ones((HEIGHT, WIDTH), bool)


def card(**changes):
    given_card = {
        "schema": 1, "name": "drawn", "version": "1.0.0", "task": "segmentation", "file": "drawn.onnx",
        "sha256": "0" * 64, "input": {"channels": ["a"], "mean": [0.0], "deviation": [1.0]}, "um_per_px": 8.0,
        "classes": CLASSES, "thresholds": dict.fromkeys(CLASSES[1:], 0.6), "trained_on": "nothing",
        "licence": "Apache-2.0", "measured": {}, "requires_loupebox": ">=0.1.0",
    }  # fmt: skip
    return Card.model_validate(given_card | changes)


def drawn(**masks):
    """Probabilities in which these masks have a probability of 0.9 of their class."""
    p = np.full((HEIGHT, WIDTH, len(CLASSES)), 0.01, np.float32)
    p[..., 0] = 0.96
    for name, mask in masks.items():
        p[mask] = 0.025
        p[mask, CLASSES.index(name)] = 0.9
    return p


def found(p, metal=METAL, **changes):
    return find_defects(p, metal, card(**changes), MM, "A")


def disc(x, y, diameter_px):
    return np.hypot(X - x, Y - y) <= diameter_px / 2


def line(x0, y0, length, angle, width=2.0, start=0.0, end=1.0):
    t = ((X - x0) * np.cos(angle) + (Y - y0) * np.sin(angle)) / length
    across = (Y - y0) * np.cos(angle) - (X - x0) * np.sin(angle)
    return (np.abs(across) <= width / 2) & (t >= start) & (t <= end)


def test_a_clean_surface_has_no_findings():
    assert found(drawn()) == ()


@settings(max_examples=25, deadline=None)
@given(diameter=st.floats(4, 50), dx=st.floats(0, 1), dy=st.floats(0, 1))
def test_a_round_pore_is_gas_of_its_diameter(diameter, dx, dy):
    (pore,) = found(drawn(porosity=disc(130 + dx, 60 + dy, diameter)))
    assert pore.kind == "gas_porosity"
    low, high = pore.size_mm.interval
    assert low <= diameter * MM <= high
    assert pore.width_mm == pytest.approx(diameter * MM, abs=1.5 * MM)
    assert pore.area_mm2 == pytest.approx(np.pi / 4 * (diameter * MM) ** 2, rel=0.25)
    assert (pore.view, pore.light, pore.zone) == ("shank", "coaxial", "A")
    assert pore.score == pytest.approx(0.9, abs=1e-3)
    left, top, width, height = pore.box_xywh_px
    assert left <= 130 + dx <= left + width
    assert top <= 60 + dy <= top + height


def test_a_branched_pore_is_shrinkage_and_its_crumbs_are_one():
    star = line(100, 60, 40, 0.0, 3) | line(120, 60, 14, 1.2, 3) | line(112, 60, 14, -1.0, 3)
    crumb = disc(142.5, 60, 3)
    (pore,) = found(drawn(porosity=star | crumb))
    assert pore.kind == "shrinkage_porosity"
    assert pore.size_mm.value == pytest.approx((144 - 100 + 1) * MM, abs=2 * MM)


def test_neighbouring_pores_stay_two():
    assert len(found(drawn(porosity=disc(100, 60, 10) | disc(117, 60, 10)))) == 2


@settings(max_examples=12, deadline=None)
@given(angle=st.floats(-0.3, 0.3), gap=st.floats(0.05, 0.2))
def test_a_broken_scratch_is_one(angle, gap):
    whole = line(50, 60, 150, angle)
    broken = line(50, 60, 150, angle, end=0.45) | line(50, 60, 150, angle, start=0.45 + gap)
    (one,), (also_one,) = found(drawn(scratch=whole)), found(drawn(scratch=broken))
    assert also_one.kind == "scratch"
    assert also_one.size_mm.value == pytest.approx(one.size_mm.value, abs=2 * MM)
    assert also_one.size_mm.value == pytest.approx(150 * MM, abs=4 * MM)
    assert also_one.width_mm < 8 * MM


def test_a_scratch_in_three_pieces_is_one():
    pieces = line(30, 60, 200, 0.1, end=0.3) | line(30, 60, 200, 0.1, 2, 0.38, 0.62) | line(30, 60, 200, 0.1, 2, 0.7)
    assert len(found(drawn(scratch=pieces))) == 1


@pytest.mark.parametrize("other", [line(50, 80, 150, 0.0), line(120, 70, 60, 1.2), line(210, 60, 45, 0.9)])
def test_scratches_on_other_lines_stay_apart(other):
    assert len(found(drawn(scratch=line(50, 60, 150, 0.0) | other))) == 2


def test_scratches_are_shown_by_the_stripes_across_them():
    along_x, along_y = found(drawn(scratch=line(50, 100, 150, 0.0) | line(30, 10, 70, np.pi / 2)))[::-1]
    assert {along_x.light, along_y.light} == {"stripes_x_0", "stripes_y_0"}
    assert light_for("scratch", (1.0, 0.1)) == "stripes_y_0"
    assert light_for("scratch", (0.1, 1.0)) == "stripes_x_0"
    assert light_for("shrinkage_porosity") == "coaxial"


def test_kinds_are_told_apart():
    p = drawn(porosity=disc(30, 30, 9), dull_patch=disc(100, 60, 60), orange_peel=disc(200, 60, 70))
    assert [f.kind for f in found(p)] == ["gas_porosity", "orange_peel", "dull_patch"]


def test_a_region_needs_its_threshold_somewhere_and_its_area():
    p = drawn(porosity=disc(60, 60, 12))
    assert len(found(p, thresholds=dict.fromkeys(CLASSES[1:], 0.85))) == 1
    assert found(p, thresholds=dict.fromkeys(CLASSES[1:], 0.95)) == ()
    assert len(found(p, minimum_area_mm2={"porosity": 100 * MM**2})) == 1
    assert found(p, minimum_area_mm2={"porosity": 130 * MM**2}) == ()


def test_nothing_is_found_off_the_metal_or_on_its_very_edge():
    metal = Y < 60
    assert found(drawn(porosity=disc(60, 90, 12)), metal) == ()
    assert found(drawn(scratch=line(20, 58, 200, 0.0)), metal) == ()
    assert len(found(drawn(porosity=disc(60, 40, 12)), metal)) == 1


def test_the_cards_own_uncertainty_enters_the_budget():
    p = drawn(scratch=line(50, 60, 150, 0.0))
    (plain,), (better,) = found(p), found(p, standard_uncertainties={"scratch_size_mm": 0.0001})
    assert better.size_mm.standard_uncertainty < plain.size_mm.standard_uncertainty
    assert [c.name for c in plain.size_mm.budget] == ["outline drawn by the model", "whole pixels", "scale certificate"]


def test_a_single_pixel_has_an_outline_and_a_size():
    mask = np.zeros_like(METAL)
    mask[50, 70] = True
    (speck,) = found(drawn(porosity=mask))
    assert speck.size_mm.value == pytest.approx(MM)
    assert speck.box_xywh_px == (69.5, 49.5, 1.0, 1.0)


def test_probabilities_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"shape \(120, 260, 5\); allowed is \(120, 200, 5\)"):
        find_defects(drawn(), METAL[:, :200], card(), MM, "A")
