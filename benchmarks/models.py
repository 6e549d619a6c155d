"""How fast the shipped models are on a 5 megapixel view, and what memory that takes.

python benchmarks/models.py [--threads 2] [--repeats 3]

The surface model sees nine maps of a shank that fills 60 % of the frame, the head model a picture of a head.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from pathlib import Path

import numpy as np

from loupebox.models.runner import Model

MODELS = Path(__file__).parents[1] / "models"
SIZE, UM_PER_PX = (2048, 2448), 8.0
GOAL_S = 0.7
GOAL_MIB = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    total = 0.0
    for name in ("surface", "head_parts"):
        model = Model.load(MODELS / f"{name}.onnx", options.threads)
        image = rng.standard_normal((*SIZE, len(model.card.input.channels)), np.float32)
        image[: SIZE[0] // 5] = image[-SIZE[0] // 5 :] = 0
        model.segment(image[:256, :256], UM_PER_PX)
        walls, cores = [], []
        for _ in range(options.repeats):
            wall, core = time.perf_counter(), time.process_time()
            model.segment(image, UM_PER_PX)
            walls.append(time.perf_counter() - wall)
            cores.append(time.process_time() - core)
        total += min(walls)
        print(f"{name:<11} {model.card.version}: best {min(walls):.2f} s, median {statistics.median(walls):.2f} s, "
              f"{min(cores):.2f} s of processor time")  # fmt: skip
    print(f"both: {total:.2f} s with {options.threads} threads   goal <= {GOAL_S} s")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory: {memory:.0f} MiB at most   goal <= {GOAL_MIB} MiB")


if __name__ == "__main__":
    main()
