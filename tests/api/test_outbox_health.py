"""What waits in a station's outbox is delivered while it serves, and a monitor can see it."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
from served import serving

sys.path.insert(0, str(Path(__file__).parent.parent / "records"))

from made_entries import an_entry

from loupebox.station.settings import Settings
from loupebox.station.station_desk import outbox_of


def test_a_station_with_its_own_file_has_no_outbox(http: httpx.Client) -> None:
    assert http.get("/health").json()["outbox"] is None


def test_what_waits_is_delivered_while_the_station_serves(tmp_path: Path, postgres_log: str) -> None:
    kept = outbox_of(Settings(data_dir=tmp_path, database=postgres_log)).put(an_entry())
    with serving(tmp_path, database=postgres_log) as (url, log), httpx.Client(base_url=url, timeout=60) as client:
        for _ in range(1000):
            outbox = client.get("/health").json()["outbox"]
            if not outbox["waiting"]:
                break
        assert outbox == {"waiting": 0, "set_aside": 0, "server": "reached"}
        assert log.delivered(kept.origin) == 1
