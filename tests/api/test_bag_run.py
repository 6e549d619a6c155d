"""A bag of sample pieces from the scan to the closing, in a browser, on the factory's code path."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bag_run import work_through
from made_people import PIN
from opened_pages import OpenPage
from served import Station, serving

from loupebox.station.records.job import Job
from loupebox.station.settings import SAMPLES_DIR

PIECES = ("band-good-yellow", "band-borderline", "band-light-missing", "band-good-platinum", "band-gas-porosity")
"""Looked at in this order; the one that is refused is placed again, and the next capture is of the same piece."""


def test_a_bag_from_the_scan_to_the_closing(tmp_path: Path, open_page: OpenPage) -> None:
    tray = tmp_path / "tray"
    tray.mkdir()
    for place, name in enumerate(PIECES):
        (tray / f"{place}-{name}").symlink_to(SAMPLES_DIR / "captures" / name)
    with serving(tmp_path / "data", tray_dir=tray) as (url, log):
        log.people.add("Ina", ("inspector",), who="tests", pin=PIN)
        log.import_jobs([Job(id="J-500", style="BAND", quantity=4)])
        page = open_page(Station(url, log, {}, tmp_path / "data"), "Ina")
        run = work_through(page, "J-500")
        bag = log.bags.bag("J-500")
        page.context.close()  # before the station stops
    assert run.verdicts == ["PASS", "REVIEW", "REFUSED", "PASS", "FAIL"]
    assert run.decisions == {"PASS": [0, 0], "REVIEW": [1], "REFUSED": [0], "FAIL": [1]}
    assert bag.closing is not None
    assert Counter(piece.state for piece in bag.pieces) == {"passed": 2, "accepted": 1, "in rework": 1}
    counted = {outcome: max(made) for outcome, made in run.decisions.items()}
    print(f"decisions a piece at most: {counted}; verdict seen after {max(run.seen_after_ms):.0f} ms at most")
