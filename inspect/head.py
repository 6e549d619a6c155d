"""The head of a solitaire: its stone and its prongs, from the class probabilities of the top and oblique views.

The stone's girdle is a circle from above and gives centre and diameter. Each prong ends in a ball, fitted from above;
the oblique view then has one unknown left for it, its height over the girdle. Lengths, sideways bends and heights
are held against the style's pattern, whose turn about the stone comes from the prongs themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Estimate
from loupebox.inspect.girdle_edge import girdle_on_pixels
from loupebox.inspect.head_prongs import Standing, prongs_at_places
from loupebox.inspect.head_stone import crown_of, stone_measures
from loupebox.inspect.head_thresholds import CLASSES, MARKS, POINTERS, PRONG, STONE, HeadThresholds
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.oblique_view import look_obliquely
from loupebox.inspect.prong import Prong
from loupebox.inspect.prong_measures import prong_measures
from loupebox.inspect.prong_pattern import better_count, match_pattern, pattern_middle
from loupebox.inspect.prong_tip import TipFromAbove, tips_from_above
from loupebox.inspect.spec import Head, Stone
from loupebox.inspect.stone_map import HeadPlace, seats_of, stones_in_seats
from loupebox.inspect.stone_outline import find_girdle
from loupebox.inspect.stone_table import find_table
from loupebox.inspect.tip_votes import LEAST_VOTES, voted_tips
from loupebox.models.look import Look

OTHER_STONE = 0.10
"""A diameter off by more than this share of the nominal one belongs to another style."""
LEAST_FEET = 3
"""Prongs that must be seen to tell the middle of a head that has no stone."""
OF_THE_STONE = (
    "stone_diameter_mm", "stone_widest_mm", "stone_narrowest_mm", "stone_offset_mm", "table_offset_mm",
    "stone_tilt_deg", "prong_spacing_deg", "prong_count",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class HeadResult:
    """What was found of the head.

    Parameters
    ----------
    prongs : tuple of Prong
        One for each place of the style's pattern, in its order; empty when this is another style.
    measurements : tuple of MeasurementResult
        Of the stone, of each seat of the stone map, of the prongs together and of each.
    wrong_style : str or None
        Why this is not a head of the style, as a clause; None when it is.
    stone_centre_xy_px, stone_radius_px
        In the top frame; None when no stone is seen.
    turn_deg : float or None
        How far the piece lies turned about the stone's axis, counter-clockwise.
    """

    prongs: tuple[Prong, ...]
    measurements: tuple[MeasurementResult, ...]
    wrong_style: str | None = None
    stone_centre_xy_px: tuple[float, float] | None = None
    stone_radius_px: float | None = None
    turn_deg: float | None = None


def measure_head(
    top_look: Look,
    oblique_look: Look,
    top: Certificate,
    oblique: Certificate,
    head: Head,
    thresholds: HeadThresholds,
    stones: Sequence[Stone] = (),
    picture: NDArray[np.float32] | None = None,
) -> HeadResult:
    """Measure the stone and every prong of a solitaire's head.

    Parameters
    ----------
    top_look, oblique_look : Look
        What the head-parts model says of the two views.
    top, oblique : Certificate
        Of the two views.
    head : Head
        From the style's spec sheet.
    thresholds : HeadThresholds
        From the card of the model.
    stones : sequence of Stone
        The style's stone map.
    picture : ndarray of float32, shape (height, width, 3), or None
        The top view's linear light, 0 to 1, on whose own pixels the girdle is found; without it the girdle is only as
        sure as the model's outline.

    Returns
    -------
    HeadResult

    Raises
    ------
    ValueError
        When the model has other classes.
    """
    for view, look in (("top", top_look), ("oblique", oblique_look)):
        shape = look.probabilities.shape
        if len(shape) != 3 or shape[2] != len(CLASSES) or min(shape) < 2:
            raise ValueError(
                f"probabilities of the {view} view have shape {shape}; allowed is (height, width, {len(CLASSES)})"
            )
    scale = top.scale
    k = scale.mm_per_px.value
    stone, prong = _plane(top_look, STONE), _plane(top_look, PRONG)
    girdle = find_girdle(stone, prong, thresholds.stone)
    if girdle is None:
        return _without_stone(top_look, k, head, stones, thresholds)
    if picture is not None:
        girdle = girdle_on_pixels(picture, prong, girdle, top_look.pointings[POINTERS[0]].factor) or girdle
    tips = tips_from_above(top_look, girdle, k, LEAST_VOTES)
    middle = pattern_middle(
        np.array([(t.foot.x_mm, t.foot.y_mm) for t in tips]).reshape(-1, 2), girdle.radius_px * k
    )  # fmt: skip
    sight = look_obliquely(oblique_look, oblique, girdle.radius_px * k, thresholds.stone)
    table = find_table(top_look.marks[MARKS[1]], girdle)
    measurements = stone_measures(girdle, table, sight, middle, len(tips), scale, thresholds)
    measurements.append(Measurement("prong_count", Estimate(float(len(tips)), "1")))
    diameter = next(m.estimate for m in measurements if isinstance(m, Measurement))
    wrong = _wrong_style(head, diameter, tips)
    if wrong is not None:
        return HeadResult((), tuple(measurements), wrong, girdle.centre_xy_px, girdle.radius_px)
    stands = Standing(middle[:2] if middle else (0.0, 0.0), tips)
    match = match_pattern(head.prong_angles_deg, stands.feet_deg)
    at = girdle.centre_xy_px[0] + stands.middle_xy_mm[0] / k, girdle.centre_xy_px[1] - stands.middle_xy_mm[1] / k
    place = HeadPlace(at, match.turn_deg, k)
    measurements += stones_in_seats(seats_of(head, stones), stone, thresholds.stone, place)
    found = prongs_at_places(head, match, stands, top_look.marks[MARKS[0]], girdle, scale, sight, thresholds)
    crown = None if table is None else crown_of(girdle, table, scale)
    measurements += prong_measures(found, head, prong, girdle, crown, scale, thresholds)
    return HeadResult(
        tuple(each.prong for each in found), tuple(measurements), None, girdle.centre_xy_px, girdle.radius_px,
        match.turn_deg,
    )  # fmt: skip


def _plane(look: Look, which: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(look.probabilities[..., which])


def _without_stone(
    look: Look, mm_per_px: float, head: Head, stones: Sequence[Stone], thresholds: HeadThresholds
) -> HeadResult:
    """No girdle: another style when there is no head at all; else empty seats, where prongs tell where those are."""
    prong = _plane(look, PRONG)
    if np.count_nonzero(prong >= thresholds.prong) < 0.001 * prong.size:
        return HeadResult((), (), "neither a stone nor prongs are seen in the top view")
    unknown = [Unmeasurable(name, "no stone is seen in the top view") for name in OF_THE_STONE]
    feet = mm_per_px * np.array([voted.foot.xy_px for voted in voted_tips(look, LEAST_VOTES)]).reshape(-1, 2)
    if len(feet) < LEAST_FEET:
        return HeadResult((), tuple(unknown))
    nearly = feet.mean(axis=0)
    middle = pattern_middle(feet - nearly, head.stone_diameter_mm / 2)
    x, y = nearly + (middle[:2] if middle else (0.0, 0.0))
    angles = np.degrees(np.arctan2(y - feet[:, 1], feet[:, 0] - x)) % 360
    turn = match_pattern(head.prong_angles_deg, angles.tolist()).turn_deg
    place = HeadPlace((float(x) / mm_per_px, float(y) / mm_per_px), turn, mm_per_px)
    seats = stones_in_seats(seats_of(head, stones), _plane(look, STONE), thresholds.stone, place)
    return HeadResult((), (*unknown, *seats))


def _wrong_style(head: Head, diameter: Estimate, tips: Sequence[TipFromAbove]) -> str | None:
    off = abs(diameter.value - head.stone_diameter_mm) - diameter.expanded_uncertainty
    if off > OTHER_STONE * head.stone_diameter_mm:
        return f"the stone is {diameter.value:.2f} mm wide, and the style's is {head.stone_diameter_mm:.2f} mm"
    if not tips:
        return f"no prongs are seen at the stone, and the style has {head.prong_count}"
    other = better_count(head.prong_angles_deg, [t.foot_deg for t in tips])
    if other is not None:
        return (
            f"the {len(tips)} prongs seen stand like those of a head of {other}, and the style has {head.prong_count}"
        )
    return None
