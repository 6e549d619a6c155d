"""What mends which defect, and who does it: a starting table of ours, for the shop to change."""

from __future__ import annotations

import re
from dataclasses import dataclass

from loupebox.inspect.finding import Finding
from loupebox.inspect.judge import RULE_OF
from loupebox.inspect.prong import Prong
from loupebox.inspect.verdict import Verdict
from loupebox.station.records.entry import InspectionEntry


@dataclass(frozen=True, slots=True)
class Remedy:
    """An operation and the bench that does it."""

    operation: str
    bench: str


RE_TIP = Remedy("re-tip", "setting")
TIGHTEN = Remedy("tighten", "setting")
RE_SET = Remedy("re-set the stone", "setting")
LASER_WELD = Remedy("laser weld", "laser")
RE_POLISH = Remedy("re-polish", "polishing")
RESIZE = Remedy("resize", "mounting")
ROUND_UP = Remedy("round up", "mounting")
RE_CAST = Remedy("re-cast", "casting")

REMEDIES: dict[str, Remedy] = {
    "prong_missing": RE_TIP,
    "prong_short": RE_TIP,
    "prong_long": Remedy("trim the prong", "setting"),
    "prong_bent": TIGHTEN,
    "prong_lifted": TIGHTEN,
    "prong_unsure": TIGHTEN,
    "prong_count": RE_TIP,
    "prong_uneven": TIGHTEN,
    "prong_width": RE_TIP,
    "prong_height": TIGHTEN,
    "prong_contact": TIGHTEN,
    "stone_missing": Remedy("set a stone", "setting"),
    "stone_tilted": RE_SET,
    "stone_size": RE_SET,
    "stone_off_centre": RE_SET,
    "gas_porosity": LASER_WELD,
    "shrinkage_porosity": LASER_WELD,
    "scratch": RE_POLISH,
    "orange_peel": RE_POLISH,
    "dull_patch": RE_POLISH,
    "wrong_size": RESIZE,
    "out_of_round": ROUND_UP,
    "shank_size": RE_CAST,
}
ANYTHING_ELSE = Remedy("look into it", "mounting")

DIMENSION_KINDS = {
    "inner_diameter_mm": "wrong_size",
    "out_of_round_mm": "out_of_round",
    "roundness_mm": "out_of_round",
    "outer_diameter_mm": "shank_size",
    "shank_width_mm": "shank_size",
    "shank_widest_mm": "shank_size",
    "shank_thickness_mm": "shank_size",
    "shank_thickest_mm": "shank_size",
    "shank_symmetry_mm": "shank_size",
    "stone_diameter_mm": "stone_size",
    "stone_offset_mm": "stone_off_centre",
    "stone_widest_mm": "stone_size",
    "stone_narrowest_mm": "stone_size",
    "table_offset_mm": "stone_tilted",
    "stone_tilt_deg": "stone_tilted",
    "prong_spacing_deg": "prong_uneven",
}
PARTS = {
    r"stone_\d+_present": "stone_missing",
    r"prong_\d+_tip_width_mm": "prong_width",
    r"prong_\d+_height_percent": "prong_height",
    r"prong_\d+_contact_percent": "prong_contact",
}
"""Of what is measured of each stone and each prong."""


@dataclass(frozen=True, slots=True)
class Defect:
    """A check that did not pass, in the shop's words."""

    kind: str
    check_name: str
    verdict: Verdict
    reason: str


def remedy_for(kind: str) -> Remedy:
    """What mends this kind of defect."""
    return REMEDIES.get(kind, ANYTHING_ELSE)


def defects_of(entry: InspectionEntry) -> tuple[Defect, ...]:
    """One defect for each check that did not pass."""
    if entry.judgement is None:
        return ()
    return tuple(
        Defect(_kind(check.name, entry.prongs, entry.findings), check.name, check.verdict, check.reason)
        for check in entry.judgement.checks
        if check.verdict is not Verdict.PASS
    )


def _kind(check_name: str, prongs: tuple[Prong, ...], findings: tuple[Finding, ...]) -> str:
    """Check names are `inner_diameter_mm`, `prong_3`, `porosity zone A`; the largest finding tells which porosity."""
    for prong in prongs:
        if check_name == f"prong_{prong.index}":
            return f"prong_{'unsure' if prong.state == 'good' else prong.state}"
    surface, _, zone = check_name.partition(" zone ")
    if zone:
        seen = [f for f in findings if f.zone == zone and RULE_OF[f.kind] == surface]
        return max(seen, key=lambda f: f.size_mm.value).kind if seen else surface
    part = next((kind for pattern, kind in PARTS.items() if re.fullmatch(pattern, check_name)), check_name)
    return DIMENSION_KINDS.get(check_name, part)
