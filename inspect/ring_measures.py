"""The dimensions of a ring from its outlines, each with its budget."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import LinearFrame
from loupebox.calibration.lens import Lens
from loupebox.inspect.backlight import LEVEL_DOUBT, WIDEST_HALF_ANGLE_DEG
from loupebox.inspect.circle import held_radii, maximum_inscribed_circle, minimum_circumscribed_circle, minimum_zone
from loupebox.inspect.contour import DIAMETER_ORDER
from loupebox.inspect.likely_tilts import RingOutline
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.opening import ANGLES, Corrections, Section, corrections
from loupebox.inspect.rays import directions_rad, points_at
from loupebox.inspect.ring import RingShape, locate_ring
from loupebox.inspect.shank_profile import least_asymmetry, mirrored_difference, thinnest
from loupebox.inspect.sight import Sight
from loupebox.inspect.silhouette import NoRing
from loupebox.inspect.straight import straight_shape
from loupebox.inspect.wall import Wall

Floats = NDArray[np.float64]

INNER_DIAMETER, OUT_OF_ROUND, ROUNDNESS = "inner_diameter_mm", "out_of_round_mm", "roundness_mm"
THICKNESS, THICKEST, THINNEST = "shank_thickness_mm", "shank_thickest_mm", "shank_thinnest_deg"
OUTER_DIAMETER, SYMMETRY = "outer_diameter_mm", "shank_symmetry_mm"
BORE, WALL = (INNER_DIAMETER, OUT_OF_ROUND, ROUNDNESS), (THICKNESS, THICKEST, THINNEST, OUTER_DIAMETER, SYMMETRY)
POINTS = 720
"""Of the hole's edge into which a circle is inscribed: the arc between two is flat to 5e-6 of the radius."""
WIDEST_DOUBT_MM = 0.006
"""Standard uncertainty by tilt, section and polish: above it the light that the metal throws hides where it ends."""
LEAST_SPAN_DEG, WIDEST_PLACE_DEG = 250.0, 60.0
UNKNOWN_WIDTH_MM, UNKNOWN_THICKNESS_MM = 2.5, 1.7


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A ring, what takes away from its outlines, and how they become millimetres."""

    shape: RingShape
    certificate: Certificate
    cases: Corrections
    lens: Lens | None

    def lens_doubt_mm(self, points_xy_px: Floats) -> Floats:
        """How much longer each point's radius may be than it is thought, by the doubt of the lens's distortion."""
        if self.lens is None:
            return np.zeros(len(points_xy_px))
        away = points_xy_px - np.asarray(self.shape.centre_xy_px)
        outward = away / np.hypot(away[:, 0], away[:, 1])[:, None]
        doubt = self.lens.doubt_px(points_xy_px, self.certificate.lens_standard_uncertainty_px)
        return (doubt * outward).sum(axis=1) * self.mm_per_px

    @property
    def mm_per_px(self) -> float:
        return self.certificate.scale.mm_per_px.value

    def result(
        self, name: str, seen_mm: float, corrected_mm: Floats, noise_mm: float, lens_mm: float
    ) -> MeasurementResult:
        """A length between two edges from what is seen and what each case changes of it; or why it is none."""
        mean, tilt, polish, profile = self.cases.summary(corrected_mm)
        if (reason := _hidden(math.hypot(tilt, polish, profile))) is not None:
            return Unmeasurable(name, reason)
        value = seen_mm + mean
        scale = self.certificate.scale.mm_per_px
        pupil = self.certificate.pupil_distance_mm
        level = 2 * LEVEL_DOUBT * math.sqrt(2 * math.pi) * self.shape.sigma_px * self.mm_per_px
        budget = [
            Contribution(
                "scale certificate",
                abs(value) * scale.standard_uncertainty / scale.value,
                scale.degrees_of_freedom,
            ),
            Contribution("edge noise", noise_mm),
            Contribution("level of the edge", level),
            Contribution("tilt and section of the ring", tilt),
            Contribution("light mirrored by the metal", polish),
        ]
        if len(set(self.cases.profile.tolist())) > 1:
            budget.append(Contribution("profile of the band, not told", profile))
        if self.lens is not None:
            budget.append(Contribution("distortion of the lens", lens_mm))
        if pupil is not None:
            plane = self.certificate.plane_standard_uncertainty_mm
            budget.append(Contribution("height of the ring", abs(value) * plane / pupil))
        return Measurement(name, Estimate(value, "mm", tuple(budget)))


def measure_ring(
    face: LinearFrame,
    certificate: Certificate,
    shape: RingShape | NoRing | None = None,
    section: Section | None = None,
) -> tuple[MeasurementResult, ...]:
    """Measure a ring from its backlit picture along the finger hole.

    The inner diameter is that of the largest circle in the hole (ISO 8653: the biggest cylinder that can be inserted);
    out of round is the largest minus the smallest diameter through the centre, roundness the width of the minimum zone
    (ISO 12181-1). The thickness is the distance between the outlines along a ray, away from the head: the least with
    its place (degrees counter-clockwise from image right), and the largest. The outer diameter is that of the smallest
    circle around the band, head left out. Symmetry is the largest difference of thickness between two places that
    mirror each other about the axis through the head, or about the best axis of a ring without one.

    What the picture shows is narrowed by a tilted ring and by a lens that is not telecentric, and widened by light that
    the metal mirrors; `opening` says by how much and how surely, and the values are of the metal itself.

    Parameters
    ----------
    face, certificate : as in `locate_ring`
    shape : RingShape or NoRing or None
        What `locate_ring` gave for this frame, when it was called before.
    section : Section or None
        What is known of the band.

    Returns
    -------
    tuple of eight MeasurementResult
        inner_diameter_mm, out_of_round_mm, roundness_mm, shank_thickness_mm, shank_thickest_mm, shank_thinnest_deg,
        outer_diameter_mm, shank_symmetry_mm: each with its budget, or why it cannot be measured.

    Raises
    ------
    ValueError
        As `locate_ring`.
    """
    shape = shape if shape is not None else locate_ring(face, certificate)
    half_angle = certificate.backlight_half_angle_deg
    if isinstance(shape, NoRing):
        return _none(shape.reason)
    if half_angle is None:
        return _none("the certificate does not state the half-angle of the backlight")
    if half_angle > WIDEST_HALF_ANGLE_DEG:
        return _none(
            f"the backlight's half-angle is {half_angle:g}°; allowed is {WIDEST_HALF_ANGLE_DEG:g}°, "
            "beyond it the metal's reflections move the edge"
        )
    k = certificate.scale.mm_per_px.value
    height, width = face.signal.shape
    lens = certificate.lens((width, height))
    if lens is not None:
        shape = straight_shape(shape, lens)
    offset = tuple((c - (n - 1) / 2) * k for c, n in zip(shape.centre_xy_px, (width, height), strict=True))
    sight = Sight(half_angle, certificate.pupil_distance_mm, (offset[0], offset[1]))
    doubt = certificate.backlight_half_angle_standard_uncertainty_deg or 0.0
    wall = shape.wall
    cases = corrections(*_outlines(shape, k), sight, section or plain_section(shape, k), doubt)
    seen = _Seen(shape, certificate, cases, lens)
    return (*_bore(seen), *(_wall(seen, wall) if isinstance(wall, Wall) else _none(wall, WALL)))


def _hidden(doubt_mm: float) -> str | None:
    """Why an edge says too little, by the standard uncertainty that tilt, section and polish leave; None: it does."""
    if doubt_mm <= WIDEST_DOUBT_MM:
        return None
    return (
        f"light that the metal mirrors or hides moves its edge by ± {2000 * doubt_mm:.0f} um at this tilt, profile and "
        f"backlight; allowed are ± {2000 * WIDEST_DOUBT_MM:.0f} um"
    )


def _none(reason: str, names: tuple[str, ...] = BORE + WALL) -> tuple[MeasurementResult, ...]:
    return tuple(Unmeasurable(name, reason) for name in names)


def plain_section(shape: RingShape, mm_per_px: float) -> Section:
    """A section of which nobody told anything: its thickness as it is seen."""
    wall = shape.wall
    thickness = float(np.median(wall.thickness_px)) * mm_per_px if isinstance(wall, Wall) else UNKNOWN_THICKNESS_MM
    return Section(None, UNKNOWN_WIDTH_MM, thickness)


def _outlines(shape: RingShape, mm_per_px: float) -> tuple[RingOutline, RingOutline | None]:
    """What tells of a tilt: the hole's outline, and the band's."""
    inner, wall, around = shape.inner, shape.wall, directions_rad(ANGLES)
    everywhere = np.ones(ANGLES, np.bool_)
    noise = inner.radius_standard_uncertainty_px * mm_per_px
    hole = RingOutline(inner.radius_px(around) * mm_per_px, noise, everywhere)
    if not isinstance(wall, Wall):
        return hole, None
    away = wall.outer_xy_px - np.asarray(shape.centre_xy_px)
    radius: Floats = np.hypot(away[:, 0], away[:, 1]) * mm_per_px
    begin, end = float(wall.angle_rad[0]), float(wall.angle_rad[-1])
    seen = everywhere if wall.closed else (around - begin) % (2 * math.pi) <= end - begin
    band: Floats = np.interp(around, wall.angle_rad, radius, period=2 * math.pi)
    return hole, RingOutline(band, wall.standard_uncertainty_px * mm_per_px, seen)


def _bore(seen: _Seen) -> tuple[MeasurementResult, ...]:
    contour, cases, k = seen.shape.inner, seen.cases, seen.mm_per_px
    circle = maximum_inscribed_circle(contour.points_xy_px(POINTS), contour.centre_xy_px)
    touches = np.asarray(circle.touches, np.float64) * (2 * math.pi / POINTS)
    noise = 2 * k * contour.held_standard_uncertainty_px(touches, np.asarray(circle.shares))
    radius = contour.radius_px(cases.angle_rad) * k
    changes = _changes(lambda r: 2 * held_radii(cases.angle_rad, r, inside=True), radius, cases.inner_mm)
    lens = seen.lens_doubt_mm(contour.points_xy_px(ANGLES))
    diameter = seen.result(INNER_DIAMETER, 2 * circle.radius * k, changes, noise, 2 * abs(float(lens.mean())))
    one = contour.radius_standard_uncertainty_px * k
    zone = minimum_zone(contour.points_xy_px(POINTS // 2), contour.centre_xy_px)
    scale = 2 * float(radius.mean()) * seen.certificate.scale.mm_per_px.standard_uncertainty / k
    scale = math.hypot(scale, float(_span_of_diameters(lens[None])[0]))
    across = _changes(_span_of_diameters, radius, cases.inner_mm)
    form = _changes(lambda r: np.ptp(_without_shift(r, cases.angle_rad), axis=1), radius, cases.inner_mm)
    return (
        diameter,
        _roundness(
            OUT_OF_ROUND, float(np.ptp(contour.diameters_px())) * k, math.sqrt(8) * one, cases.spread(across), scale
        ),
        _roundness(ROUNDNESS, zone.width * k, math.sqrt(2) * one, cases.spread(form), scale / 2),
    )


def _span_of_diameters(radius_mm: Floats) -> Floats:
    """Largest less smallest diameter of each row of radii, shape (m, n); of harmonics up to 8, the rest is grain."""
    half = radius_mm.shape[1] // 2
    waves = np.fft.rfft(radius_mm[:, :half] + radius_mm[:, half:], axis=1)
    waves[:, DIAMETER_ORDER // 2 + 1 :] = 0
    return np.ptp(np.fft.irfft(waves, half, axis=1), axis=1)


def _roundness(
    name: str, seen_mm: float, noise_mm: float, tilt_mm: tuple[float, float], scale_mm: float
) -> MeasurementResult:
    """What a tilt is likely to have added, and how surely, by `tilt_mm`."""
    change, doubt = tilt_mm
    if (reason := _hidden(doubt)) is not None:
        return Unmeasurable(name, reason)
    budget = (
        Contribution("edge noise", noise_mm),
        Contribution("scale in different directions", scale_mm),
        Contribution("tilt and section of the ring", doubt),
    )
    return Measurement(name, Estimate(max(seen_mm + change, 0.0), "mm", budget))


def _wall(seen: _Seen, wall: Wall) -> tuple[MeasurementResult, ...]:
    cases, k, shape = seen.cases, seen.mm_per_px, seen.shape
    noise = math.hypot(wall.standard_uncertainty_px, shape.inner.radius_standard_uncertainty_px) * k
    seen_mm = wall.thickness_px * k
    more = _at(wall.angle_rad, cases, cases.outer_mm - cases.inner_mm)
    centre = np.asarray(shape.centre_xy_px)
    axis = None if shape.head_span_deg is None else math.radians(shape.head_span_deg[0] + shape.head_span_deg[1] / 2)

    def asymmetry(thickness: Floats) -> float:
        if axis is None:
            return least_asymmetry(thickness)
        return mirrored_difference(wall.angle_rad, thickness, axis)

    form: Floats = more - cases.weights @ more
    symmetry = math.sqrt(float(cases.weights @ np.square(np.ptp(form, axis=1))))
    lens = seen.lens_doubt_mm(wall.outer_xy_px)
    inside = seen.lens_doubt_mm(points_at(shape.centre_xy_px, wall.angle_rad, shape.inner.radius_px(wall.angle_rad)))
    apart = float(np.abs(lens - inside).max())
    least = seen.result(THICKNESS, float(seen_mm.min()), _changes(lambda t: t.min(axis=1), seen_mm, more), noise, apart)
    at_deg, reach_deg = thinnest(wall.angle_rad, seen_mm + cases.weights @ more, 2 * math.hypot(noise, symmetry))
    doubt = Contribution("edge noise and tilt", reach_deg / math.sqrt(3))
    place: MeasurementResult = Measurement(THINNEST, Estimate(-at_deg % 360, "deg", (doubt,)))
    if reach_deg > WIDEST_PLACE_DEG:
        place = Unmeasurable(THINNEST, f"the band is as thin, as far as can be told, over ± {reach_deg:.0f}°")
    results: list[MeasurementResult] = [
        least,
        seen.result(THICKEST, float(seen_mm.max()), _changes(lambda t: t.max(axis=1), seen_mm, more), noise, apart),
        place,
    ]
    span = math.degrees(float(wall.angle_rad[-1] - wall.angle_rad[0]))
    if span < LEAST_SPAN_DEG:
        results.append(Unmeasurable(OUTER_DIAMETER, f"only {span:.0f}° of the band's outline are free of the head"))
    else:
        radius = np.hypot(*(wall.outer_xy_px - centre).T) * k
        few = slice(None, None, 8)
        outward = _at(wall.angle_rad[few], cases, cases.outer_mm)
        whole = minimum_circumscribed_circle(wall.outer_xy_px, shape.centre_xy_px)
        changes = _changes(lambda r: 2 * held_radii(wall.angle_rad[few], r, inside=False), radius[few], outward)
        own = 2 * wall.standard_uncertainty_px * k
        results.append(seen.result(OUTER_DIAMETER, 2 * whole.radius * k, changes, own, 2 * abs(float(lens.mean()))))
    budget = Contribution("edge noise", 2 * noise), Contribution("tilt and section of the ring", symmetry)
    return (*results, Measurement(SYMMETRY, Estimate(asymmetry(seen_mm), "mm", budget)))


def _without_shift(values: Floats, angle_rad: Floats) -> Floats:
    """Radii, shape (cases, n), less what a shift of the centre makes of them."""
    basis = np.column_stack([np.cos(angle_rad), np.sin(angle_rad)])
    return values - (values @ basis) @ basis.T * (2 / len(angle_rad))


def _changes(measure: Callable[[Floats], Floats], seen: Floats, more: Floats) -> Floats:
    """What each case changes of a measure of rows, shape (cases,)."""
    before: Floats = measure(seen[None])
    return measure(seen + more) - before


def _at(angle_rad: Floats, cases: Corrections, values: Floats) -> Floats:
    """Values over the cases' angles, shape (cases, n), at other angles."""
    turned: list[Floats] = [np.interp(angle_rad, cases.angle_rad, one, period=2 * math.pi) for one in values]
    return np.stack(turned)
