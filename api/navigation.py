"""Where a person can go: the pages in the order of a working day, each for those who may see it."""

from __future__ import annotations

from dataclasses import dataclass

from loupebox.api.language import N_
from loupebox.station.records.person import Actor


@dataclass(frozen=True, slots=True)
class Destination:
    """A page in the menu; the rarer ones stand under "More"."""

    href: str
    name: str
    permission: str
    rare: bool = False


DESTINATIONS = (
    Destination("/station", N_("Station"), "inspection.read"),
    Destination("/", N_("Today"), "inspection.read"),
    Destination("/rework", N_("Rework"), "rework.read"),
    Destination("/board", N_("Board"), "rework.assign"),
    Destination("/defects", N_("Defects"), "defect.read"),
    Destination("/refused", N_("Refused"), "inspection.read"),
    Destination("/sheets", N_("Spec sheets"), "spec.read", rare=True),
    Destination("/calibration", N_("Calibration"), "calibration.read", rare=True),
    Destination("/models", N_("Models"), "inspection.read", rare=True),
    Destination("/people", N_("People"), "people.manage", rare=True),
    Destination("/audit", N_("Audit"), "audit.read", rare=True),
)


def destinations(who: Actor | None) -> list[Destination]:
    """What this person may see; nothing for whoever is not signed in."""
    return [place for place in DESTINATIONS if who is not None and who.may(place.permission)]
