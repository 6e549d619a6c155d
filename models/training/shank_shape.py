"""Where each pixel of the shank view lies on the band, and which way the metal faces there."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.models.training.band import Band
from loupebox.models.training.mesh import rotation
from loupebox.models.training.surface_defect import STEP_MM, Surface

UM_PER_PX = 8.0
SIZE_PX = (896, 448)
"""Width and height of the shank view."""
PAST_THE_EDGE_RAD = 0.12
"""How far the section is carried on behind its widest points, so that the silhouette is the band's own."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How the piece lies under the camera: shifted across the view, turned in it, rocked about the view's x axis."""

    shift_y_mm: float = 0.0
    turn_deg: float = 0.0
    rock_deg: float = 0.0

    @property
    def rotation(self) -> NDArray[np.float64]:
        return rotation("z", self.turn_deg) @ rotation("x", self.rock_deg)


@dataclass(frozen=True, slots=True, eq=False)
class ShankShape:
    """The outside of a band opposite the head. Local axes: x and y as in the picture (y down), z to the camera.

    The crown of the unrocked band is the origin. A place on the band is (u, s): u around the finger, measured on the
    outermost circle, s along the section from its middle; both in mm.
    """

    band: Band
    pose: Pose = Pose()
    _table: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        section = self.band.section
        angle = np.linspace(np.pi + PAST_THE_EDGE_RAD, -PAST_THE_EDGE_RAD, 40_001)
        c, s = np.cos(angle), np.sin(angle)
        power = 2 / section.exponent
        y = section.width_mm / 2 * np.sign(c) * np.abs(c) ** power
        r = section.thickness_mm / 2 * np.sign(s) * np.abs(s) ** power
        ny = np.sign(c) * np.abs(c) ** (2 - power) / section.width_mm
        nr = np.sign(s) * np.abs(s) ** (2 - power) / section.thickness_mm
        length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(y), np.diff(r)))])
        length -= length[len(length) // 2]
        size = np.hypot(ny, nr)
        object.__setattr__(self, "_table", np.stack([length, y, r, ny / size, nr / size]))

    @property
    def outer_radius_mm(self) -> float:
        return self.band.outer_radius_mm

    @property
    def middle_radius_mm(self) -> float:
        return self.outer_radius_mm - self.band.section.thickness_mm / 2

    @property
    def extent_us_mm(self) -> tuple[float, float]:
        """Size of the part that may be in view, around and along the section."""
        reach = (SIZE_PX[0] / 2 + 12) * UM_PER_PX / 1e3
        around = 2 * self.outer_radius_mm * float(np.arcsin(reach / self.middle_radius_mm))
        return around, 2 * float(self._table[0, -1])

    def polished(self, alpha: float) -> Surface:
        """A perfect surface that covers the view."""
        return Surface.polished(*self.extent_us_mm, alpha)

    def relief(self, surface: Surface) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Points (rows, columns, 3) in mm and outward normals of the displaced surface, posed, in local axes."""
        rows, columns = surface.shape
        s = (np.arange(rows) - (rows - 1) / 2) * STEP_MM
        a = (np.arange(columns) - (columns - 1) / 2) * STEP_MM / self.outer_radius_mm
        y, r, ny, nr = (np.interp(s, self._table[0], column)[:, None] for column in self._table[1:])
        height = surface.height_mm.astype(np.float64)
        radius = self.middle_radius_mm + r + height * nr
        points = np.stack(
            [radius * np.sin(a), np.broadcast_to(y + height * ny, height.shape), radius * np.cos(a)], -1
        ) - np.array([0, 0, self.outer_radius_mm])
        normals = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        turn = self.pose.rotation
        points = points @ turn.T + np.array([0, self.pose.shift_y_mm, 0])
        return points.astype(np.float32), (normals @ turn.T).astype(np.float32)

    def view(self, oversampling: int = 1) -> ShankView:
        """What each pixel (or each of oversampling**2 parts of it) sees of the undisturbed surface."""
        n = oversampling
        width, height = SIZE_PX[0] * n, SIZE_PX[1] * n
        step = UM_PER_PX / 1e3 / n
        x = (np.arange(width) - (width - 1) / 2)[None, :] * step
        y = (np.arange(height) - (height - 1) / 2)[:, None] * step - self.pose.shift_y_mm
        turn = np.radians(self.pose.turn_deg)
        along = x * np.cos(turn) + y * np.sin(turn)
        seen_across = y * np.cos(turn) - x * np.sin(turn)
        front = slice(*np.searchsorted(self._table[1], [-1, 1] * np.array(self.band.section.width_mm / 2 - 1e-9)))
        rock = np.radians(self.pose.rock_deg)
        across = seen_across / np.cos(rock)
        for _ in range(3 if rock else 0):
            # Rocked, what lies lower is seen further along; each round halves what is left many times over.
            radius = self.middle_radius_mm + np.interp(across, self._table[1, front], self._table[2, front])
            height = np.sqrt(np.maximum(radius**2 - along**2, 0)) - self.outer_radius_mm
            across = (seen_across + height * np.sin(rock)) / np.cos(rock)
        inside = np.abs(across) <= self.band.section.width_mm / 2
        s, r, ny, nr = (np.interp(across, self._table[1, front], self._table[k, front]) for k in (0, 2, 3, 4))
        radius = self.middle_radius_mm + r
        sine = np.clip(along / radius, -0.99, 0.99)
        cosine = np.sqrt(1 - sine**2)
        return ShankView(
            (np.arcsin(sine) * self.outer_radius_mm).astype(np.float32),
            s.astype(np.float32),
            inside,
            np.stack([nr * sine, ny, nr * cosine]).astype(np.float32),
            np.stack([cosine, np.zeros_like(ny), -sine]).astype(np.float32),
            np.stack([-ny * sine, nr, -ny * cosine]).astype(np.float32),
            (self.outer_radius_mm / radius).astype(np.float32),
            self.pose,
        )


@dataclass(frozen=True, slots=True, eq=False)
class ShankView:
    """Per pixel: the place (u, s), whether metal is there, unit normal and tangents (3, height, width), stretch."""

    u_mm: NDArray[np.float32]
    s_mm: NDArray[np.float32]
    inside: NDArray[np.bool_]
    normal: NDArray[np.float32]
    around: NDArray[np.float32]
    along_section: NDArray[np.float32]
    stretch: NDArray[np.float32]
    pose: Pose

    def look_up(self, values: NDArray, surface: Surface, exact: bool = False) -> NDArray:
        """Values of the maps of a surface at every pixel; `exact` for labels, which must not be mixed."""
        rows, columns = surface.shape
        x = self.u_mm / STEP_MM + (columns - 1) / 2
        y = self.s_mm / STEP_MM + (rows - 1) / 2
        how = cv2.INTER_NEAREST if exact else cv2.INTER_LINEAR
        return cv2.remap(values, x, y, how, borderMode=cv2.BORDER_REPLICATE)
