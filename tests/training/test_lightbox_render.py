"""The renderer against geometry: sizes, sides and labels come out where they were put."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mitsuba", reason="the virtual lightbox needs the training extra")

from loupebox.models.training import render
from loupebox.models.training.band import Band, Section
from loupebox.models.training.camera import face_camera, oblique_camera
from loupebox.models.training.light import Dome, directions
from loupebox.models.training.mesh import torus
from loupebox.models.training.metal import Metal, stone_bsdf
from loupebox.models.training.piece import Piece, Pose, part_meshes
from loupebox.models.training.style import STYLES, make

pytestmark = pytest.mark.training
METAL = Metal("platinum_950").bsdf()


def test_silhouette_gives_back_the_diameter_and_the_place():
    band = Band(17.35, Section(2.2, 1.7))
    mesh = part_meshes(Piece(band, pose=Pose(shift_mm=(0.53, 0, 2.31))), 720, 48)["metal"]
    camera = face_camera(100.0, 240)
    scene = render.build({"metal": (mesh, METAL, True)}, render.backlight_emitter(camera, 1.0), depth=4)
    light = render.picture(scene, camera, 64, 1, denoise=False, sampler="stratified").mean(2)
    y, x = np.mgrid[:240, :240]
    centre = camera.project(np.array([0.53, 0, 2.31]))
    hole = light * (np.hypot(x - centre[0], y - centre[1]) < 95)
    assert light.max() == pytest.approx(1.0, abs=1e-4)
    assert light[np.abs(np.hypot(x - centre[0], y - centre[1]) - 95) < 4].max() < 0.05
    assert 2 * np.sqrt(hole.sum() / np.pi) * 0.1 == pytest.approx(17.35, abs=0.01)
    assert (hole * x).sum() / hole.sum() == pytest.approx(centre[0], abs=0.02)
    assert (hole * y).sum() / hole.sum() == pytest.approx(centre[1], abs=0.02)


@pytest.mark.parametrize(("axis", "bright"), [(0, "right"), (1, "top")])
def test_light_comes_from_where_the_map_says(axis, bright):
    lit = np.where(directions(64)[..., axis : axis + 1] > 0.3, 1.0, 0.0) * np.ones(3)
    from loupebox.models.training.camera import top_camera

    scene = render.build({"metal": (torus(3, 1, 0, 64, 24), METAL, True)}, render.dome_emitter(Dome(lit, 0.0)))
    image = render.picture(scene, top_camera(250.0, 40, 0), 16, 1, denoise=False).mean(2)
    # The outer flank of the ring reflects what lies outward.
    side = {
        "right": image[15:25, 32:36],
        "left": image[15:25, 4:8],
        "top": image[4:8, 15:25],
        "bottom": image[32:36, 15:25],
    }
    other = {"right": "left", "top": "bottom"}[bright]
    assert side[bright].mean() > 0.3
    assert side[other].mean() < 0.1


def _nearest_part(origins: np.ndarray, direction: np.ndarray, meshes: dict) -> list[str]:
    """Moeller and Trumbore against every triangle, for every ray."""
    corners = np.concatenate([mesh.vertices_mm[mesh.faces] for mesh in meshes.values()])
    part = np.repeat(list(meshes), [len(mesh.faces) for mesh in meshes.values()])
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p = np.cross(direction, e2)
    det = np.einsum("ij,ij->i", e1, p)
    det[np.abs(det) < 1e-12] = np.nan
    names = []
    for origin in origins:
        s = origin - corners[:, 0]
        q = np.cross(s, e1)
        u, v = np.einsum("ij,ij->i", s, p) / det, q @ direction / det
        t = np.where((u >= 0) & (v >= 0) & (u + v <= 1), np.einsum("ij,ij->i", q, e2) / det, np.inf)
        nearest = int(np.argmin(t))
        names.append(str(part[nearest]) if np.isfinite(t[nearest]) else "")
    return names


def test_labels_are_what_pixel_centres_see():
    if render.mitsuba().variant().startswith("scalar"):
        pytest.skip("labels need a vectorised renderer, and this machine has no LLVM 15 or newer")
    piece, _ = make(STYLES["SOL4"], np.random.default_rng(4))
    meshes = part_meshes(piece, 96, 12)
    camera = oblique_camera(400.0, 26, piece.girdle_z_mm)
    parts = {name: (mesh, stone_bsdf() if name == "stone" else METAL, name != "stone") for name, mesh in meshes.items()}
    scene = render.build(parts, render.dome_emitter(Dome(np.ones((16, 32, 3)), 0.2)))
    names, points = render.seen(scene, camera)
    expected = np.array(_nearest_part(camera.ray_origins(), np.array(camera.forward), meshes)).reshape(26, 26)
    assert set(np.unique(expected)) == {"", "metal", "stone", "prong"}
    assert (names == expected).mean() > 0.998
    assert np.isnan(points[..., 0]).tolist() == (names == "").tolist()
    y, x = np.argwhere(names == "prong")[0]
    assert camera.project(points[y, x]) == pytest.approx((x, y), abs=1e-3)
