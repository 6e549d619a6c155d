"""Precious metals as the renderer sees them: complex refractive index by colour channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Reflectance at normal incidence in linear sRGB and the refractive index that shapes the fall-off towards grazing.
# 18 k yellow (3N) and red gold (5N) lie between gold, silver and copper; white gold is rhodium plated.
REFLECTANCE: dict[str, tuple[float, float, float]] = {
    "yellow_18k": (0.93, 0.76, 0.46),
    "rose_18k": (0.93, 0.72, 0.58),
    "white_18k_rhodium": (0.80, 0.78, 0.76),
    "platinum_950": (0.74, 0.715, 0.68),
    "yellow_14k": (0.90, 0.77, 0.56),
    "silver_925": (0.95, 0.935, 0.90),
}
INDEX = {"yellow_18k": 0.35, "rose_18k": 0.35, "yellow_14k": 0.45, "silver_925": 0.2}
METALS = tuple(REFLECTANCE)


@dataclass(frozen=True, slots=True)
class Metal:
    """An alloy with its polish: `roughness` is the GGX alpha, 0.02 a mirror, 0.2 dull."""

    name: str
    roughness: float = 0.035
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def bsdf(self) -> dict[str, object]:
        """For Mitsuba; extinction from reflectance R and index n: k^2 = (R (n + 1)^2 - (n - 1)^2) / (1 - R)."""
        r = np.clip(np.array(REFLECTANCE[self.name]) * np.array(self.tint), 0.02, 0.985)
        n = np.full(3, INDEX.get(self.name, 1.9))
        k = np.sqrt(np.maximum(r * (n + 1) ** 2 - (n - 1) ** 2, 0) / (1 - r))
        return {
            "type": "roughconductor",
            "distribution": "ggx",
            "alpha": float(self.roughness),
            "eta": {"type": "rgb", "value": n.tolist()},
            "k": {"type": "rgb", "value": k.tolist()},
        }


@dataclass(frozen=True, slots=True)
class Gem:
    """What the stone is made of: refractive index, and the share of each colour that passes a facet."""

    index: float = 2.417
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


DIAMOND = Gem()
"""At the sodium line."""


def stone_bsdf(gem: Gem = DIAMOND) -> dict[str, object]:
    """For Mitsuba."""
    return {
        "type": "dielectric", "int_ior": gem.index, "ext_ior": 1.000277,
        "specular_transmittance": {"type": "rgb", "value": list(gem.tint)},
    }  # fmt: skip
