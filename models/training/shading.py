"""The lights of the shank view, and a fast 2.5D shader that approximates the renderer under them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import k1

from loupebox.models.training.shank_shape import ShankShape
from loupebox.models.training.surface_defect import STEP_MM, Surface

STRIPE_PERIOD_RAD = 0.25


@dataclass(frozen=True, slots=True)
class ShankLights:
    """Coaxial light: a soft-edged disc about the camera. Stripes: a sinusoid over the whole hemisphere.

    Directions are unit vectors (..., 3) in the picture's axes: x right, y down, z to the camera.
    """

    coaxial_half_angle_rad: float = 0.65
    coaxial_edge_rad: float = 0.07
    stripe_contrast: float = 0.95
    stripe_offset_rad: float = 0.0
    stray: float = 0.02
    coaxial_level: float = 0.85
    stripe_level: float = 0.43

    def hemisphere(self, z: NDArray, blur: NDArray | float = 0.0) -> NDArray:
        """1 above the horizon."""
        return 1 / (1 + np.exp(np.clip(-z / (0.015 + 0.6 * blur), -30, 30)))

    def coaxial(self, z: NDArray, blur: NDArray | float = 0.0) -> NDArray:
        """Radiance of the coaxial light, 0 to 1; `blur` is how far roughness spreads the reflection, in radians."""
        angle = np.arccos(np.clip(z, -1, 1))
        edge = self.coaxial_edge_rad + 0.55 * blur
        return self.stray + (1 - self.stray) / (
            1 + np.exp(np.clip((angle - self.coaxial_half_angle_rad) / edge, -30, 30))
        )

    def phase_rad(self, component: NDArray) -> NDArray:
        """Phase of the stripes that run across the axis of this direction component."""
        angle = np.arcsin(np.clip(component, -1, 1)) + self.stripe_offset_rad
        return 2 * np.pi / STRIPE_PERIOD_RAD * angle


def shade(
    shape: ShankShape, surface: Surface, lights: ShankLights, reflectance: float, wall_glow: float = 0.6
) -> dict[str, NDArray[np.float32]]:
    """The ten frames of the shank view, linear, 1 = full scale, without noise or lens.

    Interreflection is a guess: a wall inside a pit that cannot see the lights glows by `wall_glow`.
    """
    n = 2
    view = shape.view(n)
    gu, gs = np.gradient(surface.height_mm, STEP_MM, axis=1), np.gradient(surface.height_mm, STEP_MM, axis=0)
    gu = view.look_up(gu, surface) * view.stretch
    gs = view.look_up(gs, surface)
    alpha = view.look_up(surface.alpha, surface)
    cover = view.look_up(surface.cover, surface)
    albedo = view.look_up(surface.albedo, surface)
    depth = surface.height_mm - cv2.GaussianBlur(surface.height_mm, (0, 0), 0.04 / STEP_MM)
    depth = view.look_up(depth, surface)
    open_sky = np.clip(1 + depth / 0.08, 0.35, 1)
    pit = np.clip(-depth / 0.01, 0, 1)

    normal = view.normal - gu * view.around - gs * view.along_section
    normal /= np.sqrt((normal**2).sum(0))
    normal = np.tensordot(shape.pose.rotation.astype(np.float32), normal, 1)
    x, y, z = 2 * normal[2] * normal[0], 2 * normal[2] * normal[1], 2 * normal[2] ** 2 - 1

    # Fourier transform of the GGX distribution of slopes: how much of a stripe's contrast survives the roughness.
    blur = np.maximum(alpha * (2 * 2 * np.pi / STRIPE_PERIOD_RAD), 1e-3)
    kept = _bessel(blur) * lights.stripe_contrast
    reach = 1.4 * alpha
    above = lights.hemisphere(z, reach)
    mirror = (1 - cover) * reflectance * open_sky
    # What faces into its own pit sees the other wall, which sees some of the sky.
    inner = wall_glow * reflectance * (1 - above) * pit
    matt = cover * albedo * open_sky
    facing = np.clip(normal[2], 0, 1)
    outside = ~view.inside

    def frame(signal: NDArray, level: float) -> NDArray[np.float32]:
        signal = np.where(outside, lights.stray, signal).astype(np.float32) * np.float32(level)
        return cv2.resize(signal, None, fx=1 / n, fy=1 / n, interpolation=cv2.INTER_AREA)

    disc = np.sin(lights.coaxial_half_angle_rad) ** 2
    frames = {
        "backlight": cv2.resize(outside.astype(np.float32), None, fx=1 / n, fy=1 / n, interpolation=cv2.INTER_AREA),
        "coaxial": frame(
            mirror * (lights.coaxial(z, reach) + inner * 0.5) + matt * disc * facing, lights.coaxial_level
        ),
    }
    even = mirror * (above + inner) + matt * (1 + facing) / 2
    for name, component in (("x", x), ("y", y)):
        phase = lights.phase_rad(component)
        wave = mirror * above * kept
        cosine, sine = wave * np.cos(phase), wave * np.sin(phase)
        for k, part in enumerate((cosine, -sine, -cosine, sine)):
            frames[f"stripes_{name}_{k}"] = frame(even + part, lights.stripe_level)
    return frames


def _bessel(q: NDArray) -> NDArray:
    """q K1(q), from a table: the exact function is slow over millions of pixels."""
    grid = np.linspace(1e-3, 12, 600)
    return np.interp(q, grid, grid * k1(grid)).astype(np.float32)
