"""What a tilt does to a ring's outlines, and what it can be told from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ring_pictures import as_frame, face_certificate
from scipy.special import ndtr

from loupebox.inspect.likely_tilts import TILT_SD_DEG, RingOutline, eccentric_log_likelihood, likely_tilts
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.opening import Section
from loupebox.inspect.ring_measures import measure_ring

SD = math.radians(TILT_SD_DEG)
AROUND = np.arange(180) * (2 * math.pi / 180)
EVERYWHERE = np.ones(180, bool)


def test_where_nothing_tells_a_ring_lies_as_a_hand_puts_it() -> None:
    tilts, weight = likely_tilts(None)
    assert weight.sum() == pytest.approx(1)
    assert weight @ tilts == pytest.approx([0, 0], abs=0.01 * SD)
    assert (tilts.T * weight) @ tilts == pytest.approx(SD**2 * np.eye(2), abs=0.03 * SD**2)


@pytest.mark.parametrize("width_deg", [0.003, 0.02, 0.1])
def test_a_sharp_likelihood_is_found_and_integrated_whatever_its_width(width_deg: float) -> None:
    width, place = math.radians(width_deg), np.radians([0.31, -0.12])
    tilts, weight = likely_tilts(lambda t: -np.square(t - place).sum(axis=1) / (2 * width**2))
    # Product of two normal distributions.
    both = SD**2 + width**2
    assert weight.sum() == pytest.approx((width**2 / both) * math.exp(-float(place @ place) / (2 * both)), rel=0.08)
    assert (weight / weight.sum()) @ tilts == pytest.approx(place * SD**2 / both, abs=0.2 * width)


def test_harmonics_of_a_tilted_flat_side_point_at_its_tilt() -> None:
    pattern = -0.005 * np.abs(np.cos(AROUND[None] - np.radians([[20.0], [65.0], [110.0]])))
    # Ovality and grain of the ring itself do not confuse it.
    seen = 9.0 + pattern[1] + 0.02 * np.cos(2 * AROUND) + 0.00004 * np.cos(7 * AROUND)
    outline = RingOutline(seen, 2e-5, EVERYWHERE)
    likely = outline.log_likelihood(pattern, outline.completion(180))
    assert likely.argmax() == 1
    assert likely[1] - np.delete(likely, 1).max() > 5


def test_a_gap_where_the_head_stands_leaves_the_likeliest_tilt_where_it_is() -> None:
    pattern = -0.005 * np.abs(np.cos(AROUND[None] - np.radians([[20.0], [65.0], [110.0]])))
    seen = np.abs(np.degrees(AROUND) - 250) > 25
    radius = np.where(seen, 9.0 + pattern[1] + 0.02 * np.cos(2 * AROUND) + 0.01 * np.sin(AROUND), 12.0)
    outline = RingOutline(radius, 2e-5, seen)
    whole = radius @ outline.completion(180)
    assert whole == pytest.approx(9.0 + 0.02 * np.cos(2 * AROUND) + 0.01 * np.sin(AROUND), abs=0.006)
    assert whole[seen] == pytest.approx(radius[seen], abs=1e-9)
    likely = outline.log_likelihood(pattern, outline.completion(180))
    assert likely.argmax() == 1
    assert likely[1] - np.delete(likely, 1).max() > 5


def test_a_tilt_that_leaves_no_eccentricity_is_likelier_than_its_opposite() -> None:
    shift = 0.006 * np.cos(AROUND)
    inner, outer = (RingOutline(r, 1e-5, EVERYWHERE) for r in (np.full(180, 9.0), 10.8 + shift))
    expected = np.stack([shift, 0 * shift, -shift])
    right, none, wrong = eccentric_log_likelihood(inner, outer, expected, outer.completion(180))
    assert right == pytest.approx(0, abs=1e-6)
    assert (none, wrong) == pytest.approx((-math.log(37), -math.log(145)))


def test_a_tilted_flat_bore_is_measured_as_round_and_as_wide_as_it_is() -> None:
    """A tilt of 0.25 degrees narrows a flat bore of 2.4 mm by 5 um either side in one direction, in the other not."""
    um_per_px, size, sigma = 25.0, 900, 1.0
    y, x = np.mgrid[:size, :size] - 449.7
    away, angle = np.hypot(x, y), np.arctan2(y, x)
    k = um_per_px / 1000
    half, edge, lean = 1.2, 0.15, np.abs(math.radians(0.25) * np.cos(angle - 0.6))
    bore = (8.7 - lean * (half - edge)) / k
    blur = math.hypot(sigma, 12**-0.5)
    light = 1 - ndtr((10.4 / k - away) / blur) + ndtr((bore - away) / blur)
    noise = 0.008 * np.random.default_rng(3).standard_normal(light.shape)
    frame = as_frame(np.round(np.clip(0.05 + 0.8 * light + noise, 0, 1) * 255) / 255)
    found = {
        r.name: r.estimate
        for r in measure_ring(frame, face_certificate(um_per_px), section=Section("D", 2 * half, 1.7))
        if isinstance(r, Measurement)
    }
    assert found["inner_diameter_mm"].value == pytest.approx(17.4, abs=0.0015)
    assert found["out_of_round_mm"].value == pytest.approx(0, abs=0.0015)
    assert found["out_of_round_mm"].expanded_uncertainty < 0.004
    assert found["shank_thickness_mm"].value == pytest.approx(1.7, abs=0.0015)
