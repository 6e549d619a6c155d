"""The people of the stations that the tests serve."""

from __future__ import annotations

from typing import Any

from loupebox.station.records.roles import ROLES, Role

PIN = "271828"
PEOPLE: dict[str, tuple[Role, ...]] = {
    "Meera": ROLES,
    "Ina": ("inspector",),
    "Ben": ("bench",),
    "Lea": ("lead",),
    "Eng": ("engineer",),
    "Ada": ("admin",),
}
"""Meera may everything; the others have one role each. All have the same PIN, and a badge of their name."""

CHEAP: dict[str, Any] = {"pin_passes": 1, "pin_memory_kib": 8}
"""Settings under which a PIN costs next to nothing."""


def badge(name: str) -> str:
    return f"BADGE-{name}"
