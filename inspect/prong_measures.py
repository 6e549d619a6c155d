"""What is measured of the prongs beside their states: angles, spacing, widths, and heights and contact on the crown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.scale import Scale
from loupebox.inspect.head_prongs import FoundProng, middle_length_mm
from loupebox.inspect.head_stone import CROWN_SLOPE, MODEL, Crown
from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.oblique_view import of_scale
from loupebox.inspect.prong_state import NO_LIFT
from loupebox.inspect.prong_width import tip_width_mm
from loupebox.inspect.spec import Head
from loupebox.inspect.stone_outline import GirdleCircle

LARGEST_GAP_MM = 0.2
"""A tip that may stand this far above the crown may touch it anywhere or nowhere: its contact is not told."""
NO_TABLE = "the stone's table is not seen, from which the crown is measured"


def prong_measures(
    found: Sequence[FoundProng],
    head: Head,
    prong: NDArray[np.float32],
    girdle: GirdleCircle,
    crown: Crown | None,
    scale: Scale,
    thresholds: HeadThresholds,
) -> list[MeasurementResult]:
    """Of each prong its angle, width, height and contact, and how unevenly they stand.

    Parameters
    ----------
    found : sequence of FoundProng
        One for each place of the pattern.
    head : Head
    prong : ndarray of float32, shape (height, width)
        Probability of being prong, in the top view.
    girdle : GirdleCircle
        From above.
    crown : Crown or None
        None when the table is not seen.
    scale : Scale
        Of the top view.
    thresholds : HeadThresholds

    Returns
    -------
    list of MeasurementResult
        prong_spacing_deg, then prong_<index>_angle_deg, _tip_width_mm, _height_percent, _contact_percent of each.
    """
    results: list[MeasurementResult] = [_spacing(found)]
    for each in found:
        name = f"prong_{each.prong.index}"
        if each.tip is None or each.angle is None:
            why = f"no prong is seen clearly at {each.prong.angle_deg:.0f} degrees"
            results += [
                Unmeasurable(f"{name}_{what}", why)
                for what in ("angle_deg", "tip_width_mm", "height_percent", "contact_percent")
            ]
            continue
        results.append(Measurement(f"{name}_angle_deg", each.angle))
        results.append(_width(each, prong, girdle, scale, thresholds))
        results += [_height(each, head, crown, thresholds), _contact(each, crown, thresholds)]
    return results


def _spacing(found: Sequence[FoundProng]) -> MeasurementResult:
    """By how much the most uneven of the gaps between neighbouring tips is off an even one."""
    name = "prong_spacing_deg"
    angles = [each.angle for each in found if each.angle is not None]
    if len(angles) < len(found):
        return Unmeasurable(name, f"{len(found) - len(angles)} of {len(found)} prongs are not seen clearly")
    gaps = [
        (abs((after.value - before.value) % 360 - 360 / len(found)), before, after)
        for before, after in zip(angles, [*angles[1:], angles[0]], strict=True)
    ]
    off, *ends = max(gaps, key=lambda gap: gap[0])
    return Measurement(
        name,
        Estimate(
            off,
            "deg",
            tuple(
                Contribution(f"place of the {which} tip", e.standard_uncertainty)
                for which, e in zip(("one", "next"), ends, strict=True)
            ),
        ),
    )


def _width(
    each: FoundProng, prong: NDArray[np.float32], girdle: GirdleCircle, scale: Scale, thresholds: HeadThresholds
) -> MeasurementResult:
    name = f"prong_{each.prong.index}_tip_width_mm"
    assert each.tip is not None
    seen = tip_width_mm(prong, each.tip, girdle.centre_xy_px, thresholds.prong, scale.mm_per_px.value)
    if seen is None:
        return Unmeasurable(name, "the two sides of its tip are not both seen in the top view")
    width, scatter = seen
    return Measurement(
        name,
        Estimate(
            width,
            "mm",
            (
                of_scale(scale, width),
                Contribution("scatter across the tip", scatter),
                Contribution(MODEL, thresholds.tip_width_mm),
            ),
        ),
    )


def _height(each: FoundProng, head: Head, crown: Crown | None, thresholds: HeadThresholds) -> MeasurementResult:
    """Of the tip's top over the girdle, as a share of the crown's height."""
    name = f"prong_{each.prong.index}_height_percent"
    length, lift, middle = each.prong.length_mm, each.prong.lift_mm, middle_length_mm(head)
    if length is None or lift is None:
        return Unmeasurable(name, NO_LIFT)
    if crown is None:
        return Unmeasurable(name, NO_TABLE)
    # A lift counts from where a tip of this length rests.
    further = 0.0 if middle is None else length.value - middle
    percent = 100 / crown.height_mm
    top_mm = head.tip_height_mm + CROWN_SLOPE * further + lift.value
    return Measurement(
        name,
        Estimate(
            percent * top_mm,
            "%",
            (
                Contribution("the crown's height", percent * abs(top_mm) / crown.height_mm * crown.height_u_mm),
                *(Contribution(f"lift: {c.name}", percent * c.standard_uncertainty) for c in lift.budget),
                Contribution("length", percent * CROWN_SLOPE * (middle is not None) * length.standard_uncertainty),
                Contribution(MODEL, thresholds.height_percent),
            ),
        ),
    )


def _contact(each: FoundProng, crown: Crown | None, thresholds: HeadThresholds) -> MeasurementResult:
    """How much of the crown's width lies under the prong, if it lies on the crown.

    What may be between them counts as doubt: a gap under the tip takes contact away at the crown's slope.
    """
    name = f"prong_{each.prong.index}_contact_percent"
    length, lift = each.prong.length_mm, each.prong.lift_mm
    if length is None or lift is None:
        return Unmeasurable(name, NO_LIFT)
    if crown is None:
        return Unmeasurable(name, NO_TABLE)
    low, high = lift.interval
    if low > 0:
        return Unmeasurable(name, f"its tip stands {lift.value:.2f} mm above where it would touch the crown")
    if high > LARGEST_GAP_MM:
        return Unmeasurable(name, f"the oblique view leaves up to {high:.2f} mm between its tip and the crown")
    percent = 100 / crown.width_mm
    return Measurement(
        name,
        Estimate(
            percent * length.value,
            "%",
            (
                Contribution("the crown's width", percent * abs(length.value) / crown.width_mm * crown.width_u_mm),
                *(Contribution(f"length: {c.name}", percent * c.standard_uncertainty) for c in length.budget),
                Contribution("gap under the tip", percent * lift.standard_uncertainty / CROWN_SLOPE),
                Contribution(MODEL, thresholds.contact_percent),
            ),
        ),
    )
