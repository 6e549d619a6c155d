"""Gas and shrinkage pores, opened by polishing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.models.training.surface_defect import (
    IGNORE,
    POROSITY,
    STEP_MM,
    Family,
    Surface,
    Window,
    band_noise,
)

KEEP_APART_MM = 0.06


def _free(surface: Surface, window: Window) -> bool:
    """Whether nothing else lies here: pores that touch would be one pore of another size."""
    return not surface.label[window.place].any()


def _carve(surface: Surface, window: Window, depth_mm: NDArray, dirt: NDArray, rng: np.random.Generator) -> None:
    """Sink a pit and lay polishing compound into it; `dirt` says where it would lie, 0 to 1."""
    where = window.place
    surface.height_mm[where] -= depth_mm
    inside = depth_mm > 0
    surface.alpha[where][inside] = rng.uniform(0.08, 0.35)
    if rng.random() < 0.75:
        amount = rng.uniform(0.4, 1.0)
        surface.cover[where] = np.maximum(surface.cover[where], amount * dirt * inside)
        surface.albedo[where][inside] = rng.uniform(0.02, 0.14)


def gas_pore(
    surface: Surface, place_us_mm: tuple[float, float], diameter_mm: float, family: Family, rng: np.random.Generator
) -> bool:
    """One round pit with a steep rim; False when the place is taken or off the maps."""
    radius = diameter_mm / 2
    window = surface.window(place_us_mm, radius * 1.4 + KEEP_APART_MM)
    if window is None or not _free(surface, window):
        return False
    u, s = window.u, window.s
    angle = np.arctan2(s, u)
    turn = rng.uniform(0, 2 * np.pi, 3)
    if family == "a":
        outline = 1 + 0.05 * np.cos(2 * angle + turn[0]) + 0.03 * np.cos(3 * angle + turn[1])
        outline += 0.02 * np.cos(5 * angle + turn[2])
    else:  # slightly squarish ovals, as where two bubbles met
        c, d = np.cos(turn[0]), np.sin(turn[0])
        stretch, power = rng.uniform(1.0, 1.35), rng.uniform(2.0, 3.0)
        x, y = np.abs(np.cos(angle - turn[1])) * stretch, np.abs(np.sin(angle - turn[1]))
        outline = 1.1 / (x**power + y**power) ** (1 / power) * (1 + 0.04 * (c * np.cos(angle) + d * np.sin(angle)))
    distance = np.hypot(u, s) / (radius * outline)
    inside = distance < 1
    depth = diameter_mm * rng.uniform(0.35, 0.9)
    core = np.clip(1 - distance, 0, 1)
    if family == "b":  # a rounded lip, then a bowl
        lip = np.clip(core / 0.2, 0, 1) ** 2
        profile = lip * np.sqrt(np.clip(1 - 0.9 * distance**2, 0, 1))
    elif rng.random() < 0.7:
        power = rng.uniform(3.5, 9.0)
        profile = np.clip(1 - distance**power, 0, 1) ** (1 / power)
    else:
        profile = np.sqrt(np.clip(1 - distance**2, 0, 1))
    dirt = np.clip(core / rng.uniform(0.05, 0.4), 0, 1) if family == "a" else np.clip((distance - 0.3) * 2, 0, 1)
    _carve(surface, window, (depth * profile * inside).astype(np.float32), dirt, rng)
    made = surface.note(window, inside, POROSITY, "gas_porosity")
    if rng.random() < 0.35:
        _polishing_tail(surface, place_us_mm, diameter_mm, rng)
    return made


def _polishing_tail(
    surface: Surface, place_us_mm: tuple[float, float], diameter_mm: float, rng: np.random.Generator
) -> None:
    """The shallow comet tail that the buff draws out of a pore's rim."""
    length = diameter_mm * rng.uniform(1.0, 3.5)
    window = surface.window(place_us_mm, length + diameter_mm)
    if window is None:
        return
    heading = rng.normal(0, 0.5) + rng.choice((0, np.pi))
    along = window.u * np.cos(heading) + window.s * np.sin(heading)
    across = window.s * np.cos(heading) - window.u * np.sin(heading)
    fade = np.clip(1 - along / length, 0, 1) * (along > 0)
    depth = rng.uniform(0.0005, 0.002) * fade * np.exp(-0.5 * (across / (0.3 * diameter_mm)) ** 2)
    surface.height_mm[window.place] -= depth.astype(np.float32)
    label = surface.label[window.place]
    label[(depth > 0.0002) & (label == 0)] = IGNORE


def shrinkage_pore(
    surface: Surface, place_us_mm: tuple[float, float], size_mm: float, family: Family, rng: np.random.Generator
) -> bool:
    """One branched cavity between dendrites; False when the place is taken or off the maps."""
    window = surface.window(place_us_mm, size_mm * 0.75 + KEEP_APART_MM)
    if window is None or not _free(surface, window):
        return False
    shape = (window.s.size, window.u.size)
    draw = _branches if family == "a" else _gaps_between_grains
    mask = draw(shape, window, size_mm, rng)
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return False
    largest = 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    mask = parts == largest
    reach = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) * STEP_MM
    depth = np.minimum(reach * rng.uniform(1.5, 3.5), rng.uniform(0.02, 0.06))
    depth *= 1 + 0.25 * np.clip(band_noise(shape, 0.03, rng), -2, 2)
    _carve(surface, window, (depth * mask).astype(np.float32), np.clip(reach / 0.006, 0, 1), rng)
    return surface.note(window, mask, POROSITY, "shrinkage_porosity")


def _branches(shape: tuple[int, int], window: Window, size_mm: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A trunk with arms and crumbs along them."""
    canvas = np.zeros(shape, np.uint8)
    centre = np.array([-window.u[0, 0], -window.s[0, 0]]) / STEP_MM
    length = size_mm / STEP_MM
    heading = rng.uniform(0, 2 * np.pi)
    arms = [(centre - 0.4 * length * _unit(heading), heading, 0.8 * length)]
    for _ in range(rng.integers(3, 8)):
        start = arms[0][0] + rng.uniform(0.1, 0.9) * arms[0][2] * _unit(heading)
        arms.append((start, heading + rng.choice((-1, 1)) * rng.uniform(0.6, 1.5), length * rng.uniform(0.15, 0.4)))
    for start, direction, reach in arms:
        point, steps = start, max(int(reach / 3), 2)
        for _ in range(steps):
            direction += rng.normal(0, 0.25)
            following = point + reach / steps * _unit(direction)
            _stroke(canvas, point, following, int(rng.integers(2, 5)))
            if rng.random() < 0.35:
                crumb = max(2, int(length * rng.uniform(0.03, 0.09)))
                axes = (crumb, max(1, int(crumb * rng.uniform(0.4, 1))))
                cv2.ellipse(canvas, _pixel(following), axes, rng.uniform(0, 180), 0, 360, 1, -1)
            point = following
    return canvas > 0


def _gaps_between_grains(
    shape: tuple[int, int], window: Window, size_mm: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """The thin network left between round grains."""
    gaps = np.abs(band_noise(shape, 0.22 * size_mm + 0.02, rng)) < rng.uniform(0.25, 0.45)
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.4, 0.9)
    along = window.u * np.cos(turn) + window.s * np.sin(turn)
    across = window.s * np.cos(turn) - window.u * np.sin(turn)
    return gaps & (np.hypot(along, across / flat) < size_mm / 2)


def cluster(
    surface: Surface,
    centre_us_mm: tuple[float, float],
    count: int,
    size_mm: tuple[float, float],
    spread_mm: float,
    kind: str,
    family: Family,
    rng: np.random.Generator,
) -> int:
    """Scatter up to `count` pores of log-uniform sizes around a place; how many found room."""
    made = 0
    for _ in range(count):
        size = float(np.exp(rng.uniform(*np.log(size_mm))))
        place = (centre_us_mm[0] + rng.normal(0, spread_mm), centre_us_mm[1] + rng.normal(0, spread_mm))
        made += (gas_pore if kind == "gas" else shrinkage_pore)(surface, place, size, family, rng)
    return made


def _unit(angle: float) -> NDArray:
    return np.array([np.cos(angle), np.sin(angle)])


def _pixel(point: NDArray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _stroke(canvas: NDArray[np.uint8], start: NDArray, end: NDArray, thickness: int) -> None:
    cv2.line(canvas, _pixel(start), _pixel(end), 1, thickness)
