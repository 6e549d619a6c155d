"""What people call the names that the rooms below use."""

from __future__ import annotations

import re

PHRASES = {
    "inner_diameter_mm": "Inner diameter",
    "out_of_round_mm": "Out of round",
    "roundness_mm": "Roundness",
    "outer_diameter_mm": "Outer diameter",
    "shank_width_mm": "Shank width",
    "shank_widest_mm": "Shank width, widest",
    "shank_thickest_mm": "Shank thickness, thickest",
    "shank_thinnest_deg": "Thinnest place",
    "shank_symmetry_mm": "Shank symmetry",
    "pair_length_difference_mm": "Difference in length",
    "pair_width_difference_mm": "Difference in width",
    "pair_mirror_mm": "Off the mirror image",
    "shank_thickness_mm": "Shank thickness",
    "stone_diameter_mm": "Stone diameter",
    "stone_offset_mm": "Stone off centre",
    "gas_porosity": "Gas porosity",
    "shrinkage_porosity": "Shrinkage porosity",
    "face": "Face",
    "top": "Top",
    "oblique": "Oblique",
    "side": "Side",
    "shank": "Shank",
    "dark_n": "Dark field N",
    "dark_e": "Dark field E",
    "dark_s": "Dark field S",
    "dark_w": "Dark field W",
}
UNITS = ("_mm2", "_mm", "_deg", "_px", "_ms", "_db")


def sentence(text: str) -> str:
    """The same with a capital at its start and a stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def phrase(name: str) -> str:
    """`prong_2_length_mm` becomes "Prong 2 length"; a name that is words already stays."""
    if name in PHRASES:
        return PHRASES[name]
    if match := re.fullmatch(r"stripes_([xy])_(\d)", name):
        return f"Stripes {match[1]}{match[2]}"
    for unit in UNITS:
        name = name.removesuffix(unit)
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
