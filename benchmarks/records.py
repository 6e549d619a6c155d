"""How fast the QC log records and reads, everything on disk.

    python benchmarks/records.py [--pieces 300] [--filled 0] [--folder DIR]

Each inspection has 20 measurements, 5 findings, 6 prongs and 13 frame rows; the frames' files are timed on their own,
since their speed is the disk's. With `--filled N` the log holds N inspections before the reading is timed.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import LIGHTS
from loupebox.inspect.finding import Finding
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Check, Judgement, Limits, Verdict
from loupebox.station.records.engine import open_database, writing
from loupebox.station.records.entry import FrameEntry, InspectionEntry, SpecEntry
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.recording import insert_inspection

FIRST_DAY = datetime(2026, 1, 1, 8, tzinfo=UTC)
PIECES_A_DAY = 2000
FRAMES = 13
FRAME_BYTES = 400_000
SPEC = SpecEntry("SOL6", "A", "Six-prong solitaire", "solitaire", "schema = 1\n", "benchmark", date(2026, 1, 1))
OUTCOMES = (*[Verdict.PASS] * 17, Verdict.REVIEW, *[Verdict.FAIL] * 2)


def entry(number: int, frames: tuple[FrameEntry, ...]) -> InspectionEntry:
    """The inspection of one of many pieces: 85 % pass, 5 % are doubtful, 10 % fail."""
    outcome = OUTCOMES[number % len(OUTCOMES)]
    estimate = Estimate(17.35, "mm", (Contribution("all of it", 0.004),))
    checks = [Check(f"dimension_{k}_mm", Verdict.PASS, "inside", estimate, Limits(17.2, 17.5), 0.99) for k in range(19)]
    checks.append(Check("prong_3", outcome, "prong 3 at 150 deg"))
    corners = tuple((float(k), float(k * k)) for k in range(24))
    finding = Finding("gas_porosity", "shank", "coaxial", corners, 0.008, estimate, 0.05, 0.002, "A", 0.9)
    return InspectionEntry(
        station="benchmark",
        piece=f"P-{number}",
        job=f"J-{number // 50}",
        style="SOL6",
        captured_at=FIRST_DAY + timedelta(days=number // PIECES_A_DAY, seconds=10 * (number % PIECES_A_DAY)),
        spec=SPEC,
        judgement=Judgement(tuple(checks)),
        measurements=tuple(Measurement(f"dimension_{k}_mm", estimate) for k in range(20)),
        prongs=tuple(Prong(k, 60.0 * k, "good", length_mm=estimate) for k in range(1, 7)),
        findings=(finding,) * 5,
        frames=frames,
        replay={"software": "0.1.0", "models": {"head_parts": "ab" * 32, "surface": "cd" * 32}},
        timings_ms={"all": 1234.5},
        report={"schema": 1, "piece": f"P-{number}", "reasons": ["long enough to be like a real one"] * 200},
    )


def pictures(seed: int) -> tuple[FrameEntry, ...]:
    noise = random.Random(seed)
    contents = [noise.randbytes(FRAME_BYTES) for _ in range(FRAMES)]
    return tuple(
        FrameEntry("shank", light, sha256(content).hexdigest(), content, 896, 448)
        for light, content in zip(LIGHTS, contents, strict=False)
    )


def timed(act: Callable[[], object], times: int) -> Iterator[float]:
    for _ in range(times):
        start = time.perf_counter()
        act()
        yield (time.perf_counter() - start) * 1000


def show(what: str, milliseconds: Iterator[float]) -> None:
    """Wall time, and the processor's own, which a busy machine does not blur."""
    before = time.process_time()
    taken = np.array(list(milliseconds))
    own = (time.process_time() - before) * 1000 / len(taken)
    p50, p99 = np.percentile(taken, [50, 99])
    print(
        f"{what:<42} {1000 / taken.mean():6.0f} a second   p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   "
        f"processor {own:6.2f} ms   n {len(taken)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=300, help="inspections to record one by one")
    parser.add_argument("--filled", type=int, default=0, help="inspections in the log before reading is timed")
    parser.add_argument("--folder", type=Path, default=None, help="where to make the log; a temporary one by default")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        run(Path(name), wanted.pieces, wanted.filled)


def run(folder: Path, pieces: int, filled: int) -> None:
    engine = open_database(folder / "qc.sqlite")
    store = ImageStore(folder / "frames")
    log = QcLog(engine, store)
    print(f"{os.cpu_count()} processors, {folder}")

    shots = pictures(0)
    for frame in shots:
        store.write(frame.content, frame.sha256)
    numbers = iter(range(10**9))
    show("record, its frames already stored", timed(lambda: log.record(entry(next(numbers), shots)), pieces))
    with_rows_only = [entry(n, ()) for n in range(10**6, 10**6 + pieces)]
    waiting = iter(with_rows_only)
    show("record the rows without frames", timed(lambda: log.record(next(waiting)), pieces))
    seeds = iter(range(1, 10**6))
    shots_of = {seed: pictures(seed) for seed in range(1, 21)}
    show(
        f"record with {FRAMES} new frames of {FRAME_BYTES // 1000} kB",
        timed(lambda: log.record(entry(next(numbers), shots_of[next(seeds)])), 20),
    )

    fill(engine, numbers, filled, shots)
    day = log.latest_day()
    assert day is not None
    show("open one inspection", timed(lambda: log.inspection(1 + random.randrange(pieces)), 200))
    show("list 50 recent", timed(lambda: log.recent(50), 50))
    show(f"list a day ({len(log.pieces_of_day(day))} pieces)", timed(lambda: log.pieces_of_day(day), 10))
    show(f"a bench's queue ({len(log.rework.queue('setting'))} orders)", timed(lambda: log.rework.queue("setting"), 5))
    show("reviews that wait", timed(log.undecided, 5))
    show("defects by caster", timed(lambda: log.defect_counts("caster"), 5))
    log.close()


def fill(engine, numbers: Iterator[int], filled: int, shots: tuple[FrameEntry, ...]) -> None:
    """Many inspections, a thousand to a transaction, since nobody waits for these."""
    for _ in range(0, filled, 1000):
        with writing(engine) as connection:
            for _ in range(1000):
                insert_inspection(connection, entry(next(numbers), shots), datetime.now(UTC))


if __name__ == "__main__":
    main()
