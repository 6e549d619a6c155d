"""Programs that are told what happens, over a real port."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from made_people import CHEAP
from served import Station

from loupebox.api.access import COOKIE
from loupebox.api.app import create_app
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings

HOOK = {"name": "erp", "address": "https://erp.example/hook", "actions": ["rework.*"]}


def test_a_subscriber_is_made_listed_and_retired(own_station: Station, own_http: httpx.Client) -> None:
    made = own_http.post("/api/v1/subscribers", json=HOOK)
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    (listed,) = own_http.get("/api/v1/subscribers").json()
    assert listed == made.json()["subscriber"]
    assert (listed["actions"], listed["waiting"], listed["dead"]) == (["rework.*"], 0, 0)
    assert own_http.post("/api/v1/subscribers/erp/retire").json()["name"] == "erp"
    assert own_http.get("/api/v1/subscribers").json() == []


def test_a_broker_has_no_secret_and_its_password_is_never_told(own_http: httpx.Client) -> None:
    address = "mqtt://shop:s3cret@broker.example/qc"
    made = own_http.post("/api/v1/subscribers", json={"name": "shop", "address": address})
    assert made.json()["secret"] is None
    assert "s3cret" not in made.text + own_http.get("/api/v1/subscribers").text


def test_what_cannot_work_is_said(own_http: httpx.Client) -> None:
    ftp = own_http.post("/api/v1/subscribers", json={**HOOK, "address": "ftp://x/"})
    assert (ftp.status_code, "allowed are URLs with http" in ftp.json()["detail"]) == (422, True)
    own_http.post("/api/v1/subscribers", json=HOOK)
    twice = own_http.post("/api/v1/subscribers", json=HOOK)
    assert (twice.status_code, "'erp' already" in twice.json()["detail"]) == (409, True)
    assert own_http.post("/api/v1/subscribers/nobody/retire").status_code == 404


def test_a_dead_letter_is_shown_and_sent_again_on_demand(
    recorded_day: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    shutil.copytree(recorded_day[0], tmp_path / "data")
    app = create_app(Settings(data_dir=tmp_path / "data", **CHEAP))
    log: QcLog = app.state.log
    log.subscribers.subscribe("shop", "http://127.0.0.1:9/hook", ["subscriber.added"], None, "Ada", from_start=True)
    (errand,) = log.subscribers.errands()
    chain, number, event = errand.events[0]
    log.subscribers.failed(errand, chain, number, "the receiver answered 410", for_good=True)

    async def ask() -> None:
        # Asked without a server there are no rounds of the station's own: nobody else takes the errand.
        cookies = {COOKIE: log.sessions.start(log.people.named("Meera"))}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://station", cookies=cookies
        ) as http:
            (letter,) = (await http.get("/api/v1/dead-letters")).json()
            assert (letter["event"], letter["error"]) == (event.number, "the receiver answered 410")
            again = await http.post(f"/api/v1/dead-letters/{letter['id']}/resend")
            assert again.json()["id"] == letter["id"]
            assert (await http.post("/api/v1/dead-letters/4711/resend")).status_code == 404

    with ThreadPoolExecutor() as elsewhere:  # the browser's tests may have a loop running in this thread
        elsewhere.submit(asyncio.run, ask()).result()
    log.close()


def test_only_who_may_manage_events_sees_them(station: Station) -> None:
    with station.client("Ben") as bench:
        assert bench.get("/api/v1/subscribers").status_code == 403
