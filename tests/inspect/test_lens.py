"""Pieces before a lens that bends straight lines measure as they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ring_pictures import as_frame, face_certificate
from scipy.special import ndtr

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.frame import LinearFrame
from loupebox.calibration.lens import Lens
from loupebox.calibration.pinhole import PinholeCamera
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.opening import Section
from loupebox.inspect.ring import RingShape, locate_ring
from loupebox.inspect.ring_measures import measure_ring
from loupebox.inspect.shank import measure_shank
from loupebox.inspect.straight import straight_shape

SIZE, UM_PER_PX, SIGMA = 800, 30.0, 1.0
LENS = Lens((SIZE, SIZE), 0.004, 0.0004, -0.0003)
FIELDS = {"lens_k1": LENS.k1, "lens_p1": LENS.p1, "lens_p2": LENS.p2, "lens_standard_uncertainty_px": 0.02}


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the picture lies in a straight one, x and y; the lens bends what is drawn, not its blur."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    straight = LENS.undistorted_px(np.column_stack([x.ravel(), y.ravel()]))
    return straight[:, 0].reshape(SIZE, SIZE), straight[:, 1].reshape(SIZE, SIZE)


def sharp(distance_px: np.ndarray) -> np.ndarray:
    return ndtr(distance_px / math.hypot(SIGMA, 12**-0.5))


def bent_ring(inner_mm: float, wall_mm: float, centre_px: tuple[float, float]) -> LinearFrame:
    x, y = grid()
    away, k = np.hypot(x - centre_px[0], y - centre_px[1]), UM_PER_PX / 1000
    inner, outer = inner_mm / 2 / k, (inner_mm / 2 + wall_mm) / k
    half = (SIGMA**2 + 1 / 12) / 2
    return as_frame(0.05 + 0.8 * (1 - sharp(outer - half / outer - away) + sharp(inner - half / inner - away)))


def bent(certificate: Certificate, **fields: object) -> Certificate:
    return Certificate.model_validate(certificate.model_dump(by_alias=True) | FIELDS | fields)


def found(frame: LinearFrame, certificate: Certificate) -> dict[str, Measurement]:
    results = measure_ring(frame, certificate, section=Section("court", 2.5, 1.7))
    return {r.name: r for r in results if isinstance(r, Measurement)}


@pytest.mark.parametrize("centre_px", [(399.5, 399.5), (380.2, 424.8)], ids=["middle", "aside"])
def test_a_ring_in_a_bent_picture_measures_as_it_is(centre_px: tuple[float, float]) -> None:
    frame = bent_ring(17.35, 1.7, centre_px)
    seen, straight = found(frame, face_certificate(UM_PER_PX)), found(frame, bent(face_certificate(UM_PER_PX)))
    truth = {"inner_diameter_mm": 17.35, "out_of_round_mm": 0.0, "shank_thickness_mm": 1.7, "outer_diameter_mm": 20.75}
    for name, value in truth.items():
        assert straight[name].estimate.value == pytest.approx(value, abs=0.0008), name
    # 4e-3 (289 / 565)^2 of 17.35 mm, less what the circle loses that it is no longer round.
    assert seen["inner_diameter_mm"].estimate.value - 17.35 > 0.015
    assert seen["shank_thickness_mm"].estimate.value - 1.7 > 0.002


def test_the_doubt_of_the_distortion_is_in_the_budget() -> None:
    frame = bent_ring(17.35, 1.7, (399.5, 399.5))
    lines = {
        name: {line.name: line.standard_uncertainty for line in result.estimate.budget}
        for name, result in found(frame, bent(face_certificate(UM_PER_PX))).items()
    }
    # A corner is 565.7 px out and unsure by 0.02 px; a radius of 289.2 px by (289.2 / 565.7)^3 of it.
    radius_um = 0.02 * (289.17 / 565.69) ** 3 * UM_PER_PX
    assert 1000 * lines["inner_diameter_mm"]["distortion of the lens"] == pytest.approx(2 * radius_um, rel=0.01)
    wall_um = radius_um * ((345.83 / 289.17) ** 3 - 1)
    assert 1000 * lines["shank_thickness_mm"]["distortion of the lens"] == pytest.approx(wall_um, rel=0.05)


def test_what_is_drawn_over_the_picture_stays_bent() -> None:
    frame = bent_ring(17.35, 1.7, (399.5, 399.5))
    shape = locate_ring(frame, bent(face_certificate(UM_PER_PX)))
    assert isinstance(shape, RingShape)
    straight = straight_shape(shape, LENS)
    x, y = (LENS.distorted_px(straight.inner_xy_px) - shape.centre_xy_px).T
    assert np.hypot(x, y) == pytest.approx(shape.inner.radius_px(np.arctan2(y, x)), abs=1e-3)
    assert np.abs(straight.inner_xy_px - shape.inner_xy_px).max() > 0.2


def test_a_shank_in_a_bent_picture_measures_as_it_is() -> None:
    _, y = grid()
    frame = 0.05 + 0.8 * (1 - sharp(y - 300.3) * sharp(480.3 - y))
    signal = np.asarray(frame, np.float32)
    straight = bent(face_certificate(UM_PER_PX), view="shank")
    results, _ = measure_shank(LinearFrame(signal, signal >= 1, "shank", "backlight"), straight)
    width, widest = results
    assert isinstance(width, Measurement)
    assert isinstance(widest, Measurement)
    assert width.estimate.value == pytest.approx(5.4, abs=0.001)
    assert widest.estimate.value == pytest.approx(5.4, abs=0.001)
    assert [c.name for c in width.estimate.budget][-1] == "distortion of the lens"


def test_there_and_back_is_where_it_was_and_a_pinhole_camera_bends_alike() -> None:
    rng = np.random.default_rng(5)
    points = rng.uniform(0, SIZE, (50, 2))
    assert LENS.undistorted_px(LENS.distorted_px(points)) == pytest.approx(points, abs=1e-8)
    camera = PinholeCamera(2400.0, 2400.0, 405.0, 390.0, -0.21, 0.09, 0.0008, -0.0005, 0.02)
    lens = camera.lens((SIZE, SIZE))
    assert lens.distorted_px(points) == pytest.approx(camera.distorted_px(points), abs=1e-8)
    assert lens.undistorted_px(points) == pytest.approx(camera.undistorted_px(points), abs=1e-7)
