"""Something that happened, as other programs are told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One step of the audit trail on its way out.

    `number` is the same however often it is sent, so that a receiver can tell what it has had already; `action` is
    noun.verb as in the trail.
    """

    number: str
    action: str
    subject: str
    who: str
    station: str
    at: datetime
    details: Mapping[str, Any]

    def body(self) -> bytes:
        """The message itself, UTF-8 JSON: type, timestamp, data."""
        data = {
            "number": self.number,
            "subject": self.subject,
            "who": self.who,
            "station": self.station,
            "details": dict(self.details),
        }
        when = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return json.dumps({"type": self.action, "timestamp": when, "data": data}, ensure_ascii=False).encode()
