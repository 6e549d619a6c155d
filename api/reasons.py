"""Reasons of a verdict in the page's language.

The record keeps them in English, once and word for word; here each sentence is taken apart by the forms that
`inspect/judge.py` writes, and said again. One that has no form here is shown as it is kept.
"""

from __future__ import annotations

import re
from functools import cache

from markupsafe import Markup, escape

from loupebox.api.language import N_, gettext, known, language

FORMS = (
    # Whole sentences.
    N_("%(what)s was not measured; please measure it by hand."),
    N_("%(what)s cannot be measured because %(why)s."),
    N_("The prongs cannot be judged %(why)s; please check them by hand."),
    N_("%(found)s judged, %(wanted)s are on the spec sheet."),
    N_("All %(count)s prongs found."),
    N_("Prong %(number)s at %(angle)s is good: %(sizes)s."),
    N_("Prong %(number)s at %(angle)s is good."),
    N_("Prong %(number)s at %(angle)s needs a look: %(why)s."),
    N_("Prong %(number)s at %(angle)s is %(state)s: %(why)s."),
    N_("Prong %(number)s at %(angle)s is %(state)s."),
    N_("No %(kind)s of %(size)s or more (%(limits)s)."),
    N_("%(seen)s, too close to the largest size to decide; %(limits)s."),
    N_("%(seen)s; %(limits)s."),
    N_("%(what)s is not above the upper limit %(limit)s."),
    N_("%(what)s is not below the lower limit %(limit)s."),
    N_("%(what)s is above the upper limit %(limit)s (US %(found)s instead of %(wanted)s)."),
    N_("%(what)s is below the lower limit %(limit)s (US %(found)s instead of %(wanted)s)."),
    N_("%(what)s is above the upper limit %(limit)s."),
    N_("%(what)s is below the lower limit %(limit)s."),
    N_("%(what)s is within %(low)s to %(high)s."),
    N_("%(what)s is too close to the lower limit %(low)s and the upper limit %(high)s to decide."),
    N_("%(what)s is too close to the lower limit %(limit)s to decide."),
    N_("%(what)s is too close to the upper limit %(limit)s to decide."),
    # Parts of them.
    N_("%(seen)s, the largest %(size)s"),
    N_("allowed in zone %(zone)s: none"),
    N_("allowed in zone %(zone)s: %(some)s of up to %(size)s"),
    N_("length %(length)s, bend %(bend)s, lift %(lift)s"),
    N_("length %(length)s, bend %(bend)s"),
    N_("lifted by %(size)s, at most %(most)s allowed"),
    N_("bent sideways by %(size)s, at most %(most)s allowed"),
    N_("reaching over the stone by %(size)s, %(low)s to %(high)s allowed"),
    N_("no prong is seen at %(angle)s degrees"),
    N_("because %(why)s"),
    N_("%(value)s ± %(doubt)s mm"),
    N_("%(value)s mm"),
    N_("%(count)s prongs"),
    N_("%(count)s prong"),
    N_("%(count)s pores"),
    N_("%(count)s pore"),
    N_("%(count)s scratches"),
    N_("%(count)s scratch"),
    N_("%(count)s patches of orange peel"),
    N_("%(count)s patch of orange peel"),
    N_("%(count)s dull patches"),
    N_("%(count)s dull patch"),
)
WORDS = (
    (N_("Pore"), N_("Patch of orange peel"), N_("Stone offset"), N_("Stone tilt"), N_("Table offset")),
    (N_("Shank width at its widest"), N_("Shank thickness at its thickest"), N_("Deviation from the mirror image")),
    (N_("Stone diameter at its widest"), N_("Stone diameter at its narrowest")),
)
"""Names that judge.py gives where screens have others."""
VALUE = re.compile(r"(?P<name>\D+?) (?P<value>−?-?[\d.].*)")
DEEPEST = 5


def reason(text: str) -> str:
    """The sentence for a page; marked as English where it could not be said otherwise."""
    said = told(text)
    if said == text and language() != "en":
        return Markup('<span lang="en">{}</span>').format(text)
    return escape(said)


def told(text: str, depth: int = 0) -> str:
    """The sentence, or a part of one, in the page's language."""
    if language() == "en" or not re.search("[A-Za-z]", text) or depth > DEEPEST:
        return text
    for form, pattern in _patterns():
        match = pattern.fullmatch(text)
        if match is not None:
            return gettext(form, **{name: told(part, depth + 1) for name, part in match.groupdict().items()})
    word = text[:1].upper() + text[1:]
    if known(word):
        return gettext(word)
    if (match := VALUE.fullmatch(text)) is not None and known(match["name"]):
        return f"{gettext(match['name'])} {told(match['value'], depth + 1)}"
    return text


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each form with what it looks like: its values may be anything, but those that count are numbers."""
    return tuple((form, re.compile(_looks_like(form))) for form in FORMS)


def _looks_like(form: str) -> str:
    numbers = {"count": r"\d+", "value": r"[−-]?[\d.]+", "doubt": r"[\d.]+", "number": r"\d+", "zone": "[ABC]"}
    parts = re.split(r"%\((\w+)\)s", form)
    return "".join(
        re.escape(part) if k % 2 == 0 else f"(?P<{part}>{numbers.get(part, '.+?')})" for k, part in enumerate(parts)
    )
