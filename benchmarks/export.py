"""Exports need the same memory whatever their size: each form, of a tenth of the record and of all of it.

    python benchmarks/export.py [--inspections 3200] [--folder DIR]

An inspection has 20 measurements, 5 findings and 6 prongs: with itself 32 rows of CSV, 3200 inspections have 102 400.
Every export is a command of its own, `loupebox export`, and its memory the largest that the system saw of it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Check, Judgement, Limits, Verdict
from loupebox.station.export import FORMS
from loupebox.station.records.engine import open_database, writing
from loupebox.station.records.entry import InspectionEntry, SpecEntry
from loupebox.station.records.recording import insert_inspection
from loupebox.station.settings import Settings

FIRST_DAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
SPEC = SpecEntry("SOL6", "A", "Six-prong solitaire", "solitaire", "schema = 1\n", "benchmark", date(2026, 1, 1))
AT_ONCE = 400
"""Inspections in one transaction, since nobody waits for these."""
MAIN = "from loupebox.station.cli import main; main()"
MOST_MORE_MB = 10.0
"""What a tenfold export may need beside what a small one does: the buffers of the database, not the record."""


def entry(number: int, day: int) -> InspectionEntry:
    """A piece that passes."""
    length = Estimate(17.35, "mm", (Contribution("all of it", 0.004),))
    corners = tuple((float(k), float(k * k)) for k in range(24))
    checks = [Check(f"dimension_{k}_mm", Verdict.PASS, "inside", length, Limits(17.2, 17.5), 0.99) for k in range(20)]
    return InspectionEntry(
        station="benchmark",
        piece=f"P-{number}",
        job=f"J-{number // 50}",
        style="SOL6",
        captured_at=FIRST_DAY + timedelta(days=day, seconds=number),
        spec=SPEC,
        judgement=Judgement(tuple(checks)),
        measurements=tuple(Measurement(f"dimension_{k}_mm", length) for k in range(20)),
        prongs=tuple(Prong(k, 60.0 * k, "good", length_mm=length) for k in range(1, 7)),
        findings=(Finding("scratch", "shank", "coaxial", corners, 0.008, length, 0.05, 0.002, "A", 0.9),) * 5,
        frames=(),
        replay={"software": "0.1.0"},
        timings_ms={"all": 1234.5},
        report={"schema": 1, "piece": f"P-{number}", "reasons": ["long enough to be like a real one"] * 200},
    )


def exported(form: str, data: Path, out: Path, *options: str) -> tuple[float, float]:
    """Seconds and megabytes of one command."""
    start = time.perf_counter()
    command = [sys.executable, "-c", MAIN, "export", form, "--data", str(data), "--out", str(out)]
    process = subprocess.Popen([*command, *options])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"loupebox export {form} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspections", type=int, default=3200)
    parser.add_argument("--folder", type=Path, default=None, help="where to make the log; a temporary one by default")
    wanted = parser.parse_args()
    right = True
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        data = Path(name) / "data"
        settings = Settings(data_dir=data)
        engine = open_database(settings.database_location)
        for start in range(0, wanted.inspections, AT_ONCE):
            with writing(engine) as connection:
                for number in range(start, min(start + AT_ONCE, wanted.inspections)):
                    made = entry(number, day=int(number >= wanted.inspections // 10))
                    insert_inspection(connection, made, datetime.now(UTC))
        engine.dispose()
        for form in FORMS:
            out = Path(name) / f"results.{form}"
            _, small_mb = exported(form, data, out, "--until", f"{FIRST_DAY:%F}")
            seconds, all_mb = exported(form, data, out)
            with out.open("rb") as written:
                lines = sum(1 for _ in written)
            more = all_mb - small_mb
            right &= more <= MOST_MORE_MB
            print(
                f"{form:<6} {lines:8} lines {out.stat().st_size / 1e6:8.1f} MB in {seconds:6.1f} s   memory "
                f"{small_mb:6.1f} MB for a tenth, {all_mb:6.1f} MB for all: {more:+.1f} MB "
                f"(goal: at most {MOST_MORE_MB:g} more) {'met' if more <= MOST_MORE_MB else 'MISSED'}",
                flush=True,
            )
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
