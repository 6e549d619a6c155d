"""Sensor, lights and sharpness from folders of frames."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from pathlib import Path
from typing import get_args

from loupebox.calibration.draft import CalibrationDraft, ResultLine
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.fixed_pattern import FrameStack, fixed_pattern
from loupebox.calibration.frame import Light
from loupebox.calibration.light_level import LightLevel, light_level
from loupebox.calibration.photon_transfer import ExposureStep, PhotonTransfer, SensorStudyError, photon_transfer
from loupebox.calibration.slanted_edge import slanted_edge
from loupebox.station.calibration_occasion import Occasion
from loupebox.station.calibration_page import scatter, section_of
from loupebox.station.calibration_pictures import CalibrationInputError, picture_files, read_picture, read_pictures
from loupebox.station.gauge_plots import Line, Plot
from loupebox.station.gauge_section import Section, Table, number
from loupebox.station.image_file import encode

NAME = re.compile(r"^(dark|light|flat)[_-].*?(\d+(?:\.\d+)?)\s*ms", re.IGNORECASE)
MOST_LINEARITY_ERROR_PERCENT = 1.0
MOST_PRNU_PERCENT = 2.0
MOST_DEFECTS_PPM = 100.0
MOST_REPEATABILITY_PERCENT = 1.0
LEAST_MTF50 = 0.08
"""Cycles/px; a Gaussian blur of 2.3 px, about three times that of the sample station."""


def calibrate_sensor(occasion: Occasion, folder: Path, bits: int | None, out: Path) -> tuple[CalibrationDraft, Section]:
    """Photon transfer, fixed pattern and lights from files named dark_*ms, light_*ms, flat_*ms and lights/<light>/."""
    groups = _by_name(folder)
    frames: dict[str, str] = {}
    try:
        dark = [step for ms, paths in groups["dark"].items() for step in _steps(paths, ms, bits, frames)]
        light = [step for ms, paths in groups["light"].items() for step in _steps(paths, ms, bits, frames)]
        transfer = photon_transfer(light, dark)
        results, tables = _transfer_results(transfer)
        plots = [*_transfer_plots(transfer)]
        remarks = ["The steps of the converter hide the dark noise: it is an upper limit."] * transfer.dark_noise_hidden
        full = read_picture(next(iter(groups["dark"].values()))[0], bits).full_scale
        sets = {"dark_level_dn": transfer.dark_level.value * 255 / full}
        flat = None
        methods = [transfer.method]
        if groups["flat"]:
            lines, flat, table, method = _pattern(occasion, groups, transfer, bits, out, frames)
            results += lines
            tables.append(table)
            methods.append(method)
        else:
            remarks.append("There are no frames named flat_*: no flat, PRNU, hot and dead pixels.")
        lights = _lights(occasion, folder / "lights", bits, transfer.dark_level.value, frames)
    except (SensorStudyError, ValueError) as error:
        raise CalibrationInputError(f"{folder}: {error}") from None
    results += [
        ResultLine(
            name=f"repeatability of {one.light}",
            value=one.repeatability_percent,
            unit="%",
            most=MOST_REPEATABILITY_PERCENT,
        )
        for one in lights
    ]
    results += [ResultLine.of(f"level of {one.light}", one.level) for one in lights]
    remarks += [
        f"{one.light} drifts by {100 * one.drift.value:+.3f} % a flash (p {one.drift.p:.2g}): let it warm up."
        for one in lights
        if one.drift.significant
    ]
    draft = occasion.draft(
        "sensor", "none: light and darkness", " ".join(methods), results, frames, sets=sets, remarks=remarks, flat=flat
    )
    return draft, section_of(draft, plots, tables)


def calibrate_sharpness(
    occasion: Occasion,
    folder: Path,
    bits: int | None,
    *,
    dark_level_dn: float,
    region_xywh_px: tuple[int, int, int, int] | None,
) -> tuple[CalibrationDraft, Section]:
    """MTF50 by slanted edge; the mean of several pictures of one edge."""
    frames: dict[str, str] = {}
    found: list[Estimate] = []
    rows: list[tuple[str, ...]] = []
    curve: list[tuple[float, float]] = []
    sigma = 0.0
    for picture in read_pictures(folder, 1, bits):
        frames[picture.name] = picture.sha256
        signal = picture.signal(dark_level_dn)
        if region_xywh_px is not None:
            x, y, w, h = region_xywh_px
            signal = signal[y : y + h, x : x + w]
        edge = slanted_edge(signal)
        if isinstance(edge, str):
            raise CalibrationInputError(f"{folder / picture.name} cannot be used because {edge}")
        found.append(edge.mtf50)
        sigma += edge.sigma_px
        curve = curve or [
            (f, m) for f, m in zip(edge.frequency_per_px.tolist(), edge.mtf.tolist(), strict=True) if f <= 0.5
        ]
        rows.append((picture.name, f"{edge.mtf50.value:.4f}", f"{edge.sigma_px:.3f}", f"{edge.angle_deg:.2f}"))
    sigma /= len(found)
    mean = Estimate(
        sum(e.value for e in found) / len(found),
        "cycles/px",
        (
            Contribution("parts of the edge", max(e.budget[0].standard_uncertainty for e in found), 7),
            Contribution("bins", max(e.budget[1].standard_uncertainty for e in found)),
        ),
    )
    results = (
        ResultLine.of("MTF50", mean, least=LEAST_MTF50),
        ResultLine(name="Gaussian blur of the same MTF50", value=sigma, unit="px"),
    )
    draft = occasion.draft(
        "sharpness",
        "slanted edge (needs no certified length)",
        f"MTF50 of {len(found)} pictures by slanted edge (ISO 12233, edge-based), light, lens and pixel together.",
        results,
        frames,
        sets={"edge_sigma_px": sigma},
    )
    plot = scatter(
        "Modulation transfer function",
        "Of the first picture; half of the modulation is left where the line crosses 0.5.",
        ("cycles/px", "modulation"),
        [],
        curve,
        [Line(0.5, "one half", "limit")],
    )
    table = Table("Pictures", ("picture", "MTF50 (cycles/px)", "blur (px)", "angle (°)"), tuple(rows))
    return draft, section_of(draft, [plot], [table])


def _by_name(folder: Path) -> dict[str, dict[float, list[Path]]]:
    groups: dict[str, dict[float, list[Path]]] = {name: defaultdict(list) for name in ("dark", "light", "flat")}
    for path in picture_files(folder):
        match = NAME.match(path.name)
        if match is None:
            raise CalibrationInputError(
                f"{path} does not say what it is; allowed are names such as dark_4ms_1.png, light_2.5ms_b.tif, "
                "flat_6ms_03.png"
            )
        groups[match.group(1).lower()][float(match.group(2))].append(path)
    for kind in ("dark", "light"):
        if not groups[kind]:
            raise CalibrationInputError(f"folder {folder} holds no pictures named {kind}_*ms*")
    return groups


def _steps(paths: list[Path], ms: float, bits: int | None, frames: dict[str, str]) -> list[ExposureStep]:
    """Frames of one exposure, two by two."""
    if len(paths) % 2:
        raise CalibrationInputError(f"{paths[-1]} has no partner: every exposure is taken twice")
    steps: list[ExposureStep] = []
    for a, b in zip(paths[::2], paths[1::2], strict=True):
        first, second = read_picture(a, bits), read_picture(b, bits)
        frames |= {first.name: first.sha256, second.name: second.sha256}
        steps.append(ExposureStep.of_pair(first.pixels, second.pixels, ms, first.full_scale))
    return steps


def _transfer_results(found: PhotonTransfer) -> tuple[list[ResultLine], list[Table]]:
    results = [
        ResultLine.of("overall system gain K", found.gain),
        ResultLine.of("temporal dark noise", found.dark_noise),
        ResultLine.of("dark signal", found.dark_level),
        ResultLine(
            name="linearity error LE", value=found.linearity_error_percent, unit="%", most=MOST_LINEARITY_ERROR_PERCENT
        ),
    ]
    if found.saturation_capacity is not None:
        results.append(ResultLine.of("saturation capacity", found.saturation_capacity))
    for name, value in (("dynamic range", found.dynamic_range_db), ("SNR max", found.snr_max_db)):
        if value is not None:
            results.append(ResultLine(name=name, value=value, unit="dB"))
    table = Table(
        "Exposures",
        ("exposure (ms)", "mean (DN)", "temporal variance (DN²)", "saturated", "fits K"),
        tuple(
            (
                f"{s.exposure_ms:g}",
                f"{s.mean_dn:.2f}",
                number(s.variance_dn2),
                f"{s.saturated_share:.2%}",
                "yes" if f else "",
            )
            for s, f in zip(found.steps, found.fitted, strict=True)
        ),
    )
    return results, [table]


def _transfer_plots(found: PhotonTransfer) -> tuple[Plot, Plot]:
    dark = found.dark_level.value
    points = [(s.mean_dn - dark, s.variance_dn2) for s in found.steps]
    top = max(x for (x, _), fits in zip(points, found.fitted, strict=True) if fits)
    base = min(y for _, y in points)
    transfer = scatter(
        "Photon transfer",
        "The slope is the gain K; beyond saturation the variance falls.",
        ("signal (DN)", "temporal variance (DN²)"),
        points,
        [(0.0, base), (top, base + found.gain.value * top)],
    )
    linearity = scatter(
        "Linearity",
        "Signal over exposure; it bends where the pixels are full.",
        ("exposure (ms)", "signal (DN)"),
        [(s.exposure_ms, s.mean_dn - dark) for s in found.steps],
        [(s.exposure_ms, s.mean_dn - dark) for s in found.steps],
    )
    return transfer, linearity


def _pattern(
    occasion: Occasion,
    groups: dict[str, dict[float, list[Path]]],
    transfer: PhotonTransfer,
    bits: int | None,
    out: Path,
    frames: dict[str, str],
) -> tuple[list[ResultLine], tuple[str, str], Table, str]:
    stacks: dict[str, FrameStack] = {}
    full = 255
    for kind in ("dark", "flat"):
        stacks[kind] = FrameStack()
        for path in (p for paths in groups[kind].values() for p in paths):
            picture = read_picture(path, bits)
            frames[picture.name] = picture.sha256
            full = picture.full_scale
            stacks[kind].add(picture.pixels)
    found = fixed_pattern(stacks["dark"], stacks["flat"], full)
    content = encode(found.flat)
    checksum = hashlib.sha256(content).hexdigest()
    name = f"{occasion.view}.flat.{checksum[:8]}.png"
    try:
        (out / name).write_bytes(content)
    except OSError as error:
        raise CalibrationInputError(f"{out / name} cannot be written: {error.strerror}") from None
    count = found.flat.size * 64
    defects = len(found.hot_xy_px) + len(found.dead_xy_px)
    results = [
        ResultLine(name="DSNU1288", value=found.dsnu_dn / transfer.gain.value, unit="e-"),
        ResultLine(name="PRNU1288", value=found.prnu_percent, unit="%", most=MOST_PRNU_PERCENT),
        ResultLine(name="hot and dead pixels", value=1e6 * defects / count, unit="ppm", most=MOST_DEFECTS_PPM),
        ResultLine(name="darkest illumination", value=100 * found.darkest_illumination, unit="%"),
    ]
    places = [("hot", p) for p in found.hot_xy_px.tolist()] + [("dead", p) for p in found.dead_xy_px.tolist()]
    table = Table(
        "Hot and dead pixels",
        ("kind", "x (px)", "y (px)"),
        tuple((kind, str(x), str(y)) for kind, (x, y) in places[:20]),
        f"{len(found.hot_xy_px)} hot, {len(found.dead_xy_px)} dead"
        + ("; the first 20 are shown." if len(places) > 20 else "."),
    )
    return results, (name, checksum), table, found.method


def _lights(
    occasion: Occasion, folder: Path, bits: int | None, dark_dn: float, frames: dict[str, str]
) -> list[LightLevel]:
    if not folder.is_dir():
        return []
    found: list[LightLevel] = []
    names: tuple[Light, ...] = get_args(Light)
    for light in names:
        if (folder / light).is_dir():
            levels: list[float] = []
            for picture in read_pictures(folder / light, 1, bits):
                frames[f"lights/{light}/{picture.name}"] = picture.sha256
                levels.append((float(picture.pixels.mean()) - dark_dn) / (picture.full_scale - dark_dn))
            found.append(light_level(occasion.view, light, levels))
    return found
