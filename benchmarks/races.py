"""Two people do the same at the same moment, at two stations over one database: 200 tries of each, on both engines.

python benchmarks/races.py [--tries 200] [--database sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "api")]

from postgres_server import postgres_server  # noqa: E402
from races import RACES, two_stations  # noqa: E402

from loupebox.station.records.audit_log import AuditLog  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default=None, help="only this one")
    asked = parser.parse_args()
    wrong = 0
    for kind in ("sqlite", "postgresql") if asked.database is None else (asked.database,):
        serving: Any = postgres_server(options="") if kind == "postgresql" else nullcontext()
        with tempfile.TemporaryDirectory() as name, serving as server:
            folder = Path(name)
            database = server.owner_url(server.create_database()) if server else ""
            with two_stations(folder, database) as two:
                for race in RACES:
                    began, lost = time.perf_counter(), []
                    for turn in range(asked.tries):
                        try:
                            race(two, turn)
                        except AssertionError as error:
                            lost.append(f"try {turn}: {error}")
                    wrong += len(lost)
                    what, spent_s = race.__name__.replace("_", " "), time.perf_counter() - began
                    print(f"{kind}, {what:<32} {asked.tries} tries in {spent_s:.0f} s, {len(lost)} wrong (goal 0)")
                    print(*lost[:5], sep="\n", end="\n" if lost else "", flush=True)
            with AuditLog.open(database or folder / "qc.sqlite") as audit:
                faults = audit.verify().faults
            wrong += len(faults)
            print(f"{kind}, audit: {len(faults)} faults (goal 0)", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
