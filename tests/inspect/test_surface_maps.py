"""Maps of the shank: what is there shows, and what is smooth, bright or coloured otherwise does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.calibration.stripes import decode
from loupebox.inspect.surface_maps import (
    LARGEST,
    MAP_NAMES,
    SLOPE_UNIT_RAD_PER_PX,
    inspectable,
    phase_slope,
    surface_maps,
)

HEIGHT, WIDTH = 120, 240
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(float)
METAL = np.abs(Y - 60) < 50
INNER = (np.abs(Y - 60) < 30) & (np.abs(X - 120) < 90)


def shank(level=1.0, bump=None, gap=None, contrast=0.8):
    """A slightly curved polished face: coaxial, stripes_x, stripes_y, by an extra phase `bump` or a black `gap`."""
    light = level * METAL * (1 - 0.2 * ((X - 120) / 120) ** 2)
    extra = np.zeros_like(X) if bump is None else bump
    black = np.ones_like(X) if gap is None else 1 - gap
    phases = 0.04 * X + 0.00003 * X**2 + extra, 0.2 * (Y - 60) + 0.0004 * (Y - 60) ** 2 + extra
    stripes = [
        decode(
            [np.asarray(0.4 * light * black * (1 + contrast * np.cos(p + k * np.pi / 2)), np.float32) for k in range(4)]
        )
        for p in phases
    ]
    return np.asarray(0.8 * light * black, np.float32), *stripes


def channel(maps, name):
    return maps[..., MAP_NAMES.index(name)]


@settings(max_examples=30, deadline=None)
@given(slope=st.floats(-1.5, 1.5), start=st.floats(-10, 10))
def test_slope_of_a_wrapped_ramp(slope, start):
    phase = np.asarray(np.angle(np.exp(1j * (start + slope * X))), np.float32)
    assert phase_slope(phase, 1) == pytest.approx(slope, abs=1e-4)
    assert phase_slope(phase, 0) == pytest.approx(0, abs=1e-4)


def test_a_smooth_shank_gives_quiet_maps():
    maps = surface_maps(*shank(), METAL)
    assert maps.shape == (HEIGHT, WIDTH, len(MAP_NAMES))
    assert maps.dtype == np.float32
    for name in MAP_NAMES:
        if "contrast" in name:
            assert channel(maps, name)[INNER] == pytest.approx(2 * 0.8 - 1, abs=0.2)
        else:
            assert np.abs(channel(maps, name)[INNER]).max() < 0.3, name


@settings(max_examples=15, deadline=None)
@given(level=st.floats(0.6, 1.2))
def test_the_level_of_the_light_hardly_matters(level):
    once, again = surface_maps(*shank(), METAL), surface_maps(*shank(level), METAL)
    assert again[INNER] == pytest.approx(once[INNER], abs=0.12)


def test_nothing_outside_the_inspectable_metal():
    coaxial, stripes_x, stripes_y = shank()
    seen = inspectable(stripes_x, stripes_y, METAL)
    assert seen[INNER].all()
    assert not seen[~METAL].any()
    assert not surface_maps(coaxial, stripes_x, stripes_y, METAL)[~seen].any()


def test_metal_that_the_lights_do_not_reach_is_not_inspectable():
    _, stripes_x, stripes_y = shank(gap=(Y > 80).astype(float))
    seen = inspectable(stripes_x, stripes_y, METAL)
    assert not seen[Y > 88].any()
    assert seen[(Y < 70) & INNER].all()


def test_no_metal_at_all():
    coaxial, stripes_x, stripes_y = shank()
    nothing = np.zeros_like(METAL)
    assert not inspectable(stripes_x, stripes_y, nothing).any()
    assert not surface_maps(coaxial, stripes_x, stripes_y, nothing).any()


def test_a_black_pit_shows_in_coaxial_means_and_contrast():
    pit = np.hypot(X - 120, Y - 60) < 4
    maps = surface_maps(*shank(gap=pit.astype(float)), METAL)
    for name in ("coaxial", "stripes_x_mean", "stripes_y_mean"):
        assert channel(maps, name)[pit].max() < -0.8
    assert channel(maps, "stripes_x_contrast")[pit].max() < -0.8


def test_a_dent_shows_in_the_slopes_with_its_size_and_sign():
    height_rad = 2.0
    bump = height_rad * np.exp(-((X - 120) ** 2 + (Y - 60) ** 2) / (2 * 6.0**2))
    maps = surface_maps(*shank(bump=bump), METAL)
    # Steepest at one sigma from the middle: height / sigma * exp(-1/2).
    steepest = height_rad / 6 * np.exp(-0.5)
    slope_x = channel(maps, "stripes_x_slope_x") * SLOPE_UNIT_RAD_PER_PX
    assert slope_x[60, 114] == pytest.approx(min(steepest, LARGEST * SLOPE_UNIT_RAD_PER_PX), rel=0.1)
    assert slope_x[60, 126] == pytest.approx(-min(steepest, LARGEST * SLOPE_UNIT_RAD_PER_PX), rel=0.1)
    slope_y = channel(maps, "stripes_y_slope_y") * SLOPE_UNIT_RAD_PER_PX
    assert slope_y[54, 120] == pytest.approx(min(steepest, LARGEST * SLOPE_UNIT_RAD_PER_PX), rel=0.15)


def test_waves_of_any_direction_stand_out():
    # Endless even waves along y lose the most to the background, which looks far along x and near along y.
    for turn, share in ((0.0, 0.8), (0.8, 0.8), (np.pi / 2, 0.3)):
        waves = 1.5 * np.cos(2 * np.pi / 32 * (X * np.cos(turn) + Y * np.sin(turn)))
        maps = surface_maps(*shank(bump=waves), METAL)
        strength = np.hypot(channel(maps, "stripes_x_slope_x"), channel(maps, "stripes_x_slope_y"))[INNER]
        assert np.sqrt((strength**2).mean()) > share * 1.5 * 2 * np.pi / 32 / np.sqrt(2) / SLOPE_UNIT_RAD_PER_PX


def test_maps_stay_within_their_range():
    wild = 20 * np.random.default_rng(1).random((HEIGHT, WIDTH))
    assert np.abs(surface_maps(*shank(bump=wild), METAL)).max() <= LARGEST


def test_shapes_that_differ_are_refused():
    coaxial, stripes_x, stripes_y = shank()
    with pytest.raises(ValueError, match=r"shapes \(\(120, 239\), .* allowed is one shape"):
        surface_maps(coaxial[:, :-1], stripes_x, stripes_y, METAL)
