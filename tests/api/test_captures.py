"""Captures handed in over REST are inspected and recorded once; what is hostile is refused and leaves nothing."""

from __future__ import annotations

import io
import json
import resource
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import Station, serving

from loupebox.station.settings import SAMPLES_DIR

PATH = "/api/v1/captures"
ZIP = {"Content-Type": "application/zip"}
SAMPLE = SAMPLES_DIR / "captures" / "band-small"
PROBLEM = "application/problem+json"


def zipped(folder: Path, change: dict[str, bytes] | None = None) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir())} | (change or {})
        for name, content in contents.items():
            opened.writestr(name, content)
    return archive.getvalue()


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    return answer.json()["detail"]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads are unpacked; every test leaves it empty."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.fixture
def fresh(tmp_path: Path, recorded_day: tuple[Path, dict[str, int]], temporary: Path) -> Iterator[Station]:
    """A station of the tests' people that has recorded nothing yet."""
    with serving(tmp_path / "data") as (url, log):
        log.people.add("Ina", ("inspector",), who="tests", pin="271828")
        log.people.add("Ben", ("bench",), who="tests", pin="271828")
        yield Station(url, log, {}, tmp_path / "data")
    assert list(temporary.iterdir()) == []


def nothing_kept(station: Station) -> bool:
    frames = [path for path in (station.data / "frames").rglob("*") if path.is_file()]
    return not frames and not station.log.recent().items and not station.log.jobs()


def test_a_capture_is_inspected_and_recorded_once(fresh: Station) -> None:
    body = zipped(SAMPLE)
    with fresh.client("Ina") as ina:
        first = ina.post(PATH, content=body, headers={**ZIP, "Idempotency-Key": "band-small-of-today"})
        again = ina.post(PATH, content=body, headers={**ZIP, "Idempotency-Key": "band-small-of-today"})
        assert (first.status_code, again.status_code) == (201, 201), first.text
        assert first.json() == again.json()
        number = first.json()["inspection"]
        report = ina.get(f"/api/v1/inspections/{number}").json()
    assert first.json()["outcome"] == report["verdict"] == json.loads((SAMPLE / "truth.json").read_text())["verdict"]
    assert report["piece"]["piece"] == json.loads((SAMPLE / "capture.json").read_text())["piece"]
    assert [line.id for line in fresh.log.recent().items] == [number]
    kept = fresh.log.inspection(number).frames
    assert {fresh.log.frame(frame.sha256)[0] for frame in kept} == {p.read_bytes() for p in SAMPLE.glob("*.png")}


def edited(**changes: Any) -> bytes:
    return json.dumps({**json.loads((SAMPLE / "capture.json").read_text()), **changes}).encode()


def frame_file(name: str) -> bytes:
    document = json.loads((SAMPLE / "capture.json").read_text())
    document["frames"][0]["file"] = name
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"capture.json": b"\xff\xfe{"}, "capture.json is not UTF-8 text"),
        ({"capture.json": b"{"}, "capture.json is not JSON"),
        ({"capture.json": edited(style="../../etc/passwd")}, "there is no spec sheet for style '../../etc/passwd'"),
        ({"capture.json": frame_file("../../etc/passwd")}, "frame file '../../etc/passwd' is not a plain path inside"),
        ({"capture.json": frame_file("/etc/passwd")}, "frame file '/etc/passwd' is not a plain path inside"),
        ({"face_backlight.png": b"\x89PNG\r\n\x1a\n"}, "is not the file that was captured"),
        ({"../evil": b"x"}, "entry '../evil' of the archive is not the plain path"),
        ({"bomb.png": bytes(30_000_000)}, "entry 'bomb.png' of the archive grows from"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_capture_is_refused_and_leaves_nothing(fresh: Station, change: dict[str, bytes], told: str) -> None:
    body = zipped(SAMPLE, change)
    with fresh.client("Ina") as ina:
        detail = refused(ina.post(PATH, content=body, headers=ZIP), 422)
    assert told in detail
    assert "loupebox-capture-" not in detail
    assert nothing_kept(fresh)


def test_what_is_no_archive_is_refused(fresh: Station) -> None:
    with fresh.client("Ina") as ina:
        assert "is no sound ZIP file" in refused(ina.post(PATH, content=b"PK\3\4 not really", headers=ZIP), 422)
        assert "is no sound ZIP file" in refused(ina.post(PATH, content=b"", headers=ZIP), 422)
        assert "handed in as application/zip; this is application/json" in refused(ina.post(PATH, json={}), 415)
        short = {**ZIP, "Idempotency-Key": "short"}
        assert "Idempotency-Key 'short' cannot be used" in refused(ina.post(PATH, content=b"", headers=short), 422)
    assert nothing_kept(fresh)


def test_only_who_may_record_hands_in(fresh: Station) -> None:
    body = zipped(SAMPLE)
    with fresh.client("Ben") as ben, fresh.client(None) as nobody:
        assert "needs the permission inspection.record" in refused(ben.post(PATH, content=body, headers=ZIP), 403)
        assert "nobody is signed in" in refused(nobody.post(PATH, content=body, headers=ZIP), 401)
    assert nothing_kept(fresh)


def test_a_gigabyte_is_refused_before_it_is_read(fresh: Station) -> None:
    """A thousand million bytes are announced; the answer comes although hardly any of them were sent."""
    host, port = fresh.url.removeprefix("http://").split(":")
    cookie = "; ".join(f"{name}={value}" for name, value in fresh.session("Ina").items())
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\nContent-Type: application/zip\r\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for length, status in (("Content-Length: 1000000000", b"413"), ("Transfer-Encoding: chunked", b"411")):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(f"{head}{length}\r\n\r\n".encode() + b"10000\r\n" + bytes(60_000))
            assert connection.recv(100).split()[1] == status
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 100_000
    assert nothing_kept(fresh)
