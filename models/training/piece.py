"""A whole ring: band, galleries, prongs, stone, where it lies under the cameras, and its truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from loupebox.models.training.band import Band
from loupebox.models.training.brilliant import Cut, brilliant
from loupebox.models.training.mesh import Mesh, Points, joined, rotation, torus
from loupebox.models.training.prong import ProngBody, ProngForm, ProngState, prong


@dataclass(frozen=True, slots=True)
class Head:
    """The setting on the band; `prong_angles_deg` count counter-clockwise from +X seen from above.

    The stone may lie off the middle of its prongs by `stone_offset_mm` and be tilted about X, then Y, through the
    middle of its girdle.
    """

    cut: Cut
    form: ProngForm
    prong_angles_deg: tuple[float, ...]
    prong_states: tuple[ProngState, ...]
    girdle_height_mm: float
    has_stone: bool = True
    gallery_depths: tuple[float, ...] = (0.48, 0.78)
    gallery_wire_mm: float = 0.30
    stone_offset_mm: tuple[float, float] = (0.0, 0.0)
    stone_tilt_deg: tuple[float, float] = (0.0, 0.0)

    @property
    def stone_turn(self) -> Points:
        """Rotation matrix of the stone's tilt."""
        return rotation("y", self.stone_tilt_deg[1]) @ rotation("x", self.stone_tilt_deg[0])


@dataclass(frozen=True, slots=True)
class Pose:
    """How the piece lies: turned about X, then Y, then Z through the ring's centre, then shifted."""

    turn_xyz_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def matrix(self) -> Points:
        x, y, z = self.turn_xyz_deg
        return rotation("z", z) @ rotation("y", y) @ rotation("x", x)

    def apply(self, points_mm: Points) -> Points:
        return np.asarray(points_mm, float) @ self.matrix.T + np.asarray(self.shift_mm)

    def undo(self, points_mm: Points) -> Points:
        return (np.asarray(points_mm, float) - np.asarray(self.shift_mm)) @ self.matrix


@dataclass(frozen=True, slots=True)
class Piece:
    """A ring as it is; all truth is computed from these numbers."""

    band: Band
    head: Head | None = None
    pose: Pose = field(default_factory=Pose)

    @property
    def girdle_z_mm(self) -> float:
        """Height of the girdle plane over the ring's centre, before the pose; the band's top when there is no head."""
        return self.band.outer_radius_mm + (self.head.girdle_height_mm if self.head else 0.0)

    @property
    def stone_centre_mm(self) -> Points:
        x, y = self.head.stone_offset_mm if self.head else (0.0, 0.0)
        return self.pose.apply(np.array([x, y, self.girdle_z_mm]))

    @property
    def stone_axis(self) -> Points:
        """Unit vector normal to the girdle in the world, upward."""
        turn = self.head.stone_turn if self.head else np.eye(3)
        return self.pose.matrix @ turn @ np.array([0, 0, 1.0])


def prong_bodies(head: Head) -> list[ProngBody]:
    """Each prong turned to its angle, the girdle at z = 0."""
    bodies = []
    for angle, state in zip(head.prong_angles_deg, head.prong_states, strict=True):
        body, turn = prong(head.form, head.cut, state), rotation("z", angle)
        bodies.append(
            ProngBody(
                body.mesh.moved(turn),
                None if body.tip_centre_mm is None else turn @ body.tip_centre_mm,
                None if body.inmost_mm is None else turn @ body.inmost_mm,
                body.top_mm,
            )
        )
    return bodies


def _galleries(head: Head) -> list[Mesh]:
    """Rings of wire that tie the prongs together below the stone."""
    form, rings = head.form, []
    side = head.cut.radius_mm + form.seat * form.wire_radius_mm
    for depth in head.gallery_depths:
        radius = form.base_radius_mm + (side - form.base_radius_mm) * (1 - depth) ** 0.8 * 0.82
        rings.append(torus(radius, head.gallery_wire_mm, -depth * form.base_depth_mm))
    foot_z = -form.base_depth_mm + head.gallery_wire_mm
    return [*rings, torus(form.base_radius_mm, 1.25 * head.gallery_wire_mm, foot_z)]


def part_meshes(piece: Piece, around: int = 384, across: int = 48) -> dict[str, Mesh]:
    """Meshes "metal" (band and galleries), "prong" (all prongs) and "stone" in the world, those that the piece has."""
    parts = {"metal": [piece.band.mesh(around, across)], "prong": [], "stone": []}
    if piece.head:
        up = (0.0, 0.0, piece.girdle_z_mm)
        parts["metal"] += [m.moved(np.eye(3), up) for m in _galleries(piece.head)]
        parts["prong"] = [b.mesh.moved(np.eye(3), up) for b in prong_bodies(piece.head)]
        if piece.head.has_stone:
            place = np.array([*piece.head.stone_offset_mm, piece.girdle_z_mm])
            parts["stone"] = [brilliant(piece.head.cut).moved(piece.head.stone_turn, place)]
    return {name: joined(m).moved(piece.pose.matrix, piece.pose.shift_mm) for name, m in parts.items() if m}
