"""Exact backlit pictures of rings: analytic outlines, blurred and sampled as a camera would."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from scipy.special import ndtr

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.frame import LinearFrame

PIXEL_VARIANCE = 1 / 12


def face_certificate(
    um_per_px: float = 36.0, relative_u: float = 5e-5, half_angle_deg: float | None = 0.0
) -> Certificate:
    return Certificate.model_validate(
        {
            "schema": 1,
            "certificate_id": "C-1",
            "station": "s",
            "view": "face",
            "camera_serial": "c",
            "artefact": "a",
            "issued_by": "b",
            "issued_at": datetime(2026, 1, 1, tzinfo=UTC),
            "valid_until": datetime(2027, 1, 1, tzinfo=UTC),
            "scale_um_per_px": um_per_px,
            "scale_standard_uncertainty_um_per_px": um_per_px * relative_u,
            "dark_level_dn": 0.0,
            "edge_sigma_px": 0.8,
            "backlight_half_angle_deg": half_angle_deg,
        }
    )


@dataclass(frozen=True)
class RingPicture:
    """A ring with an oval or three-lobed hole, a wall of even thickness and, if wished, a head at the top."""

    inner_mm: float = 17.35
    wall_mm: float = 1.7
    oval_mm: float = 0.0
    lobes: int = 2
    lobe_angle: float = 0.7
    centre_px: tuple[float, float] = (349.7, 372.4)
    size_px: int = 720
    um_per_px: float = 36.0
    sigma_px: float = 0.8
    noise: float = 0.01
    head: bool = True
    head_angle_deg: float = -90.0
    bright: float = 0.85
    dark: float = 0.05
    ramp: float = 0.0
    dust: int = 0
    lint: int = 0
    seed: int = 0

    def changed(self, **changes: object) -> RingPicture:
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def true_diameter_mm(self) -> float:
        """Of the largest inscribed circle: it stays at the centre and touches where the lobes come nearest."""
        return self.inner_mm - 2 * abs(self.oval_mm)

    @property
    def true_out_of_round_mm(self) -> float:
        """An odd number of lobes has the same diameter everywhere."""
        return 4 * abs(self.oval_mm) if self.lobes % 2 == 0 else 0.0

    def signal(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        k = self.um_per_px / 1000
        y, x = np.mgrid[: self.size_px, : self.size_px].astype(np.float64)
        dx, dy = x - self.centre_px[0], y - self.centre_px[1]
        r, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
        blur = math.sqrt(self.sigma_px**2 + PIXEL_VARIANCE)
        inner = (self.inner_mm / 2 + self.oval_mm * np.cos(self.lobes * angle + self.lobe_angle)) / k
        outer = inner + self.wall_mm / k

        def inside(radius: np.ndarray) -> np.ndarray:
            """A blurred disc; its half level lies s^2 / (2 R) inside its edge."""
            return ndtr((radius - blur**2 / (2 * radius) - r) / blur)

        light = 1 - inside(outer) + inside(inner)
        if self.head:
            turn = math.radians(self.head_angle_deg)
            along, across = dx * math.cos(turn) + dy * math.sin(turn), dy * math.cos(turn) - dx * math.sin(turn)
            base = (self.inner_mm / 2 + 0.7 * self.wall_mm) / k
            box = ndtr((along - base) / blur) * ndtr((base + 2.2 / k - along) / blur)
            light = light * (1 - box * ndtr((2.0 / k - np.abs(across)) / blur))
        for _ in range(self.dust):
            at, size = rng.uniform(0, 2 * np.pi), rng.uniform(1, 5)
            px, py = (
                self.centre_px[0] + self.inner_mm / 2 / k * math.cos(at),
                self.centre_px[1] + self.inner_mm / 2 / k * math.sin(at),
            )
            light = light * ndtr((np.hypot(x - px, y - py) - size) / blur)
        for _ in range(self.lint):
            at, tilt = rng.uniform(0, 2 * np.pi), rng.uniform(-0.8, 0.8)
            px, py = (
                self.centre_px[0] + self.inner_mm / 2 / k * math.cos(at),
                self.centre_px[1] + self.inner_mm / 2 / k * math.sin(at),
            )
            u, v = (
                (x - px) * math.cos(at + tilt) + (y - py) * math.sin(at + tilt),
                (y - py) * math.cos(at + tilt) - (x - px) * math.sin(at + tilt),
            )
            light = light * (1 - 0.9 * np.exp(-0.5 * (v / 0.8) ** 2) * (np.abs(u) < 60))
        picture = (self.dark + (self.bright - self.dark) * light) * (1 + self.ramp * (x / self.size_px - 0.5))
        picture = picture + self.noise * rng.standard_normal(picture.shape)
        return (np.round(np.clip(picture, 0, 1) * 255) / 255).astype(np.float32)

    def frame(self) -> LinearFrame:
        return as_frame(self.signal())


def as_frame(signal: np.ndarray) -> LinearFrame:
    signal = np.asarray(signal, np.float32)
    return LinearFrame(signal, signal >= 1, "face", "backlight")
