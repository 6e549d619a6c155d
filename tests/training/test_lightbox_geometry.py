"""The pieces of the virtual lightbox against their own numbers: no renderer needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.models.training.band import Band, Section
from loupebox.models.training.brilliant import GIRDLE_SIDES, Cut, brilliant, facets
from loupebox.models.training.camera import face_camera, oblique_camera, top_camera
from loupebox.models.training.head_recipe import FAMILIES, LIGHTS, random_head, tip_form
from loupebox.models.training.heads import truth_of
from loupebox.models.training.mesh import joined, torus
from loupebox.models.training.piece import Pose, part_meshes
from loupebox.models.training.prong import ProngForm, ProngState, prong

CUT = Cut(6.5)
FORM = ProngForm(0.42, 1.15, 3.2)


def test_bands_hole_has_its_diameter_and_its_walls_their_thickness():
    mesh = Band(17.35, Section(2.2, 1.7)).mesh(around=720, across=64)
    radius = np.hypot(mesh.vertices_mm[:, 0], mesh.vertices_mm[:, 2])
    assert mesh.is_watertight
    assert 2 * radius.min() == pytest.approx(17.35, abs=1e-9)
    assert radius.max() - radius.min() == pytest.approx(1.7, abs=1e-9)
    assert np.ptp(mesh.vertices_mm[:, 1]) == pytest.approx(2.2, abs=1e-9)


def test_elliptic_section_has_the_torus_volume():
    band = Band(18.0, Section(2.8, 1.6, exponent=2.0))
    exact = 2 * np.pi * (9.0 + 0.8) * np.pi * 1.4 * 0.8
    assert band.mesh(around=720, across=256).volume_mm3 == pytest.approx(exact, rel=3e-4)


def test_bent_band_says_its_inscribed_circle_and_its_diameters():
    band = Band(18.2, Section(2.8, 1.6), ovality_mm=0.045, ovality_angle_deg=30)
    vertices = band.mesh(around=1440, across=64).vertices_mm
    angle = np.degrees(np.arctan2(vertices[:, 2], vertices[:, 0]))
    radius = np.hypot(vertices[:, 0], vertices[:, 2])
    inner = radius[np.abs(vertices[:, 1]) < 1e-12].reshape(1440, 2).min(1)
    diameters = inner + np.roll(inner, 720)
    assert diameters.max() - diameters.min() == pytest.approx(band.out_of_round_mm, abs=1e-6)
    assert 2 * inner.min() == pytest.approx(band.inscribed_diameter_mm, abs=1e-6)
    assert abs((angle[radius.argmin()] - 30) % 180 - 90) < 0.3  # the narrow waist lies a quarter turn on


def test_brilliant_is_closed_with_57_facets_and_its_proportions():
    stone = brilliant(CUT)
    z = stone.vertices_mm[:, 2]
    assert stone.is_watertight
    assert len(facets(CUT)) == 57 + GIRDLE_SIDES
    assert z.max() == pytest.approx(0.43 * 3.25 * np.tan(np.radians(34.5)) + 0.0975, abs=1e-6)
    assert z.min() == pytest.approx(-3.25 * np.tan(np.radians(40.75)) - 0.0975, abs=1e-6)
    table = stone.vertices_mm[z > z.max() - 1e-6]
    assert len(table) == 8
    assert np.hypot(table[:, 0], table[:, 1]) == pytest.approx(0.57 * 3.25, abs=1e-6)
    # The trade's own rule: a round brilliant of 6.5 mm weighs a carat.
    assert stone.volume_mm3 * 3.51 / 200 == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("family", [name for names in FAMILIES.values() for name in names])
@pytest.mark.parametrize("state", [ProngState(0.7), ProngState(0.7, 0.5), ProngState(0.7, 0, 0.4), ProngState(0.1)])
def test_prong_is_closed_whatever_its_fault(family, state):
    body = prong(ProngForm(0.42, 1.15, 3.2, tip_form(family, np.random.default_rng(1))), CUT, state)
    assert body.mesh.is_watertight
    assert body.mesh.volume_mm3 > 0


@settings(max_examples=30, deadline=None)
@given(length=st.floats(0.45, 1.1), bend=st.floats(-0.8, 0.8), lift=st.floats(0, 0.6))
def test_prongs_faults_have_exactly_their_size(length, bend, lift):
    straight, faulty = prong(FORM, CUT, ProngState(length)), prong(FORM, CUT, ProngState(length, bend, lift))
    assert straight.inmost_mm is not None
    assert straight.tip_centre_mm is not None
    assert faulty.tip_centre_mm is not None
    assert CUT.radius_mm - np.hypot(*straight.inmost_mm[:2]) == pytest.approx(length, abs=1e-3)
    moved = faulty.tip_centre_mm - straight.tip_centre_mm
    assert moved[1] == pytest.approx(bend, abs=1e-9)
    assert moved[2] == pytest.approx(lift, abs=1e-9)


def test_broken_prong_ends_below_the_girdle():
    body = prong(FORM, CUT, ProngState(0.7, broken=True))
    assert body.mesh.is_watertight
    assert body.mesh.vertices_mm[:, 2].max() < -CUT.girdle_half_mm - 0.3
    assert body.inmost_mm is None


def test_joined_meshes_keep_their_volumes():
    a, b = torus(3, 0.4, 0), torus(1, 0.2, 2)
    assert joined([a, b]).volume_mm3 == pytest.approx(a.volume_mm3 + b.volume_mm3)
    assert joined([a, b]).is_watertight


@given(x=st.floats(-5, 5), y=st.floats(-5, 5), z=st.floats(8, 16))
def test_cameras_see_the_world_as_agreed(x, y, z):
    point = np.array([x, y, z])
    u, v = (top_camera(16, 704, 13).project(point) - 351.5) * 0.016
    assert (u, -v) == pytest.approx((x, y), abs=1e-9)
    u, v = (oblique_camera(16, 704, 13).project(point) - 351.5) * 0.016
    assert (u, -v) == pytest.approx((x, (y + (z - 13)) * np.sqrt(0.5)), abs=1e-9)
    u, v = (face_camera(17, 1600, 2).project(point) - 799.5) * 0.017
    assert (u, -v) == pytest.approx((x, z - 2), abs=1e-9)


@given(st.tuples(*[st.floats(-20, 20)] * 3), st.tuples(*[st.floats(-3, 3)] * 3))
def test_pose_can_be_undone(turn, shift):
    points = np.array([[1.0, 2, 3], [-4, 5, 6]])
    pose = Pose(turn, shift)
    assert pose.undo(pose.apply(points)) == pytest.approx(points, abs=1e-9)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_random_heads_are_closed_and_their_truth_is_in_the_picture(split):
    for seed in range(12):
        drawn = random_head(split, np.random.default_rng(seed))
        for mesh in part_meshes(drawn.piece, 48, 16).values():
            assert mesh.volume_mm3 > 0
        camera = top_camera(32, 352, drawn.piece.girdle_z_mm)
        truth = truth_of(drawn.piece, {"top": camera}, drawn.states, drawn.length_nominal_mm)
        prongs = truth["prongs"]
        assert [p["index"] for p in prongs] == list(range(1, len(drawn.states) + 1))
        assert [p["angle_deg"] for p in prongs] == sorted(p["angle_deg"] for p in prongs)
        for p in prongs:
            foot = np.array(p["foot_px"]["top"]) - truth["middle_px"]["top"]
            assert 0.032 * np.hypot(*foot) == pytest.approx(truth["stone"]["diameter_mm"] / 2, rel=2e-3)
            if p["state"] != "missing":
                assert min(p["tip_px"]["top"]) > 0
                assert max(p["tip_px"]["top"]) < 351
                inmost = np.array(p["inmost_px"]["top"]) - truth["stone"]["centre_px"]["top"]
                reach = truth["stone"]["diameter_mm"] / 2 - 0.032 * np.hypot(*inmost)
                assert reach == pytest.approx(p["length_mm"], abs=0.02)  # the pose tilts by a degree


def test_training_never_sees_what_validation_and_test_hold_back():
    seen = {split: [random_head(split, np.random.default_rng(k)) for k in range(60)] for split in FAMILIES}
    families = {split: {head.family for head in heads} for split, heads in seen.items()}
    lights = {split: {head.light for head in heads} for split, heads in seen.items()}
    assert families["train"] == set(FAMILIES["train"])
    assert lights["train"] == set(LIGHTS["train"])
    assert families["test"] == set(FAMILIES["test"])
    assert not families["test"] & (families["train"] | families["validation"])
    assert families["validation"] > set(FAMILIES["validation"])
    assert "bars" in lights["test"]
    assert "bars" not in lights["train"] | lights["validation"]
    assert "led_ring" in lights["validation"] - lights["train"]


def test_a_tilted_stone_leaves_its_prongs_where_they_are():
    drawn = random_head("train", np.random.default_rng(2))
    assert drawn.piece.head is not None
    level, tilted = (
        replace(drawn.piece, head=replace(drawn.piece.head, stone_tilt_deg=tilt, has_stone=True))
        for tilt in ((0.0, 0.0), (6.0, 0.0))
    )
    assert np.array_equal(part_meshes(level)["prong"].vertices_mm, part_meshes(tilted)["prong"].vertices_mm)
    turn = np.degrees(np.arccos(level.stone_axis @ tilted.stone_axis))
    assert turn == pytest.approx(6.0, abs=1e-6)
