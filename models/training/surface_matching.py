"""Findings held against the made defects of a view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.finding import Finding
from loupebox.models.training.surface_data import StoredView
from loupebox.models.training.surface_defect import DEFECT_CLASSES, DIRT, IGNORE, SURFACE_CLASSES

REACH_PX = 2
"""How far a finding may lie beside a defect and still mean it."""
DETECTED_SHARE = 0.25
"""Of a defect's visible pixels that findings of its class must cover."""
TRUE_SHARE = 0.2
"""Of a finding's pixels that must lie on something made, or it is false."""
SMALLEST_PX = 6
"""Defects of which less than this can be seen at all are not asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One made defect that is in view: was it found, and, by a finding of it whole and alone, at what size?

    `score` is the highest threshold at which it would still be found; None when it is not found at all.
    """

    class_name: str
    kind: str
    size_mm: float
    width_mm: float | None
    score: float | None
    found_size_mm: float | None
    found_uncertainty_mm: float | None

    @property
    def detected(self) -> bool:
        return self.score is not None

    def missed(self) -> Asked:
        """The same defect, had it not been found."""
        return replace(self, score=None, found_size_mm=None, found_uncertainty_mm=None)


@dataclass(frozen=True, slots=True)
class Answered:
    """One finding: "true" on a defect of its class, "confused" on another's, "false" on nothing."""

    class_name: str
    outcome: str
    score: float


def class_of(kind: str) -> str:
    """The model's class of a finding's kind."""
    return "porosity" if kind.endswith("_porosity") else kind


def covered(finding: Finding, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels inside a finding's outline and within `REACH_PX` of it."""
    canvas = np.zeros(shape, np.uint8)
    cv2.fillPoly(canvas, [np.rint(np.array(finding.polygon_xy_px)).astype(np.int32)], 1)
    size = 2 * REACH_PX + 1
    return cv2.dilate(canvas, np.ones((size, size), np.uint8)) > 0


def match(
    findings: Sequence[Finding], view: StoredView, label: NDArray[np.uint8], seen: NDArray[np.bool_]
) -> tuple[list[Asked], list[Answered]]:
    """Every made defect that can be seen, and every finding, with what became of it."""
    masks = [(class_of(f.kind), f, covered(f, label.shape)) for f in findings]
    asked = []
    made_defects = zip(view.defect_kinds, view.defect_sizes_mm, view.defect_widths_mm, strict=True)
    for number, (kind, size, width) in enumerate(made_defects, 1):
        made = view.instance == number
        visible = made & seen
        if visible.sum() < max(SMALLEST_PX, 0.7 * made.sum()) or _touches_border(made):
            continue
        hits = [(f, mask) for name, f, mask in masks if name == class_of(kind) and (mask & visible).any()]
        score = _found_up_to(hits, visible)
        detected = score is not None
        # Patches are large and often reach out of the light: their sizes are asked for all the same.
        whole = detected and (visible.sum() >= 0.98 * made.sum() or class_of(kind) in ("orange_peel", "dull_patch"))
        best = _whole_and_alone(hits, number, visible, view) if whole else None
        asked.append(
            Asked(
                class_of(kind), kind, size, None if np.isnan(width) else width, score,
                best.size_mm.value if best else None, best.size_mm.expanded_uncertainty if best else None,
            )
        )  # fmt: skip
    near = {
        k: cv2.dilate((label == k).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        for k in range(1, len(DEFECT_CLASSES) + 1)
    }
    answered = []
    for name, finding, mask in masks:
        own = near[SURFACE_CLASSES.index(name)] | (label == IGNORE)
        if own[mask].mean() >= TRUE_SHARE / 2 and (own & mask).any():
            outcome = "true"
        else:
            outcome = "confused" if ((label > 0) & (label != DIRT))[mask].mean() >= TRUE_SHARE / 2 else "false"
        answered.append(Answered(name, outcome, finding.score))
    return asked, answered


def _found_up_to(hits: list[tuple[Finding, NDArray[np.bool_]]], visible: NDArray[np.bool_]) -> float | None:
    """The score down to which findings must be taken, the surest first, to cover enough of a defect."""
    covered_so_far = np.zeros_like(visible)
    for finding, mask in sorted(hits, key=lambda hit: -hit[0].score):
        covered_so_far |= mask
        if covered_so_far[visible].mean() >= DETECTED_SHARE:
            return finding.score
    return None


def _whole_and_alone(
    hits: list[tuple[Finding, NDArray[np.bool_]]], number: int, visible: NDArray[np.bool_], view: StoredView
) -> Finding | None:
    """The finding that covers most of a defect and no other of its class, such as a scratch that crosses it."""
    finding, mask = max(hits, key=lambda hit: (hit[1] & visible).sum())
    if mask[visible].mean() < 0.75:
        return None
    others = np.bincount(view.instance[mask], minlength=number + 1)
    for other, pixels in enumerate(others):
        same = other not in (0, number) and class_of(view.defect_kinds[other - 1]) == class_of(
            view.defect_kinds[number - 1]
        )
        if same and pixels > 10:
            return None
    return finding


def _touches_border(mask: NDArray[np.bool_]) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
