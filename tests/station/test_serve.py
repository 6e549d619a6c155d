"""The station's port is taken first, its address is told, and Ctrl-C ends it in peace."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from loupebox.station.serve import PortInUse, listen, url_of
from loupebox.station.settings import Settings

COMMAND = [sys.executable, "-c", "from loupebox.station.cli import main; main()"]


def test_the_station_serves_at_the_address_that_it_tells(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--data", "data"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            url = line.removeprefix("The station is at ").split()[0]
            with urllib.request.urlopen(url + "/health") as answer:
                assert answer.status == 200
        finally:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert url.startswith("http://127.0.0.1:")
    assert (process.returncode, out, err) == (0, "", "")


def test_a_taken_port_stays_taken() -> None:
    with listen(Settings.load(port=0)) as first:
        port = first.getsockname()[1]
        assert url_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(PortInUse, match=rf"cannot serve at 127\.0\.0\.1:{port}: Address already in use; end"):
            listen(Settings.load(port=port))
    listen(Settings.load(port=port)).close()


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(PortInUse, match=r"cannot serve at 192\.0\.2\.1:0: Cannot assign requested address"):
        listen(Settings.load(host="192.0.2.1", port=0))


def test_an_ipv6_address_is_written_so_that_a_browser_takes_it() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        listener = listen(Settings.load(host="::1", port=0))
    except PortInUse as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    with listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"
