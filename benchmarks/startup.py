"""Run the start-up check of the sample station through folder cameras, and print how long it takes.

python benchmarks/startup.py [--runs N]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from loupebox.station.settings import Settings
from loupebox.station.simulated_lightbox import SimulatedLightbox
from loupebox.station.startup import check_station, stored_cameras
from loupebox.station.startup_plan import StartUpPlan
from loupebox.station.workplace import Workplace

GOAL_S = 120.0
"""For the whole check; placing the three pieces by hand comes to what is measured here."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    settings = Settings.load()
    plan = StartUpPlan.read(settings.startup_file)
    took: list[float] = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder, SimulatedLightbox() as lightbox:
            start = time.perf_counter()
            workplace = Workplace.open(settings)
            cameras = stored_cameras(settings.startup_file.parent)
            found = check_station(plan, workplace, cameras, lightbox, Path(folder), lambda: datetime.now(UTC))
            took.append(time.perf_counter() - start)
    for step in found.steps:
        print(f"{'ok  ' if step.passed else 'FAIL'}  {step.name}: {step.found}")
    print(
        f"{len(found.steps)} steps, {'passed' if found.passed else 'failed'}; opening models included, median of "
        f"{options.runs} runs {statistics.median(took):.1f} s ({min(took):.1f} to {max(took):.1f} s), goal {GOAL_S:g} s"
    )


if __name__ == "__main__":
    main()
