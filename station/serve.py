"""Serves the station's screens."""

from __future__ import annotations

import contextlib
import socket
import sys

from loupebox.station.settings import Settings


class PortInUse(Exception):
    """Another program listens where the station should."""


def listen(settings: Settings) -> socket.socket:
    """Take the station's port, before anything else is done; visitors wait until the screens are there."""
    address = f"{settings.host}:{settings.port}"
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"cannot serve at {address}: {error.strerror or error}; end the other program or choose another --port"
        ) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """The address that a person types."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(settings: Settings, listener: socket.socket, *, demo: bool = False) -> None:
    """Serve until Ctrl-C, which is how one ends it and no fault."""
    import uvicorn

    from loupebox.api.app import create_app

    app = create_app(settings, demo=demo)

    class Server(uvicorn.Server):
        """Ends the streams of events first: it would wait for them until the last page is closed."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.live.end()
            await super().shutdown(sockets)

    with contextlib.suppress(KeyboardInterrupt):
        Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
