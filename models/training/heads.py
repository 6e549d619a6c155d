"""Heads for training: random settings under random domes, from above and obliquely, with pixel-true labels.

`python -m loupebox.models.training.heads --out DIR --count N --split train` is seeded by index and goes on
where it stopped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from loupebox.models.training import render
from loupebox.models.training.camera import Camera, oblique_camera, top_camera
from loupebox.models.training.head_recipe import SEED_OF_SPLIT, RandomHead, Split, random_head
from loupebox.models.training.light import Arrangement, dome
from loupebox.models.training.metal import DIAMOND, Gem, Metal, stone_bsdf
from loupebox.models.training.piece import Piece, part_meshes, prong_bodies

CLASSES = ("background", "metal", "stone", "prong")
COARSE_UM_PER_PX, STATION_UM_PER_PX = 32.0, 16.0
"""What the model looks at, and what the station's cameras see; the latter for everything that is measured."""
SIDE_MM = 11.264
"""Of the square that is rendered: 352 coarse pixels."""
LEG_MM = 0.5
"""A prong is labelled prong down to this depth below the girdle plane; legs, and stubs of broken ones, are metal."""

FORMAT = """Heads rendered by loupebox.models.training.heads
<split>/<index:05d>.<view>.npz   view is top or oblique; arrays:
    rgb     float16 (352, 352, 3), linear light, exposed and clipped to 0..1, RGB, denoised, no sensor model
    labels  uint8 (352, 352), of pixel centres: 0 background 1 metal 2 stone 3 prong
            (prong only down to 0.5 mm below the girdle plane; legs, galleries, band and broken stubs are metal)
<split>/<index:05d>.json          written last: a head without it is not finished. um_per_px 32, elevation_deg 45,
    target_mm = world point at the frame centre ((w-1)/2, (h-1)/2) of both views,
    stone {present, diameter_mm, centre_mm, offset_mm (from the middle of the prongs), axis (unit normal of the girdle),
        tilt_deg (of that against the prongs' plane), crown_mm, table, girdle_mm, centre_px: {view: [x, y]}}:
        girdle centre; null for a plain band, middle_px (of the prongs, at the girdle) and table_px (its corners),
    prongs [{index, angle_deg (of the place, in the picture, counter-clockwise from image right), state,
        length_mm (stone radius minus the distance of the inmost prong point, above the girdle, from the stone centre),
        bend_mm (tangential offset of the tip ball's centre, counter-clockwise positive),
        lift_mm (rise of the tip ball's centre over where it would sit), tip_centre_mm (world), tip_radius_mm,
        tip_height_mm (top of the tip over the girdle plane),
        tip_px: {view: [x, y]} (ball centre), inmost_px (as far in as the prong reaches, on the line
        from the stone's centre to the tip), foot_px: {view: [x, y]} (at the girdle)}]
    bend, lift, length are null for a missing prong; "short" and "long" are against length_nominal_mm of the head.
Pose: turned about Z by up to 12 deg (angle_deg includes it), shifted up to 0.6 mm, tilted up to 1 deg.
Families, cuts, gems and lights of each split: head_recipe.py.
"""


def cameras(piece: Piece, um_per_px: float, size_px: int, elevation_deg: float = 45.0) -> dict[str, Camera]:
    """The two cameras of the head, aimed at the nominal place of its girdle's centre."""
    return {
        "top": top_camera(um_per_px, size_px, piece.girdle_z_mm),
        "oblique": oblique_camera(um_per_px, size_px, piece.girdle_z_mm, elevation_deg),
    }


def scene_of(
    piece: Piece, metal: Metal, light_seed: int, arrangement: Arrangement, fineness: int = 1,
    prong_metal: Metal | None = None, gem: Gem = DIAMOND, floor: float | None = None,
) -> object:  # fmt: skip
    """The piece under a dome, ready for any camera."""
    bsdfs = {"stone": stone_bsdf(gem), "metal": metal.bsdf(), "prong": (prong_metal or metal).bsdf()}
    parts = {
        name: (mesh, bsdfs[name], name != "stone")
        for name, mesh in part_meshes(piece, 384 * fineness, 48 * fineness).items()
    }
    return render.build(parts, render.dome_emitter(dome(light_seed, arrangement, floor)))


def random_scene(random: RandomHead, light_seed: int) -> object:
    """The random head's scene."""
    return scene_of(
        random.piece, random.metal, light_seed, random.light, 1, random.prong_metal, random.gem, random.floor
    )


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
        "present": bool(head.has_stone), "diameter_mm": head.cut.diameter_mm, "centre_mm": centre.tolist(),
        "offset_mm": float(np.hypot(*head.stone_offset_mm)), "axis": piece.stone_axis.tolist(),
        "tilt_deg": float(np.degrees(np.arccos(np.clip(head.stone_turn[2, 2], -1, 1)))),
        "crown_mm": head.cut.table_height_mm - head.cut.girdle_half_mm, "table": head.cut.table,
        "girdle_mm": 2 * head.cut.girdle_half_mm, "centre_px": pixels(centre),
    }  # fmt: skip
    up = np.array([0, 0, piece.girdle_z_mm])
    truth["middle_px"] = pixels(piece.pose.apply(up))
    corners = 2 * np.pi * np.arange(head.cut.fold) / head.cut.fold
    rim = head.cut.radius_mm * head.cut.table
    table = np.stack([rim * np.cos(corners), rim * np.sin(corners), 0 * corners + head.cut.table_height_mm], -1)
    truth["table_px"] = pixels(piece.pose.apply(table @ head.stone_turn.T + up + [*head.stone_offset_mm, 0]))
    prongs = []
    for body, state, name, angle in zip(
        prong_bodies(head), head.prong_states, states, head.prong_angles_deg, strict=True
    ):
        place = head.cut.radius_mm * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle)), 0])
        entry: dict[str, object] = {
            "angle_deg": (angle + piece.pose.turn_xyz_deg[2]) % 360, "state": name,
            "foot_px": pixels(piece.pose.apply(place + up)),
        }  # fmt: skip
        if body.tip_centre_mm is None or body.inmost_mm is None:
            entry |= {"length_mm": None, "bend_mm": None, "lift_mm": None}
        else:
            distance_mm = float(np.hypot(*(body.inmost_mm[:2] - head.stone_offset_mm)))
            towards = body.tip_centre_mm[:2] - head.stone_offset_mm
            towards *= distance_mm / np.hypot(*towards)
            end = np.array([*(towards + head.stone_offset_mm), body.inmost_mm[2]])
            tip, inmost = piece.pose.apply(body.tip_centre_mm + up), piece.pose.apply(end + up)
            entry |= {
                "length_mm": head.cut.radius_mm - distance_mm,
                "bend_mm": state.bend_mm, "lift_mm": state.lift_mm, "tip_centre_mm": tip.tolist(),
                "tip_radius_mm": head.form.tip_radius_mm, "tip_height_mm": body.top_mm,
                "tip_px": pixels(tip), "inmost_px": pixels(inmost),
            }  # fmt: skip
        prongs.append(entry)
    prongs.sort(key=lambda p: p["angle_deg"])  # type: ignore[arg-type,return-value]
    truth["prongs"] = [{"index": i, **p} for i, p in enumerate(prongs, 1)]
    return truth


def render_head(
    random: RandomHead, view: str, light_seed: int, um_per_px: float, size_px: int, samples: int,
    rng: np.random.Generator, scene: object | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], dict[str, object]]:  # fmt: skip
    """Linear picture exposed to 0..1, labels of the pixel centres, truth."""
    views = cameras(random.piece, um_per_px, size_px)
    scene = scene or random_scene(random, light_seed)
    image = render.picture(scene, views[view], samples, int(rng.integers(2**31)))
    bright = np.percentile(image.mean(2), 97.5)
    image = np.clip(image * (rng.uniform(0.7, 1.15) / max(bright, 1e-3)), 0, 1)
    truth = truth_of(random.piece, views, random.states, random.length_nominal_mm)
    return image, labels_of(scene, views[view], random.piece), truth


def write_head(folder: Path, index: int, split: Split, samples: int, um_per_px: float = COARSE_UM_PER_PX) -> None:
    """Both views of one head and, last of all, its truth."""
    rng = np.random.default_rng([SEED_OF_SPLIT[split], index])
    random = random_head(split, rng)
    light_seed = 1_000_000 * SEED_OF_SPLIT[split] + index
    scene = random_scene(random, light_seed)
    truth: dict[str, object] = {}
    for view in ("top", "oblique"):
        rgb, labels, truth = render_head(
            random, view, light_seed, um_per_px, round(SIDE_MM * 1e3 / um_per_px), samples, rng, scene
        )
        np.savez_compressed(folder / f"{index:05d}.{view}.npz", rgb=rgb.astype(np.float16), labels=labels)
    made_of = {
        "split": split, "metal": random.metal.name, "prong_metal": random.prong_metal.name, "family": random.family,
        "roughness": random.prong_metal.roughness, "gem_index": random.gem.index, "light": random.light,
    }  # fmt: skip
    partial = folder / f"{index:05d}.partial"
    partial.write_text(json.dumps({**made_of, **truth}))
    os.replace(partial, folder / f"{index:05d}.json")


def main(
    out: Annotated[Path, typer.Option(help="Folder of the data set; the split is a folder in it.")],
    count: Annotated[int, typer.Option(help="How many heads the split shall have.")] = 360,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    samples: Annotated[int, typer.Option(help="Paths a pixel before denoising.")] = 12,
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
