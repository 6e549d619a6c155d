"""The shank under its camera: geometry, 2.5D shading, and the full render where Mitsuba is there."""

import numpy as np
import pytest

from loupebox.calibration.stripes import decode
from loupebox.models.training.band import Band, Section
from loupebox.models.training.shading import STRIPE_PERIOD_RAD, ShankLights, shade
from loupebox.models.training.shank_patch import seen_defects, true_masks
from loupebox.models.training.shank_shape import SIZE_PX, UM_PER_PX, Pose, ShankShape
from loupebox.models.training.surface_defect import POROSITY, STEP_MM
from loupebox.models.training.surface_defect_pores import gas_pore

BAND = Band(17.35, Section(2.2, 1.7))
POSE = Pose(0.12, 1.2, 1.5)
WIDTH, HEIGHT = SIZE_PX


@pytest.fixture(scope="module")
def marked():
    """A band with two gas pores, one small, one large, at known places."""
    shape = ShankShape(BAND, POSE)
    surface = shape.polished(0.01)
    rng = np.random.default_rng(5)
    assert gas_pore(surface, (-1.5, 0.2), 0.2, "a", rng)
    assert gas_pore(surface, (1.2, -0.3), 0.1, "a", rng)
    return shape, surface


def to_pixels(points_mm):
    return points_mm[..., :2] / (UM_PER_PX / 1e3) + (np.array(SIZE_PX) - 1) / 2


def test_metal_is_as_wide_as_the_band():
    shape = ShankShape(BAND)
    inside = shape.view().inside
    assert inside.sum(0) * UM_PER_PX / 1e3 == pytest.approx(2.2, abs=2 * UM_PER_PX / 1e3)
    # Turned by a small angle its vertical cut grows by one over the cosine; rocking narrows nothing that is seen here.
    turned = ShankShape(BAND, Pose(turn_deg=10.0)).view().inside.sum(0)[300:600] * UM_PER_PX / 1e3
    assert turned == pytest.approx(2.2 / np.cos(np.radians(10)), abs=2 * UM_PER_PX / 1e3)


def test_view_and_relief_agree_on_where_everything_is():
    """A place of the maps, carried to the picture by the mesh, is found by the pixels that look there."""
    shape = ShankShape(BAND, Pose(0.1, 1.5, 2.0))
    surface = shape.polished(0.01)
    points, normals = shape.relief(surface)
    view = shape.view()
    for row, column in ((400, 700), (445, 1029), (520, 1500)):
        x, y = np.rint(to_pixels(points[row, column])).astype(int)
        u = (column - (surface.shape[1] - 1) / 2) * STEP_MM
        s = (row - (surface.shape[0] - 1) / 2) * STEP_MM
        assert view.u_mm[y, x] == pytest.approx(u, abs=0.006)
        assert view.s_mm[y, x] == pytest.approx(s, abs=0.008)
        posed = shape.pose.rotation @ view.normal[:, y, x]
        assert posed == pytest.approx(normals[row, column], abs=0.02)
        assert normals[row, column, 2] > 0.5


def test_tangents_and_normals_are_square_units():
    view = ShankShape(BAND, POSE).view()
    for a, b, expected in (
        (view.normal, view.normal, 1), (view.around, view.around, 1), (view.along_section, view.along_section, 1),
        (view.normal, view.around, 0), (view.normal, view.along_section, 0), (view.around, view.along_section, 0),
    ):  # fmt: skip
        assert np.abs((a * b).sum(0)[view.inside] - expected).max() < 1e-5


def test_masks_show_the_pores_where_and_as_large_as_made(marked):
    shape, surface = marked
    label, instance, inside = true_masks(shape, surface)
    assert set(np.unique(label)) <= {0, POROSITY, 255}
    assert not label[~inside].any()
    seen = seen_defects(surface, instance)
    assert [d.kind for d in seen] == ["gas_porosity"] * 2
    for defect in seen:
        _, _, w, h = defect.box_xywh_px
        assert max(w, h) * UM_PER_PX / 1e3 == pytest.approx(defect.size_mm, abs=0.025)
        # Seen at a slant along y, hardly along x.
        assert w >= h - 2


def test_shaded_frames_carry_the_reflected_directions_phase(marked):
    shape, surface = marked
    lights = ShankLights()
    frames = shade(shape, surface, lights, 0.9)
    assert all(frame.shape == (HEIGHT, WIDTH) for frame in frames.values())
    stripes = decode([frames[f"stripes_x_{k}"] for k in range(4)])
    # Along the middle row a cylinder of the outer radius turns the reflection by twice the angle of its place.
    row = HEIGHT // 2 + round(POSE.shift_y_mm * 1e3 / UM_PER_PX)
    columns = np.arange(500, 800)
    phase = np.unwrap(stripes.phase_rad[row, columns].astype(float))
    angle = 2 * np.arcsin((columns - (WIDTH - 1) / 2) * UM_PER_PX / 1e3 / BAND.outer_radius_mm)
    expected = 2 * np.pi / STRIPE_PERIOD_RAD * angle
    difference = phase - expected
    assert np.ptp(difference) < 0.35
    assert (stripes.modulation[row, columns] / stripes.mean[row, columns]).min() > 0.6


def test_shading_is_darker_in_pores_and_nothing_beside_the_band(marked):
    shape, surface = marked
    frames = shade(shape, surface, ShankLights(), 0.9)
    label, _, inside = true_masks(shape, surface)
    assert frames["coaxial"][label == POROSITY].mean() < 0.6 * np.median(frames["coaxial"][200:240, 400:500])
    assert frames["backlight"][~inside].mean() > 0.98
    assert frames["backlight"][inside].mean() < 0.02
    assert frames["coaxial"][~inside].max() < 0.1


@pytest.mark.training
def test_the_full_render_agrees_with_the_shading(marked):
    mi = pytest.importorskip("mitsuba", reason="the virtual lightbox needs the training extra")
    pytest.importorskip("mitsuba_oidn", reason="the virtual lightbox needs the training extra")
    from loupebox.models.training.render import find_llvm
    from loupebox.models.training.shank_patch import render_shank

    if find_llvm() is None:
        pytest.skip("needs LLVM; scalar rendering takes minutes")
    assert mi is not None
    shape, surface = marked
    render = render_shank(shape.band, "platinum_950", surface, 1, shape.pose, samples=2)
    shaded = shade(shape, surface, ShankLights(), 0.74)
    clean = render.metal & (render.label == 0)
    clean &= shape.view().normal[2] > 0.85
    for light in ("coaxial", "stripes_x_1", "stripes_y_2"):
        difference = render.frames[light] - shaded[light]
        assert np.median(np.abs(difference[clean])) < 0.03, light
    assert np.abs(render.frames["backlight"] - shaded["backlight"])[:, 5:-5].mean() < 0.01
    # Phases must agree pixel by pixel: a mirrored axis or a shifted mask would show at once.
    for axis in "xy":
        one, two = (decode([f[f"stripes_{axis}_{k}"] for k in range(4)]).phase_rad for f in (render.frames, shaded))
        off = np.abs((one - two + np.pi) % (2 * np.pi) - np.pi)
        assert np.median(off[clean]) < 0.15
