"""Events over HTTP: a signed POST in the form of the Standard Webhooks specification (version 1.0.0)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable

import httpx

from loupebox.station.event_channel import NotDelivered
from loupebox.station.records.event import Event

TIMEOUT_S = 15.0
GONE = 410
SECRET_PREFIX = "whsec_"
SECRET_BYTES = (24, 64)
"""Least and most bytes of a signing key, as the specification has them."""


def new_secret() -> str:
    """A fresh signing key in the specification's form."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_for(address: str) -> str | None:
    """A fresh key where messages to the address are signed; a broker knows its clients by name and password."""
    return None if address.startswith("mqtt") else new_secret()


def key_of(secret: str) -> bytes:
    """The bytes to sign with; ValueError when the secret has not the specification's form."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not SECRET_BYTES[0] <= len(key) <= SECRET_BYTES[1]:
        low, high = SECRET_BYTES
        raise ValueError(f"the secret must be '{SECRET_PREFIX}' and {low} to {high} bytes in base64")
    return key


def signature(key: bytes, number: str, at_s: int, body: bytes) -> str:
    """What the header `webhook-signature` says: HMAC-SHA256 over number, time and body."""
    signed = f"{number}.{at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhook:
    """A receiver that takes events by POST. Any 2xx confirms one; 410 Gone asks for no more of it."""

    def __init__(self, url: str, secret: str, clock_s: Callable[[], float], timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._key = key_of(secret)
        self._clock_s = clock_s
        # Redirects are not followed: the signed message goes to the address that was agreed, or nowhere.
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)

    def send(self, event: Event) -> None:
        body, at_s = event.body(), int(self._clock_s())
        headers = {
            "content-type": "application/json",
            "webhook-id": event.number,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(self._key, event.number, at_s, body),
        }
        try:
            with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
                status = answer.status_code  # the answer's body is nobody's business, however long it is
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from error
        if not 200 <= status < 300:
            raise NotDelivered(f"the receiver answered {status}", for_good=status == GONE)

    def close(self) -> None:
        self._client.close()
