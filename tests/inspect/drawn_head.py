"""Heads drawn with exact geometry: what a perfect network would say of the top and oblique views."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loupebox.calibration.certificate import Certificate
from loupebox.inspect.head_thresholds import POINTERS, HeadThresholds
from loupebox.inspect.spec import Head, Range
from loupebox.models.look import Look, Pointing

CROWN = math.tan(math.radians(34.5))
THRESHOLDS = HeadThresholds(0.5, 0.5, 0.005, 0.01, 0.015, 0.015, 0.025, 1.0, 1.0, 1.0, 0.01, 0.5, 0.01, 2.0, 2.0, 0.005)
FACTOR = 2
"""Frame pixels a pixel of the model."""
POINTING_PX, SURE_PX = 12.0, 0.3
BALL_MM = 0.32


@dataclass(frozen=True)
class DrawnProng:
    angle_deg: float
    length_mm: float = 0.65
    bend_mm: float = 0.0
    lift_mm: float = 0.0

    def balls(self, radius_mm: float) -> np.ndarray:
        """Centres (n, 3) along its middle line: up beside the girdle, over a round knee, along the crown to the tip."""
        reach = radius_mm - self.length_mm + BALL_MM
        side = radius_mm + 0.14
        tip_z = resting_height_mm(self.length_mm) - BALL_MM
        corner = (side, tip_z - CROWN * (side - reach))
        half = (side - 0.4 * (side - reach), corner[1] + 0.4 * (tip_z - corner[1]))
        line = np.array([(side, -0.5), (side, corner[1] - 0.25), corner, half, (reach, tip_z)])
        for _ in range(4):
            cut = np.stack([0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]], 1)
            line = np.concatenate([line[:1], cut.reshape(-1, 2), line[-1:]])
        along = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
        at = np.linspace(0, along[-1], 20)
        x, z = np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])
        free = np.clip((at - 0.6) / (at[-1] - 0.6), 0, 1) ** 1.4
        y, z = self.bend_mm * free, z + self.lift_mm * free
        a = math.radians(self.angle_deg)
        return np.stack([x * math.cos(a) - y * math.sin(a), x * math.sin(a) + y * math.cos(a), z], 1)

    def points(self, radius_mm: float, stone_xy_mm: tuple[float, float]) -> np.ndarray:
        """Middle of the tip's ball, the point as far in as it reaches, and the place at the girdle (3, 3)."""
        tip = self.balls(radius_mm)[-1]
        inward = np.array(stone_xy_mm) - tip[:2]
        a = math.radians(self.angle_deg)
        return np.array([
            tip, [*(tip[:2] + BALL_MM * inward / np.hypot(*inward)), tip[2]],
            [radius_mm * math.cos(a), radius_mm * math.sin(a), 0],
        ])  # fmt: skip


def resting_height_mm(length_mm: float) -> float:
    """Of the top of a good prong's ball over the girdle: its ball touches a crown of 34.5 degrees."""
    return (length_mm - BALL_MM) * CROWN + BALL_MM / math.cos(math.radians(34.5)) + BALL_MM


@dataclass(frozen=True)
class DrawnHead:
    """About the middle of both frames; y to the back."""

    prongs: tuple[DrawnProng, ...]
    diameter_mm: float = 6.5
    centre_xy_mm: tuple[float, float] = (0.0, 0.0)
    stone_offset_xy_mm: tuple[float, float] = (0.0, 0.0)
    has_stone: bool = True
    slope_xy: tuple[float, float] = (0.0, 0.0)
    """How much the stone's girdle rises to the right and to the back."""
    table: float = 0.57
    """Distance of the table's corners from its middle, as a share of the radius."""
    more_stones: tuple[tuple[float, float, float], ...] = ()
    """Middle and diameter of each stone beside the one in the middle, in mm."""

    def draw(self, um_per_px: float = 16.0, size_px: int = 560, elevation_deg: float = 45.0) -> list[Look]:
        """What a perfect model says of the top and the oblique view."""
        e = math.radians(elevation_deg)
        canvas = Canvas(um_per_px / 1e3, size_px)
        ups = np.array((0.0, 1.0, 0.0)), np.array((0.0, math.sin(e), math.cos(e)))
        planes = [self._view(canvas, ups[0], 1.0, False), self._view(canvas, ups[1], math.sin(e), True)]
        return [self._look(canvas, plane, up) for plane, up in zip(planes, ups, strict=True)]

    def _look(self, canvas: "Canvas", probabilities: np.ndarray, up: np.ndarray) -> Look:
        """The probabilities with the pixels near each tip pointing at its middle, inmost point and foot."""
        middle = (len(canvas.x) - 1) / 2
        tips = [p.points(self.diameter_mm / 2, self.stone_offset_xy_mm) for p in self.prongs]
        places = np.array(tips).reshape(-1, 3, 3) + np.array([*self.centre_xy_mm, 0])
        xy = np.stack([middle + places[..., 0] / canvas.k, middle - places @ up / canvas.k], -1)
        y, x = (np.mgrid[: len(canvas.x) // FACTOR, : len(canvas.x) // FACTOR] + 0.5) * FACTOR - 0.5
        nearest, owner = np.full(x.shape, np.inf), np.zeros(x.shape, int)
        for k, tip in enumerate(xy):
            away = np.hypot(x - tip[0, 0], y - tip[0, 1]) / FACTOR
            owner[away < nearest] = k
            nearest = np.minimum(nearest, away)
        at = np.concatenate([xy, np.zeros((1, 3, 2))])[owner]
        near = np.kron(nearest < POINTING_PX, np.ones((FACTOR, FACTOR))).astype(np.float32)
        return Look(
            probabilities,
            {"tip": near, "table": self._table(canvas) if up[2] == 0 else np.zeros_like(near)},
            {
                name: Pointing(at[..., k, :].astype(np.float32), np.full(x.shape, SURE_PX, np.float32), FACTOR)
                for k, name in enumerate(POINTERS)
            },
        )

    @property
    def crown_mm(self) -> tuple[float, float]:
        """Width of the crown, and height of the table over the middle of the girdle."""
        width = self.diameter_mm / 2 * (1 - self.table)
        return width, CROWN * width + 0.015 * self.diameter_mm

    def _table(self, canvas: "Canvas") -> np.ndarray:
        """From above: an octagon, which a tilt carries sideways."""
        height, apothem = self.crown_mm[1], self.table * self.diameter_mm / 2 * math.cos(math.pi / 8)
        x = canvas.x - self.centre_xy_mm[0] - self.stone_offset_xy_mm[0] + height * self.slope_xy[0]
        y = canvas.v - self.centre_xy_mm[1] - self.stone_offset_xy_mm[1] + height * self.slope_xy[1]
        sides = [x * math.cos(a) + y * math.sin(a) - apothem for a in np.pi / 4 * np.arange(8)]
        return canvas.coverage(np.max(sides, axis=0)).astype(np.float32) * self.has_stone

    def _view(self, canvas: "Canvas", up: np.ndarray, flat: float, oblique: bool) -> np.ndarray:
        radius, (cx, cy) = self.diameter_mm / 2, self.centre_xy_mm
        stone, prong, behind = canvas.empty(), canvas.empty(), canvas.empty()
        if self.has_stone:
            ox, oy = cx + self.stone_offset_xy_mm[0], cy + self.stone_offset_xy_mm[1]
            sheared = self.slope_xy[0] * up[2] * (canvas.x - ox)
            stone = canvas.ellipse(ox, oy * flat + sheared, radius, radius * (flat + self.slope_xy[1] * up[2]))
        for x, y, diameter in self.more_stones:
            stone = np.minimum(stone, canvas.ellipse(x, y * flat, diameter / 2, diameter / 2 * flat))
        for p in self.prongs:
            balls = p.balls(radius) + np.array([cx, cy, 0])
            # Behind the stone, what stands outside the girdle is seen only above the stone's edge.
            hidden = oblique & (balls[:, 1] > cy) & (np.hypot(balls[:, 0] - cx, balls[:, 1] - cy) > radius)
            canvas.join(behind, balls[hidden][:, 0], balls[hidden] @ up)
            canvas.join(prong, balls[~hidden][:, 0], balls[~hidden] @ up)
        stone_p, prong_p = canvas.coverage(stone), canvas.coverage(prong)
        prong_p = np.maximum(prong_p, np.minimum(canvas.coverage(behind), 1 - stone_p))
        stone_p = np.minimum(stone_p, 1 - prong_p)
        return np.stack([1 - stone_p - prong_p, np.zeros_like(stone_p), stone_p, prong_p], -1).astype(np.float32)


class Canvas:
    """Signed distances in mm, negative inside, at the pixels of a frame whose middle is the origin."""

    def __init__(self, mm_per_px: float, size_px: int) -> None:
        self.k = mm_per_px
        across = (np.arange(size_px) - (size_px - 1) / 2) * mm_per_px
        self.x, self.v = np.meshgrid(across, -across)

    def empty(self) -> np.ndarray:
        return np.full(self.x.shape, 1e3)

    def ellipse(self, x: float, v: float | np.ndarray, a: float, b: float) -> np.ndarray:
        """To first order, which is exact on the outline."""
        u, w = (self.x - x) / a, (self.v - v) / b
        rho = np.maximum(np.hypot(u, w), 1e-6)
        return (rho - 1) * rho / np.maximum(np.hypot(u / a, w / b), 1e-6)

    def join(self, distance: np.ndarray, x: np.ndarray, v: np.ndarray) -> None:
        """Add a chain of balls, each joined to the next."""
        if len(x) == 0:
            return
        near = (np.abs(self.x - x.mean()) < 1.8) & (np.abs(self.v - v.mean()) < 1.8)
        rows, columns = (np.flatnonzero(near.any(axis=1 - axis)) for axis in (0, 1))
        window = np.ix_(rows, columns)
        px, pv = self.x[window], self.v[window]
        for x0, v0, x1, v1 in zip(x[:-1], v[:-1], x[1:], v[1:], strict=True):
            dx, dv = x1 - x0, v1 - v0
            along = np.clip(((px - x0) * dx + (pv - v0) * dv) / max(dx * dx + dv * dv, 1e-12), 0, 1)
            apart = np.hypot(px - x0 - along * dx, pv - v0 - along * dv) - BALL_MM
            distance[window] = np.minimum(distance[window], apart)

    def coverage(self, distance: np.ndarray) -> np.ndarray:
        """One half on the outline, over about as many pixels as a lens spreads it."""
        return 1 / (1 + np.exp(np.clip(distance / (0.5 * self.k), -30, 30)))


def pattern(count: int = 6, first_deg: float = 30.0, turn_deg: float = 0.0) -> list[DrawnProng]:
    return [DrawnProng((first_deg + turn_deg + k * 360 / count) % 360) for k in range(count)]


def changed(prongs: Sequence[DrawnProng], index: int, **changes: float) -> tuple[DrawnProng, ...]:
    """The pattern with the prong of this index, from 1, replaced."""
    values = {"angle_deg": prongs[index - 1].angle_deg} | changes
    return (*prongs[: index - 1], DrawnProng(**values), *prongs[index:])


def sheet(count: int = 6, first_deg: float = 30.0, diameter_mm: float = 6.5) -> Head:
    """The head of a spec sheet for these drawings."""
    return Head(
        prong_count=count,
        first_prong_deg=first_deg,
        stone_diameter_mm=diameter_mm,
        tip_height_mm=resting_height_mm(0.65),
        prong_length_mm=Range(lower=0.4, upper=0.9),
        bend_mm=Range(upper=0.25),
        lift_mm=Range(upper=0.18),
    )


def certificate(
    view: str, um_per_px: float = 16.0, elevation_deg: float = 45.0, elevation_u_deg: float = 0.05
) -> Certificate:
    data = {
        "schema": 1,
        "certificate_id": f"drawn {view}",
        "station": "test",
        "view": view,
        "camera_serial": "T-1",
        "artefact": "arithmetic",
        "issued_by": "test",
        "issued_at": "2026-10-01T00:00:00+00:00",
        "valid_until": "2027-04-01T00:00:00+00:00",
        "scale_um_per_px": um_per_px,
        "scale_standard_uncertainty_um_per_px": um_per_px * 5e-5,
        "elevation_deg": 90.0 if view == "top" else elevation_deg,
        "elevation_standard_uncertainty_deg": elevation_u_deg,
        "dark_level_dn": 2.0,
        "edge_sigma_px": 0.75,
    }
    return Certificate.parse(json.dumps(data), "drawn")
