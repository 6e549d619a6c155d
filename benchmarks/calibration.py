"""Print how the calibrations agree with published numbers and with made truth.

python benchmarks/calibration.py [--opencv DIR]

DIR is OpenCV's published set: left01.jpg to left14.jpg, a chessboard of 9 x 6 inner corners of 25 mm, and its
left_intrinsics.yml.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.special import ndtr

from loupebox.calibration.backlight import backlight_gap
from loupebox.calibration.board import BoardView, find_chessboard
from loupebox.calibration.camera_fit import CameraFit, fit_camera
from loupebox.calibration.photon_transfer import ExposureStep, photon_transfer
from loupebox.calibration.propagation import Input
from loupebox.calibration.slanted_edge import SlantedEdge, slanted_edge

TESTS = Path(__file__).parent.parent / "tests" / "calibration"
TRACED_UM = {1: 0.3, 2: 0.4, 4: 1.5, 8: 6.6, 15: 22.0, 30: 86.0}


def sharpness() -> None:
    print("MTF50 by slanted edge, cycles/px (analytic: Gaussian blur and square pixel)")
    fine = (np.arange(8) - 3.5) / 8
    y, x = np.mgrid[:200, :200].astype(float)
    tilt = math.radians(5)
    for sigma, oracle in ((0.7, 0.2471), (1.0, 0.1800), (1.5, 0.1227)):
        picture = np.zeros_like(x)
        for dy in fine:
            for dx in fine:
                picture += ndtr(((x + dx - 100) * math.cos(tilt) - (y + dy - 100) * math.sin(tilt)) / sigma) / 64
        found = slanted_edge((0.1 + 0.7 * picture).astype(np.float32))
        assert isinstance(found, SlantedEdge)
        e = found.mtf50
        print(f"  sigma {sigma:3.1f} px: {e.value:.4f} ± {e.expanded_uncertainty:.4f}, analytic {oracle:.4f}")


def backlight() -> None:
    print("gain of a hole by the backlight's cone, um (path-traced comfort-fit ring of 17.35 mm)")
    known = Input("radius of the metal's edge", 1.26, 0.06)
    for angle, traced in TRACED_UM.items():
        cells = []
        for gap in (backlight_gap(angle), backlight_gap(angle, 0.0, known)):
            refused = isinstance(gap, str)
            cells.append("refused" if refused else f"{1000 * gap.value:.1f} ± {1000 * gap.expanded_uncertainty:.1f}")
        print(
            f"  half-angle {angle:2d}°: traced {traced:5.1f}; section unknown {cells[0]:>12}; r 1.26 mm {cells[1]:>12}"
        )


def sensor() -> None:
    sys.path.insert(0, str(TESTS))
    from virtual_sensor import VirtualSensor

    print("photon transfer of 300 virtual sensors (K 0.25 DN/e-, dark noise 7 e-, full well 14 000 e-)")
    inside = {"gain": 0, "dark noise": 0, "full well": 0}
    runs = 300
    for seed in range(runs):
        v = VirtualSensor(seed=500 + seed, shape=(80, 80))

        def pair(ms: float, n: int, v: VirtualSensor = v) -> ExposureStep:
            frames = v.frame(1000 * ms, 2 * n), v.frame(1000 * ms, 2 * n + 1)
            return ExposureStep.of_pair(*frames, max(ms, 0.1), v.full_scale)

        light = [pair(ms, i) for i, ms in enumerate(np.linspace(0.4, 17, 24))]
        found = photon_transfer(light, [pair(0.0, 100 + i) for i in range(4)])
        for name, e, true in (
            ("gain", found.gain, 0.25),
            ("dark noise", found.dark_noise, 7.0),
            ("full well", found.saturation_capacity, 14_000.0),
        ):
            inside[name] += e is not None and e.interval[0] <= true <= e.interval[1]
    print("  truth inside the stated interval: " + ", ".join(f"{n} {k} of {runs}" for n, k in inside.items()))


WAYS = ((11, False, True), (11, True, True), (5, True, True), (None, True, True), (None, True, False))
"""Half-width of the corner window in px, whether bad views are left out, whether pixels are square."""


def published(folder: Path) -> None:
    storage = cv2.FileStorage(str(folder / "left_intrinsics.yml"), cv2.FILE_STORAGE_READ)
    k, d = storage.getNode("camera_matrix").mat(), storage.getNode("distortion_coefficients").mat().ravel()
    print("OpenCV's published set, 13 views")
    print(
        f"  published: f {k[0, 0]:.2f}  c {k[0, 2]:.2f} {k[1, 2]:.2f}  k1 {d[0]:.4f}  "
        f"RMS {storage.getNode('avg_reprojection_error').real():.3f}"
    )
    pictures = [(p.name, cv2.imread(str(p), cv2.IMREAD_GRAYSCALE)) for p in sorted(folder.glob("left*.jpg"))]
    fits: list[CameraFit] = []
    for window, without, aspect in WAYS:
        found = [find_chessboard(name, grey, (10, 7), 25.0, window) for name, grey in pictures]
        views = [v for v in found if isinstance(v, BoardView)]
        fits.append(fit_camera(views, fixed_aspect=aspect, without_bad=without))
        said = f"window {window or 'fitting'}, {'square pixels' if aspect else 'free aspect'}"
        left = f", without {len(fits[-1].left_out)} bad views" if fits[-1].left_out else ""
        print(f"  {said}{left}\n{_row(fits[-1])}")
    wide, fitting = fits[0], fits[3]
    windows = {v.name: v.window_px for v in views}
    bad = [v.name for v in wide.views if v.bad]
    named = ", ".join(f"{n} (fitting: {windows[n]} px)" for n in bad)
    moved = wide.camera.fx_px - fitting.camera.fx_px
    by_noise, by_views = (abs(moved) / u["fx_px"] for u in (wide.normal_matrix_u, wide.bootstrap_u))
    print("  why they differ:")
    print(f"  - a corner window of 11 px is too wide for {named}: it reaches for the next corner.")
    print(
        f"    RMS {wide.rms_px:.3f} against {fitting.rms_px:.3f}; f {moved:+.2f} px, which is {by_noise:.1f} u of the"
    )
    print(f"    normal matrix and {by_views:.1f} u of the bootstrap")
    apart = fits[1].camera.fx_px - fits[2].camera.fx_px
    print(
        f"  - RMS is not accuracy: {fits[1].rms_px:.3f} and {fits[2].rms_px:.3f} are nearly the same, and f differs by "
        f"{apart:.2f} px,\n    {abs(apart) / fits[2].normal_matrix_u['fx_px']:.1f} u of the corners' noise"
    )
    ratio = fits[4].parameters["fy_px"].value / fits[4].parameters["fx_px"].value - 1
    print(
        f"  - the aspect hardly matters here: fitted freely, fy/fx - 1 = {ratio:.1e}; the distortion model is the same"
    )


def _row(fit: CameraFit) -> str:
    def with_u(name: str, digits: int) -> str:
        e = fit.parameters[name]
        return f"{e.value:.{digits}f} ± {e.expanded_uncertainty:.{digits}f}"

    bad = ", ".join(v.name for v in fit.views if v.bad) or "none"
    return (
        f"    f {with_u('fx_px', 2)} (u: normal matrix {fit.normal_matrix_u['fx_px']:.2f}, bootstrap "
        f"{fit.bootstrap_u['fx_px']:.2f})  c {with_u('cx_px', 2)}, {with_u('cy_px', 2)}\n"
        f"    k1 {with_u('k1', 4)}  RMS {fit.rms_px:.3f}  bad views: {bad}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opencv", type=Path, metavar="DIR")
    options = parser.parse_args()
    sharpness()
    backlight()
    sensor()
    if options.opencv is not None:
        published(options.opencv)


if __name__ == "__main__":
    main()
