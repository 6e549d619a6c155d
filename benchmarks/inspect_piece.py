"""Inspect one sample piece again and again, decoding included, and print where the time and the memory go.

python benchmarks/inspect_piece.py [--capture DIR] [--runs N]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from pathlib import Path

from loupebox.station.settings import SAMPLES_DIR, Settings
from loupebox.station.workplace import Workplace

GOAL_S, GOAL_GB = 3.0, 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--capture", type=Path, default=SAMPLES_DIR / "captures" / "sol6-good-yellow")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    start_s = time.perf_counter()
    workplace = Workplace.open(Settings.load())
    opened_s = time.perf_counter() - start_s
    first = workplace.inspect(options.capture)  # the first one also loads code and warms the models
    runs, cpu_s = [], []
    for _ in range(options.runs):
        before_s = time.process_time()
        runs.append(workplace.inspect(options.capture).timings_ms)
        cpu_s.append(time.process_time() - before_s)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    megabytes = sum(len(content) for content in first.capture.encoded.values()) / 1e6
    print(
        f"{options.capture.name} {first.outcome}, {len(first.capture.frames)} frames, {megabytes:.1f} MB; {cores} cores"
    )
    print(f"open models and calibration {opened_s * 1000:7.0f} ms, once")
    print(f"first piece                 {first.timings_ms['total']:7.0f} ms")
    for step in runs[0]:
        times_ms = sorted(run[step] for run in runs)
        print(f"{step:<27} {statistics.median(times_ms):7.0f} ms  ({times_ms[0]:.0f} to {times_ms[-1]:.0f})")
    median_s = statistics.median(run["total"] for run in runs) / 1000
    # Linux counts in KiB, macOS in bytes
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024) / 1e9
    print(f"CPU time a piece            {statistics.median(cpu_s) * 1000:7.0f} ms")
    goals = f"goals {GOAL_S:g} s and {GOAL_GB:g} GB"
    print(f"median of {options.runs} runs {median_s:.2f} s, peak memory {peak_gb:.2f} GB ({goals})")


if __name__ == "__main__":
    main()
