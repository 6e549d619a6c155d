"""Which defects lie on a surface: mixtures to learn from, and single kinds for sample pieces and measurements."""

from __future__ import annotations

import numpy as np

from loupebox.inspect.finding import FindingKind
from loupebox.models.training.shank_shape import ShankShape
from loupebox.models.training.surface_defect import STEP_MM, Family, Surface
from loupebox.models.training.surface_defect_dirt import fingerprint, polish_texture, sprinkle
from loupebox.models.training.surface_defect_marks import dull_patch, orange_peel, scratch
from loupebox.models.training.surface_defect_pores import cluster


def polish_roughness(rng: np.random.Generator) -> float:
    """GGX alpha of a well polished surface."""
    return float(np.exp(rng.uniform(np.log(0.005), np.log(0.018))))


def piece_surface(shape: ShankShape, kind: FindingKind | None, seed: int) -> Surface:
    """A sample piece's surface: clean, or with defects of one kind that no inspector would call borderline."""
    rng = np.random.default_rng([seed, 20])
    surface = shape.polished(polish_roughness(rng))
    half = shape.band.section.width_mm * 0.22
    if kind == "orange_peel":
        orange_peel(surface, (rng.uniform(-1, 1), 0), (1.9, 1.2), rng.uniform(0.22, 0.32), 0.028, "a", rng)
    elif kind == "dull_patch":
        place = (rng.uniform(-1.2, 1.2), rng.uniform(-0.3, 0.3) * half)
        dull_patch(surface, place, (rng.uniform(0.55, 0.8), rng.uniform(0.35, 0.5)), 0.24, "a", rng)
    elif kind == "gas_porosity":
        _fill(surface, 6, (0.09, 0.24), (1.0, half), "gas", rng)
    elif kind == "shrinkage_porosity":
        _fill(surface, 3, (0.28, 0.55), (0.8, 0.6 * half), "shrinkage", rng)
    elif kind == "scratch":
        for _ in range(3):
            place = (rng.uniform(-2.2, 2.2), rng.uniform(-0.6, 0.6) * half)
            length, width = rng.uniform(1.0, 2.4), rng.uniform(0.014, 0.03)
            scratch(surface, place, length, width, width * rng.uniform(0.1, 0.2), rng.normal(0.4, 0.5), "a", rng)
    polish_texture(surface, rng)
    return surface


def _fill(surface, count, size_mm, spread_us_mm, kind, rng) -> None:  # type: ignore[no-untyped-def]
    """Exactly `count` pores within a box about a place near the middle."""
    middle, made = rng.uniform(-1.2, 1.2), 0
    while made < count:
        place = middle + rng.uniform(-1, 1) * spread_us_mm[0], rng.uniform(-1, 1) * spread_us_mm[1]
        made += cluster(surface, place, 1, size_mm, 0.0, kind, "a", rng)


def crowded(shape: ShankShape, family: Family, rng: np.random.Generator) -> Surface:
    """A specimen to measure detection on, or to learn from quickly: many small defects side by side, and much dirt.

    One full render of it asks as much as ten of `mixture`; how often nothing is wrong it does not tell.
    """
    surface = shape.polished(polish_roughness(rng))
    rows, columns = surface.shape
    reach = np.array([columns * STEP_MM / 2, 0.55 * rows * STEP_MM / 2])

    def anywhere() -> tuple[float, float]:
        return tuple(rng.uniform(-reach, reach))

    for _ in range(rng.integers(0, 3)):
        radii = np.exp(rng.uniform(np.log(0.3), np.log(0.8), 2))
        orange_peel(surface, anywhere(), tuple(radii), rng.uniform(0.15, 0.4), rng.uniform(0.01, 0.04), family, rng)
    for _ in range(rng.integers(0, 3)):
        radii = np.exp(rng.uniform(np.log(0.15), np.log(0.4), 2))
        dull_patch(surface, anywhere(), tuple(radii), rng.uniform(0.12, 0.35), family, rng)
    for _ in range(30):
        cluster(surface, anywhere(), 1, (0.022, 0.2), 0.0, "gas", family, rng)
    for _ in range(8):
        cluster(surface, anywhere(), 1, (0.06, 0.4), 0.0, "shrinkage", family, rng)
    for _ in range(10):
        width = float(np.exp(rng.uniform(np.log(0.006), np.log(0.03))))
        depth = max(width, 0.01) * rng.uniform(0.04, 0.2)
        scratch(surface, anywhere(), rng.uniform(0.4, 2.0), width, depth, rng.uniform(0, np.pi), family, rng)
    polish_texture(surface, rng)
    sprinkle(surface, rng.uniform(2, 5), family, rng)
    return surface


def mixture(shape: ShankShape, family: Family, rng: np.random.Generator) -> Surface:
    """A surface to learn from or to be tested on: every kind now and then, dirt, and often nothing at all."""
    surface = shape.polished(polish_roughness(rng))
    rows, columns = surface.shape
    half_u, half_s = columns * STEP_MM / 2, rows * STEP_MM / 2

    def anywhere() -> tuple[float, float]:
        return rng.uniform(-half_u, half_u), rng.uniform(-0.75, 0.75) * half_s

    clean = rng.random() < 0.2
    if not clean and rng.random() < 0.35:
        for _ in range(rng.integers(1, 3)):
            radii = np.exp(rng.uniform(np.log(0.3), np.log(1.6), 2))
            orange_peel(surface, anywhere(), tuple(radii), rng.uniform(0.15, 0.4), rng.uniform(0.01, 0.04), family, rng)
    if not clean and rng.random() < 0.4:
        for _ in range(rng.integers(1, 4)):
            radii = np.exp(rng.uniform(np.log(0.15), np.log(0.9), 2))
            dull_patch(surface, anywhere(), tuple(radii), rng.uniform(0.12, 0.35), family, rng)
    if not clean:
        for _ in range(rng.poisson(1.6)):
            kind = "gas" if rng.random() < 0.55 else "shrinkage"
            smallest, largest = (0.03, 0.25) if kind == "gas" else (0.08, 0.6)
            cluster(
                surface, anywhere(), rng.integers(1, 8), (smallest, largest), rng.uniform(0.1, 0.8), kind, family, rng
            )
        cluster(surface, (0, 0), rng.poisson(3), (0.03, 0.2), 1.8, "gas", family, rng)
        heading = rng.uniform(0, np.pi)
        for _ in range(rng.poisson(2.2)):
            if rng.random() < 0.6:
                heading = rng.uniform(0, np.pi)
            width = float(np.exp(rng.uniform(np.log(0.006), np.log(0.03))))
            depth = max(width, 0.01) * rng.uniform(0.04, 0.2)
            turned = heading + rng.normal(0, 0.05)
            scratch(surface, anywhere(), rng.uniform(0.5, 4.5), width, depth, turned, family, rng)
    polish_texture(surface, rng)
    if rng.random() < 0.15:
        fingerprint(surface, rng)
    sprinkle(surface, float(rng.gamma(1.5, 0.8)), family, rng)
    return surface
