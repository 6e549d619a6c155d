"""Fuzz the whole REST interface as every role, with a token of every scope and as nobody; print what came of it.

python benchmarks/fuzz_interface.py [--examples N] [--seed N] [--database URL]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "api"))

import made_pieces
from fuzzing import Fuzzed, fuzz
from made_people import CHEAP, PEOPLE, PIN
from routes import routes
from served import Station, serving

from loupebox.api.app import create_app
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.roles import PERMISSIONS, PERSONS_ONLY
from loupebox.station.settings import Settings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=100, help="cases of each operation and each person")
    parser.add_argument("--token-examples", type=int, default=10, help="the same with a token of one scope")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; else SQLite")
    given = parser.parse_args()
    in_all = Fuzzed()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database=given.database, **CHEAP)
        log = QcLog.open(settings.database_location, settings.frames_dir, settings.sign_in_rules)
        for name, roles in PEOPLE.items():
            log.people.add(name, roles, who="benchmark", pin=PIN)
        log.import_jobs([Job(id="J-1041", style="SOL6", quantity=20), Job(id="J-1042", style="BAND", quantity=40)])
        numbers = {made.piece: log.record(made_pieces.entry(made)) for made in made_pieces.DAY}
        log.close()
        every_route = routes(create_app(settings))
        with serving(Path(folder), database=given.database) as (url, served_log):
            station = Station(url, served_log, numbers, Path(folder))
            for_tokens = sorted(PERMISSIONS.keys() - PERSONS_ONLY)
            tokens = {f"a token for {scope}": frozenset({scope}) for scope in for_tokens}
            tokens["a token for all that tokens may"] = frozenset(for_tokens)
            for who in (None, *PEOPLE, *tokens):
                examples = given.token_examples if len(tokens.get(who or "", ())) == 1 else given.examples
                fuzzed = fuzz(station, every_route, who, examples, given.seed, tokens.get(who or ""))
                roles = ", ".join(PEOPLE.get(who, (who,))) if who else "nobody"
                statuses = ", ".join(f"{status}: {count}" for status, count in sorted(fuzzed.statuses.items()))
                wrong = len(fuzzed.failures)
                print(f"{roles:<44} {fuzzed.requests:>6} requests, {wrong} wrong ({statuses})", flush=True)
                in_all.add(fuzzed)
    for failure in dict.fromkeys(in_all.failures):
        print(failure)
    faults = sum(count for status, count in in_all.statuses.items() if status >= 500)
    took_s = time.perf_counter() - started
    wrong = len(in_all.failures)
    print(f"{in_all.requests} requests in {took_s:.0f} s: {faults} answers 5xx (goal 0), {wrong} wrong (goal 0)")
    return 1 if in_all.failures else 0


if __name__ == "__main__":
    sys.exit(main())
