"""A sensor of known gain, noise, full well and faults: the truth of the sensor studies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class VirtualSensor:
    gain_dn_per_e: float = 0.25
    dark_noise_e: float = 7.0
    full_well_e: float = 14_000.0
    dark_level_dn: float = 64.0
    prnu: float = 0.008
    dsnu_e: float = 3.0
    bits: int = 12
    shape: tuple[int, int] = (240, 320)
    seed: int = 1
    square_response: float = 0.0
    hot: tuple[tuple[int, int], ...] = ()
    dead: tuple[tuple[int, int], ...] = ()

    @property
    def full_scale(self) -> int:
        return (1 << self.bits) - 1

    def frame(self, electrons: float, number: int, shading: np.ndarray | float = 1.0) -> np.ndarray:
        """One exposure with a mean of so many electrons a pixel; `number` draws fresh noise."""
        fixed = np.random.default_rng(self.seed)
        response = 1 + self.prnu * fixed.standard_normal(self.shape)
        dark = self.dsnu_e * fixed.standard_normal(self.shape)
        for x, y in self.hot:
            dark[y, x] += 2000.0
        for x, y in self.dead:
            response[y, x] = 0.1
        rng = np.random.default_rng([self.seed, number])
        wanted = np.maximum(electrons * response * shading, 0)
        collected = np.minimum(rng.poisson(wanted), self.full_well_e) + dark
        collected = collected * (1 - self.square_response * collected / self.full_well_e)
        volts = collected + self.dark_noise_e * rng.standard_normal(self.shape)
        raw = np.rint(self.dark_level_dn + self.gain_dn_per_e * volts)
        return np.clip(raw, 0, self.full_scale).astype(np.uint16 if self.bits > 8 else np.uint8)
