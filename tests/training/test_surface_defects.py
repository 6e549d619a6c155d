"""Made defects: what they say of themselves is what lies in the maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.models.training.surface_defect import (
    DIRT,
    DULL_PATCH,
    ORANGE_PEEL,
    POROSITY,
    SCRATCH,
    STEP_MM,
    Surface,
    largest_extent_px,
)
from loupebox.models.training.surface_defect_dirt import polish_texture, sprinkle
from loupebox.models.training.surface_defect_marks import dull_patch, orange_peel, scratch
from loupebox.models.training.surface_defect_pores import cluster, gas_pore, shrinkage_pore


def plate(mm=1.6):
    return Surface.polished(mm, mm, 0.01)


def test_largest_extent_counts_whole_pixels():
    mask = np.zeros((9, 9), bool)
    mask[4, 2] = True
    assert largest_extent_px(mask) == pytest.approx(np.sqrt(2))
    mask[4, 2:7] = True
    assert largest_extent_px(mask) == pytest.approx(np.hypot(5, 1))


@settings(max_examples=15, deadline=None)
@given(diameter=st.floats(0.04, 0.3), seed=st.integers(0, 999))
def test_a_gas_pore_is_as_large_as_asked_and_a_pit(diameter, seed):
    surface = plate()
    assert gas_pore(surface, (0.1, -0.2), diameter, "a", np.random.default_rng(seed))
    (pore,) = surface.defects
    assert pore.kind == "gas_porosity"
    # The outline wobbles by up to 10 %, and a step has to be counted at either end.
    assert 0.93 * diameter - STEP_MM <= pore.size_mm <= 1.1 * diameter + 3 * STEP_MM
    inside = surface.label == POROSITY
    assert (surface.height_mm[inside] < 0).mean() > 0.95
    assert surface.height_mm.min() >= -0.91 * diameter
    rows, columns = np.nonzero(inside)
    middle = (np.array(surface.shape) - 1) / 2
    assert columns.mean() == pytest.approx(middle[1] + 0.1 / STEP_MM, abs=1 + 0.1 * diameter / STEP_MM)
    assert rows.mean() == pytest.approx(middle[0] - 0.2 / STEP_MM, abs=1 + 0.1 * diameter / STEP_MM)


@pytest.mark.parametrize("family", ["a", "b"])
def test_shrinkage_is_branched(family):
    for seed in range(6):
        surface = plate()
        if not shrinkage_pore(surface, (0, 0), 0.5, family, np.random.default_rng(seed)):
            continue
        (pore,) = surface.defects
        inside = surface.label == POROSITY
        assert pore.size_mm <= 0.9
        assert inside.sum() * STEP_MM**2 < 0.6 * np.pi / 4 * pore.size_mm**2


def test_pores_never_touch():
    surface = plate()
    made = cluster(surface, (0, 0), 40, (0.04, 0.15), 0.4, "gas", "a", np.random.default_rng(4))
    assert made == len(surface.defects) == len(np.unique(surface.instance)) - 1
    for defect in surface.defects:
        assert largest_extent_px(surface.instance == defect.instance) * STEP_MM == pytest.approx(defect.size_mm)


def test_a_pore_off_the_maps_is_not_made():
    surface = plate()
    assert not gas_pore(surface, (5, 5), 0.1, "a", np.random.default_rng(1))
    assert surface.defects == []


def test_a_scratch_has_its_length_and_depth():
    surface = plate(3)
    scratch(surface, (0, 0), 2.0, 0.03, 0.003, 0.5, "a", np.random.default_rng(1))
    (mark,) = surface.defects
    # It fades over a fifth of its half length and is labelled where a third is left.
    assert mark.size_mm == pytest.approx(2.0 * (1 - 0.3 * 0.2), rel=0.04)
    assert surface.height_mm.min() == pytest.approx(-0.003, rel=0.15)
    assert (surface.label == SCRATCH).sum() * STEP_MM**2 == pytest.approx(0.03 * mark.size_mm, rel=0.2)


@pytest.mark.parametrize("slope", [0.012, 0.03])
def test_orange_peel_has_its_slope(slope):
    surface = plate(3)
    orange_peel(surface, (0, 0), (1.0, 1.0), 0.25, slope, "a", np.random.default_rng(2))
    inside = surface.label == ORANGE_PEEL
    slopes = np.gradient(surface.height_mm, STEP_MM)
    mean_square = np.mean([(g[inside] ** 2).mean() for g in slopes])
    assert np.sqrt(mean_square) == pytest.approx(slope, rel=0.25)


def test_a_dull_patch_is_rough_inside_only():
    surface = plate(3)
    dull_patch(surface, (0, 0), (0.5, 0.5), 0.25, "a", np.random.default_rng(2))
    inside = surface.label == DULL_PATCH
    assert surface.alpha[inside].min() > 0.05
    assert np.median(surface.alpha[inside]) == pytest.approx(0.25, rel=0.2)
    assert np.median(surface.alpha[surface.label == 0]) == pytest.approx(0.01)
    assert not surface.height_mm.any()


def test_dirt_is_no_defect():
    surface, rng = plate(3), np.random.default_rng(7)
    polish_texture(surface, rng)
    slopes = np.hypot(*np.gradient(surface.height_mm, STEP_MM))
    assert 1e-4 < np.sqrt((slopes**2).mean()) < 2e-3
    sprinkle(surface, 4, "a", rng)
    assert surface.cover.max() > 0.3
    assert set(np.unique(surface.label)) == {0, DIRT}
    assert surface.defects == []


def test_the_same_seed_makes_the_same_surface():
    one, other = plate(), plate()
    for surface in (one, other):
        cluster(surface, (0, 0), 5, (0.05, 0.2), 0.3, "gas", "a", np.random.default_rng(9))
    assert np.array_equal(one.height_mm, other.height_mm)
    assert one.defects == other.defects
