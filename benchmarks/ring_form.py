"""A ring by its section, a little askew before a lens and a backlight: drawn at random, its truth from the section."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from loupebox.models.training.band import Band
from loupebox.models.training.mesh import Points

TILT_SD_DEG = 0.2
"""Standard deviation of each of the two angles at which a piece is put down, as the measurement assumes it."""


@dataclass(frozen=True, slots=True)
class RingSection:
    """Cross-section with each side rounded (a superellipse) or flat with rounded edges; lengths in mm."""

    width_mm: float
    thickness_mm: float
    inside: str
    outside: str
    exponent: float = 2.6
    edge_mm: float = 0.12

    def side(self, y: Points, shape: str) -> Points:
        """How far the side lies from the middle of the section at each place across it."""
        half, reach = self.thickness_mm / 2, np.minimum(np.abs(2 * y / self.width_mm), 1.0)
        if shape == "rounded":
            return half * (1 - reach**self.exponent) ** (1 / self.exponent)
        into = np.maximum(np.abs(y) - (self.width_mm / 2 - self.edge_mm), 0.0)
        return half - self.edge_mm + np.sqrt(np.maximum(self.edge_mm**2 - into**2, 0.0))

    def points_mm(self, count: int) -> Points:
        """Points (count, 2) of (y, radial offset from the middle), the innermost first, as `Band` wants them."""
        quarter = np.linspace(0, 1, count // 4 + 1)
        # Denser towards the widest points, where the side turns away.
        y = self.width_mm / 2 * np.sin(quarter * math.pi / 2)
        if "flat" in (self.inside, self.outside):
            corner = self.width_mm / 2 - self.edge_mm + self.edge_mm * np.sin(quarter * math.pi / 2)
            y = np.sort(np.concatenate([y[::2], corner[1::2]]))
        inner, outer = -self.side(y, self.inside), self.side(y, self.outside)
        down, up = np.column_stack([y, inner]), np.column_stack([y, outer])
        mirror = np.array([-1.0, 1.0])
        ring = np.concatenate([down, up[::-1], up[1:] * mirror, (down * mirror)[::-1][:-1]])
        keep = np.concatenate([[True], np.hypot(*np.diff(ring, axis=0).T) > 1e-9])
        return ring[keep]


@dataclass(frozen=True, slots=True)
class RingForm:
    """One ring under one camera.

    `pupil_mm` is the distance of the lens's entrance pupil from the ring's middle plane, None when it is telecentric;
    `half_angle_deg` of the far backlight; `alpha` the roughness of the metal (GGX); `tilt_deg` about image x and y.
    """

    inner_diameter_mm: float
    section: RingSection
    ovality_mm: float
    ovality_angle_deg: float
    tilt_deg: tuple[float, float]
    shift_mm: tuple[float, float]
    pupil_mm: float | None
    half_angle_deg: float
    alpha: float
    um_per_px: float

    @property
    def band(self) -> Band:
        return Band(self.inner_diameter_mm, self.section, self.ovality_mm, self.ovality_angle_deg)  # type: ignore[arg-type]

    @property
    def size_px(self) -> int:
        """Width of a square frame that holds the ring with some light around."""
        outer = self.inner_diameter_mm + 2 * self.section.thickness_mm + 4 * self.ovality_mm
        return 8 * math.ceil((outer + 2 * max(map(abs, self.shift_mm)) + 1.2) * 125 / self.um_per_px)

    @property
    def truth_mm(self) -> dict[str, float]:
        """From the section alone."""
        return {
            "inner_diameter_mm": self.inner_diameter_mm - 2 * self.ovality_mm,
            "out_of_round_mm": 4 * self.ovality_mm,
            "shank_thickness_mm": self.section.thickness_mm,
            "outer_diameter_mm": self.inner_diameter_mm + 2 * self.section.thickness_mm + 2 * self.ovality_mm,
        }


def draw(number: int, um_per_px: float) -> RingForm:
    """Ring number so-and-so: every second one before a pinhole lens, every third with a flat bore."""
    rng = np.random.default_rng([20261125, number])
    pinhole, flat = number % 2 == 1, number % 3 == 2
    section = RingSection(
        width_mm=float(rng.uniform(1.8, 3.2)),
        thickness_mm=float(rng.uniform(1.3, 2.0)),
        inside="flat" if flat else "rounded",
        outside="flat" if number % 5 == 4 else "rounded",
        exponent=float(rng.uniform(2.2, 3.0)),
        edge_mm=float(rng.uniform(0.08, 0.2)),
    )
    return RingForm(
        inner_diameter_mm=float(rng.uniform(14.5, 20.0)),
        section=section,
        ovality_mm=float(rng.uniform(0.0, 0.03)) * float(rng.uniform() < 0.8),
        ovality_angle_deg=float(rng.uniform(0, 180)),
        tilt_deg=(float(rng.normal(0, TILT_SD_DEG)), float(rng.normal(0, TILT_SD_DEG))),
        shift_mm=(float(rng.uniform(-0.4, 0.4)), float(rng.uniform(-0.4, 0.4))),
        pupil_mm=float(rng.uniform(190, 320)) if pinhole else None,
        half_angle_deg=float(rng.uniform(4.6, 6.5)) if pinhole else _even_by_octave(rng, 0.4, 4.0),
        alpha=_even_by_octave(rng, 0.004, 0.05),
        um_per_px=um_per_px,
    )


def _even_by_octave(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
