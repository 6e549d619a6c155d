"""Scale and backlight from repeated placements of a certified artefact."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.artefact import Artefact, ArtefactError
from loupebox.calibration.backlight import backlight_gap, half_angle_from_pin
from loupebox.calibration.bar import measure_bar
from loupebox.calibration.certificate import Certificate
from loupebox.calibration.draft import CalibrationDraft, ResultLine
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import LinearFrame
from loupebox.calibration.graticule import measure_graticule
from loupebox.calibration.propagation import Input, propagate
from loupebox.calibration.scale_study import Placement, estimate_um, scale_from_artefact
from loupebox.calibration.thermal import growth_inputs
from loupebox.inspect.backlight import LEVEL_DOUBT
from loupebox.inspect.ring import locate_ring
from loupebox.inspect.silhouette import NoRing
from loupebox.inspect.straight import straight_contour
from loupebox.station import gauge_plots
from loupebox.station.calibration_occasion import Occasion
from loupebox.station.calibration_page import section_of, two_digits
from loupebox.station.calibration_pictures import CalibrationInputError, read_pictures
from loupebox.station.gauge_plots import Line
from loupebox.station.gauge_section import Section, Table

LARGEST_RELATIVE_U = 0.001
"""Expanded uncertainty of a scale, relative: 17 um on a ring of 17 mm, a third of what a finger size may have."""
SHARP_EDGE_MM = 0.05
"""Radius of the edge of a ring gauge where its file does not say."""

BENT = "The lens's distortion is taken off a ring gauge alone: this artefact must lie in the middle of the picture."

Measured = tuple[float, float, float]
"""Length and its standard uncertainty, blur of the edges; all in px."""


def calibrate_scale(
    occasion: Occasion,
    folder: Path,
    artefact: Artefact,
    bits: int | None,
    *,
    dark_level_dn: float,
    about_um_per_px: float,
    half_angle_deg: tuple[float, float] | None,
    now: Certificate | None = None,
) -> tuple[CalibrationDraft, Section]:
    """Scale of a view; `half_angle_deg` is that of the backlight with its standard uncertainty.

    The distortion of the view's lens, where its certificate `now` has one, is taken off a ring gauge as off a ring.
    """
    measure = _measure(artefact, about_um_per_px, now)
    placements: list[Placement] = []
    frames: dict[str, str] = {}
    blurs: list[float] = []
    for picture in read_pictures(folder, 3, bits):
        frames[picture.name] = picture.sha256
        found = measure(picture.signal(dark_level_dn))
        if isinstance(found, str):
            raise CalibrationInputError(f"{folder / picture.name} cannot be used because {found}")
        placements.append(Placement(picture.name, *found[:2]))
        blurs.append(found[2])
    systematic = _systematic(artefact, half_angle_deg, max(blurs) * about_um_per_px / 1000)
    try:
        study = scale_from_artefact(artefact, placements, occasion.temperature, occasion.made_at.date(), systematic)
    except ArtefactError as error:
        raise CalibrationInputError(str(error)) from None
    scale = estimate_um(study.scale)
    relative = 100 * scale.expanded_uncertainty / scale.value
    freedom = scale.degrees_of_freedom
    results = (
        ResultLine.of("scale", scale),
        ResultLine(name="expanded uncertainty, relative", value=relative, unit="%", most=100 * LARGEST_RELATIVE_U),
        ResultLine(name="repeatability of one placement", value=study.standard_deviation_px, unit="px"),
    )
    draft = occasion.draft(
        "scale",
        artefact.title,
        study.method,
        results,
        frames,
        sets={
            "scale_um_per_px": scale.value,
            "scale_standard_uncertainty_um_per_px": scale.standard_uncertainty,
            **({} if math.isinf(freedom) else {"scale_degrees_of_freedom": freedom}),
        },
        remarks=[
            *(f"{name} stands out from the other placements: look at its picture." for name in study.outliers),
            *([BENT] if now is not None and now.lens_k1 is not None and artefact.kind != "ring gauge" else []),
        ],
    )
    table = Table(
        "Placements",
        ("picture", "length (px)", "u of its edges (px)", "from the mean (px)"),
        tuple(
            (p.name, f"{p.length_px:.4f}", two_digits(p.standard_uncertainty_px), f"{p.length_px - study.mean_px:+.4f}")
            for p in study.placements
        ),
    )
    plot = gauge_plots.run_chart(
        "Placements",
        "Placements scatter by seating, dirt and noise; a drift means that something warms or creeps.",
        "length (px)",
        [("", [str(i + 1) for i in range(len(placements))], [p.length_px for p in placements])],
        [Line(study.mean_px, "mean")],
        (-math.inf, math.inf),
        "placement",
    )
    return draft, section_of(draft, [plot], [table])


def calibrate_backlight(
    occasion: Occasion, folder: Path, pin: Artefact, bits: int | None, *, dark_level_dn: float, scale: Estimate
) -> tuple[CalibrationDraft, Section]:
    """Half-angle of the backlight from a polished pin across the view; `scale` (um/px) from a flat artefact."""
    if pin.kind != "pin":
        raise CalibrationInputError(f"artefact {pin.artefact_id} is a {pin.kind}; a backlight needs a polished pin")
    try:
        pin.check_valid(occasion.made_at.date())
    except ArtefactError as error:
        raise CalibrationInputError(str(error)) from None
    widths: list[float] = []
    frames: dict[str, str] = {}
    blur = 0.0
    for picture in read_pictures(folder, 3, bits):
        frames[picture.name] = picture.sha256
        bar = measure_bar(picture.signal(dark_level_dn))
        if isinstance(bar, str):
            raise CalibrationInputError(f"{folder / picture.name} cannot be used because {bar}")
        widths.append(bar.width_px)
        blur = max(blur, bar.sigma_px)
    inputs = (
        Input.mean("repeated placements", widths),
        Input("scale certificate", scale.value / 1000, scale.standard_uncertainty / 1000, scale.degrees_of_freedom),
        Input("level of the edge", 0.0, _level_mm(blur * scale.value / 1000)),
    )
    apparent = propagate(lambda px, k, level: px * k + level, inputs, "mm")
    true = propagate(
        lambda length, drift, alpha, above: (length + drift) * (1 + alpha * above),
        (*pin.length_inputs(occasion.made_at.date()), *growth_inputs("artefact", pin.material, occasion.temperature)),
        "mm",
    )
    angle = half_angle_from_pin(apparent, true)
    gap = backlight_gap(angle.value, angle.standard_uncertainty)
    results = (
        ResultLine.of("width as it looks", apparent),
        ResultLine.of("width by its certificate", true),
        ResultLine.of("half-angle of the backlight", angle),
    )
    draft = occasion.draft(
        "backlight",
        pin.title,
        f"Half-angle from {len(widths)} pictures of a polished pin that lies across the view: it looks thinner by "
        "D (1 - cos(angle / 2)); the scale comes from another, flat artefact.",
        results if isinstance(gap, str) else (*results, ResultLine.of("what a hole gains on its diameter", gap)),
        frames,
        sets={
            "backlight_half_angle_deg": angle.value,
            "backlight_half_angle_standard_uncertainty_deg": angle.standard_uncertainty,
        },
        troubles=(f"silhouettes cannot be trusted because {gap}",) if isinstance(gap, str) else (),
    )
    return draft, section_of(draft, [_gap_plot(angle.value)], [])


def _gap_plot(half_angle_deg: float) -> gauge_plots.Plot:
    from loupebox.station.calibration_page import scatter

    def gap_um(angle: float) -> float | None:
        gap = backlight_gap(angle)
        return None if isinstance(gap, str) else 1000 * gap.value

    curve = [(a, g) for a in np.linspace(0, 10, 51).tolist() if (g := gap_um(a)) is not None]
    here = gap_um(half_angle_deg)
    return scatter(
        "What a hole gains by the backlight's cone",
        "For a section that nobody described; the curve ends where the doubt is too large.",
        ("half-angle (°)", "gain on the diameter (um)"),
        [(half_angle_deg, here)] if here is not None else [],
        curve,
    )


def _measure(
    artefact: Artefact, about_um_per_px: float, now: Certificate | None
) -> Callable[[NDArray[np.float32]], Measured | str]:
    if artefact.kind == "ring gauge":
        certificate = _provisional(about_um_per_px)

        def ring(signal: NDArray[np.float32]) -> Measured | str:
            found = locate_ring(LinearFrame(signal, signal >= 1.0, "face", "backlight"), certificate)
            if isinstance(found, NoRing):
                return found.reason
            lens = None if now is None else now.lens((int(signal.shape[1]), int(signal.shape[0])))
            inner = found.inner if lens is None else straight_contour(found.inner, lens)
            return 2 * float(inner.cosines[0]), 2 * inner.radius_standard_uncertainty_px, found.sigma_px

        return ring
    if artefact.kind == "pin":

        def pin(signal: NDArray[np.float32]) -> Measured | str:
            found = measure_bar(signal)
            return found if isinstance(found, str) else (found.width_px, found.standard_uncertainty_px, found.sigma_px)

        return pin
    if artefact.kind == "graticule":

        def graticule(signal: NDArray[np.float32]) -> Measured | str:
            found = measure_graticule(signal)
            return found if isinstance(found, str) else (found.pitch_px, found.standard_uncertainty_px, 0.0)

        return graticule
    raise CalibrationInputError(
        f"artefact {artefact.artefact_id} is a {artefact.kind}; a scale comes from a ring gauge, a pin or a graticule"
    )


def _provisional(about_um_per_px: float) -> Certificate:
    """What finding a ring needs to know before the scale is known."""
    document = {
        "schema": 1,
        "certificate_id": "provisional",
        "station": "provisional",
        "view": "face",
        "camera_serial": "provisional",
        "artefact": "none",
        "issued_by": "provisional",
        "issued_at": "2000-01-01T00:00:00+00:00",
        "valid_until": "2001-01-01T00:00:00+00:00",
        "scale_um_per_px": about_um_per_px,
        "scale_standard_uncertainty_um_per_px": about_um_per_px * 0.01,
        "dark_level_dn": 0.0,
        "edge_sigma_px": 1.0,
    }
    return Certificate.parse(json.dumps(document), "provisional certificate")


def _systematic(artefact: Artefact, half_angle_deg: tuple[float, float] | None, blur_mm: float) -> tuple[Input, ...]:
    """How much longer the artefact looks than it is, in mm; a graticule's lines shift both flanks alike."""
    if artefact.kind == "graticule":
        return ()
    if half_angle_deg is None:
        raise CalibrationInputError("a silhouette needs the backlight's half-angle: give --half-angle")
    radius = artefact.edge_radius_mm
    if radius is None:
        radius = artefact.length_mm / 2 if artefact.kind == "pin" else SHARP_EDGE_MM
    gap = backlight_gap(*half_angle_deg, Input("radius of the artefact's edge", radius, 0.1 * radius))
    if isinstance(gap, str):
        raise CalibrationInputError(f"the silhouette of {artefact.artefact_id} cannot be trusted because {gap}")
    sign = 1 if artefact.kind == "ring gauge" else -1
    return (
        Input("backlight", sign * gap.value, gap.standard_uncertainty),
        Input("level of the edge", 0.0, _level_mm(blur_mm)),
    )


def _level_mm(blur_mm: float) -> float:
    """Standard uncertainty of a diameter from the level at which its two edges are taken."""
    return 2 * LEVEL_DOUBT * math.sqrt(2 * math.pi) * blur_mm


def scale_of(certificate: Certificate) -> Estimate:
    """The scale of a view's certificate in um/px."""
    k = certificate.scale.mm_per_px
    budget = tuple(Contribution(c.name, 1000 * c.standard_uncertainty, c.degrees_of_freedom) for c in k.budget)
    return Estimate(1000 * k.value, "um/px", budget)
