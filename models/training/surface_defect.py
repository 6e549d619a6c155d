"""The outside of a shank laid flat: what its surface is like at every 4 um, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.finding import FindingKind

SURFACE_CLASSES = ("clean", "porosity", "scratch", "orange_peel", "dull_patch", "dirt")
POROSITY, SCRATCH, ORANGE_PEEL, DULL_PATCH, DIRT = 1, 2, 3, 4, 5
DEFECT_CLASSES = SURFACE_CLASSES[1:5]
"""What is worth finding. Dirt, dust and lint, is a class so that the model learns what it must not take for a pore."""
IGNORE = 255
"""Label of what is neither clean nor worth finding, such as the shallow tail that polishing draws behind a pore."""

Family = Literal["a", "b"]
"""Shapes of defects: "a" for training, validation and samples, "b" for the test that training never saw."""

STEP_MM = 0.004


@dataclass(frozen=True, slots=True)
class TrueDefect:
    """One defect as it was made: `size_mm` is its largest extent along the surface; a scratch also has a width."""

    kind: FindingKind
    size_mm: float
    instance: int
    width_mm: float | None = None


@dataclass(slots=True, eq=False)
class Surface:
    """Maps over the unrolled outside of a band: rows along the section, columns around the finger, `STEP_MM` apart.

    The middle of the maps is the middle of the view. `height_mm` is along the outward normal, `alpha` the GGX
    roughness of the metal, `cover` how much of it is hidden under something matt, `albedo` of that matt stuff.
    """

    height_mm: NDArray[np.float32]
    alpha: NDArray[np.float32]
    cover: NDArray[np.float32]
    albedo: NDArray[np.float32]
    label: NDArray[np.uint8]
    instance: NDArray[np.int32]
    defects: list[TrueDefect] = field(default_factory=list)

    @classmethod
    def polished(cls, around_mm: float, along_section_mm: float, alpha: float) -> Surface:
        """A perfect surface of at least this extent."""
        shape = (2 * int(np.ceil(along_section_mm / 2 / STEP_MM)) + 1, 2 * int(np.ceil(around_mm / 2 / STEP_MM)) + 1)
        return cls(
            np.zeros(shape, np.float32),
            np.full(shape, alpha, np.float32),
            np.zeros(shape, np.float32),
            np.full(shape, 0.1, np.float32),
            np.zeros(shape, np.uint8),
            np.zeros(shape, np.int32),
        )

    @property
    def shape(self) -> tuple[int, int]:
        return self.height_mm.shape  # type: ignore[return-value]

    def window(self, centre_us_mm: tuple[float, float], reach_mm: float) -> Window | None:
        """The part within `reach_mm` of a place; None when the place is off the maps."""
        rows, columns = self.shape
        column = centre_us_mm[0] / STEP_MM + (columns - 1) / 2
        row = centre_us_mm[1] / STEP_MM + (rows - 1) / 2
        reach = reach_mm / STEP_MM
        x0, x1 = max(int(column - reach), 0), min(int(column + reach) + 2, columns)
        y0, y1 = max(int(row - reach), 0), min(int(row + reach) + 2, rows)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        u = ((np.arange(x0, x1) - column) * STEP_MM).astype(np.float32)[None, :]
        s = ((np.arange(y0, y1) - row) * STEP_MM).astype(np.float32)[:, None]
        return Window((slice(y0, y1), slice(x0, x1)), u, s)

    def whole(self) -> Window:
        """Everything, with coordinates from the middle."""
        rows, columns = self.shape
        window = self.window((0.0, 0.0), max(rows, columns) * STEP_MM)
        assert window is not None
        return window

    def note(
        self, where: Window, mask: NDArray[np.bool_], label: int, kind: FindingKind, width_mm: float | None = None
    ) -> bool:
        """Label a made defect and write it down with its exact size; False when it lies off the maps."""
        if not mask.any():
            return False
        number = len(self.defects) + 1
        self.label[where.place][mask] = label
        self.instance[where.place][mask] = number
        self.defects.append(TrueDefect(kind, largest_extent_px(mask) * STEP_MM, number, width_mm))
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A rectangle of the maps with millimetres from its own centre: `u` (1, columns) and `s` (rows, 1)."""

    place: tuple[slice, slice]
    u: NDArray[np.float32]
    s: NDArray[np.float32]


def largest_extent_px(mask: NDArray[np.bool_]) -> float:
    """Largest distance between two points of a mask's pixels, their full squares counted."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = cv2.convexHull(np.concatenate(contours)).reshape(-1, 2).astype(float)
    corners = np.concatenate([points + np.array([dx, dy]) for dx in (-0.5, 0.5) for dy in (-0.5, 0.5)])
    return float(np.linalg.norm(corners[:, None] - corners[None], axis=-1).max())


def band_noise(shape: tuple[int, int], wavelength_mm: float, rng: np.random.Generator, spread: float = 0.35) -> NDArray:
    """Random waves around one wavelength, standard deviation 1, without edges (periodic)."""
    tall, wide = (cv2.getOptimalDFTSize(n) for n in shape)
    fy = np.fft.fftfreq(tall, STEP_MM)[:, None]
    fx = np.fft.rfftfreq(wide, STEP_MM)[None, :]
    k = np.hypot(fx, fy)
    weight = np.exp(-0.5 * ((k - 1 / wavelength_mm) * wavelength_mm / spread) ** 2)
    noise = rng.standard_normal((tall, wide), dtype=np.float32)
    waves = np.fft.irfft2(np.fft.rfft2(noise) * weight, s=(tall, wide))
    waves /= waves.std()
    return waves[: shape[0], : shape[1]].astype(np.float32)


def smooth_noise(shape: tuple[int, int], sigma_mm: float, rng: np.random.Generator) -> NDArray:
    """Soft random hills, standard deviation 1, made on a coarse grid and enlarged."""
    cell = max(sigma_mm / STEP_MM / 2, 1.0)
    small = tuple(int(n / cell) + 8 for n in shape)
    hills = cv2.GaussianBlur(rng.standard_normal(small).astype(np.float32), (0, 0), 2.0)
    hills = (hills - hills.mean()) / hills.std()
    big = cv2.resize(hills, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
    top, left = (big.shape[0] - shape[0]) // 2, (big.shape[1] - shape[1]) // 2
    return big[top : top + shape[0], left : left + shape[1]]


def blob(window: Window, radius_mm: tuple[float, float], edge_mm: float, rng: np.random.Generator) -> NDArray:
    """A soft-edged patch of irregular outline, 0 to 1, of these half-axes."""
    shape = (window.s.size, window.u.size)
    mean = float(np.sqrt(radius_mm[0] * radius_mm[1]))
    outline = 0.16 * mean * smooth_noise(shape, 0.3 * mean, rng)
    distance = (np.hypot(window.u / radius_mm[0], window.s / radius_mm[1]) - 1) * mean + outline
    return 1 / (1 + np.exp(np.clip(distance / edge_mm, -30, 30)))
