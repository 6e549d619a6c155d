"""The girdle on pixels of drawn stones: facets inside, things under it outside, prongs over it."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.inspect.girdle_edge import girdle_on_pixels
from loupebox.inspect.stone_outline import GirdleCircle

SIZE, RADIUS = 300, 100.0
FINE = 6


def drawn(x: float, y: float, radius: float, oval: float = 0.0, prongs: int = 4, seed: int = 1):
    """A picture of a stone of random facets over a floor of random plates, in linear light, and where its prongs are.

    Each pixel is the mean over its square, blurred by a lens and with a sensor's noise.
    """
    rng = np.random.default_rng(seed)
    v, u = (np.mgrid[: SIZE * FINE, : SIZE * FINE] + 0.5) / FINE - 0.5
    turn, away = np.arctan2(y - v, u - x), np.hypot(u - x, v - y)
    inside = away < radius + oval * np.cos(2 * turn)
    facet = np.floor(turn / (2 * np.pi) * 16).astype(int) + 16 * np.floor(away / 23).astype(int)
    plate = np.floor(u / 41).astype(int) + 20 * np.floor(v / 37).astype(int)
    tints = rng.uniform(0.05, 0.7, (400, 3))
    picture = np.where(inside[..., None], tints[facet % 160], 0.5 * tints[200 + plate % 200])
    covered = np.zeros(inside.shape, bool)
    for k in range(prongs):
        a = 2 * np.pi * (k + 0.5) / prongs
        covered |= np.hypot(u - x - radius * np.cos(a), v - y + radius * np.sin(a)) < 12
    picture[covered] = 0.8
    small = cv2.resize(picture.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.7) + rng.normal(0, 0.003, small.shape).astype(np.float32)
    prong = cv2.resize(covered.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return small, prong


def guide(x: float = 150.0, y: float = 150.0, radius: float = RADIUS) -> GirdleCircle:
    return GirdleCircle((x, y), radius, 0.5, 0.5, 1.0)


@settings(max_examples=8, deadline=None)
@given(x=st.floats(-1.5, 1.5), y=st.floats(-1.5, 1.5), longer=st.floats(-3, 3), seed=st.integers(0, 50))
def test_the_edge_is_found_from_a_guide_that_is_off(x, y, longer, seed):
    picture, prong = drawn(150.3, 149.8, RADIUS, seed=seed)
    found = girdle_on_pixels(picture, prong, guide(150.3 + x, 149.8 + y, RADIUS + longer), 2)
    assert found is not None
    assert found.on_pixels
    assert found.radius_px == pytest.approx(RADIUS, abs=0.08)
    assert found.centre_xy_px == pytest.approx((150.3, 149.8), abs=0.08)
    assert found.oval_px < 0.08
    assert 0 < found.radius_u_px < 0.05


def test_an_oval_stone():
    picture, prong = drawn(150, 150, RADIUS, oval=1.0)
    found = girdle_on_pixels(picture, prong, guide(), 2)
    assert found is not None
    assert found.oval_px == pytest.approx(1.0, abs=0.08)
    assert found.radius_px == pytest.approx(RADIUS, abs=0.08)


def test_a_rim_behind_prongs_alone_or_in_the_dark_is_not_found():
    picture, prong = drawn(150, 150, RADIUS)
    assert girdle_on_pixels(picture, np.ones_like(prong), guide(), 2) is None
    assert girdle_on_pixels(np.full_like(picture, 0.2), prong, guide(), 2) is None
