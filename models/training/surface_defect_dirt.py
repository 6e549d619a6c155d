"""What lies on a good surface and is no defect: polish texture, dust, lint, fingerprints."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.models.training.surface_defect import DIRT, STEP_MM, Family, Surface, Window, band_noise


def polish_texture(surface: Surface, rng: np.random.Generator) -> None:
    """Shallow waviness and hairlines below 2 mrad that every buffed surface has."""
    shape = surface.shape
    surface.height_mm += (rng.uniform(0.5e-5, 3e-5) * band_noise(shape, rng.uniform(0.5, 0.9), rng)).astype(np.float32)
    grain = rng.standard_normal(shape).astype(np.float32)
    along = rng.uniform(20, 60)
    if rng.random() < 0.8:
        lines = cv2.GaussianBlur(grain, (0, 0), sigmaX=along, sigmaY=1.2)
    else:
        lines = cv2.GaussianBlur(grain, (0, 0), sigmaX=1.2, sigmaY=along)
    slope = float(np.hypot(*(g.std() for g in np.gradient(lines, STEP_MM))))
    surface.height_mm += rng.uniform(0.1e-3, 1.5e-3) / slope * lines
    surface.alpha *= np.clip(1 + 0.06 * band_noise(shape, 0.4, rng), 0.8, 1.25)


def dust_speck(
    surface: Surface, place_us_mm: tuple[float, float], size_mm: float, family: Family, rng: np.random.Generator
) -> None:
    """A matt crumb that stands on the surface."""
    window = surface.window(place_us_mm, 2 * size_mm)
    if window is None:
        return
    # A crumb is about round, a flake or a shaving is drawn out.
    long = rng.uniform(1.0, 2.5) if rng.random() < 0.3 else 1.0
    heading = rng.uniform(0, np.pi)
    u = (window.u * np.cos(heading) + window.s * np.sin(heading)) / long
    s = window.s * np.cos(heading) - window.u * np.sin(heading)
    angle = np.arctan2(s, u)
    turn = rng.uniform(0, 2 * np.pi, 3)
    outline = 1 + 0.25 * np.cos(2 * angle + turn[0]) + 0.12 * np.cos(3 * angle + turn[1])
    outline += 0.12 * np.cos(7 * angle + turn[2]) * (family == "a")
    distance = np.hypot(u, s) / (size_mm / 2 * outline)
    inside = np.clip((1 - distance) * 6, 0, 1)
    lump = size_mm * rng.uniform(0.2, 0.5) * np.sqrt(np.clip(1 - distance**2, 0, 1))
    where = window.place
    surface.height_mm[where] += lump.astype(np.float32)
    surface.cover[where] = np.maximum(surface.cover[where], inside * rng.uniform(0.75, 1.0))
    surface.albedo[where][inside > 0] = rng.uniform(0.25, 0.8)
    _note_dirt(surface, window, inside > 0.5)


def lint(surface: Surface, place_us_mm: tuple[float, float], length_mm: float, rng: np.random.Generator) -> None:
    """A curled fibre that lies on the surface."""
    window = surface.window(place_us_mm, length_mm * 0.7)
    if window is None:
        return
    steps = 60
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.08, steps) + rng.normal(0, 0.04))
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1) * length_mm / steps, 0)
    path -= path.mean(0)
    origin = np.array([window.u[0, 0], window.s[0, 0]])
    scale = 16  # sub-pixel bits of cv2
    points = np.round((path - origin) / STEP_MM * scale).astype(np.int32)
    line = np.full((window.s.size, window.u.size), 255, np.uint8)
    cv2.polylines(line, [points.reshape(-1, 1, 2)], False, 0, 1, cv2.LINE_8, 4)
    distance = cv2.distanceTransform(line, cv2.DIST_L2, 5) * STEP_MM
    radius = rng.uniform(0.005, 0.012)
    inside = np.clip((radius - distance) / 0.003 + 0.5, 0, 1)
    where = window.place
    surface.height_mm[where] += np.sqrt(np.clip(radius**2 - distance**2, 0, None)).astype(np.float32) * 1.5
    surface.cover[where] = np.maximum(surface.cover[where], inside * rng.uniform(0.35, 0.95))
    surface.albedo[where][inside > 0] = rng.uniform(0.3, 0.85)
    _note_dirt(surface, window, inside > 0.5)


def _note_dirt(surface: Surface, window: Window, mask: NDArray[np.bool_]) -> None:
    """Dirt is called so where nothing is wrong beneath it."""
    label = surface.label[window.place]
    label[mask & (label == 0)] = DIRT


def fingerprint(surface: Surface, rng: np.random.Generator) -> None:
    """Faint greasy ridges over a part of the view."""
    window = surface.whole()
    pitch = rng.uniform(0.35, 0.5)
    swirl = np.hypot(window.u - rng.uniform(-6, 6), window.s - rng.choice((-1, 1)) * rng.uniform(2, 6))
    ridges = np.clip(np.sin(2 * np.pi * swirl / pitch) * 1.5, 0, 1)
    reach = np.exp(-0.5 * ((window.u - rng.uniform(-2.5, 2.5)) / rng.uniform(0.8, 2.0)) ** 2)
    print_ = ridges * reach * np.clip(1 + 0.3 * band_noise(surface.shape, 0.08, rng), 0, 2)
    surface.alpha += (rng.uniform(0.003, 0.02) * print_).astype(np.float32)
    surface.cover[:] = np.maximum(surface.cover, rng.uniform(0.005, 0.04) * print_)
    surface.albedo[surface.cover < 0.05] = 0.3


def sprinkle(surface: Surface, amount: float, family: Family, rng: np.random.Generator) -> None:
    """A usual amount (1) of dust and lint, at random places of the maps."""
    rows, columns = surface.shape
    reach = np.array([columns, rows]) * STEP_MM / 2
    for _ in range(rng.poisson(5 * amount)):
        size = float(np.exp(rng.uniform(np.log(0.015), np.log(0.09))))
        dust_speck(surface, tuple(rng.uniform(-reach, reach)), size, family, rng)
    for _ in range(rng.poisson(0.8 * amount)):
        lint(surface, tuple(rng.uniform(-reach, reach)), rng.uniform(0.3, 1.8), rng)
