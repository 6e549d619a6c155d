"""Tips of prongs in one view: where the pixels around each agree that its points lie."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.head_thresholds import MARKS, POINTERS
from loupebox.models.look import Look

Floats = NDArray[np.float64]

NEAR_TIP = 0.3
"""Probability of being near a tip from which a pixel may vote."""
SPREAD_PX, APART_PX, AGREE_PX = 1.5, 6, 5.0
"""In the model's pixels: blur of the votes, least distance of two tips, how far a vote may lie from its tip."""
LEAST_VOTES, FAINT_VOTES = 60.0, 15.0
"""Pixels that must agree on a tip, and that make a trace of one; a tip in plain sight has 300 to 450."""


@dataclass(frozen=True, slots=True)
class VotedPoint:
    """A point in pixels of the frame, x right, y down, and how far the voters expect to be amiss."""

    xy_px: tuple[float, float]
    error_px: float


@dataclass(frozen=True, slots=True)
class VotedTip:
    """The end of one prong.

    Parameters
    ----------
    tip, inmost, foot : VotedPoint
        The middle of the prong's end, its inmost point, its place at the girdle.
    votes : float
        How many of the model's pixels agree.
    """

    tip: VotedPoint
    inmost: VotedPoint
    foot: VotedPoint
    votes: float


def voted_tips(look: Look, least: float = LEAST_VOTES) -> tuple[VotedTip, ...]:
    """Every tip on which enough pixels agree.

    Parameters
    ----------
    look : Look
        Of the head-parts model, for one view.
    least : float
        Votes that a tip must have.
    """
    aim = look.pointings[POINTERS[0]]
    factor, (height, width) = aim.factor, aim.error_px.shape
    near = look.marks[MARKS[0]][factor // 2 :: factor, factor // 2 :: factor][:height, :width].astype(np.float64)
    chosen = near >= NEAR_TIP
    weights = near[chosen]
    targets = (aim.target_xy_px[chosen].astype(np.float64) + 0.5) / factor - 0.5
    density = np.zeros((height, width), np.float32)
    column, row = (
        np.clip(np.rint(targets[:, k]), 0, size - 1).astype(np.intp) for k, size in ((0, width), (1, height))
    )
    np.add.at(density, (row, column), weights)
    smooth = cv2.GaussianBlur(density, (0, 0), SPREAD_PX)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * APART_PX + 1, 2 * APART_PX + 1))
    peaks = np.argwhere((smooth >= cv2.dilate(smooth, kernel)) & (smooth > 0.5))
    found: list[VotedTip] = []
    for y, x in peaks:
        agreeing = np.hypot(targets[:, 0] - x, targets[:, 1] - y) < AGREE_PX
        votes = float(weights[agreeing].sum())
        if votes >= least:
            tip, inmost, foot = (
                _agreed(
                    look.pointings[pointer].target_xy_px[chosen][agreeing],
                    look.pointings[pointer].error_px[chosen][agreeing],
                    weights[agreeing],
                )
                for pointer in POINTERS
            )
            found.append(VotedTip(tip, inmost, foot, votes))
    return tuple(found)


def _agreed(targets: NDArray[np.float32], errors: NDArray[np.float32], weights: Floats) -> VotedPoint:
    """The point that most of the weight lies around; wild votes count little."""
    trust = weights / np.maximum(errors.astype(np.float64), 1e-3) ** 2
    middle = np.array([_median(targets[:, k].astype(np.float64), trust) for k in (0, 1)])
    for _ in range(4):
        away = np.hypot(*(targets - middle).T)
        count = trust / np.maximum(away / np.maximum(errors, 1e-3), 1.0)
        middle = (targets * count[:, None]).sum(0) / count.sum()
    error = float(np.sqrt((trust * errors.astype(np.float64) ** 2).sum() / trust.sum()))
    return VotedPoint((float(middle[0]), float(middle[1])), error)


def _median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    along = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(along, along[-1] / 2)])
