"""A bag of sample pieces from the scan to the closing, in a browser: actions a piece, and when its verdict is seen.

python benchmarks/bag.py --pieces 20
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "api"))

from bag_run import work_through  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from served import Station, serving  # noqa: E402

from loupebox.station.records.job import Job  # noqa: E402
from loupebox.station.settings import SAMPLES_DIR  # noqa: E402

GOALS = {"PASS": 0, "REVIEW": 1, "FAIL": 2, "REFUSED": 0}
SEEN_AFTER_MS = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--style", default="BAND", choices=("BAND", "SOL4", "SOL6"))
    given = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        print("no Chromium was found; install Debian's package chromium", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data", tray_dir=SAMPLES_DIR / "captures") as (
            url,
            log,
        ),
    ):
        log.people.add("Ina", ("inspector",), who="benchmark", pin="271828")
        log.import_jobs([Job(id="B-1", style=given.style, quantity=given.pieces)])
        station = Station(url, log, {}, Path(folder) / "data")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path, args=["--headless=new", "--disable-gpu"], chromium_sandbox=False
            )
            context = browser.new_context(base_url=url)
            context.set_default_timeout(120_000)
            (session,) = station.session("Ina").items()
            context.add_cookies([{"name": session[0], "value": session[1], "url": url}])
            run = work_through(context.new_page(), "B-1", most=20 * given.pieces)
            browser.close()
        closed = log.bags.bag("B-1").closing
    kept = closed is not None
    print(
        f"{given.pieces} pieces of {given.style}: {len(run.verdicts)} looks, bag {'closed' if kept else 'NOT closed'}"
    )
    for outcome, most in GOALS.items():
        made = run.decisions.get(outcome, [])
        if made:
            print(f"  {outcome:<8} {len(made):>3} looks, actions each at most {max(made)} (goal {most})")
            kept = kept and max(made) <= most
    seen = sorted(run.seen_after_ms)
    median, worst = seen[len(seen) // 2], seen[-1]
    print(f"  verdict on the screen after the inspection ended: median {median:.0f} ms, worst {worst:.0f} ms", end=" ")
    print(f"(goal {SEEN_AFTER_MS} ms)")
    return 0 if kept and median <= SEEN_AFTER_MS else 1


if __name__ == "__main__":
    sys.exit(main())
