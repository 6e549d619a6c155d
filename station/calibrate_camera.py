"""Camera calibration from a folder of pictures of a board."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loupebox.calibration.artefact import Artefact
from loupebox.calibration.board import BoardView, find_charuco, find_chessboard
from loupebox.calibration.camera_fit import CameraFitError, fit_camera
from loupebox.calibration.draft import CalibrationDraft, ResultLine
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.telecentric import TelecentricFitError, fit_telecentric
from loupebox.station import gauge_plots
from loupebox.station.calibration_occasion import Occasion
from loupebox.station.calibration_page import section_of, two_digits
from loupebox.station.calibration_pictures import CalibrationInputError, read_pictures
from loupebox.station.gauge_section import Section, Table, number

MOST_NOISE_PX = 0.5
"""Corner noise above which pictures, board or lens model are wrong."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Views with a board, checksums of all pictures, and what was not seen."""

    views: tuple[BoardView, ...]
    frames: dict[str, str]
    remarks: tuple[str, ...]


def see_board(folder: Path, artefact: Artefact, bits: int | None, window_px: int | None = None) -> Seen:
    """Find the board in every picture of a folder."""
    if artefact.squares is None:
        raise CalibrationInputError(
            f"artefact {artefact.artefact_id} is a {artefact.kind}; a camera needs a chessboard or a charuco board"
        )
    views: list[BoardView] = []
    frames: dict[str, str] = {}
    remarks: list[str] = []
    for picture in read_pictures(folder, 2, bits):
        frames[picture.name] = picture.sha256
        if artefact.marker_mm is not None and artefact.dictionary is not None:
            try:
                found = find_charuco(
                    picture.name,
                    picture.grey8,
                    artefact.squares,
                    artefact.length_mm,
                    artefact.marker_mm,
                    artefact.dictionary,
                )
            except ValueError as error:
                raise CalibrationInputError(str(error)) from None
        else:
            found = find_chessboard(picture.name, picture.grey8, artefact.squares, artefact.length_mm, window_px)
        if isinstance(found, str):
            remarks.append(f"{picture.name} is not used because {found}.")
        else:
            views.append(found)
    return Seen(tuple(views), frames, tuple(remarks))


def calibrate_pinhole(
    occasion: Occasion, folder: Path, artefact: Artefact, bits: int | None, window_px: int | None, fixed_aspect: bool
) -> tuple[CalibrationDraft, Section]:
    """Intrinsics of a pinhole camera, each view's residual and tilt."""
    artefact.check_valid(occasion.made_at.date())
    seen = see_board(folder, artefact, bits, window_px)
    try:
        fit = fit_camera(seen.views, fixed_aspect=fixed_aspect)
    except CameraFitError as error:
        raise CalibrationInputError(f"{folder}: {error}") from None
    results = [ResultLine.of(name, found) for name, found in fit.parameters.items()]
    results.append(ResultLine(name="corner noise", value=fit.noise_px, unit="px", most=MOST_NOISE_PX))
    results.append(ResultLine(name="residual of all corners (RMS)", value=fit.rms_px, unit="px"))
    remarks = [*seen.remarks, *(f"{name} is left out: its residual stands out." for name in fit.left_out)]
    results.append(ResultLine(name="doubt of the distortion in a corner", value=fit.corner_u_px, unit="px"))
    lens = fit.camera.lens(seen.views[0].size_px)
    x, y = lens.middle_xy_px
    sets = {
        **{f"lens_{name}": getattr(lens, name) for name in ("k1", "p1", "p2", "k2", "k3")},
        "lens_centre_x_px": x,
        "lens_centre_y_px": y,
        "lens_standard_uncertainty_px": fit.corner_u_px,
    }
    draft = occasion.draft("camera", artefact.title, fit.method, results, seen.frames, sets=sets, remarks=remarks)
    views = Table(
        "Views",
        ("picture", "corners", "residual (RMS px)", "tilt (°)", "U of tilt (°)", "distance (mm)", ""),
        tuple(
            (
                v.name,
                str(v.corners),
                f"{v.rms_px:.3f}",
                f"{v.tilt.value:.2f}",
                two_digits(v.tilt.expanded_uncertainty),
                f"{v.distance_mm:.1f}",
                ("left out" if v.name in fit.left_out else "bad") if v.bad else "",
            )
            for v in fit.views
        ),
        "A small residual says that the model fits, not that the camera is true.",
    )
    uncertainties = Table(
        "Two ways to the uncertainty",
        ("parameter", "value", "normal matrix u", "bootstrap u"),
        tuple(
            (name, number(found.value, 7), two_digits(fit.normal_matrix_u[name]), two_digits(fit.bootstrap_u.get(name)))
            for name, found in fit.parameters.items()
        ),
        "The bootstrap draws whole views; where it is wider, views share errors that single corners do not show.",
    )
    plot = _residual_plot([(v.name, v.rms_px) for v in fit.views])
    return draft, section_of(draft, [plot], [views, uncertainties])


def calibrate_telecentric(
    occasion: Occasion,
    folder: Path,
    artefact: Artefact,
    bits: int | None,
    heights_mm: Sequence[float] | None,
    stage_view: str | None,
) -> tuple[CalibrationDraft, Section]:
    """Magnification, distortion and tilts of a telecentric camera; the elevation where a board lay on the stage."""
    artefact.check_valid(occasion.made_at.date())
    seen = see_board(folder, artefact, bits)
    if heights_mm is not None and seen.remarks:
        raise CalibrationInputError(f"{folder}: with heights every picture must show the board; {seen.remarks[0]}")
    try:
        fit = fit_telecentric(seen.views, heights_mm)
    except TelecentricFitError as error:
        raise CalibrationInputError(f"{folder}: {error}") from None
    length, drift = artefact.length_inputs(occasion.made_at.date())
    own = math.hypot(length.standard_uncertainty, drift.standard_uncertainty) / artefact.length_mm
    scale = fit.um_per_px.with_contributions(
        [Contribution("certificate and drift of the artefact", fit.um_per_px.value * own)]
    )
    results = [
        ResultLine.of("magnification", fit.magnification),
        ResultLine.of("scale", scale),
        *(
            ResultLine.of(f"distortion {name}", found)
            for name, found in (("k1", fit.k1), ("p1", fit.p1), ("p2", fit.p2))
        ),
        ResultLine(name="corner noise", value=fit.noise_px, unit="px", most=MOST_NOISE_PX),
    ]
    if fit.axis_tilt_xy is not None:
        results += [
            ResultLine.of(f"optical axis against the stage, {xy}", found)
            for xy, found in zip("xy", fit.axis_tilt_xy, strict=True)
        ]
    corner = math.hypot(*(k.standard_uncertainty for k in (fit.k1, fit.p1, fit.p2))) * fit.lens.half_diagonal_px
    sets = {
        "lens_k1": fit.k1.value,
        "lens_p1": fit.p1.value,
        "lens_p2": fit.p2.value,
        "lens_k2": 0.0,
        "lens_k3": 0.0,
        "lens_centre_x_px": fit.lens.middle_xy_px[0],
        "lens_centre_y_px": fit.lens.middle_xy_px[1],
        "lens_standard_uncertainty_px": corner,
    }
    if stage_view is not None:
        lying = next((v for v in fit.views if v.name == stage_view), None)
        if lying is None:
            raise CalibrationInputError(
                f"no view is called '{stage_view}'; there are {', '.join(v.name for v in fit.views)}"
            )
        elevation = Estimate(90 - lying.tilt.value, "deg", lying.tilt.budget)
        results.append(ResultLine.of("elevation of the axis above the stage", elevation))
        sets["elevation_deg"] = elevation.value
        sets["elevation_standard_uncertainty_deg"] = elevation.standard_uncertainty
    bad = tuple(f"{v.name} stands out: its residual is {v.rms_px:.2f} px." for v in fit.views if v.bad)
    draft = occasion.draft(
        "camera", artefact.title, fit.method, results, seen.frames, sets=sets, remarks=(*seen.remarks, *bad)
    )
    views = Table(
        "Views",
        ("picture", "corners", "residual (RMS px)", "magnification (px/mm)", "tilt (°)", "U of tilt (°)", ""),
        tuple(
            (
                v.name,
                str(v.corners),
                f"{v.rms_px:.3f}",
                f"{v.magnification.value:.5f}",
                f"{v.tilt.value:.3f}",
                two_digits(v.tilt.expanded_uncertainty),
                "bad" if v.bad else "",
            )
            for v in fit.views
        ),
    )
    return draft, section_of(draft, [_residual_plot([(v.name, v.rms_px) for v in fit.views])], [views])


def _residual_plot(rms: Sequence[tuple[str, float]]) -> gauge_plots.Plot:
    return gauge_plots.bars(
        "Residual of each view",
        "A view that stands out is blurred, moved, or its corners were pulled aside: look at it before all else.",
        "RMS (px)",
        [name for name, _ in rms],
        [("RMS", [value for _, value in rms])],
    )
