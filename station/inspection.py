"""The one function that inspects a piece: gather, decide, and say everything that went into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.frame import View
from loupebox.calibration.stripes import decode
from loupebox.inspect.finding import Finding
from loupebox.inspect.head import measure_head
from loupebox.inspect.head_thresholds import SYMMETRIES, HeadThresholds
from loupebox.inspect.judge import judge
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.opening import Section
from loupebox.inspect.pieces import measure_pieces
from loupebox.inspect.prong import Prong
from loupebox.inspect.ring import RingShape, locate_ring
from loupebox.inspect.ring_measures import measure_ring, plain_section
from loupebox.inspect.ring_size import RingSizes, sizes
from loupebox.inspect.shank import measure_shank
from loupebox.inspect.silhouette import NoRing
from loupebox.inspect.spec import Spec
from loupebox.inspect.surface import find_defects
from loupebox.inspect.surface_maps import surface_maps
from loupebox.inspect.verdict import Judgement
from loupebox.station import gate
from loupebox.station.calibration_set import CalibrationSet
from loupebox.station.capture import Capture
from loupebox.station.gate import LinearFrames
from loupebox.station.model_set import ModelSet
from loupebox.station.needs import SILHOUETTE, STRIPES_X, STRIPES_Y, views_of
from loupebox.station.part_state import PartState
from loupebox.station.refusal import Refusal
from loupebox.station.replay import replay_of
from loupebox.station.report import Replay
from loupebox.station.spec_sheet import SpecSheet
from loupebox.station.stopwatch import Stopwatch

Outcome = Literal["PASS", "REVIEW", "FAIL", "REFUSED"]


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What was found out about one piece; exactly one of `judgement` and `refusal` is there."""

    capture: Capture
    sheet: SpecSheet
    calibration: CalibrationSet
    judgement: Judgement | None
    refusal: Refusal | None
    measurements: tuple[MeasurementResult, ...]
    prongs: tuple[Prong, ...]
    findings: tuple[Finding, ...]
    ring_sizes: RingSizes | None
    timings_ms: Mapping[str, float]
    replay: Replay

    @property
    def outcome(self) -> Outcome:
        return "REFUSED" if self.judgement is None else self.judgement.verdict.value

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not simply a PASS, in words, the worst first."""
        if self.refusal is not None:
            return (self.refusal.sentence,)
        return self.judgement.reasons if self.judgement is not None else ()


@dataclass(slots=True)
class _Seen:
    """What has been seen so far; a refusal keeps it too, since it helps to understand the refusal."""

    part: PartState | None
    measurements: list[MeasurementResult] = field(default_factory=list)
    prongs: tuple[Prong, ...] | None = None  # None: not looked at, or nothing to hold the pattern against
    findings: tuple[Finding, ...] | None = None

    def add_metal(self, results: Iterable[MeasurementResult]) -> None:
        """Lengths of metal, at 20 °C where it is known how warm it was."""
        self.measurements += results if self.part is None else self.part.at_reference(results)


def inspect_piece(
    capture: Capture,
    sheet: SpecSheet,
    calibration: CalibrationSet,
    models: ModelSet,
    watch: Stopwatch,
) -> Inspection:
    """Inspect one piece against its spec sheet. Pure but for the stopwatch: the same input gives the same verdict."""
    seen, spec = _Seen(part=capture.record.part), sheet.spec
    refusal = _look(capture, spec, calibration, models, watch, seen)
    judgement = None
    if refusal is None:
        with watch.step("judge"):
            judgement = judge(spec, seen.measurements, seen.prongs, seen.findings)
    return Inspection(
        capture=capture,
        sheet=sheet,
        calibration=calibration,
        judgement=judgement,
        refusal=refusal,
        measurements=tuple(seen.measurements),
        prongs=seen.prongs or (),
        findings=seen.findings or (),
        ring_sizes=_ring_sizes(seen.measurements),
        replay=replay_of(capture, sheet, calibration, models),
        timings_ms=watch.timings_ms(),
    )


def _look(
    capture: Capture, spec: Spec, calibration: CalibrationSet, models: ModelSet, watch: Stopwatch, seen: _Seen
) -> Refusal | None:
    """Everything that must be seen before judging, in the order in which it can be refused soonest."""
    with watch.step("gate"):
        refusal = gate.check_capture(capture, spec, calibration)
    if refusal is not None:
        return refusal
    locked = gate.locked_views(capture, spec, calibration)
    with watch.step("correct"):
        frames = gate.correct_frames(capture, spec, calibration)
    with watch.step("gate"):
        silhouette = {key: frames[key] for key in SILHOUETTE if key in frames}
        refusal = gate.check_light(frames) or gate.check_focus(silhouette, calibration)
    if refusal is not None:
        return refusal
    _tell_locked(spec, locked, seen)
    if spec.family == "pendant" or spec.family == "earrings":
        return _look_at_pieces(frames, spec.family, calibration, watch, seen) if "face" not in locked else None
    if "face" not in locked:
        with watch.step("ring"):
            refusal = _look_at_ring(frames, spec, calibration, seen)
        if refusal is not None:
            return refusal
    with watch.step("gate"):  # only now: views of another style's piece may show nothing to focus on
        others = {key: frame for key, frame in frames.items() if key not in silhouette}
        refusal = gate.check_focus(others, calibration)
    if refusal is not None:
        return refusal
    if spec.head is not None and not locked.keys() & {"top", "oblique"}:
        with watch.step("head"):
            refusal = _look_at_head(frames, spec, calibration, models, seen)
        if refusal is not None:
            return refusal
    if "shank" in locked:
        return None
    with watch.step("shank"):
        return _look_at_shank(frames, spec, calibration, models, seen)


def _tell_locked(spec: Spec, locked: Mapping[View, str], seen: _Seen) -> None:
    """What rests on a view whose calibration does not hold is not measured, and says why and who can help."""
    for wanted in spec.characteristic:
        for view in views_of(wanted.name):
            if view in locked:
                seen.measurements.append(Unmeasurable(wanted.name, locked[view]))
                break
    head = next((locked[v] for v in views_of("prong_count") if v in locked), None)
    if spec.head is not None and head is not None:
        seen.measurements.append(Unmeasurable("prong_count", head))
    if spec.surface and "shank" in locked:
        seen.measurements.append(Unmeasurable("surface", locked["shank"]))


def _look_at_pieces(
    frames: LinearFrames,
    family: Literal["pendant", "earrings"],
    calibration: CalibrationSet,
    watch: Stopwatch,
    seen: _Seen,
) -> Refusal | None:
    with watch.step("outline"):
        results = measure_pieces(frames["face", "backlight"], calibration["face"].certificate, family)
    if isinstance(results, str):
        return _no_piece(results)
    seen.add_metal(results)
    return None


def _look_at_ring(frames: LinearFrames, spec: Spec, calibration: CalibrationSet, seen: _Seen) -> Refusal | None:
    face, certificate = frames["face", "backlight"], calibration["face"].certificate
    shape = locate_ring(face, certificate)
    if isinstance(shape, NoRing):
        return _no_piece(shape.reason)
    seen.add_metal(measure_ring(face, certificate, shape, _section(spec, shape, certificate)))
    return gate.check_style(spec, shape.has_head)


def _look_at_head(
    frames: LinearFrames, spec: Spec, calibration: CalibrationSet, models: ModelSet, seen: _Seen
) -> Refusal | None:
    assert spec.head is not None
    top, oblique = (calibration[view].certificate for view in ("top", "oblique"))
    pictures = [frames[view, "dome"].signal for view in ("top", "oblique")]
    looks = [
        models.head.look(picture, certificate.scale_um_per_px, SYMMETRIES[view])
        for picture, certificate, view in zip(pictures, (top, oblique), ("top", "oblique"), strict=True)
    ]
    thresholds = HeadThresholds.from_card(models.head.card)
    head = measure_head(looks[0], looks[1], top, oblique, spec.head, thresholds, spec.stone, pictures[0])
    if head.wrong_style is not None:
        return gate.wrong_style(spec, head.wrong_style)
    seen.measurements += head.measurements
    seen.prongs = head.prongs or None
    return None


def _look_at_shank(
    frames: LinearFrames, spec: Spec, calibration: CalibrationSet, models: ModelSet, seen: _Seen
) -> Refusal | None:
    certificate = calibration["shank"].certificate
    results, metal_mask = measure_shank(frames["shank", "backlight"], certificate)
    seen.add_metal(results)
    if metal_mask is None:
        return _no_piece("the shank view does not show the band")
    if not spec.surface:
        return None
    coaxial = frames["shank", "coaxial"].luminance
    stripes_x, stripes_y = (
        decode([frames["shank", light].luminance for light in lights]) for lights in (STRIPES_X, STRIPES_Y)
    )
    maps = surface_maps(coaxial, stripes_x, stripes_y, metal_mask)
    probabilities = models.surface.segment(maps, certificate.scale_um_per_px)
    seen.findings = find_defects(
        probabilities, metal_mask, models.surface.card, certificate.scale.mm_per_px.value, spec.zones.shank
    )
    return None


def _section(spec: Spec, shape: RingShape, certificate: Certificate) -> Section | None:
    """What the sheet says of the band's section; the thickness is measured where the sheet has none."""
    if spec.profile is None:
        return None
    drawn = {c.name: c.nominal for c in spec.characteristic if c.nominal}
    plain = plain_section(shape, certificate.scale.mm_per_px.value)
    width = drawn.get("shank_width_mm", plain.width_mm)
    return Section(spec.profile, width, drawn.get("shank_thickness_mm", plain.thickness_mm))


def _no_piece(reason: str) -> Refusal:
    return Refusal("no_piece", reason, "place the piece in the middle of the view and take it again")


def _ring_sizes(measurements: list[MeasurementResult]) -> RingSizes | None:
    for result in measurements:
        if isinstance(result, Measurement) and result.name == "inner_diameter_mm" and 5 <= result.estimate.value <= 50:
            return sizes(result.estimate.value)
    return None
