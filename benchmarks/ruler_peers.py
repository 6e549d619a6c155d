"""Diameters by gaugefit and subpixel-edges, run by `ruler.py` with an interpreter that has them.

python benchmarks/ruler_peers.py FRAMES.npz     prints one line of JSON
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np


def main() -> None:
    stored = np.load(sys.argv[1])
    frames, centres = stored["frames"], stored["centres"]
    print(json.dumps({name: _timed(method, frames, centres) for name, method in _methods().items()}))


def _methods() -> dict[str, Callable[[np.ndarray, np.ndarray], float]]:
    methods: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {}
    try:
        import gaugefit

        gaugefit.set_num_threads(1)

        def by_gaugefit(pixels: np.ndarray, centre: np.ndarray) -> float:
            finder = gaugefit.CircleFinder((float(centre[0]), float(centre[1])), 600.0, n=720, polarity="light_to_dark")
            return 2 * float(finder.run(pixels).shape.radius)

        methods["gaugefit n=720"] = by_gaugefit
    except ImportError:
        pass
    try:
        # It is older than numpy 1.24, which dropped the name.
        np.int = int  # type: ignore[attr-defined]  # noqa: NPY001
        from subpixel_edges import subpixel_edges

        def by_partial_area(pixels: np.ndarray, centre: np.ndarray) -> float:
            edges = subpixel_edges(pixels.astype(float), 40, 1, 2)
            x, y = edges.x - centre[0], edges.y - centre[1]
            near = np.abs(np.hypot(x, y) - 600) < 30
            a = np.column_stack([x[near], y[near], np.ones(int(near.sum()))])
            p, *_ = np.linalg.lstsq(a, x[near] ** 2 + y[near] ** 2, rcond=None)
            return 2 * float(np.sqrt(p[2] + (p[0] ** 2 + p[1] ** 2) / 4))

        methods["subpixel-edges, circle"] = by_partial_area
    except ImportError:
        pass
    return methods


def _timed(method: Callable[[np.ndarray, np.ndarray], float], frames: np.ndarray, centres: np.ndarray) -> dict:
    method(frames[0], centres[0])
    told: dict[str, list[float]] = {"diameter_px": [], "wall_ms": [], "cpu_ms": []}
    for pixels, centre in zip(frames, centres, strict=True):
        start, start_cpu = time.perf_counter(), time.process_time()
        try:
            diameter = method(pixels, centre)
        except Exception:
            diameter = float("nan")
        told["diameter_px"].append(diameter)
        told["wall_ms"].append(1e3 * (time.perf_counter() - start))
        told["cpu_ms"].append(1e3 * (time.process_time() - start_cpu))
    return told


if __name__ == "__main__":
    main()
