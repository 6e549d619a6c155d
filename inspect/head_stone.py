"""What is measured of a head's stone: its diameters, its place, its table and its tilt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.scale import Scale
from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.oblique_view import ObliqueView
from loupebox.inspect.stone_outline import GirdleCircle
from loupebox.inspect.stone_table import StoneTable

MODEL = "the model's share"
"""Name of the contribution that validation found."""
CROWN_DEG, CROWN_U_DEG = 34.5, 1.0
"""Angle of a round brilliant's crown, and its standard deviation over the cuts that are sold as good ones."""
CROWN_SLOPE = math.tan(math.radians(CROWN_DEG))
GIRDLE_SHARE, GIRDLE_U_SHARE = 0.015, 0.005
"""Half a girdle's thickness, as a share of the diameter, with its standard deviation."""
TABLE_WEIGHT_X, TABLE_WEIGHT_Y = 0.1, 0.5
"""How much of a tilt to the right, and to the back, the table's place tells; the rest tells the oblique girdle."""
RIM = "scatter of the girdle's outline"


@dataclass(frozen=True, slots=True)
class Crown:
    """The crown of the stone in mm: how wide it is from girdle to table, and how high over the girdle's middle."""

    width_mm: float
    width_u_mm: float
    height_mm: float
    height_u_mm: float


def crown_of(girdle: GirdleCircle, table: StoneTable, scale: Scale) -> Crown:
    """The crown between girdle and table, its height by the angle that round brilliants have."""
    k = scale.mm_per_px.value
    width = (girdle.radius_px - table.radius_px) * k
    width_u = girdle.radius_u_px * k
    diameter = 2 * girdle.radius_px * k
    angle_u = width / math.cos(math.radians(CROWN_DEG)) ** 2 * math.radians(CROWN_U_DEG)
    height_u = math.hypot(CROWN_SLOPE * width_u, angle_u, GIRDLE_U_SHARE * diameter)
    return Crown(width, width_u, CROWN_SLOPE * width + GIRDLE_SHARE * diameter, height_u)


def stone_measures(
    girdle: GirdleCircle,
    table: StoneTable | None,
    sight: ObliqueView | None,
    middle: tuple[float, float, float] | None,
    prongs: int,
    scale: Scale,
    thresholds: HeadThresholds,
) -> list[MeasurementResult]:
    """Diameters, offsets and tilt of the stone.

    Parameters
    ----------
    girdle : GirdleCircle
        From above.
    table : StoneTable or None
        None when it is not seen.
    sight : ObliqueView or None
        None when the stone is not found there.
    middle : (float, float, float) or None
        Of the prongs, from the stone's centre, with its standard uncertainty, in mm.
    prongs : int
        How many are seen.
    scale : Scale
        Of the top view.
    thresholds : HeadThresholds
    """
    results: list[MeasurementResult] = []
    model = Contribution(MODEL, thresholds.stone_diameter_mm if girdle.on_pixels else thresholds.outline_mm)
    for name, radius, more in (
        ("stone_diameter_mm", girdle.radius_px, 1.0),
        ("stone_widest_mm", girdle.radius_px + girdle.oval_px, math.sqrt(3)),
        ("stone_narrowest_mm", girdle.radius_px - girdle.oval_px, math.sqrt(3)),
    ):
        # A diameter in one direction rests on three numbers of the outline's shape, each as unsure as the mean.
        diameter = scale.length_mm(2 * radius, 2 * more * girdle.radius_u_px, RIM)
        results.append(Measurement(name, diameter.with_contributions([model])))
    results.append(_offset(girdle, middle, prongs, scale, thresholds))
    if table is None:
        why = "the stone's table is not seen in the top view"
        return [*results, Unmeasurable("table_offset_mm", why), Unmeasurable("stone_tilt_deg", why)]
    k = scale.mm_per_px.value
    x, y = table.centre_xy_px[0] - girdle.centre_xy_px[0], girdle.centre_xy_px[1] - table.centre_xy_px[1]
    results.append(
        Measurement(
            "table_offset_mm",
            scale.length_mm(math.hypot(x, y), girdle.centre_u_px, RIM).with_contributions(
                [Contribution(MODEL, thresholds.table_offset_mm)]
            ),
        )
    )
    height = crown_of(girdle, table, scale).height_mm
    results.append(_tilt((-x * k / height, -y * k / height), sight, thresholds))
    return results


def _offset(
    girdle: GirdleCircle,
    middle: tuple[float, float, float] | None,
    prongs: int,
    scale: Scale,
    thresholds: HeadThresholds,
) -> MeasurementResult:
    """How far the stone's centre lies from the middle of its prongs."""
    name = "stone_offset_mm"
    if middle is None:
        return Unmeasurable(name, f"only {prongs} prongs are seen, and the middle of a pattern needs three")
    offset = math.hypot(*middle[:2])
    return Measurement(
        name,
        scale.length_mm(offset / scale.mm_per_px.value, girdle.centre_u_px, RIM)
        .with_contributions([
            Contribution("scatter of the prongs", middle[2]),
            Contribution(MODEL, thresholds.stone_offset_mm),
        ]),
    )  # fmt: skip


def _tilt(
    table_slope_xy: tuple[float, float], sight: ObliqueView | None, thresholds: HeadThresholds
) -> MeasurementResult:
    """Angle of the girdle against the station's level; what the piece itself lies tilted is in it.

    From the oblique view's girdle, whose rise to the back is told from its narrowness, and from the table, which a tilt
    carries sideways.
    """
    name = "stone_tilt_deg"
    if sight is None:
        return Unmeasurable(name, "the oblique view does not show the stone's girdle")
    (x, y), (table_x, table_y) = sight.girdle.slope_xy, table_slope_xy
    x += TABLE_WEIGHT_X * (table_x - x)
    y += TABLE_WEIGHT_Y * (table_y - y)
    return Measurement(
        name,
        Estimate(
            math.degrees(math.atan(math.hypot(x, y))),
            "deg",
            (
                Contribution(RIM, math.degrees(sight.girdle.slope_u) * (1 - TABLE_WEIGHT_Y)),
                Contribution("elevation certificate", math.degrees(sight.elevation_u_rad) * (1 - TABLE_WEIGHT_Y)),
                Contribution(MODEL, thresholds.stone_tilt_deg),
            ),
        ),
    )
