"""One diameter, ours beside others' and beside the Cramer-Rao bound, in one run.

python benchmarks/ruler.py [--draws N] [--peers PYTHON]

An annulus with a hole of about 1200 px in a 2048 px frame of 8 bit, exact area-sampled truth; the same with 12 blobs of
dirt on the edge and a light ramp of 20 %. PYTHON is an interpreter that has gaugefit and subpixel-edges, where somebody
wants to compare with them (this one, when left out); both are no part of Loupebox, and see the first 25 frames. Times
are of one core: wall clock, and CPU in brackets. A standard deviation of n draws is itself unsure by 1 / sqrt(2 n).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from ruler_bound import diameter_bound_px
from scipy.special import ndtr
from skimage.measure import CircleModel, find_contours

from loupebox.calibration.frame import LinearFrame
from loupebox.inspect.ring import locate_hole
from loupebox.inspect.silhouette import NoRing
from loupebox.models.training.exact_annulus import Annulus

SIZE_PX, DARK, BRIGHT = 2048, 0.06, 0.86
CASES = ((0.7, 0.005), (1.0, 0.01), (1.5, 0.02))
CENTRES, PEER_DRAWS = 5, 25
MM_PER_PX = 0.0145
GOALS = "goals: bias <= 0.3, std <= 1.2 x bound, <= 40 ms; with dirt and ramp: bias <= 0.5, std <= 1.4 x bound"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--peers", metavar="PYTHON", type=Path, default=Path(sys.executable))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{options.draws} draws; bias and std of the diameter in 10^-3 px; {GOALS}")
    for blur, noise in CASES:
        plain = [_clean(k, blur) for k in range(CENTRES)]
        for dirty in (False, True):
            bound = diameter_bound_px(600.0, blur, noise)
            print(
                f"\nblur {blur} px, noise {100 * noise:g} %{', 12 blobs, ramp 20 %' if dirty else ''}; bound", end=" "
            )
            print(f"{1e3 * bound:.2f}")
            frames = [_frame(plain[d % CENTRES], noise, dirty, d) for d in range(options.draws)]
            truth = np.array([2 * plain[d % CENTRES][0].inner_px for d in range(options.draws)])
            centres = [plain[d % CENTRES][0].centre_xy_px for d in range(options.draws)]
            ours = math.nan
            for name, diameter in METHODS.items():
                found, wall, cpu = _timed(diameter, frames)
                _say(name, found - truth, wall, cpu, bound)
                ours = cpu if math.isnan(ours) else ours
            for name, told in _peers(options.peers, frames[:PEER_DRAWS], centres[:PEER_DRAWS]).items():
                wall, cpu = (float(np.median(told[key])) for key in ("wall_ms", "cpu_ms"))
                found = np.array(told["diameter_px"])
                _say(name, found - truth[: len(found)], wall, cpu, bound)
                print(f"{'':36} takes {cpu / ours:.1f} x the CPU time of ours")


def _clean(k: int, blur_px: float) -> tuple[Annulus, np.ndarray]:
    rng = np.random.default_rng([7, k])
    x, y = SIZE_PX / 2 + rng.uniform(-5, 5, 2)
    inner = 600 + rng.uniform(-3, 3)
    annulus = Annulus((float(x), float(y)), float(inner), float(inner + 120), blur_px)
    return annulus, annulus.light(SIZE_PX)


def _frame(plain: tuple[Annulus, np.ndarray], noise: float, dirty: bool, seed: int) -> np.ndarray:
    """8 bit; noise as a part of the contrast."""
    annulus, light = plain[0], plain[1]
    rng = np.random.default_rng([8, seed])
    gain: np.ndarray | float = 1.0
    if dirty:
        light, gain = light.copy(), 1 + 0.2 * (np.arange(SIZE_PX) / SIZE_PX - 0.5)
        for _ in range(12):
            _blob(light, annulus, rng)
    picture = (DARK + (BRIGHT - DARK) * light) * gain + (BRIGHT - DARK) * noise * rng.standard_normal(light.shape)
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _blob(light: np.ndarray, annulus: Annulus, rng: np.random.Generator) -> None:
    """An opaque speck near the edge of the hole."""
    turn, radius = rng.uniform(0, 2 * np.pi), rng.uniform(2, 8)
    x = annulus.centre_xy_px[0] + annulus.inner_px * np.cos(turn) + rng.normal(0, 3)
    y = annulus.centre_xy_px[1] + annulus.inner_px * np.sin(turn) + rng.normal(0, 3)
    left, top = int(x) - 25, int(y) - 25
    row, column = np.mgrid[top : top + 51, left : left + 51]
    blur = np.hypot(annulus.blur_px, 12**-0.5)
    light[top : top + 51, left : left + 51] *= ndtr((np.hypot(column - x, row - y) - radius) / blur)


def _ours(pixels: np.ndarray) -> float:
    signal = pixels.astype(np.float32) / np.float32(255)
    hole = locate_hole(LinearFrame(signal, pixels == 255, "face", "backlight"), MM_PER_PX)
    return np.nan if isinstance(hole, NoRing) else 2 * float(hole[1].contour.cosines[0])


def _opencv(pixels: np.ndarray) -> float:
    _, dark = cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    contours, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes = [c for c, links in zip(contours, tree[0], strict=True) if links[3] >= 0]
    return float(np.mean(cv2.fitEllipse(max(holes, key=len))[1]))


def _skimage(pixels: np.ndarray) -> float:
    contours = find_contours(pixels.astype(float), 255 * (DARK + BRIGHT) / 2)
    inner = sorted(contours, key=len)[-2]
    return 2 * float(CircleModel.from_estimate(inner).radius)


METHODS: dict[str, Callable[[np.ndarray], float]] = {
    "Loupebox": _ours,
    "OpenCV Otsu, contour, fitEllipse": _opencv,
    "scikit-image find_contours, circle": _skimage,
}


def _timed(diameter: Callable[[np.ndarray], float], frames: list[np.ndarray]) -> tuple[np.ndarray, float, float]:
    found, wall, cpu = [], [], []
    diameter(frames[0])
    for pixels in frames:
        start, start_cpu = time.perf_counter(), time.thread_time()
        found.append(diameter(pixels))
        wall.append(1e3 * (time.perf_counter() - start))
        cpu.append(1e3 * (time.thread_time() - start_cpu))
    return np.array(found), float(np.median(wall)), float(np.median(cpu))


def _say(name: str, error_px: np.ndarray, wall_ms: float, cpu_ms: float, bound_px: float) -> None:
    error = 1e3 * error_px[np.isfinite(error_px)]
    std = float(error.std(ddof=1))
    lost = f", {len(error_px) - len(error)} not found" if len(error) < len(error_px) else ""
    ratio = std / (1e3 * bound_px)
    print(
        f"  {name:<36} bias {error.mean():9.2f} ± {2 * std / len(error) ** 0.5:<8.2f} std {std:8.2f} = {ratio:6.2f} ± "
        f"{ratio / (2 * len(error) - 2) ** 0.5:.2f} x bound   {wall_ms:6.1f} ms [{cpu_ms:.1f}]{lost}",
        flush=True,
    )


def _peers(python: Path, frames: list[np.ndarray], centres: list[tuple[float, float]]) -> dict[str, dict]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "frames.npz")
        np.savez(file, frames=np.stack(frames), centres=np.array(centres))
        script = Path(__file__).with_name("ruler_peers.py")
        done = subprocess.run([python, script, file], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
