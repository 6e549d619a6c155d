"""One prong: a wire that rises beside the girdle and leans over the crown, with faults of exact size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loupebox.models.training.brilliant import Cut
from loupebox.models.training.mesh import Mesh, Points, capped_tube

SIDES = 40
CAP_RINGS = 12


@dataclass(frozen=True, slots=True)
class TipForm:
    """How a prong ends.

    Parameters
    ----------
    share : float
        Radius at the tip, of the wire's.
    narrow : float
        Over how many wire radii the wire comes to that.
    reach : float
        How far the end stands out beyond the tip's centre, of the tip's radius: 1 a ball, less is blunter.
    square : float
        Power of the section: 1 is round, 0.5 nearly square.
    depth : float
        Thickness at the tip across the crown, of its width.
    waist : float
        Share of the radius that a neck behind the tip takes away.
    bevel : float
        Share of the radius that a flat end keeps after a straight chamfer; 0 for an end that is rounded.
    """

    share: float = 0.88
    narrow: float = 2.2
    reach: float = 1.0
    square: float = 1.0
    depth: float = 1.0
    waist: float = 0.0
    bevel: float = 0.0


@dataclass(frozen=True, slots=True)
class ProngForm:
    """What all prongs of a head share.

    `base_radius_mm` and `base_depth_mm` place the foot from the stone's axis and below the girdle plane; `seat` is
    the part of the wire's radius that the bearing leaves outside the girdle.
    """

    wire_radius_mm: float
    base_radius_mm: float
    base_depth_mm: float
    tip: TipForm = TipForm()
    seat: float = 0.45
    belly: float = 0.62

    @property
    def tip_radius_mm(self) -> float:
        return self.wire_radius_mm * self.tip.share


@dataclass(frozen=True, slots=True)
class ProngState:
    """How one prong stands: reach over the stone seen from above, its tip's sideways offset and rise, or broken off."""

    length_mm: float
    bend_mm: float = 0.0
    lift_mm: float = 0.0
    broken: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ProngBody:
    """The mesh of a prong about the stone's axis, with its girdle at z = 0, towards +X.

    `tip_centre_mm` is the centre of the tip's ball, `inmost_mm` the vertex nearest to the axis, `top_mm` the height of
    the tip's highest vertex; all None when broken.
    """

    mesh: Mesh
    tip_centre_mm: Points | None
    inmost_mm: Points | None
    top_mm: float | None


def _centre_line(form: ProngForm, cut: Cut, length_mm: float) -> Points:
    """Points (n, 2) of (distance from the axis, height), from the foot to the centre of the tip's ball."""
    side = cut.radius_mm + form.seat * form.wire_radius_mm
    foot = (form.base_radius_mm, -form.base_depth_mm)
    rise = (side, -0.35 * form.wire_radius_mm - cut.girdle_half_mm)
    knee = ((1 - form.belly) * foot[0] + form.belly * side, 0.45 * foot[1])
    tip_r = cut.radius_mm - length_mm + form.tip_radius_mm
    clearance = 0.88 * form.tip_radius_mm / np.cos(np.radians(cut.crown_deg))
    if tip_r < side - 0.05:
        tip = (tip_r, cut.crown_height_mm(tip_r) + clearance)
        corner = (side, cut.crown_height_mm(side) + clearance)
        control = [foot, knee, rise, corner, ((corner[0] + tip[0]) / 2, (corner[1] + tip[1]) / 2), tip]
    else:
        control = [foot, knee, rise, (tip_r, cut.girdle_half_mm + 0.5 * form.wire_radius_mm)]
    line = np.array(control, float)
    for _ in range(5):
        cut_points = np.stack([0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]], 1)
        line = np.concatenate([line[:1], cut_points.reshape(-1, 2), line[-1:]])
    return line


def _resampled(line: Points, step_mm: float) -> Points:
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    at = np.linspace(0, along[-1], max(8, int(along[-1] / step_mm)))
    return np.stack([np.interp(at, along, line[:, k]) for k in range(line.shape[1])], -1)


def prong(form: ProngForm, cut: Cut, state: ProngState) -> ProngBody:
    """The prong at angle 0; a broken one ends 0.35 mm of wire below the girdle, whatever its other numbers say."""
    plane = _resampled(_centre_line(form, cut, state.length_mm), 0.05)
    line = np.stack([plane[:, 0], np.zeros(len(plane)), plane[:, 1]], -1)
    if state.broken:
        line = line[line[:, 2] < -cut.girdle_half_mm - 0.35 - form.wire_radius_mm]
    else:
        over = np.flatnonzero(line[:, 2] > -cut.girdle_half_mm)
        free = np.zeros(len(line))
        free[over] = ((over - over[0]) / (len(line) - 1 - over[0])) ** 1.4
        line += free[:, None] * np.array([0.2 * state.lift_mm, state.bend_mm, state.lift_mm])
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    form_of_tip, wire = form.tip, form.wire_radius_mm
    narrow = np.clip((along - along[-1]) / (form_of_tip.narrow * wire) + 1, 0, 1)
    radius = wire + (form.tip_radius_mm - wire) * narrow
    neck = (along - along[-1] + 1.5 * form.tip_radius_mm) / (0.8 * form.tip_radius_mm)
    radius *= 1 - form_of_tip.waist * np.exp(-(neck**2))
    forward = line[-1] - line[-2]
    forward /= np.linalg.norm(forward)
    # The end: rings closer together towards the pole.
    angle = np.linspace(0, np.pi / 2, CAP_RINGS + 2)[1:-1]
    reach = radius[-1] * form_of_tip.reach
    if form_of_tip.bevel:
        out, close = np.sin(angle), 1 - (1 - form_of_tip.bevel) * np.sin(angle)
    else:
        out, close = np.sin(angle), np.cos(angle) ** max(form_of_tip.reach, 0.3)
    line_all = np.concatenate([line, line[-1] + reach * out[:, None] * forward])
    radius_all = np.r_[radius, radius[-1] * close]
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    tangent = np.concatenate([tangent, np.repeat(forward[None], len(angle), 0)])
    across = np.array([0, 1.0, 0]) - tangent * tangent[:, 1:2]
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    outward = np.cross(across, tangent)
    turn = 2 * np.pi * np.arange(SIDES) / SIDES
    c, s = (np.sign(f) * np.abs(f) ** form_of_tip.square for f in (np.cos(turn), np.sin(turn)))
    depth = 1 + (form_of_tip.depth - 1) * np.r_[narrow, np.ones(len(angle))]
    rings = line_all[:, None] + radius_all[:, None, None] * (
        c[None, :, None] * across[:, None] + (depth[:, None] * s)[:, :, None] * outward[:, None]
    )
    mesh = capped_tube(rings, line[0], line[-1] + reach * forward)
    if state.broken:
        return ProngBody(mesh, None, None, None)
    high = mesh.vertices_mm[mesh.vertices_mm[:, 2] > 0]
    inmost = high[np.hypot(high[:, 0], high[:, 1]).argmin()]
    return ProngBody(mesh, line[-1], inmost, float(rings[-len(angle) - 1 :, :, 2].max()))
