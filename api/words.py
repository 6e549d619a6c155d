"""What people call the names that the rooms below use, in the page's language."""

from __future__ import annotations

import re

from loupebox.api.language import N_, _, gettext

PHRASES = {
    "inner_diameter_mm": N_("Inner diameter"),
    "out_of_round_mm": N_("Out of round"),
    "roundness_mm": N_("Roundness"),
    "outer_diameter_mm": N_("Outer diameter"),
    "shank_width_mm": N_("Shank width"),
    "shank_widest_mm": N_("Shank width, widest"),
    "shank_thickness_mm": N_("Shank thickness"),
    "shank_thickest_mm": N_("Shank thickness, thickest"),
    "shank_thinnest_deg": N_("Thinnest place"),
    "shank_symmetry_mm": N_("Shank symmetry"),
    "pair_length_difference_mm": N_("Difference in length"),
    "pair_width_difference_mm": N_("Difference in width"),
    "pair_mirror_mm": N_("Off the mirror image"),
    "stone_diameter_mm": N_("Stone diameter"),
    "stone_offset_mm": N_("Stone off centre"),
    "stone_widest_mm": N_("Stone diameter, widest"),
    "stone_narrowest_mm": N_("Stone diameter, narrowest"),
    "stone_tilt_deg": N_("Stone tilt"),
    "table_offset_mm": N_("Table off centre"),
    "prong_spacing_deg": N_("Prong spacing, unevenness"),
    "gas_porosity": N_("Gas porosity"),
    "shrinkage_porosity": N_("Shrinkage porosity"),
    "face": N_("Face"),
    "top": N_("Top"),
    "oblique": N_("Oblique"),
    "side": N_("Side"),
    "shank": N_("Shank"),
    "dark_n": N_("Dark field N"),
    "dark_e": N_("Dark field E"),
    "dark_s": N_("Dark field S"),
    "dark_w": N_("Dark field W"),
}
UNITS = ("_mm2", "_mm", "_deg", "_percent", "_px", "_ms", "_db")

# What `phrase` makes of the other names of ours, for the catalogues to know.
VERDICTS = (N_("PASS"), N_("REVIEW"), N_("FAIL"), N_("REFUSED"))
SEEN = (
    (N_("Porosity"), N_("Scratch"), N_("Orange peel"), N_("Dull patch")),
    (N_("Prong count"), N_("Prong missing"), N_("Prong short"), N_("Prong long")),
    (N_("Prong bent"), N_("Prong lifted"), N_("Prong unsure"), N_("Prong uneven")),
    (N_("Prong width"), N_("Prong height"), N_("Prong contact"), N_("Stone missing"), N_("Stone tilted")),
    (N_("Stone size"), N_("Stone off centre"), N_("Wrong size"), N_("Out of round"), N_("Shank size")),
    (N_("Good"), N_("Missing"), N_("Short"), N_("Long"), N_("Bent"), N_("Lifted"), N_("Unsure")),
    (N_("Backlight"), N_("Dome"), N_("Coaxial")),
    (N_("Width"), N_("Height"), N_("Length"), N_("Thickness"), N_("Bend"), N_("Lift")),
    (N_("Tip width"), N_("Contact"), N_("Angle")),
    (N_("Left length"), N_("Left width"), N_("Right length"), N_("Right width")),
)
WORK = (
    (N_("Setting"), N_("Laser"), N_("Polishing"), N_("Mounting"), N_("Casting"), N_("Wax"), N_("Plating"), N_("Final")),
    (
        N_("Re-tip"),
        N_("Tighten"),
        N_("Re-set the stone"),
        N_("Set a stone"),
        N_("Laser weld"),
        N_("Re-polish"),
        N_("Resize"),
    ),
    (N_("Round up"), N_("Re-cast"), N_("Trim the prong"), N_("Look into it"), N_("Returned")),
    (N_("Priority"), N_("Due at"), N_("Gone"), N_("Still there"), N_("New"), N_("Cannot tell")),
    (N_("Open"), N_("Taken"), N_("Done"), N_("Withdrawn")),
    (N_("Accept"), N_("Rework"), N_("Scrap"), N_("Concession")),
    (N_("Dirt or reflection"), N_("Measured by hand"), N_("Like boundary sample"), N_("Accepted under loupe")),
    (N_("Customer agreed"), N_("Hidden in wear"), N_("Delivery date")),
    (N_("Cannot be mended"), N_("Costs more than new"), N_("Metal unsound")),
    (N_("Seen by person"), N_("Failed hand check"), N_("Customer complaint")),
)
SHEETS = (
    (N_("Critical"), N_("Major"), N_("Minor")),
    (N_("Solitaire"), N_("Band"), N_("Pendant"), N_("Earrings")),
    (N_("Naked eye at 30 cm"), N_("10x"), N_("Loose stones")),
    (N_("Camera"), N_("Scale"), N_("Sensor"), N_("Sharpness"), N_("Holds"), N_("Ends soon"), N_("Ended"), N_("Failed")),
)
PEOPLE = (N_("Inspector"), N_("Bench"), N_("Lead"), N_("Engineer"), N_("Admin"))
COUNTED_BY = (N_("Kind"), N_("Style"), N_("Caster"), N_("Setter"), N_("Polisher"))


def sentence(text: str) -> str:
    """The same with a capital at its start and a stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "।")) else ".")


def phrase(name: str) -> str:
    """`prong_2_length_mm` becomes "Prong 2 length"; a name that is words already stays, but for the language."""
    if name in PHRASES:
        return gettext(PHRASES[name])
    if match := re.fullmatch(r"stripes_([xy])_(\d)", name):
        return _("Stripes %(axis)s%(number)s", axis=match[1], number=match[2])
    for unit in UNITS:
        name = name.removesuffix(unit)
    if match := re.fullmatch(r"prong_(\d+)(?:_(\w+))?", name):
        which = _("Prong %(number)s", number=match[1])
        return which if match[2] is None else _("%(which)s %(what)s", which=which, what=_small(match[2]))
    if match := re.fullmatch(r"stone_(\d+)_present", name):
        return _("Stone %(number)s", number=match[1])
    text = name.replace("_", " ").strip()
    return gettext(text[:1].upper() + text[1:])


def _small(name: str) -> str:
    """The phrase in the middle of a sentence."""
    said = phrase(name)
    return said[:1].lower() + said[1:]
