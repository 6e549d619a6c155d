"""The three sample styles as drawn, and one ring of a style as made: drawn, plus what the workshop adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loupebox.models.training.band import Band, Section
from loupebox.models.training.brilliant import Cut
from loupebox.models.training.piece import Head, Piece, Pose
from loupebox.models.training.prong import ProngForm, ProngState


@dataclass(frozen=True, slots=True)
class HeadDrawing:
    """The setting of a style."""

    prong_count: int
    first_prong_deg: float
    stone_diameter_mm: float
    girdle_height_mm: float
    wire_radius_mm: float
    prong_length_mm: float


@dataclass(frozen=True, slots=True)
class Style:
    """Nominal dimensions, as on the spec sheet."""

    name: str
    inner_diameter_mm: float
    section: Section
    head: HeadDrawing | None = None


STYLES: dict[str, Style] = {
    s.name: s
    for s in (
        Style("SOL6", 17.35, Section(2.2, 1.7), HeadDrawing(6, 30.0, 6.5, 3.05, 0.41, 0.70)),
        Style("SOL4", 16.51, Section(2.0, 1.6), HeadDrawing(4, 45.0, 5.0, 2.40, 0.40, 0.66)),
        Style("BAND", 18.14, Section(2.8, 1.6)),
    )
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one prong: "missing", "short" (to `size_mm` of length), "bent" or "lifted" (by `size_mm`)."""

    prong: int
    state: str
    size_mm: float = 0.0


def make(
    style: Style,
    rng: np.random.Generator,
    faults: tuple[Fault, ...] = (),
    inner_diameter_mm: float | None = None,
    ovality_mm: float | None = None,
) -> tuple[Piece, tuple[str, ...]]:
    """A ring with small random irregularities, and the state of each prong."""

    def near(nominal: float, sd: float) -> float:
        return nominal + sd * float(np.clip(rng.normal(), -2, 2))

    section = Section(
        near(style.section.width_mm, 0.012), near(style.section.thickness_mm, 0.010), style.section.exponent
    )
    inner, oval = near(style.inner_diameter_mm, 0.015), abs(near(0.003, 0.001))
    if inner_diameter_mm is not None:
        inner = inner_diameter_mm + 2 * (oval if ovality_mm is None else ovality_mm)
    band = Band(inner, section, oval if ovality_mm is None else ovality_mm, rng.uniform(0, 180))
    pose = Pose((near(0, 0.08), near(0, 0.15), near(0, 0.08)), (near(0, 0.06), near(0, 0.06), near(0, 0.03)))
    if style.head is None:
        return Piece(band, None, pose), ()
    h = style.head
    cut = Cut(near(h.stone_diameter_mm, 0.015), near(0.57, 0.004), near(34.5, 0.15), near(40.8, 0.1))
    form = ProngForm(h.wire_radius_mm, 0.175 * h.stone_diameter_mm, h.girdle_height_mm + 0.15)
    names = ["good"] * h.prong_count
    states = [ProngState(near(h.prong_length_mm, 0.02), near(0, 0.015), near(0, 0.012)) for _ in names]
    for fault in faults:
        k, old = fault.prong - 1, states[fault.prong - 1]
        names[k] = fault.state
        match fault.state:
            case "missing":
                states[k] = ProngState(old.length_mm, broken=True)
            case "short":
                states[k] = ProngState(fault.size_mm, old.bend_mm, old.lift_mm)
            case "bent":
                states[k] = ProngState(old.length_mm, fault.size_mm, old.lift_mm)
            case "lifted":
                states[k] = ProngState(old.length_mm, old.bend_mm, fault.size_mm)
    turn = near(0, 0.5)
    angles = tuple(h.first_prong_deg + 360 * k / h.prong_count + turn + near(0, 0.3) for k in range(h.prong_count))
    head = Head(
        cut, form, angles, tuple(states), near(h.girdle_height_mm, 0.015), gallery_wire_mm=0.045 * h.stone_diameter_mm
    )
    return Piece(band, head, pose), tuple(names)
