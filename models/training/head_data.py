"""Rendered heads as training pictures: read from their folder, then seen by an imperfect camera."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.head_thresholds import CLASSES, MARKS, POINTERS

VIEWS = ("top", "oblique")
POINTING_PX = 12.0
"""Pixels nearer than this to a tip, seen in the picture, learn to point at its `POINTERS`."""
NO_TABLE = np.zeros((0, 2))

Points = NDArray[np.float64]
Picture = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class HeadPicture:
    """One view of one rendered head.

    Linear light (H, W, 3) 0..1, the class of each pixel (H, W), for each prong that is there its points (n, 3, 2) in
    the order of `POINTERS`, and the corners of the stone's table (m, 2), in pixels x, y.
    """

    rgb: NDArray[np.float16]
    labels: NDArray[np.uint8]
    view: str
    points: Points
    table: Points


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What the network shall say of a picture: classes (H, W), `MARKS` (2, H, W), offsets (3, 2, H, W) in pixels."""

    labels: NDArray[np.uint8]
    marks: Picture
    offsets: Picture


def finished_heads(folder: Path) -> list[str]:
    """Names of the heads in a split whose truth, written last, is there."""
    return sorted(p.stem for p in folder.glob("*.json"))


def read_truth(folder: Path, name: str) -> dict[str, Any]:
    """Where everything is in one head; see FORMAT.txt beside the splits."""
    return json.loads((folder / f"{name}.json").read_text())


def read_picture(folder: Path, name: str, view: str) -> HeadPicture:
    """One view of one head."""
    truth = read_truth(folder, name)
    stone = truth["stone"]
    points = [
        [prong[f"{pointer}_px"][view] for pointer in POINTERS]
        for prong in truth["prongs"]
        if prong["length_mm"] is not None
    ]
    table = np.array(truth["table_px"][view]) if stone and stone["present"] else NO_TABLE
    with np.load(folder / f"{name}.{view}.npz") as data:
        return HeadPicture(
            data["rgb"], data["labels"], view, np.array(points, float).reshape(-1, len(POINTERS), 2), table
        )


def as_seen(rgb: Picture, rng: np.random.Generator, blur_px: float, noise: float) -> Picture:
    """A picture through a lens of this blur and a sensor of this noise, in 8 bits."""
    if blur_px > 0.05:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), blur_px), np.float32)
    grain = rng.standard_normal(rgb.shape, np.float32) * np.sqrt(noise**2 * (0.3 + rgb))
    return np.round(np.clip(rgb + grain, 0, 1) * 255).astype(np.float32) / 255


def _placed(picture: HeadPicture, rng: np.random.Generator) -> tuple[Picture, NDArray[np.uint8], Points, Points]:
    """Picture, labels, points and table mirrored, turned, scaled and shifted by chance."""
    rgb, labels = picture.rgb.astype(np.float32), picture.labels
    height, width = labels.shape
    move = np.eye(3)
    if rng.random() < 0.5:
        rgb, labels = rgb[:, ::-1], labels[:, ::-1]
        move = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])
    if picture.view == "top":  # from above there is no up
        for _ in range(int(rng.integers(4))):
            rgb, labels = np.rot90(rgb), np.rot90(labels)
            move = np.array([[0, 1.0, 0], [-1, 0, labels.shape[0] - 1], [0, 0, 1]]) @ move
    rgb, labels = np.ascontiguousarray(rgb), np.ascontiguousarray(labels)
    if rng.random() < 0.6:
        centre = ((width - 1) / 2, (height - 1) / 2)
        most = 45 if picture.view == "top" else 10
        warp = cv2.getRotationMatrix2D(centre, rng.uniform(-most, most), rng.uniform(0.85, 1.2))
        warp[:, 2] += rng.uniform(-15, 15, 2)
        rgb = np.asarray(
            cv2.warpAffine(rgb, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        )
        labels = np.asarray(
            cv2.warpAffine(labels, warp, (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )
        move = np.vstack([warp, [0, 0, 1]]) @ move
    points = picture.points @ move[:2, :2].T + move[:2, 2]
    return rgb, labels, points, picture.table @ move[:2, :2].T + move[:2, 2]


def _lit(rgb: Picture, labels: NDArray[np.uint8], rng: np.random.Generator) -> Picture:
    """The picture under another light, of other metal, through another camera."""
    if rng.random() < 0.4:  # a brighter or darker floor behind the piece
        behind = cv2.GaussianBlur((labels == 0).astype(np.float32), (0, 0), 0.6)[..., None]
        rgb = rgb * (1 + behind * (rng.uniform(0.4, 2.2) - 1))
    grey = rgb.mean(axis=2, keepdims=True)
    rgb = grey + rng.uniform(0.5, 1.3) * (rgb - grey)
    rgb = rgb * rng.uniform(0.93, 1.07, 3).astype(np.float32) * rng.uniform(0.55, 1.35) + rng.uniform(-0.01, 0.02)
    rgb = np.clip(rgb, 0, 1) ** rng.uniform(0.8, 1.25)
    if rng.random() < 0.5:  # light that falls off to one side
        slope = np.linspace(-1, 1, labels.shape[0], dtype=np.float32) * rng.uniform(-0.15, 0.15)
        rgb = rgb * (1 + (slope[:, None, None] if rng.random() < 0.5 else slope[None, :, None]))
    return as_seen(np.clip(rgb, 0, 1).astype(np.float32), rng, rng.uniform(0.1, 0.9), rng.uniform(0.001, 0.012))


def targets_of(labels: NDArray[np.uint8], points: Points, table: Points) -> Targets:
    """What is to be said of each pixel; offsets count where the first of the marks is 1."""
    height, width = labels.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    nearest = np.full(labels.shape, POINTING_PX, np.float32)
    offsets = np.zeros((len(POINTERS), 2, height, width), np.float32)
    for prong in points:
        away = np.minimum(np.hypot(x - prong[0, 0], y - prong[0, 1]), np.hypot(x - prong[1, 0], y - prong[1, 1]))
        mine = away < nearest
        nearest[mine] = away[mine]
        for k, (to_x, to_y) in enumerate(prong):
            offsets[k, 0][mine] = to_x - x[mine]
            offsets[k, 1][mine] = to_y - y[mine]
    marks = np.zeros((len(MARKS), height, width), np.float32)
    marks[0] = nearest < POINTING_PX
    if len(table):
        inside = np.zeros(labels.shape, np.uint8)
        cv2.fillPoly(inside, [np.round(table * 16).astype(np.int32)], 1, shift=4)
        marks[1] = inside * (labels == CLASSES.index("stone"))
    return Targets(labels, marks, offsets)


def augmented(picture: HeadPicture, rng: np.random.Generator, crop: int) -> tuple[Picture, Targets]:
    """A crop as another camera, exposure, metal and pose might have given it, with what is to be said of it."""
    rgb, labels, points, table = _placed(picture, rng)
    top, left = (int(rng.integers(side - crop + 1)) for side in labels.shape)
    if len(points) and rng.random() < 0.5:  # half of the crops hold a certain prong
        x, y = points[int(rng.integers(len(points))), 0] - rng.uniform(0.15, 0.85, 2) * crop
        left, top = (int(np.clip(v, 0, side - crop)) for v, side in ((x, labels.shape[1]), (y, labels.shape[0])))
    place = (slice(top, top + crop), slice(left, left + crop))
    shift = np.array([left, top], float)
    labels = np.ascontiguousarray(labels[place])
    return _lit(rgb[place], labels, rng), targets_of(labels, points - shift, table - shift)


def batches(
    pictures: list[HeadPicture], size: int, crop: int, rng: np.random.Generator
) -> Iterator[tuple[Picture, NDArray[np.int64], Picture, Picture]]:
    """Without end: augmented crops (N, 3, crop, crop), classes, marks, offsets; every picture before any again."""
    order: list[int] = []
    while True:
        rows: list[tuple[Picture, Targets]] = []
        for _ in range(size):
            if not order:
                order = rng.permutation(len(pictures)).tolist()
            rows.append(augmented(pictures[order.pop()], rng, crop))
        yield (
            np.ascontiguousarray(np.stack([rgb.transpose(2, 0, 1) for rgb, _ in rows])),
            np.stack([t.labels for _, t in rows]).astype(np.int64),
            np.stack([t.marks for _, t in rows]),
            np.stack([t.offsets for _, t in rows]),
        )
