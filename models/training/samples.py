"""The sample captures: every piece of `SAMPLES`, through every camera and light, with its truth.

`python -m loupebox.models.training.samples [--only SLUG]` is deterministic,
keeps raw renders in a cache and skips what is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from loupebox.models.training import render
from loupebox.models.training.heads import scene_of, truth_of
from loupebox.models.training.metal import Metal, stone_bsdf
from loupebox.models.training.piece import Piece, part_meshes
from loupebox.models.training.shank_patch import SeenDefect, render_shank
from loupebox.models.training.shank_shape import Pose as ShankPose
from loupebox.models.training.shank_shape import ShankShape
from loupebox.models.training.style import STYLES, Fault, make
from loupebox.models.training.surface_defect_recipe import piece_surface
from loupebox.models.training.virtual_station import (
    BACKLIGHT_HALF_ANGLE_DEG,
    DOME_SEED,
    STATION,
    VIEWS,
    true_camera,
)

RECIPE = 1
"""Raise it when a change of code changes the pictures: what another recipe made is made anew."""
SEED = 90_210
FIRST_SHOT = datetime(2026, 11, 3, 8, 12, tzinfo=timezone(timedelta(hours=1)))
BACKLIGHT_LEVEL = 0.8
RENDER_CACHE = Path(tempfile.gettempdir(), "loupebox-lightbox")
DOME_SAMPLES, FACE_SAMPLES, SHANK_SAMPLES = 24, 16, 24
LIGHTS = ("coaxial", *(f"stripes_{a}_{k}" for a in "xy" for k in range(4)))
PNG_TRIALS = [
    [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_STRATEGY, strategy, cv2.IMWRITE_PNG_FILTER, kind]
    for strategy, kind in (
        (cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY, cv2.IMWRITE_PNG_FILTER_AVG),
        (cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY, cv2.IMWRITE_PNG_FILTER_PAETH),
        (cv2.IMWRITE_PNG_STRATEGY_FILTERED, cv2.IMWRITE_PNG_FILTER_SUB),
    )
]


@dataclass(frozen=True, slots=True)
class Sample:
    """One capture to make. `style` is what the piece is, `called` the style under which it is handed in.

    `again_of` names the sample whose ring this is, rendered once and taken twice.
    """

    slug: str
    style: str
    metal: str
    job: str
    verdict: str = "PASS"
    failing: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    surface: str | None = None
    inner_diameter_mm: float | None = None
    ovality_mm: float | None = None
    refusal: str | None = None
    called: str | None = None
    again_of: str | None = None
    blur_px: float = 0.0
    dark_light: str | None = None


def _fails(*names: str) -> dict[str, object]:
    return {"verdict": "FAIL", "failing": names}


YELLOW, WHITE, ROSE, PLATINUM = "yellow_18k", "white_18k_rhodium", "rose_18k", "platinum_950"
J6Y, J6W, J4R, J4P, JBY, JBP = "J-26-0411", "J-26-0412", "J-26-0415", "J-26-0416", "J-26-0420", "J-26-0421"
QUARTER_SIZE_LESS_MM = 18.14 - 0.2032
SAMPLES: tuple[Sample, ...] = (
    Sample("sol6-good-yellow", "SOL6", YELLOW, J6Y),
    Sample("sol6-good-white", "SOL6", WHITE, J6W),
    Sample("sol4-good-rose", "SOL4", ROSE, J4R),
    Sample("sol4-good-platinum", "SOL4", PLATINUM, J4P),
    Sample("band-good-yellow", "BAND", YELLOW, JBY),
    Sample("band-good-platinum", "BAND", PLATINUM, JBP),
    Sample("sol6-missing-prong", "SOL6", YELLOW, J6Y, faults=(Fault(3, "missing"),), **_fails("prong_3")),
    Sample("sol6-bent-prong", "SOL6", WHITE, J6W, faults=(Fault(2, "bent", 0.55),), **_fails("prong_2")),
    Sample("sol6-lifted-prong", "SOL6", YELLOW, J6Y, faults=(Fault(6, "lifted", 0.5),), **_fails("prong_6")),
    Sample("sol4-short-prong", "SOL4", ROSE, J4R, faults=(Fault(2, "short", 0.05),), **_fails("prong_2")),
    Sample("sol4-lifted-prong", "SOL4", PLATINUM, J4P, faults=(Fault(4, "lifted", 0.5),), **_fails("prong_4")),
    Sample("band-gas-porosity", "BAND", YELLOW, JBY, surface="gas_porosity", **_fails("porosity zone A")),
    Sample("sol6-shrinkage-porosity", "SOL6", WHITE, J6W, surface="shrinkage_porosity", **_fails("porosity zone A")),
    Sample("band-scratches", "BAND", PLATINUM, JBP, surface="scratch", **_fails("scratch zone A")),
    Sample("sol6-scratches", "SOL6", YELLOW, J6Y, surface="scratch", **_fails("scratch zone A")),
    Sample("band-orange-peel", "BAND", YELLOW, JBY, surface="orange_peel", **_fails("orange_peel zone A")),
    Sample("sol4-dull-patch", "SOL4", PLATINUM, J4P, surface="dull_patch", **_fails("dull_patch zone A")),
    Sample("band-small", "BAND", YELLOW, JBY, inner_diameter_mm=QUARTER_SIZE_LESS_MM, **_fails("inner_diameter_mm")),
    Sample(
        "band-out-of-round",
        "BAND",
        PLATINUM,
        JBP,
        inner_diameter_mm=18.11,
        ovality_mm=0.045,
        **_fails("out_of_round_mm"),
    ),
    Sample("band-borderline", "BAND", PLATINUM, JBP, "REVIEW", ("inner_diameter_mm",), inner_diameter_mm=18.0402),
    Sample("sol6-blurred", "SOL6", WHITE, J6W, "REFUSED", refusal="blurred", blur_px=3.5, again_of="sol6-good-white"),
    Sample(
        "band-light-missing",
        "BAND",
        YELLOW,
        JBY,
        "REFUSED",
        refusal="light_missing",
        dark_light="stripes_y_2",
        again_of="band-good-yellow",
    ),
    Sample(
        "sol6-wrong-style",
        "BAND",
        YELLOW,
        J6Y,
        "REFUSED",
        refusal="wrong_style",
        called="SOL6",
        again_of="band-good-yellow",
    ),
)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Renders of one piece without sensor, by (view, light), 1 = full scale; and the surface defects in view."""

    pictures: dict[tuple[str, str], NDArray[np.float32]]
    defects: tuple[SeenDefect, ...]


def piece_number(sample: Sample) -> int:
    """From 0; captures of one piece share it."""
    return next(k for k, other in enumerate(SAMPLES) if other.slug == (sample.again_of or sample.slug))


def piece_of(sample: Sample) -> tuple[Piece, tuple[str, ...]]:
    """The ring of a sample, always the same."""
    rng = np.random.default_rng([SEED, piece_number(sample)])
    return make(STYLES[sample.style], rng, sample.faults, sample.inner_diameter_mm, sample.ovality_mm)


def stage_height_mm(style_name: str) -> float:
    """To which height over the ring's centre the station aims its top and oblique cameras for a style."""
    style = STYLES[style_name]
    top = style.inner_diameter_mm / 2 + style.section.thickness_mm
    return top + (style.head.girdle_height_mm if style.head else 0.0)


def render_face(piece: Piece, metal: Metal, seed: int) -> NDArray[np.float32]:
    """The backlit silhouette, never denoised."""
    parts = {
        name: (mesh, stone_bsdf() if name == "stone" else metal.bsdf(), name != "stone")
        for name, mesh in part_meshes(piece, 2048, 128).items()
    }
    camera = true_camera("face")
    scene = render.build(parts, render.backlight_emitter(camera, BACKLIGHT_HALF_ANGLE_DEG), depth=4)
    image = render.picture(scene, camera, FACE_SAMPLES, seed, denoise=False, sampler="stratified")
    return BACKLIGHT_LEVEL * image.mean(2)


def render_piece(sample: Sample, cache: Path) -> Raw:
    """All raw pictures of a sample, each kept in the cache as soon as it is there."""
    (piece, _), number = piece_of(sample), piece_number(sample)
    made = SAMPLES[number]
    metal = Metal(sample.metal, 0.03)
    seed = SEED + 1000 * number
    called = sample.called or sample.style
    pictures: dict[tuple[str, str], NDArray[np.float32]] = {}

    def kept(name: str) -> Path:
        look = (made.style, made.metal, made.faults, made.surface, made.inner_diameter_mm, made.ovality_mm, number)
        key = hashlib.sha256(f"{RECIPE} {look!r}".encode()).hexdigest()[:12]
        return cache / f"{made.slug}.{key}.{name}.npz"

    if not (file := kept("face")).exists():
        _save(file, backlight=render_face(piece, metal, seed))
    pictures["face", "backlight"] = np.load(file)["backlight"].astype(np.float32)
    scene = None
    for view in ("top", "oblique"):
        if not (file := kept(f"{view}-for-{called}")).exists():
            scene = scene or scene_of(piece, metal, DOME_SEED, "tent", 4)
            camera = true_camera(view, stage_height_mm(called))
            _save(file, dome=render.picture(scene, camera, DOME_SAMPLES, seed + 1))
        pictures[view, "dome"] = np.load(file)["dome"].astype(np.float32)
    rng = np.random.default_rng([seed, 9])
    pose = ShankPose(float(rng.uniform(-0.08, 0.08)), float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.5, 0.5)))
    if not (file := kept("shank")).exists():
        surface = piece_surface(ShankShape(piece.band, pose), sample.surface, seed)  # type: ignore[arg-type]
        shank = render_shank(piece.band, sample.metal, surface, seed, pose, samples=SHANK_SAMPLES)
        defects = [
            {"kind": d.kind, "size_mm": d.size_mm, "box": d.box_xywh_px, "area": d.area_px} for d in shank.defects
        ]
        _save(file, defects=np.array(json.dumps(defects)), **shank.frames)
    stored = np.load(file)
    for light in ("backlight", *LIGHTS):
        level = BACKLIGHT_LEVEL if light == "backlight" else 1.0
        pictures["shank", light] = level * stored[light].astype(np.float32)
    defects = json.loads(str(stored["defects"]))
    return Raw(pictures, tuple(SeenDefect(d["kind"], d["size_mm"], tuple(d["box"]), d["area"]) for d in defects))


def _save(file: Path, **arrays: NDArray) -> None:
    """Half floats keep 11 bits, finer than the sensor; a file is whole or not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial.npz")
    np.savez_compressed(partial, **{k: a.astype(np.float16) if a.dtype.kind == "f" else a for k, a in arrays.items()})
    os.replace(partial, file)


def exposed(sample: Sample, raw: Raw) -> dict[tuple[str, str], tuple[NDArray[np.uint8], float]]:
    """Sensor samples and exposure in ms of every frame; domes are exposed so that few highlights clip."""
    rng = np.random.default_rng([SEED, SAMPLES.index(sample), 3])
    frames = {}
    for (view, light), picture in raw.pictures.items():
        exposure_ms = {"backlight": 1.2, "dome": 8.0, "coaxial": 4.0}.get(light, 6.0)
        if light == "dome":
            gain = float(0.74 / np.percentile(picture.mean(2), 97.5))
            picture, exposure_ms = picture * gain, round(exposure_ms * gain, 3)
        if light == sample.dark_light:
            picture = 0.004 * picture
        frames[view, light] = VIEWS[view].sensor.expose(picture, rng, sample.blur_px), exposure_ms
    return frames


def encoded_png(samples: NDArray[np.uint8]) -> bytes:
    """The smallest of a few lossless encodings; RGB order in, as in memory everywhere."""
    bgr = samples if samples.ndim == 2 else samples[..., ::-1]
    return min((cv2.imencode(".png", bgr, trial)[1].tobytes() for trial in PNG_TRIALS), key=len)


def truth_json(sample: Sample, raw: Raw) -> dict[str, object]:
    """What is true of a sample, from the numbers that made it."""
    piece, states = piece_of(sample)
    values: dict[str, float] = {
        "inner_diameter_mm": piece.band.inscribed_diameter_mm,
        "out_of_round_mm": piece.band.out_of_round_mm,
        "shank_width_mm": piece.band.section.width_mm,
        "shank_thickness_mm": piece.band.section.thickness_mm,
    }
    prongs: list[dict[str, object]] = []
    if piece.head:
        values["stone_diameter_mm"] = piece.head.cut.diameter_mm
        views = {view: true_camera(view, stage_height_mm(sample.style)) for view in ("top", "oblique")}
        whole = truth_of(piece, views, states, STYLES[sample.style].head.prong_length_mm)  # type: ignore[union-attr]
        keys = ("index", "angle_deg", "state", "length_mm", "bend_mm", "lift_mm")
        prongs = [{k: _rounded(p[k]) for k in keys} for p in whole["prongs"]]  # type: ignore[attr-defined]
    return {
        "schema": 1,
        "verdict": sample.verdict,
        "refusal": sample.refusal,
        "failing": list(sample.failing),
        "values": {k: _rounded(v) for k, v in values.items()},
        "prongs": prongs,
        "defects": [
            {"kind": d.kind, "size_mm": _rounded(d.size_mm), "box_xywh_px": list(d.box_xywh_px)} for d in raw.defects
        ],
        "how_made": f"rendered: python -m loupebox.models.training.samples --only {sample.slug} (recipe {RECIPE})",
        "licence": "Apache-2.0",
    }


def _rounded(value: object) -> object:
    return round(value, 5) if isinstance(value, float) else value


def taken_at(sample: Sample) -> str:
    """When the station saw the piece: one morning, one piece after the other."""
    index = SAMPLES.index(sample)
    return (FIRST_SHOT + timedelta(minutes=4 * index, seconds=17 * index % 60)).isoformat()


def write_capture(sample: Sample, out: Path, cache: Path) -> None:
    """The folder of one capture; truth.json comes last and says that it is whole."""
    raw = render_piece(sample, cache)
    folder = out / sample.slug
    folder.mkdir(parents=True, exist_ok=True)
    frames = []
    for (view, light), (pixels, exposure_ms) in exposed(sample, raw).items():
        name, content = f"{view}_{light}.png", encoded_png(pixels)
        (folder / name).write_bytes(content)
        frames.append(
            {
                "file": name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "view": view,
                "light": light,
                "exposure_ms": exposure_ms,
                "gain_db": 0.0,
                "pixel_format": "RGB8" if pixels.ndim == 3 else "Mono8",
                "camera_serial": VIEWS[view].serial,
            }
        )
    index = SAMPLES.index(sample)
    capture = {
        "schema": 1,
        "station": STATION,
        "piece": f"{sample.job}-{index + 1:02d}",
        "job": sample.job,
        "style": sample.called or sample.style,
        "when": taken_at(sample),
        "frames": frames,
    }
    (folder / "capture.json").write_text(json.dumps(capture, indent=1) + "\n")
    (folder / "truth.json").write_text(json.dumps(truth_json(sample, raw), indent=1) + "\n")


def is_done(sample: Sample, out: Path) -> bool:
    """Whether the folder holds this sample as the present recipe makes it."""
    file = out / sample.slug / "truth.json"
    return file.exists() and f"(recipe {RECIPE})" in json.loads(file.read_text())["how_made"]


def main(
    only: Annotated[list[str] | None, typer.Option(help="Slug of a sample to make; may be repeated.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the captures.")] = Path("sample_images/captures"),
    cache: Annotated[Path, typer.Option(help="Folder of raw renders.")] = RENDER_CACHE,
    again: Annotated[bool, typer.Option(help="Write captures anew, from cached renders where they are there.")] = False,
) -> None:
    """Render the sample captures; finished ones are kept."""
    slugs = {s.slug for s in SAMPLES}
    if unknown := set(only or ()) - slugs:
        raise typer.BadParameter(f"no sample '{min(unknown)}'; allowed are {', '.join(sorted(slugs))}")
    waiting = [s for s in SAMPLES if (not only or s.slug in only) and (again or not is_done(s, out))]
    for sample in track(waiting, description="samples"):
        write_capture(sample, out, cache)


if __name__ == "__main__":
    typer.run(main)
