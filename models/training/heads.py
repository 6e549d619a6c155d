"""Heads for training: random settings under random domes, from above and obliquely, with pixel-true labels.

`python -m loupebox.models.training.heads --out DIR --count N --split train` is seeded by index and goes on
where it stopped.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from loupebox.models.training import render
from loupebox.models.training.band import Band, Section
from loupebox.models.training.brilliant import Cut
from loupebox.models.training.camera import Camera, oblique_camera, top_camera
from loupebox.models.training.light import Arrangement, dome
from loupebox.models.training.metal import METALS, Metal, stone_bsdf
from loupebox.models.training.piece import Head, Piece, Pose, part_meshes, prong_bodies
from loupebox.models.training.prong import ProngForm, ProngState

Split = Literal["train", "validation", "test"]
SEED_OF_SPLIT: dict[str, int] = {"train": 1, "validation": 2, "test": 3}
CLASSES = ("background", "metal", "stone", "prong")
LEG_MM = 0.5
"""A prong is labelled prong down to this depth below the girdle plane; legs, and stubs of broken ones, are metal."""

FORMAT = """Heads rendered by loupebox.models.training.heads
<split>/<index:05d>.<view>.npz   view is top or oblique; arrays:
    rgb     float16 (352, 352, 3), linear light, exposed and clipped to 0..1, RGB, denoised, no sensor model
    labels  uint8 (352, 352), of pixel centres: 0 background 1 metal 2 stone 3 prong
            (prong only down to 0.5 mm below the girdle plane; legs, galleries, band and broken stubs are metal)
<split>/<index:05d>.json          written last: a head without it is not finished. um_per_px 32, elevation_deg 45,
    target_mm = world point at the frame centre ((w-1)/2, (h-1)/2) of both views,
    stone {present, diameter_mm, centre_mm, centre_px: {view: [x, y]}}: girdle centre; null for a plain band,
    prongs [{index, angle_deg (of the place, in the picture, counter-clockwise from image right), state,
        length_mm (stone radius minus the distance of the inmost prong point from the stone axis, above the girdle),
        bend_mm (tangential offset of the tip ball's centre, counter-clockwise positive),
        lift_mm (rise of the tip ball's centre over where it would sit), tip_centre_mm (world), tip_radius_mm,
        tip_height_mm (top of the ball over the girdle plane),
        tip_px: {view: [x, y]} (ball centre), inmost_px: {view: [x, y]}}]
    bend, lift, length are null for a missing prong; "short" and "long" are against length_nominal_mm of the head.
Pose: turned about Z by up to 12 deg (angle_deg includes it), shifted up to 0.6 mm, tilted up to 1 deg.
Families: train and validation have round tips and tents of light; test has claws and tabs, other cuts, mostly ring
lights.
"""


@dataclass(frozen=True, slots=True)
class RandomHead:
    """A piece drawn by chance with the names of its prongs' states."""

    piece: Piece
    metal: Metal
    states: tuple[str, ...]
    length_nominal_mm: float


def random_head(rng: np.random.Generator, unseen_family: bool) -> RandomHead:
    """One of the training family, or of the other shapes that only the test sees."""
    metal = Metal(str(rng.choice(METALS)), float(rng.uniform(0.02, 0.06)), tuple(rng.uniform(0.975, 1.02, 3).tolist()))
    section = Section(rng.uniform(1.6, 3.2), rng.uniform(1.3, 2.0), rng.uniform(2.0, 3.2))
    band = Band(rng.uniform(15.0, 20.0), section, rng.uniform(0, 0.02))
    tilt_x, tilt_y, turn = (*rng.uniform(-1, 1, 2), rng.uniform(-12, 12))
    if rng.random() < 0.06:
        return RandomHead(
            Piece(band, None, Pose((tilt_x, tilt_y, turn), (*rng.uniform(-0.6, 0.6, 2), 0.0))), metal, (), 0.0
        )
    diameter = float(rng.uniform(4, 8))
    if unseen_family:
        cut = Cut(diameter, rng.uniform(0.52, 0.64), rng.uniform(31, 37), rng.uniform(40.2, 42), 0.02, 0.6, 0.8)
        tip = str(rng.choice(["claw", "tab"]))
        galleries: tuple[float, ...] = (0.62,)
    else:
        cut = Cut(diameter, rng.uniform(0.54, 0.60), rng.uniform(33.5, 35.5), rng.uniform(40.4, 41.2))
        tip = "round"
        galleries = tuple(np.sort(rng.uniform(0.4, 0.85, rng.integers(1, 3))).tolist())
    count = int(rng.choice([3, 4, 4, 5, 6, 6, 6, 7, 8]))
    wire = min(diameter * rng.uniform(0.055, 0.072), 2 * np.pi * diameter / 2 / count / 3.2)
    height = diameter * rng.uniform(0.46, 0.58)
    form = ProngForm(
        wire, diameter * rng.uniform(0.14, 0.22), height + 0.15, tip,  # type: ignore[arg-type]
        rng.uniform(0.05, 0.3), rng.uniform(0.35, 0.55), rng.uniform(0.5, 0.75),
    )  # fmt: skip
    nominal = float(np.clip(cut.radius_mm * rng.uniform(0.17, 0.27), 0.45, 0.95))
    first = rng.uniform(0, 360 / count)
    angles = [first + 360 * k / count + rng.normal(0, 0.6) for k in range(count)]
    names = ["good"] * count
    if rng.random() < 0.55:
        for k in rng.choice(count, int(rng.integers(1, 3)), replace=False):
            names[k] = str(rng.choice(["missing", "bent", "short", "long", "lifted"], p=[0.22, 0.24, 0.2, 0.08, 0.26]))
    states = []
    for name in names:
        length, bend, lift = nominal + rng.normal(0, 0.03), rng.normal(0, 0.02), rng.normal(0, 0.015)
        match name:
            case "bent":
                bend = rng.uniform(0.3, 0.8) * rng.choice([-1, 1])
            case "short":
                length = max(nominal - rng.uniform(0.3, 0.8), 0.02)
            case "long":
                length = nominal + rng.uniform(0.3, 0.6)
            case "lifted":
                lift = rng.uniform(0.2, 0.6)
        states.append(ProngState(length, bend, lift, name == "missing"))
    head = Head(cut, form, tuple(angles), tuple(states), height, rng.random() > 0.04, galleries, diameter * 0.045)
    # A tilt about the ring's centre carries the head sideways; the shift takes that back and keeps it in the picture.
    lever = np.radians([tilt_y, -tilt_x]) * (band.outer_radius_mm + height)
    shift = rng.uniform(-0.6, 0.6, 2) - lever
    return RandomHead(Piece(band, head, Pose((tilt_x, tilt_y, turn), (*shift, 0.0))), metal, tuple(names), nominal)


def cameras(piece: Piece, um_per_px: float, size_px: int, elevation_deg: float = 45.0) -> dict[str, Camera]:
    """The two cameras of the head, aimed at the nominal place of its girdle's centre."""
    return {
        "top": top_camera(um_per_px, size_px, piece.girdle_z_mm),
        "oblique": oblique_camera(um_per_px, size_px, piece.girdle_z_mm, elevation_deg),
    }


def scene_of(piece: Piece, metal: Metal, light_seed: int, arrangement: Arrangement, fineness: int = 1) -> object:
    """The piece under a dome, ready for any camera."""
    parts = {
        name: (mesh, stone_bsdf() if name == "stone" else metal.bsdf(), name != "stone")
        for name, mesh in part_meshes(piece, 384 * fineness, 48 * fineness).items()
    }
    return render.build(parts, render.dome_emitter(dome(light_seed, arrangement)))


def labels_of(scene: object, camera: Camera, piece: Piece) -> NDArray[np.uint8]:
    """What the centre of each pixel sees, as an index into `CLASSES`."""
    names, points = render.seen(scene, camera)
    labels = np.zeros(names.shape, np.uint8)
    for k, name in enumerate(CLASSES):
        labels[names == name] = k
    if piece.head:
        body_z = piece.pose.undo(points)[..., 2]
        labels[(labels == 3) & (body_z < piece.girdle_z_mm - LEG_MM)] = 1
    return labels


def truth_of(
    piece: Piece, views: dict[str, Camera], states: tuple[str, ...], length_nominal_mm: float
) -> dict[str, object]:
    """Where everything is, in the world and in the pictures."""

    def pixels(point_mm: NDArray[np.float64]) -> dict[str, list[float]]:
        return {view: np.round(camera.project(point_mm), 4).tolist() for view, camera in views.items()}

    camera = views["top"]
    truth: dict[str, object] = {
        "um_per_px": camera.um_per_px, "elevation_deg": 45.0, "target_mm": list(camera.target_mm),
        "stone": None, "prongs": [], "length_nominal_mm": length_nominal_mm,
    }  # fmt: skip
    if piece.head is None:
        return truth
    head, centre = piece.head, piece.stone_centre_mm
    truth["stone"] = {
        "present": bool(head.has_stone), "diameter_mm": head.cut.diameter_mm,
        "centre_mm": centre.tolist(), "centre_px": pixels(centre),
    }  # fmt: skip
    up = np.array([0, 0, piece.girdle_z_mm])
    prongs = []
    for body, state, name, angle in zip(
        prong_bodies(head), head.prong_states, states, head.prong_angles_deg, strict=True
    ):
        entry: dict[str, object] = {"angle_deg": (angle + piece.pose.turn_xyz_deg[2]) % 360, "state": name}
        if body.tip_centre_mm is None or body.inmost_mm is None:
            entry |= {"length_mm": None, "bend_mm": None, "lift_mm": None}
        else:
            tip, inmost = piece.pose.apply(body.tip_centre_mm + up), piece.pose.apply(body.inmost_mm + up)
            entry |= {
                "length_mm": head.cut.radius_mm - float(np.hypot(*body.inmost_mm[:2])),
                "bend_mm": state.bend_mm, "lift_mm": state.lift_mm, "tip_centre_mm": tip.tolist(),
                "tip_radius_mm": head.form.tip_radius_mm,
                "tip_height_mm": float(body.tip_centre_mm[2]) + head.form.tip_radius_mm,
                "tip_px": pixels(tip), "inmost_px": pixels(inmost),
            }  # fmt: skip
        prongs.append(entry)
    prongs.sort(key=lambda p: p["angle_deg"])  # type: ignore[arg-type,return-value]
    truth["prongs"] = [{"index": i, **p} for i, p in enumerate(prongs, 1)]
    return truth


def render_head(
    random: RandomHead, view: str, light_seed: int, um_per_px: float, size_px: int, samples: int,
    rng: np.random.Generator, arrangement: Arrangement = "tent", scene: object | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], dict[str, object]]:  # fmt: skip
    """Linear picture exposed to 0..1, labels of the pixel centres, truth."""
    views = cameras(random.piece, um_per_px, size_px)
    scene = scene or scene_of(random.piece, random.metal, light_seed, arrangement)
    image = render.picture(scene, views[view], samples, int(rng.integers(2**31)))
    bright = np.percentile(image.mean(2), 97.5)
    image = np.clip(image * (rng.uniform(0.7, 1.15) / max(bright, 1e-3)), 0, 1)
    truth = truth_of(random.piece, views, random.states, random.length_nominal_mm)
    return image, labels_of(scene, views[view], random.piece), truth


def write_head(folder: Path, index: int, split: Split, samples: int) -> None:
    """Both views of one head and, last of all, its truth."""
    rng = np.random.default_rng([SEED_OF_SPLIT[split], index])
    random = random_head(rng, split == "test")
    arrangement: Arrangement = "ring_light" if split == "test" and rng.random() < 0.7 else "tent"
    light_seed = 1_000_000 * SEED_OF_SPLIT[split] + index
    scene = scene_of(random.piece, random.metal, light_seed, arrangement)
    truth: dict[str, object] = {}
    for view in ("top", "oblique"):
        rgb, labels, truth = render_head(random, view, light_seed, 32.0, 352, samples, rng, arrangement, scene)
        np.savez_compressed(folder / f"{index:05d}.{view}.npz", rgb=rgb.astype(np.float16), labels=labels)
    partial = folder / f"{index:05d}.partial"
    partial.write_text(json.dumps({"split": split, "metal": random.metal.name, "light": arrangement, **truth}))
    os.replace(partial, folder / f"{index:05d}.json")


def main(
    out: Annotated[Path, typer.Option(help="Folder of the data set; the split is a folder in it.")],
    count: Annotated[int, typer.Option(help="How many heads the split shall have.")] = 360,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    samples: Annotated[int, typer.Option(help="Paths a pixel before denoising.")] = 16,
) -> None:
    """Render heads; those already there are kept."""
    if split not in SEED_OF_SPLIT:
        raise typer.BadParameter(f"split is '{split}'; allowed are {', '.join(SEED_OF_SPLIT)}")
    folder = out / split
    folder.mkdir(parents=True, exist_ok=True)
    (out / "FORMAT.txt").write_text(FORMAT)
    waiting = [i for i in range(count) if not (folder / f"{i:05d}.json").exists()]
    for index in track(waiting, description=f"{split} heads"):
        write_head(folder, index, split, samples)  # type: ignore[arg-type]


if __name__ == "__main__":
    typer.run(main)
