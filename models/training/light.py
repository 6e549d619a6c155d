"""What shines: domes with cards, soft boxes and camera ports, and the collimated backlight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from loupebox.models.training.mesh import Points

Arrangement = Literal["tent", "ring_light", "soft_boxes", "led_ring", "bars"]
MAP_HEIGHT = 256
OBLIQUE_PORT = (0.0, -np.sqrt(0.5), np.sqrt(0.5))


@dataclass(frozen=True, slots=True, eq=False)
class Dome:
    """Radiance over all directions, as an equirectangular map (height, 2 * height, 3)."""

    radiance: Points
    floor: float


def directions(height: int = MAP_HEIGHT) -> Points:
    """The world direction of every texel of Mitsuba's environment map, whose pole is +Y."""
    theta = (np.arange(height) + 0.5) / height * np.pi
    phi = (np.arange(2 * height) + 0.5) / height * np.pi
    t, p = np.meshgrid(theta, phi, indexing="ij")
    return np.stack([np.sin(p) * np.sin(t), np.cos(t), -np.cos(p) * np.sin(t)], -1)


def _spot(d: Points, towards: Points, half_angle: float, edge: float) -> Points:
    """1 inside a cone about `towards`, soft at its edge (radians)."""
    angle = np.arccos(np.clip(d @ (np.asarray(towards) / np.linalg.norm(towards)), -1, 1))
    return 1 / (1 + np.exp(np.clip((angle - half_angle) / edge, -40, 40)))


def _towards(azimuth: float, elevation: float) -> Points:
    return np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])


def _band(value: Points, middle: float, half: float, edge: float) -> Points:
    """1 where |value - middle| < half, soft at its edges."""
    return 1 / (1 + np.exp(np.clip((np.abs(value - middle) - half) / edge, -40, 40)))


def _away(azimuth: Points, reference: float) -> Points:
    """Turn from the reference, -pi to pi."""
    return (azimuth - reference + np.pi) % (2 * np.pi) - np.pi


def _tent(rng: np.random.Generator, d: Points, azimuth: Points) -> Points:
    """A white tent with dark cards and a few brighter boxes."""
    height = d[..., 2]
    light = rng.uniform(0.5, 0.75) + rng.uniform(0.1, 0.5) * np.clip(height, 0, 1)
    light *= 1 + rng.uniform(0.0, 0.25) * np.cos(azimuth - rng.uniform(0, 2 * np.pi)) * np.sqrt(1 - height**2)
    for _ in range(rng.integers(3, 7)):
        away = _away(azimuth, rng.uniform(0, 2 * np.pi))
        wide, low, top = rng.uniform(0.08, 0.22), rng.uniform(0.05, 0.3), rng.uniform(0.55, 0.85)
        light *= 1 - rng.uniform(0.7, 0.95) * _band(away, 0.0, wide, 0.02) * (height > low) * (height < top)
    for _ in range(rng.integers(2, 5)):
        towards = _towards(rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.2))
        light += rng.uniform(0.8, 2.2) * _spot(d, towards, rng.uniform(0.12, 0.3), 0.03)
    return light


def _ring_light(rng: np.random.Generator, height: Points, azimuth: Points, polar: Points) -> Points:
    """A bright ring round the top camera and four boxes near the horizon."""
    light = rng.uniform(0.18, 0.35) * (1 + 0.5 * np.clip(height, 0, 1))
    middle, wide = rng.uniform(0.45, 0.75), rng.uniform(0.10, 0.18)
    light += rng.uniform(1.4, 2.4) * _band(polar, middle, wide, 0.03)
    for k in range(4):
        box = _band(_away(azimuth, k * np.pi / 2 + rng.uniform(-0.2, 0.2)), 0.0, 0.3, 0.03)
        light += rng.uniform(0.5, 1.2) * box * (height > 0.1) * (height < 0.5)
    return light


def _soft_boxes(rng: np.random.Generator, height: Points, azimuth: Points, polar: Points) -> Points:
    """Two to five large soft boxes in a grey room."""
    light = rng.uniform(0.08, 0.4) * (1 + rng.uniform(0, 0.8) * np.clip(height, 0, 1))
    first = rng.uniform(0, 2 * np.pi)
    count = int(rng.integers(2, 6))
    for k in range(count):
        away = _away(azimuth, first + 2 * np.pi * k / count + rng.normal(0, 0.2))
        box = _band(away, 0.0, rng.uniform(0.2, 0.6), 0.03) * _band(polar, rng.uniform(0.6, 1.1), 0.35, 0.03)
        light = light + rng.uniform(0.7, 2.0) * box
    return light


def _led_ring(rng: np.random.Generator, d: Points, height: Points, azimuth: Points) -> Points:
    """One or two rings of single lamps with gaps between them, in a dim room."""
    light = rng.uniform(0.15, 0.35) * (1 + 0.6 * np.clip(height, 0, 1))
    for elevation in rng.choice([0.35, 0.65, 0.9, 1.1], int(rng.integers(1, 3)), replace=False):
        count, first, power = int(rng.integers(8, 17)), rng.uniform(0, 2 * np.pi), rng.uniform(2.0, 4.0)
        for k in range(count):
            light = light + power * _spot(d, _towards(first + 2 * np.pi * k / count, elevation), 0.1, 0.02)
    return light


def _bars(rng: np.random.Generator, d: Points, height: Points) -> Points:
    """Two to four long straight lamps that pass over the piece, to its sides."""
    light = rng.uniform(0.12, 0.3) * (1 + 0.5 * np.clip(height, 0, 1))
    first = rng.uniform(0, np.pi)
    count = int(rng.integers(2, 5))
    for k in range(count):
        turn = first + 2 * np.pi * k / count
        across = d[..., 0] * np.cos(turn) + d[..., 1] * np.sin(turn)
        slope = across / np.maximum(height, 1e-3)
        light = light + rng.uniform(1.2, 2.6) * _band(slope, rng.uniform(0.6, 1.3), rng.uniform(0.12, 0.3), 0.03) * (
            height > 0
        )
    return light


def dome(seed: int, arrangement: Arrangement = "tent", floor: float | None = None) -> Dome:
    """A dome of light with the dark ports of the top and oblique cameras, by seed; `floor` is drawn when not given."""
    rng = np.random.default_rng([seed, 77])
    d = directions()
    height, azimuth = d[..., 2], np.arctan2(d[..., 1], d[..., 0])
    polar = np.arccos(np.clip(height, -1, 1))
    drawn = rng.uniform(0.16, 0.42)
    floor = drawn if floor is None else floor
    match arrangement:
        case "tent":
            light = _tent(rng, d, azimuth)
        case "ring_light":
            light = _ring_light(rng, height, azimuth, polar)
        case "soft_boxes":
            light = _soft_boxes(rng, height, azimuth, polar)
        case "led_ring":
            light = _led_ring(rng, d, height, azimuth)
        case "bars":
            light = _bars(rng, d, height)
    light *= 1 - 0.95 * _spot(d, np.array([0, 0, 1.0]), rng.uniform(0.20, 0.32), 0.02)
    light *= 1 - 0.95 * _spot(d, np.array(OBLIQUE_PORT), rng.uniform(0.14, 0.24), 0.02)
    # Below the horizon lies the floor that both cameras see behind the piece; it brightens a little to its rim.
    under = floor * (1 + 0.25 * np.clip(1 + height / 0.7, 0, 1))
    blend = 1 / (1 + np.exp(np.clip(-height / 0.015, -40, 40)))
    light = blend * light + (1 - blend) * under
    tint = np.array([1.0, rng.uniform(0.985, 1.005), rng.uniform(0.965, 1.02)])
    return Dome(light[..., None] * tint, floor)
