"""From light on the sensor to the numbers that the camera hands over."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FLAT_STEP = 8
"""Frame pixels a pixel of a stored flat field."""
FLAT_UNIT = 50_000


@dataclass(frozen=True, slots=True)
class Sensor:
    """One 8-bit camera with its lens.

    `blur_sigma_px` is the lens alone (a pixel's own square adds 0.29 px in quadrature); `full_well` in electrons at
    full scale sets the shot noise; `vignetting` is the fall of light at the corners; `seed` shapes the rest.
    """

    seed: int
    blur_sigma_px: float = 0.75
    dark_level_dn: float = 4.0
    read_noise_dn: float = 0.27
    full_well: float = 140_000.0
    vignetting: float = 0.10

    def flat(self, height: int, width: int) -> NDArray[np.float32]:
        """Relative illumination of every pixel, 1 at most."""
        rng = np.random.default_rng([self.seed, 5])
        y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
        aspect = height / width
        fall = self.vignetting * (x**2 + (aspect * y) ** 2) / (1 + aspect**2)
        waves = cv2.resize(rng.normal(0, 0.008, (4, 5)), (width, height), interpolation=cv2.INTER_CUBIC)
        lean = rng.uniform(-0.015, 0.015, 2)
        flat = (1 - fall) * (1 + lean[0] * x + lean[1] * y + waves)
        return (flat / flat.max()).astype(np.float32)

    def expose(
        self, light: NDArray[np.float32], rng: np.random.Generator, extra_blur_px: float = 0.0
    ) -> NDArray[np.uint8]:
        """Samples of a picture (height, width) or (height, width, 3), linear, 1 = full scale in full light."""
        blur = float(np.hypot(self.blur_sigma_px, extra_blur_px))
        signal = cv2.GaussianBlur(light.astype(np.float32), (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
        flat = self.flat(*light.shape[:2])
        signal = np.maximum(signal, 0) * (flat if light.ndim == 2 else flat[..., None])
        noise_dn = np.hypot(self.read_noise_dn, 255 * np.sqrt(signal / self.full_well))
        clean_dn = self.dark_level_dn + signal * (255 - self.dark_level_dn)
        return np.clip(np.rint(clean_dn + noise_dn * rng.standard_normal(signal.shape)), 0, 255).astype(np.uint8)


def stored_flat(flat: NDArray[np.float32]) -> NDArray[np.uint16]:
    """A flat field as it lies beside a certificate: at 1/8 scale, relative illumination times 50 000."""
    height, width = flat.shape
    small = cv2.resize(flat, (width // FLAT_STEP, height // FLAT_STEP), interpolation=cv2.INTER_AREA)
    return np.rint(small * FLAT_UNIT).astype(np.uint16)
