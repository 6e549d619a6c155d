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

CLASSES = ("background", "metal", "stone", "prong")
VIEWS = ("top", "oblique")


@dataclass(frozen=True, slots=True, eq=False)
class HeadPicture:
    """One view of one rendered head: linear light (H, W, 3) 0..1 and the class of each pixel (H, W)."""

    rgb: NDArray[np.float16]
    labels: NDArray[np.uint8]
    view: str


def finished_heads(folder: Path) -> list[str]:
    """Names of the heads in a split whose truth, written last, is there."""
    return sorted(p.stem for p in folder.glob("*.json"))


def read_truth(folder: Path, name: str) -> dict[str, Any]:
    """Where everything is in one head; see FORMAT.txt beside the splits."""
    return json.loads((folder / f"{name}.json").read_text())


def read_picture(folder: Path, name: str, view: str) -> HeadPicture:
    """One view of one head."""
    with np.load(folder / f"{name}.{view}.npz") as data:
        return HeadPicture(data["rgb"], data["labels"], view)


def as_seen(rgb: NDArray[np.float32], rng: np.random.Generator, blur_px: float, noise: float) -> NDArray[np.float32]:
    """A picture through a lens of this blur and a sensor of this noise, in 8 bits."""
    if blur_px > 0.05:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), blur_px), np.float32)
    grain = rng.standard_normal(rgb.shape, np.float32) * np.sqrt(noise**2 * (0.3 + rgb))
    return np.round(np.clip(rgb + grain, 0, 1) * 255).astype(np.float32) / 255


def augmented(picture: HeadPicture, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The picture as another camera, exposure, metal and pose might have given it, with its labels."""
    rgb, labels = picture.rgb.astype(np.float32), picture.labels
    if rng.random() < 0.5:
        rgb, labels = rgb[:, ::-1], labels[:, ::-1]
    if picture.view == "top":  # from above there is no up
        turns = int(rng.integers(4))
        rgb, labels = np.rot90(rgb, turns), np.rot90(labels, turns)
    rgb, labels = np.ascontiguousarray(rgb), np.ascontiguousarray(labels)
    if rng.random() < 0.5:
        size = labels.shape[::-1]
        centre = ((size[0] - 1) / 2, (size[1] - 1) / 2)
        move = cv2.getRotationMatrix2D(centre, rng.uniform(-12, 12), rng.uniform(0.88, 1.12))
        move[:, 2] += rng.uniform(-15, 15, 2)
        rgb = np.asarray(cv2.warpAffine(rgb, move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
        labels = np.asarray(
            cv2.warpAffine(labels, move, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    if rng.random() < 0.4:  # a brighter or darker floor behind the piece
        behind = cv2.GaussianBlur((labels == 0).astype(np.float32), (0, 0), 0.6)[..., None]
        rgb = rgb * (1 + behind * (rng.uniform(0.4, 2.2) - 1))
    grey = rgb.mean(axis=2, keepdims=True)
    rgb = grey + rng.uniform(0.6, 1.3) * (rgb - grey)
    rgb = rgb * rng.uniform(0.93, 1.07, 3).astype(np.float32) * rng.uniform(0.6, 1.3) + rng.uniform(-0.01, 0.015)
    if rng.random() < 0.5:  # light that falls off to one side
        slope = np.linspace(-1, 1, labels.shape[0], dtype=np.float32) * rng.uniform(-0.15, 0.15)
        rgb = rgb * (1 + (slope[:, None, None] if rng.random() < 0.5 else slope[None, :, None]))
    seen = as_seen(np.clip(rgb, 0, 1).astype(np.float32), rng, rng.uniform(0, 0.9), rng.uniform(0.001, 0.012))
    return seen, labels


def batches(
    pictures: list[HeadPicture], size: int, crop: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Without end: augmented crops (N, 3, crop, crop) and labels (N, crop, crop); every picture before any again."""
    order: list[int] = []
    while True:
        rgbs, labels = [], []
        for _ in range(size):
            if not order:
                order = rng.permutation(len(pictures)).tolist()
            rgb, label = augmented(pictures[order.pop()], rng)
            top, left = (int(rng.integers(side - crop + 1)) for side in label.shape)
            rgbs.append(rgb[top : top + crop, left : left + crop].transpose(2, 0, 1))
            labels.append(label[top : top + crop, left : left + crop])
        yield np.ascontiguousarray(np.stack(rgbs)), np.stack(labels).astype(np.int64)
