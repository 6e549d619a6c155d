"""The line to PostgreSQL breaks again and again while stations inspect: is every inspection there once, in order?

    python benchmarks/forwarding.py [--stations 3] [--pieces 2000] [--cuts 50]

A server of its own (the tests' wheel), fsync on; each break at a random byte, also between commit and answer.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "records")]

from forwarding_stations import inspect_through_cuts  # noqa: E402
from postgres_server import postgres_server  # noqa: E402
from rich.progress import Progress  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, default=3)
    parser.add_argument("--pieces", type=int, default=2000)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", ResourceWarning)
    logging.disable(logging.CRITICAL)  # every cut would be told with its traceback
    with tempfile.TemporaryDirectory() as folder, postgres_server(options="") as server, Progress() as bar:
        task = bar.add_task("inspecting", total=asked.pieces)
        began = time.perf_counter()
        told = inspect_through_cuts(
            server.owner_url(server.create_database()), Path(folder), asked.stations, asked.pieces, asked.cuts,
            asked.seed, lambda count: bar.advance(task, count),
        )  # fmt: skip
        spent = time.perf_counter() - began
    recorded = sum(map(len, told.recorded.values()))
    print(
        f"{asked.pieces} inspections at {asked.stations} stations, the line broke {told.cuts} times, "
        f"{told.rounds_that_failed} deliveries were given up and tried again, in {spent:.0f} s:\n"
        f"{recorded} recorded, {told.set_aside} set aside, each once and in order: {told.once_and_in_order}"
    )
    return 0 if told.once_and_in_order and told.cuts == asked.cuts else 1


if __name__ == "__main__":
    sys.exit(main())
