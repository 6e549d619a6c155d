"""What polishing leaves when it goes wrong: scratches, orange peel, dull patches."""

from __future__ import annotations

import numpy as np

from loupebox.models.training.surface_defect import (
    DULL_PATCH,
    ORANGE_PEEL,
    SCRATCH,
    STEP_MM,
    Family,
    Surface,
    band_noise,
    blob,
    smooth_noise,
)


def scratch(
    surface: Surface,
    place_us_mm: tuple[float, float],
    length_mm: float,
    width_mm: float,
    depth_mm: float,
    heading_rad: float,
    family: Family,
    rng: np.random.Generator,
) -> None:
    """One groove with burrs, fading at its ends, straight or slightly bowed."""
    window = surface.window(place_us_mm, length_mm / 2 + 0.05)
    if window is None:
        return
    along = window.u * np.cos(heading_rad) + window.s * np.sin(heading_rad)
    across = window.s * np.cos(heading_rad) - window.u * np.sin(heading_rad)
    bow = rng.normal(0, 0.04) / length_mm if family == "a" else rng.choice((-1, 1)) * rng.uniform(0.05, 0.2) / length_mm
    across = across + bow * along**2
    t = np.clip(np.abs(along) / (length_mm / 2), 0, 1)
    strength = np.clip((1 - t) / 0.2, 0, 1)
    if family == "a" and rng.random() < 0.5:  # it bites deeper here than there, and now and then not at all
        knots = rng.standard_normal(int(length_mm / rng.uniform(0.1, 0.4)) + 2)
        uneven = np.interp(along, np.linspace(-length_mm / 2, length_mm / 2, len(knots)), knots)
        strength = strength * np.clip(0.7 + 0.5 * uneven, 0, 1)
    if family == "b":  # chatter: it bites, skips and bites again
        strength = strength * (0.75 + 0.25 * np.sign(np.sin(along / length_mm * rng.uniform(12, 30))))
    half = np.maximum(width_mm / 2, 1.25 * STEP_MM)
    side = np.abs(across) / half
    groove = np.clip(1 - side, 0, 1) if family == "a" else np.clip(1 - side**2, 0, 1)
    burr = rng.uniform(0.05, 0.3) * np.exp(-(((side - 1.2) / 0.35) ** 2))
    surface.height_mm[window.place] += (depth_mm * strength * (burr - groove)).astype(np.float32)
    mask = (side < 1.0) & (t < 0.93)
    taken = surface.label[window.place] == 1
    surface.note(window, mask & ~taken, SCRATCH, "scratch", 2 * float(half))


def orange_peel(
    surface: Surface,
    place_us_mm: tuple[float, float],
    radius_mm: tuple[float, float],
    wavelength_mm: float,
    slope_rad: float,
    family: Family,
    rng: np.random.Generator,
) -> None:
    """Over-polished waviness of this root-mean-square slope (in any one direction) inside a patch."""
    window = surface.window(place_us_mm, 1.6 * max(radius_mm))
    if window is None:
        return
    shape = (window.s.size, window.u.size)
    waves = band_noise(shape, wavelength_mm, rng, rng.uniform(0.25, 0.5) if family == "a" else 0.6)
    if family == "a" and rng.random() < 0.5:  # pebbles: flat-topped waves of two lengths
        waves = np.tanh(rng.uniform(0.6, 1.6) * waves) + 0.4 * band_noise(shape, 0.5 * wavelength_mm, rng)
    if family == "b":  # dimples rather than waves
        waves = -(np.abs(waves) ** 1.3)
        waves = (waves - waves.mean()) / waves.std()
    slope = np.hypot(*(g.std() for g in np.gradient(waves, STEP_MM))) / np.sqrt(2)
    patch = blob(window, radius_mm, rng.uniform(0.03, 0.12), rng)
    surface.height_mm[window.place] += (slope_rad / slope * waves * patch).astype(np.float32)
    free = surface.label[window.place] == 0
    surface.note(window, (patch > 0.5) & free, ORANGE_PEEL, "orange_peel")


def dull_patch(
    surface: Surface,
    place_us_mm: tuple[float, float],
    radius_mm: tuple[float, float],
    alpha: float,
    family: Family,
    rng: np.random.Generator,
) -> None:
    """A place that the buff did not reach: rough metal of this GGX alpha."""
    window = surface.window(place_us_mm, 1.6 * max(radius_mm))
    if window is None:
        return
    shape = (window.s.size, window.u.size)
    patch = blob(window, radius_mm, rng.uniform(0.01, 0.05), rng)
    grain = 1 + 0.12 * np.clip(smooth_noise(shape, 0.03 if family == "a" else 0.08, rng), -2.5, 2.5)
    current = surface.alpha[window.place]
    surface.alpha[window.place] = np.clip(current + (alpha * grain - current) * patch, current, 0.5)
    label = surface.label[window.place]
    surface.note(window, (patch > 0.5) & ((label == 0) | (label == ORANGE_PEEL)), DULL_PATCH, "dull_patch")
