"""The other end of the wire: an HTTP receiver and an MQTT broker, each in a thread of its own on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import paho.mqtt.client as mqtt
from amqtt.broker import Broker
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as it arrived: where it was sent to, what it said, under which headers."""

    where: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


class HttpReceiver:
    """Answers each POST with the next of `statuses`, then 204 for ever."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.heard: queue.Queue[Heard] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {key.lower(): value for key, value in self.headers.items()}
                receiver.heard.put(Heard(self.path, body, headers))
                status = receiver._statuses.pop(0) if receiver._statuses else 204
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def next(self) -> Heard:
        return self.heard.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class MqttReceiver:
    """A broker, and a subscriber of everything under `shop/` behind it."""

    def __init__(self) -> None:
        self.heard: queue.Queue[Heard] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        listener = {"type": "tcp", "bind": "127.0.0.1:0"}
        anonymous = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        self._broker = self._wait(_broker({"listeners": {"default": listener}, "plugins": anonymous}))
        port = self._broker._servers["default"].instance.sockets[0].getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{port}/shop"
        subscribed = threading.Event()
        self._subscriber = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._subscriber.on_subscribe = lambda *_: subscribed.set()
        self._subscriber.on_message = lambda _client, _data, m: self.heard.put(Heard(m.topic, bytes(m.payload), {}))
        self._subscriber.connect("127.0.0.1", port)
        self._subscriber.loop_start()
        self._subscriber.subscribe("shop/#", qos=1)
        assert subscribed.wait(PATIENCE_S)

    def next(self) -> Heard:
        return self.heard.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self._subscriber.disconnect()
        self._subscriber.loop_stop()
        self._wait(self._broker.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)


async def _broker(config: dict[str, Any]) -> Broker:
    broker = Broker(config)
    await broker.start()
    return broker
