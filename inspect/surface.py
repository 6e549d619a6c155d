"""From the surface model's probabilities to defects in millimetres."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import Light
from loupebox.inspect.finding import Finding, FindingKind, Zone
from loupebox.inspect.region import Region, regions
from loupebox.models.card import Card

REGION_LEVEL = 0.4
"""Probability that a pixel needs to belong to a region; a region needs its class's threshold somewhere to count."""
METAL_EDGE_PX = 3
"""Metal this close to the silhouette is not judged."""
PORE_BRIDGE_PX = 2
"""Crumbs of one pore lie closer than this; neighbouring pores do not."""
JOIN_GAP_MM = 0.4
"""Longest gap across which two pieces of a scratch on one line are one scratch."""
JOIN_ANGLE_RAD = 0.25
JOIN_OFFSET_MM = 0.04
GAS_SOLIDITY = 0.82
"""A pore that fills more of its hull than this, and is not drawn out, is rather a gas pore."""
GAS_ELONGATION = 1.7
SCALE_STANDARD_UNCERTAINTY = 1e-4
"""Relative; no certificate that the station accepts is worse."""
OUTLINE_STANDARD_UNCERTAINTY_PX = 0.8
"""Of a size, when the model's card does not say how well it draws outlines."""

DIRT: Final = "dirt"
"""A class that a model may have for dust and lint, so that it takes them for nothing worse; never a finding."""

_KINDS: Final[dict[str, FindingKind]] = {
    "scratch": "scratch",
    "orange_peel": "orange_peel",
    "dull_patch": "dull_patch",
}


def find_defects(
    probabilities: NDArray[np.float32],
    metal_mask: NDArray[np.bool_],
    card: Card,
    mm_per_px: float,
    zone: Zone,
) -> tuple[Finding, ...]:
    """Connected regions that are surely enough a defect, from the top left of the frame, kind by kind.

    A pixel belongs to the likeliest kind of defect when that has at least `REGION_LEVEL`; a region counts when its
    score, its highest probability, reaches the card's threshold of its class and its area the card's minimum.
    Pieces of a scratch that lie on one line are one scratch.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (height, width, classes)
        From the surface model, in the card's order of classes; class 0 is "clean".
    metal_mask : ndarray of bool, shape (height, width)
        True on metal.
    card : Card
        Of the model that gave the probabilities: classes, thresholds, minimum_area_mm2, and how well it measures
        (standard_uncertainties "porosity_size_mm", ...).
    mm_per_px : float
        Scale of the view.
    zone : Zone
        Of the spec sheet, for this view.

    Returns
    -------
    tuple of Finding

    Raises
    ------
    ValueError
        When the shapes do not fit each other or the card.
    """
    if probabilities.shape != (*metal_mask.shape, len(card.classes)):
        raise ValueError(
            f"probabilities have shape {probabilities.shape}; "
            f"allowed is {(*metal_mask.shape, len(card.classes))}, the metal mask's with the card's classes"
        )
    kernel = np.ones((2 * METAL_EDGE_PX + 1, 2 * METAL_EDGE_PX + 1), np.uint8)
    judged = np.asarray(cv2.erode(metal_mask.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE), np.uint8) > 0
    likeliest = probabilities[..., 1:].argmax(-1) + 1
    findings: list[Finding] = []
    for number, name in enumerate(card.classes[1:], 1):
        if name == DIRT:
            continue
        probability = np.ascontiguousarray(probabilities[..., number])
        mask = (likeliest == number) & (probability >= REGION_LEVEL) & judged
        smallest_px = max(card.minimum_area_mm2.get(name, 0.0) / mm_per_px**2, 1.0)
        for region in _grouped(name, mask, mm_per_px):
            score = float(probability[region.place][region.mask].max())
            if region.area_px >= smallest_px and score >= card.thresholds.get(name, 0.5):
                findings.append(_finding(name, region, score, card, mm_per_px, zone))
    return tuple(findings)


def light_for(kind: FindingKind, direction_xy: tuple[float, float] = (0.0, 1.0)) -> Light:
    """The frame of the shank view in which a person sees a defect best.

    Parameters
    ----------
    kind : FindingKind
    direction_xy : tuple of float
        Along the defect. A groove tilts the metal across itself, so a groove along y shows under stripes_x.

    Returns
    -------
    Light
    """
    if kind in ("gas_porosity", "shrinkage_porosity"):
        return "coaxial"
    if kind == "scratch" and abs(direction_xy[0]) > abs(direction_xy[1]):
        return "stripes_y_0"
    return "stripes_x_0"


def _grouped(name: str, mask: NDArray[np.bool_], mm_per_px: float) -> list[Region]:
    if name == "porosity":
        return regions(mask, PORE_BRIDGE_PX)
    if name == "scratch":
        return _joined_lines(regions(mask, 1), mm_per_px)
    return regions(mask, 2)


def _joined_lines(pieces: list[Region], mm_per_px: float) -> list[Region]:
    """Pieces that continue each other become one region, the gap between them drawn in."""
    gap, offset = JOIN_GAP_MM / mm_per_px, JOIN_OFFSET_MM / mm_per_px
    group = list(range(len(pieces)))
    lines = [_line(piece) for piece in pieces]
    for a, b in combinations(range(len(pieces)), 2):
        if group[a] != group[b] and _continues(lines[a], lines[b], gap, offset):
            old, new = group[b], group[a]
            group = [new if g == old else g for g in group]
    merged: list[Region] = []
    for number in sorted(set(group)):
        members = [i for i in range(len(pieces)) if group[i] == number]
        merged.append(pieces[members[0]] if len(members) == 1 else _drawn_together(pieces, lines, members))
    return merged


def _line(region: Region) -> NDArray[np.float64]:
    """The two ends (2, 2) of a piece along its axis."""
    centre, direction = region.axis
    along = (region.pixels_xy_px - centre) @ direction
    return np.stack([centre + along.min() * direction, centre + along.max() * direction])


def _continues(a: NDArray[np.float64], b: NDArray[np.float64], gap: float, offset: float) -> bool:
    """Whether two pieces lie on one line with at most a gap between their nearest ends."""
    lengths = [float(np.linalg.norm(piece[1] - piece[0])) for piece in (a, b)]
    if min(lengths) < 3:
        return False
    i, j = np.unravel_index(int(np.linalg.norm(a[:, None] - b[None], axis=-1).argmin()), (2, 2))
    if float(np.linalg.norm(a[i] - b[j])) > min(gap, 2 * max(lengths)):
        return False
    u, v = (a[1] - a[0]) / lengths[0], (b[1] - b[0]) / lengths[1]
    if abs(float(u @ v)) < np.cos(JOIN_ANGLE_RAD):
        return False
    longer, other = (a, b) if lengths[0] >= lengths[1] else (b, a)
    direction = (longer[1] - longer[0]) / max(lengths)
    near = (
        other[0] if np.linalg.norm(other[0] - longer.mean(0)) < np.linalg.norm(other[1] - longer.mean(0)) else other[1]
    )
    step = near - longer.mean(0)
    sideways = abs(float(step[0] * direction[1] - step[1] * direction[0]))
    beyond = abs(float(step @ direction)) > 0.4 * max(lengths)
    return beyond and sideways < offset + 0.12 * gap


def _drawn_together(pieces: list[Region], lines: list[NDArray[np.float64]], members: list[int]) -> Region:
    corners = np.array([pieces[i].corner_xy_px for i in members])
    far = np.array([[r.corner_xy_px[0] + r.mask.shape[1], r.corner_xy_px[1] + r.mask.shape[0]]
                    for r in (pieces[i] for i in members)])  # fmt: skip
    x0, y0 = (int(v) for v in corners.min(0))
    x1, y1 = (int(v) for v in far.max(0))
    canvas = np.zeros((y1 - y0, x1 - x0), np.uint8)
    for i in members:
        rows, columns = pieces[i].place
        canvas[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] |= pieces[i].mask
    order = sorted(members, key=lambda i: float(lines[i].mean(0) @ (lines[members[0]][1] - lines[members[0]][0])))
    for a, b in pairwise(order):
        i, j = np.unravel_index(int(np.linalg.norm(lines[a][:, None] - lines[b][None], axis=-1).argmin()), (2, 2))
        start, end = (np.rint(p - np.array([x0, y0])).astype(int) for p in (lines[a][i], lines[b][j]))
        cv2.line(canvas, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1, 1)
    return Region(canvas > 0, (x0, y0))


def _finding(name: str, region: Region, score: float, card: Card, mm_per_px: float, zone: Zone) -> Finding:
    largest_px, smallest_px = region.extents_px
    kind = _KINDS.get(name) or _porosity_kind(region, largest_px / smallest_px)
    size_mm = largest_px * mm_per_px
    outline = card.standard_uncertainties.get(f"{name}_size_mm", OUTLINE_STANDARD_UNCERTAINTY_PX * mm_per_px)
    budget = (
        Contribution("outline drawn by the model", outline),
        # Two ends, each anywhere within its pixel (JCGM 100, 4.3.7).
        Contribution("whole pixels", mm_per_px * float(np.sqrt(2 / 12))),
        Contribution("scale certificate", SCALE_STANDARD_UNCERTAINTY * size_mm),
    )
    direction = region.axis[1]
    return Finding(
        kind=kind,
        view="shank",
        light=light_for(kind, (float(direction[0]), float(direction[1]))),
        polygon_xy_px=region.outline_xy_px,
        mm_per_px=mm_per_px,
        size_mm=Estimate(size_mm, "mm", budget),
        width_mm=smallest_px * mm_per_px,
        area_mm2=region.area_px * mm_per_px**2,
        zone=zone,
        score=min(max(score, 0.0), 1.0),
    )


def _porosity_kind(region: Region, elongation: float) -> FindingKind:
    """Round and full pores are rather gas, branched or drawn-out ones rather shrinkage; a hint, no more."""
    round_enough = elongation <= GAS_ELONGATION and region.solidity >= GAS_SOLIDITY
    return "gas_porosity" if round_enough else "shrinkage_porosity"
