"""The stone map of a style against the top view: which seats hold a stone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.estimate import Estimate
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.spec import Head, Stone

CORE = 0.35
"""Of a stone's width: pixels within this of its seat's middle are stone when there is one, however it is set."""
FULL, EMPTY = 0.5, 0.1
"""Share of those pixels from which on the seat is full, and up to which it is empty."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where one stone belongs.

    Parameters
    ----------
    number : int
        Of its entry in the style's stone map, from 1.
    name : str
        In words: "centre", "left shoulder".
    x_mm, y_mm : float
        From the middle of the head, to the right and up, when the piece does not lie turned.
    width_mm : float
        The stone's smallest extent.
    """

    number: int
    name: str
    x_mm: float
    y_mm: float
    width_mm: float


@dataclass(frozen=True, slots=True)
class HeadPlace:
    """Where a head lies in the top frame: its middle in pixels, and how far it lies turned, counter-clockwise."""

    middle_xy_px: tuple[float, float]
    turn_deg: float
    mm_per_px: float


def seats_of(head: Head, stones: Sequence[Stone]) -> tuple[Seat, ...]:
    """The seats that a top view of the head must show.

    Parameters
    ----------
    head : Head
        Whose own stone has the seat in the middle, when the map gives none with a place there.
    stones : sequence of Stone
        The style's stone map; an entry without a place tells nothing that a picture could be held against.
    """
    placed = [
        Seat(number, stone.name, stone.x_mm, stone.y_mm, stone.width_mm or stone.length_mm)
        for number, stone in enumerate(stones, 1)
        if stone.count == 1 and stone.x_mm is not None and stone.y_mm is not None
    ]
    if any(math.hypot(seat.x_mm, seat.y_mm) < seat.width_mm / 2 for seat in placed):
        return tuple(placed)
    own = min(
        ((abs(s.length_mm - head.stone_diameter_mm), n, s.name) for n, s in enumerate(stones, 1) if s.count == 1),
        default=(0.0, 1, "centre"),
    )
    return (Seat(own[1], own[2], 0.0, 0.0, head.stone_diameter_mm), *(s for s in placed if s.number != own[1]))


def stones_in_seats(
    seats: Sequence[Seat], stone: NDArray[np.float32], level: float, place: HeadPlace
) -> list[MeasurementResult]:
    """Whether each seat holds a stone.

    Parameters
    ----------
    seats : sequence of Seat
    stone : ndarray of float32, shape (height, width)
        Probability of being stone, in the top view.
    level : float
        At which a pixel is stone.
    place : HeadPlace

    Returns
    -------
    list of MeasurementResult
        stone_<number>_present of each, 1 or 0; Unmeasurable when it is seen in part, or lies outside the frame.
    """
    results: list[MeasurementResult] = []
    turn, k = math.radians(place.turn_deg), place.mm_per_px
    y, x = np.mgrid[: stone.shape[0], : stone.shape[1]]
    for seat in seats:
        name = f"stone_{seat.number}_present"
        at_x = place.middle_xy_px[0] + (seat.x_mm * math.cos(turn) - seat.y_mm * math.sin(turn)) / k
        at_y = place.middle_xy_px[1] - (seat.x_mm * math.sin(turn) + seat.y_mm * math.cos(turn)) / k
        if not (0 <= at_x < stone.shape[1] and 0 <= at_y < stone.shape[0]):
            results.append(Unmeasurable(name, f"the seat '{seat.name}' lies outside of the top view"))
            continue
        core = np.hypot(x - at_x, y - at_y) <= max(CORE * seat.width_mm / k, 1.0)
        share = float(np.mean(stone[core] >= level))
        if EMPTY < share < FULL:
            why = f"only {100 * share:.0f} % of where the stone of the seat '{seat.name}' belongs is seen to be stone"
            results.append(Unmeasurable(name, why))
        else:
            results.append(Measurement(name, Estimate(float(share >= FULL), "1")))
    return results
