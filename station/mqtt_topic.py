"""Events over MQTT 3.1.1: one topic an action, quality of service 1, so that the broker confirms each."""

from __future__ import annotations

import threading
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from loupebox.station.event_channel import NotDelivered
from loupebox.station.records.event import Event

TIMEOUT_S = 15.0
PORTS = {"mqtt": 1883, "mqtts": 8883}


class MqttTopic:
    """A broker at mqtt[s]://[user:password@]host[:port]/prefix; "rework.taken" goes to prefix/rework/taken."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self._prefix = unquote(parts.path.strip("/"))
        self._timeout_s = timeout_s
        self._client: mqtt.Client | None = None
        self._tls = parts.scheme == "mqtts"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    def send(self, event: Event) -> None:
        topic = "/".join(part for part in (self._prefix, *event.action.split(".")) if part)
        client = self._connected()
        try:
            sent = client.publish(topic, event.body(), qos=1)
            sent.wait_for_publish(self._timeout_s)
            confirmed = sent.is_published()
        except (ValueError, RuntimeError) as error:
            self.close()
            raise NotDelivered(f"the broker at {self._host}:{self._port} did not take it: {error}") from error
        if not confirmed:
            self.close()
            raise NotDelivered(f"the broker at {self._host}:{self._port} did not confirm within {self._timeout_s:g} s")

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def _connected(self) -> mqtt.Client:
        if self._client is not None and self._client.is_connected():
            return self._client
        self.close()
        answered = threading.Event()
        refusals: list[str] = []

        def on_connect(client: mqtt.Client, _data: object, _flags: object, code: object, _props: object) -> None:
            if getattr(code, "is_failure", False):
                refusals.append(str(code))
            answered.set()

        client = mqtt.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        client.on_connect = on_connect
        client.connect_timeout = self._timeout_s
        if self._user is not None:
            client.username_pw_set(self._user, self._password)
        if self._tls:
            client.tls_set()
        try:
            client.connect(self._host, self._port)
        except (OSError, ValueError) as error:
            raise NotDelivered(f"no broker at {self._host}:{self._port}: {error}") from error
        self._client = client
        client.loop_start()
        if not answered.wait(self._timeout_s):
            refusals.append("no answer")
        if refusals:
            self.close()
            raise NotDelivered(f"the broker at {self._host}:{self._port} refused the connection: {refusals[0]}")
        return client
