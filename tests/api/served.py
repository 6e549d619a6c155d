"""The real application on a real port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import uvicorn
from fastapi import Depends
from made_people import CHEAP

from loupebox.api.access import COOKIE, Allowed
from loupebox.api.app import create_app
from loupebox.station.records.person import Actor
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings


@dataclass(frozen=True)
class Station:
    """A serving station with its log."""

    url: str
    log: QcLog
    numbers: dict[str, int]
    """Inspection number by piece."""
    data: Path

    def session(self, who: str = "Meera") -> dict[str, str]:
        """A session cookie for one of PEOPLE."""
        return {COOKIE: self.log.sessions.start(self.log.people.named(who))}

    def client(self, who: str | None = "Meera", *, token: str | None = None) -> httpx.Client:
        """A program that acts in somebody's session, with a token, or as nobody."""
        return httpx.Client(
            base_url=self.url,
            cookies=self.session(who) if who else None,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            timeout=60,
            verify=False,  # there is no TLS here, and loading certificates is slow
        )


class Server(uvicorn.Server):
    """Says when it listens, instead of being asked again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list | None = None) -> None:
        self.config.app.state.live.end()  # pyright: ignore
        await super().shutdown(sockets)


def fault() -> None:
    raise ZeroDivisionError("a fault that nobody thought of")


@contextmanager
def serving(
    data_dir: Path, *, demo: bool = False, database: str = "", tray_dir: Path | None = None
) -> Iterator[tuple[str, QcLog]]:
    """The application on a free port over this data folder: its address and its log. Two of its routes fail."""
    settings = Settings(data_dir=data_dir, database=database, tray_dir=tray_dir, **CHEAP)
    app = create_app(settings, demo=demo)
    app.add_api_route("/fault", fault, include_in_schema=False)

    def take_and_fail(who: Annotated[Actor, Depends(Allowed())]) -> None:
        app.state.log.rework.take(1, who.name)
        fault()

    app.add_api_route("/api/take-and-fail", take_and_fail, methods=["POST"], include_in_schema=False)
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.listening.wait(30), "the server did not start"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", app.state.log
    finally:
        server.should_exit = True
        thread.join(30)
