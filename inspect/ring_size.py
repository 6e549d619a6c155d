"""Finger sizes by inner diameter."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

Scale = Literal["iso", "us", "uk", "jp", "uk_trade"]
SCALES: tuple[Scale, ...] = get_args(Scale)

_NUMBER_SIZE = re.compile(r"-?\d{0,3}(\.\d+)?(?<=\d)")
_LETTER_SIZE = re.compile(r"(?P<letter>[A-Z])(?:(?<=Z)\+(?P<after>\d{1,2}))?(?P<part>\.5)?")
QUARTERS = ("", "¼", "½", "¾")


@dataclass(frozen=True, slots=True)
class RingSizes:
    """One inner diameter in the trades' sizes, each the nearest step of its own ladder, as it is written.

    Parameters
    ----------
    iso : str
        ISO 8653:2016: inner circumference in whole mm, "55". Italy, Spain and Switzerland write 40 less.
    us : str
        United States and Canada, quarter sizes: "6¾". D = 11.6332 + 0.8128 n mm; trade sticks stray by up to 0.08 mm.
    uk : str
        BS 6820:1987, half sizes: "N½". C = 36.25 + 1.25 n mm with A = 1. After Z come Z+1, Z+2, ...
    jp : str
        Japan, whole sizes: "14". D = (n + 38) / 3 mm.
    uk_trade : str
        The trade's Wheatsheaf ladder, half sizes, A = 12.04 mm and 0.4064 mm a letter: another ladder than `uk`, never
        to be mixed with it.
    """

    iso: str
    us: str
    uk: str
    jp: str
    uk_trade: str


def sizes(inner_diameter_mm: float) -> RingSizes:
    """Name an inner diameter in each ladder.

    Parameters
    ----------
    inner_diameter_mm : float
        From 5 to 50, wider than anyone's finger on both sides.

    Raises
    ------
    ValueError
        When it lies outside.

    Examples
    --------
    >>> sizes(17.3228).us
    '7'
    """
    if not 5 <= inner_diameter_mm <= 50:
        raise ValueError(f"inner diameter is {inner_diameter_mm:g} mm; allowed is 5 to 50 mm")
    circumference = math.pi * inner_diameter_mm
    return RingSizes(
        iso=str(_nearest(circumference)),
        us=_in_quarters(_nearest(4 * us_size(inner_diameter_mm))),
        uk=_in_letters(_nearest(2 * (circumference - 36.25) / 1.25)),
        jp=str(_nearest(3 * inner_diameter_mm - 38)),
        uk_trade=_in_letters(_nearest(2 * ((inner_diameter_mm - 12.04) / 0.4064 + 1))),
    )


def diameter_mm(scale: Scale, size: str) -> float:
    """Inner diameter of a finger size; `sizes` is the way back.

    Parameters
    ----------
    scale : {"iso", "us", "uk", "jp", "uk_trade"}
    size : str
        As `sizes` writes it, "6¾" or "N½"; "6.75", "6 3/4" and "N 1/2" are read too.

    Raises
    ------
    ValueError
        When it is no size of that scale.

    Examples
    --------
    >>> round(diameter_mm("us", "7"), 4)
    17.3228
    """
    text = size.strip().upper()
    for fraction, decimal in (("¼", ".25"), ("½", ".5"), ("¾", ".75"), ("1/4", ".25"), ("1/2", ".5"), ("3/4", ".75")):
        text = text.replace(f" {fraction}", decimal).replace(fraction, decimal)
    letters = scale in ("uk", "uk_trade")
    match = (_LETTER_SIZE if letters else _NUMBER_SIZE).fullmatch(text)
    if match is None:
        written = "a letter such as N or N½" if letters else "a number such as 7 or 6¾"
        raise ValueError(f"size '{size}' is not on the scale {scale}; allowed is {written}")
    if letters:
        step = ord(match["letter"]) - ord("A") + 1 + float(match["after"] or 0) + float(match["part"] or 0)
        found = (36.25 + 1.25 * step) / math.pi if scale == "uk" else 12.04 + 0.4064 * (step - 1)
    else:
        number = float(text)
        found = {"iso": number / math.pi, "us": 11.6332 + 0.8128 * number, "jp": (number + 38) / 3}[scale]
    if not 5 <= found <= 50:
        raise ValueError(f"size '{size}' on the scale {scale} is {found:.1f} mm wide; allowed is 5 to 50 mm")
    return found


def us_size(inner_diameter_mm: float) -> float:
    """US size as a number; negative below size 0."""
    return (inner_diameter_mm - 11.6332) / 0.8128


def _nearest(number: float) -> int:
    # Halves always up: Python's round would send 6.5 down and 7.5 up.
    return math.floor(number + 0.5)


def _in_quarters(quarters: int) -> str:
    whole, part = divmod(abs(quarters), 4)
    text = QUARTERS[part] if whole == 0 and part else f"{whole}{QUARTERS[part]}"
    return f"-{text}" if quarters < 0 else text


def _in_letters(halves: int) -> str:
    place, half = divmod(halves, 2)
    tail = "½" if half else ""
    if place < 1:
        return "below A"
    if place <= 26:
        return chr(ord("A") + place - 1) + tail
    return f"Z+{place - 26}{tail}"
