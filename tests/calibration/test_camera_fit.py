"""A pinhole camera against exact truth, and against OpenCV's published set where its folder is named."""

from __future__ import annotations

import dataclasses
import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from boards import CAMERA, SIZE, pinhole_views
from hypothesis import given, settings
from hypothesis import strategies as st

from loupebox.calibration.board import BoardView, find_chessboard
from loupebox.calibration.camera_fit import NAMES, CameraFitError, fit_camera

OPENCV_SET = os.environ.get("LOUPEBOX_OPENCV_CALIBRATION")


def test_without_noise_the_camera_comes_back_to_the_last_digits() -> None:
    found = fit_camera(pinhole_views(8, 0.0), replicates=0)
    for name in NAMES:
        assert getattr(found.camera, name) == pytest.approx(getattr(CAMERA, name), rel=1e-6, abs=1e-6)
    assert found.rms_px < 1e-6
    assert not any(v.bad for v in found.views) or found.rms_px < 1e-6


def test_truth_lies_inside_the_stated_intervals_as_often_as_they_say() -> None:
    inside = dict.fromkeys(NAMES, 0)
    sets, corner = 24, np.zeros((1, 2))
    true, errors, stated = CAMERA.lens(SIZE), [], []
    for seed in range(sets):
        found = fit_camera(pinhole_views(10, 0.1, 1000 + seed), replicates=0)
        assert found.noise_px == pytest.approx(0.1, rel=0.08)
        for name, estimate in found.parameters.items():
            inside[name] += estimate.interval[0] <= getattr(CAMERA, name) <= estimate.interval[1]
        lens = dataclasses.replace(found.camera.lens(SIZE), centre_xy_px=true.centre_xy_px)
        errors.append(np.hypot(*(lens.distorted_px(corner) - true.distorted_px(corner))[0]))
        stated.append(found.corner_u_px)
    # The corner at 0, 0 is the farthest from the principal point.
    assert 0.6 < math.sqrt(np.mean(np.square(errors))) / np.mean(stated) < 1.5
    assert min(inside.values()) >= 0.79 * sets
    assert sum(inside.values()) >= 0.92 * sets * len(NAMES)


def test_bootstrap_and_normal_matrix_agree_where_corners_are_independent() -> None:
    found = fit_camera(pinhole_views(14, 0.1, 3), replicates=60)
    for name in ("fx_px", "cx_px", "cy_px", "k1"):
        assert 0.5 < found.bootstrap_u[name] / found.normal_matrix_u[name] < 2.2


def test_few_views_have_no_bootstrap_and_the_method_says_so() -> None:
    found = fit_camera(pinhole_views(5, 0.1, 3), replicates=20)
    assert found.bootstrap_u == {}
    assert "alone, for a bootstrap needs 8 views" in found.method
    assert "bootstrap of 20 draws" in fit_camera(pinhole_views(9, 0.1, 3), replicates=20).method


def test_a_view_with_shared_errors_is_named_and_left_out() -> None:
    views = pinhole_views(9, 0.1, 4)
    bent = np.array(views[5].image_xy_px)
    bent += 1.5 * np.sin(bent / 150.0)
    views[5] = dataclasses.replace(views[5], image_xy_px=bent)
    found = fit_camera(views, replicates=0)
    assert [v.name for v in found.views if v.bad] == ["view-5"]
    assert found.left_out == ("view-5",)
    assert found.noise_px == pytest.approx(0.1, rel=0.1)
    kept = fit_camera(views, replicates=0, without_bad=False)
    assert kept.left_out == ()
    assert kept.noise_px > 2 * found.noise_px


def test_the_tilt_of_each_view_is_known() -> None:
    found = fit_camera(pinhole_views(8, 0.05, 6), replicates=0)
    rng = np.random.default_rng(6)
    for view in found.views:
        true = rng.uniform(10, 35)
        rng.uniform(size=5)
        rng.normal(0, 0.05, (108, 2))
        assert abs(view.tilt.value - true) < 2 * view.tilt.expanded_uncertainty
        assert view.tilt.expanded_uncertainty < 0.2


def test_square_pixels_give_one_focal_length() -> None:
    found = fit_camera(pinhole_views(8, 0.1), fixed_aspect=True, replicates=0)
    assert found.camera.fx_px == pytest.approx(found.camera.fy_px, rel=1e-12)
    assert found.parameters["fx_px"].interval[0] <= 1500 <= found.parameters["fx_px"].interval[1]
    assert "square pixels" in found.method


@settings(max_examples=30, deadline=None)
@given(st.floats(0, SIZE[0] - 1), st.floats(0, SIZE[1] - 1))
def test_undistortion_is_the_inverse_of_distortion(x: float, y: float) -> None:
    point = np.array([[x, y]])
    assert np.abs(CAMERA.distorted_px(CAMERA.undistorted_px(point)) - point).max() < 1e-8


def test_straight_lines_are_straight_again() -> None:
    line = np.stack([np.linspace(30, 900, 50), np.linspace(700, 20, 50)], axis=1)
    bent = CAMERA.distorted_px(line)
    assert np.abs(np.polyval(np.polyfit(*bent.T, 1), bent[:, 0]) - bent[:, 1]).max() > 3
    straight = CAMERA.undistorted_px(bent)
    assert np.abs(np.polyval(np.polyfit(*straight.T, 1), straight[:, 0]) - straight[:, 1]).max() < 1e-8


def test_too_few_views_and_views_that_say_nothing_are_refused() -> None:
    with pytest.raises(CameraFitError, match="there are 3 views of 1 picture sizes; needed are 4"):
        fit_camera(pinhole_views(3, 0.1))
    mixed = pinhole_views(4, 0.1)
    mixed[0] = dataclasses.replace(mixed[0], size_px=(100, 100))
    with pytest.raises(CameraFitError, match="4 views of 2 picture sizes"):
        fit_camera(mixed)


@pytest.mark.skipif(not OPENCV_SET, reason="LOUPEBOX_OPENCV_CALIBRATION names no folder")
def test_agreement_with_the_published_set() -> None:
    folder = Path(str(OPENCV_SET))
    published = cv2.FileStorage(str(folder / "left_intrinsics.yml"), cv2.FILE_STORAGE_READ)
    matrix = published.getNode("camera_matrix").mat()
    pictures = [(p.name, cv2.imread(str(p), cv2.IMREAD_GRAYSCALE)) for p in sorted(folder.glob("left*.jpg"))]

    def views(window: int | None) -> list[BoardView]:
        found = [find_chessboard(name, grey, (10, 7), 25.0, window) for name, grey in pictures]
        return [v for v in found if isinstance(v, BoardView)]

    # With the window of the published set, its bad view and its focal length come back.
    as_published = fit_camera(views(11), fixed_aspect=True, without_bad=False, replicates=60)
    assert as_published.rms_px == pytest.approx(0.3926, abs=0.03)
    assert as_published.views[1].bad
    assert as_published.camera.fx_px == pytest.approx(matrix[0, 0], abs=1.0)
    # With windows that reach no neighbour no view is bad; both focal lengths lie inside each other's intervals.
    ours = fit_camera(views(None), fixed_aspect=True, replicates=60)
    assert not any(v.bad for v in ours.views)
    assert ours.rms_px < 0.2
    apart = abs(ours.camera.fx_px - matrix[0, 0])
    assert apart < np.hypot(
        ours.parameters["fx_px"].expanded_uncertainty, as_published.parameters["fx_px"].expanded_uncertainty
    )
