"""What shines: domes with cards, soft boxes and camera ports, and the collimated backlight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from loupebox.models.training.mesh import Points

Arrangement = Literal["tent", "ring_light"]
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


def dome(seed: int, arrangement: Arrangement = "tent") -> Dome:
    """A white dome with dark cards, brighter boxes and the dark ports of the top and oblique cameras, by seed."""
    rng = np.random.default_rng([seed, 77])
    d = directions()
    height, azimuth = d[..., 2], np.arctan2(d[..., 1], d[..., 0])
    floor = rng.uniform(0.16, 0.42)
    if arrangement == "tent":
        light = rng.uniform(0.5, 0.75) + rng.uniform(0.1, 0.5) * np.clip(height, 0, 1)
        light *= 1 + rng.uniform(0.0, 0.25) * np.cos(azimuth - rng.uniform(0, 2 * np.pi)) * np.sqrt(1 - height**2)
        for _ in range(rng.integers(3, 7)):
            away = (azimuth - rng.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi
            wide, low, top = rng.uniform(0.08, 0.22), rng.uniform(0.05, 0.3), rng.uniform(0.55, 0.85)
            card = 1 / (1 + np.exp(np.clip((np.abs(away) - wide) / 0.02, -40, 40)))
            card = card * (height > low) * (height < top)
            light *= 1 - rng.uniform(0.7, 0.95) * card
        for _ in range(rng.integers(2, 5)):
            towards = _towards(rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.2))
            light += rng.uniform(0.8, 2.2) * _spot(d, towards, rng.uniform(0.12, 0.3), 0.03)
    else:
        light = rng.uniform(0.18, 0.35) * (1 + 0.5 * np.clip(height, 0, 1))
        polar = np.arccos(np.clip(height, -1, 1))
        middle, wide = rng.uniform(0.45, 0.75), rng.uniform(0.10, 0.18)
        light += rng.uniform(1.4, 2.4) / (1 + np.exp(np.clip((np.abs(polar - middle) - wide) / 0.03, -40, 40)))
        for k in range(4):
            away = (azimuth - k * np.pi / 2 - rng.uniform(-0.2, 0.2) + np.pi) % (2 * np.pi) - np.pi
            box = 1 / (1 + np.exp(np.clip((np.abs(away) - 0.3) / 0.03, -40, 40)))
            light += rng.uniform(0.5, 1.2) * box * (height > 0.1) * (height < 0.5)
    light *= 1 - 0.95 * _spot(d, np.array([0, 0, 1.0]), rng.uniform(0.20, 0.32), 0.02)
    light *= 1 - 0.95 * _spot(d, np.array(OBLIQUE_PORT), rng.uniform(0.14, 0.24), 0.02)
    # Below the horizon lies the floor that both cameras see behind the piece; it brightens a little to its rim.
    under = floor * (1 + 0.25 * np.clip(1 + height / 0.7, 0, 1))
    blend = 1 / (1 + np.exp(np.clip(-height / 0.015, -40, 40)))
    light = blend * light + (1 - blend) * under
    tint = np.array([1.0, rng.uniform(0.985, 1.005), rng.uniform(0.965, 1.02)])
    return Dome(light[..., None] * tint, floor)
