"""A defect seen on the surface, with its kind, place, size and zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from loupebox.calibration.estimate import Estimate
from loupebox.calibration.frame import Light, View

FindingKind = Literal["gas_porosity", "shrinkage_porosity", "scratch", "orange_peel", "dull_patch"]
"""Kinds of surface defect. The split of porosity into gas and shrinkage is a hint from the shape, never a certainty."""

Zone = Literal["A", "B", "C"]
"""A display side, B other visible sides, C hidden in wear."""

FINDING_KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
ZONES: tuple[Zone, ...] = get_args(Zone)


@dataclass(frozen=True, slots=True)
class Finding:
    """One connected surface defect.

    Parameters
    ----------
    kind : FindingKind
    view : View
        The view in which it was found.
    light : Light
        The light of that view in which a person sees it best.
    polygon_xy_px : tuple of (float, float)
        Outline in pixels of the frame, x to the right and y down, pixel centres at whole numbers; at least 3 points.
    mm_per_px : float
        Scale of that view, to turn the outline into millimetres.
    size_mm : Estimate
        Largest extent (maximum Feret diameter) of the region.
    width_mm : float
        Smallest extent (minimum Feret diameter) of the region.
    area_mm2 : float
    zone : Zone
    score : float
        Mean model probability inside the region, 0 to 1.
    """

    kind: FindingKind
    view: View
    light: Light
    polygon_xy_px: tuple[tuple[float, float], ...]
    mm_per_px: float
    size_mm: Estimate
    width_mm: float
    area_mm2: float
    zone: Zone
    score: float

    @property
    def box_xywh_px(self) -> tuple[float, float, float, float]:
        """Upright bounding box of the outline: left, top, width, height in pixels."""
        xs = [x for x, _ in self.polygon_xy_px]
        ys = [y for _, y in self.polygon_xy_px]
        return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)

    @property
    def box_xywh_mm(self) -> tuple[float, float, float, float]:
        """The same box in millimetres from the centre of the frame's first pixel."""
        x, y, w, h = self.box_xywh_px
        k = self.mm_per_px
        return x * k, y * k, w * k, h * k

    @property
    def polygon_xy_mm(self) -> tuple[tuple[float, float], ...]:
        """The outline in millimetres from the centre of the frame's first pixel."""
        return tuple((x * self.mm_per_px, y * self.mm_per_px) for x, y in self.polygon_xy_px)
