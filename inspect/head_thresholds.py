"""What the card of the head-parts model says to those who measure on its probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from loupebox.models.card import Card
from loupebox.models.errors import ModelError
from loupebox.models.symmetry import Symmetry

CLASSES = ("background", "metal", "stone", "prong")
STONE, PRONG = 2, 3
MARKS = ("tip", "table")
"""Near a prong's tip; on the stone's table."""
POINTERS = ("tip", "inmost", "foot")
"""Where pixels near a tip point: the middle of its end, its inmost point, its place at the girdle."""
SYMMETRIES: dict[str, Symmetry] = {"top": "square", "oblique": "mirror"}
"""How a view may be turned and still be that view; the model looks at all of them, see `Model.segment`."""
UNCERTAINTIES = (
    "stone_diameter_mm", "stone_offset_mm", "length_mm", "bend_mm", "lift_mm", "length_gain", "bend_gain", "lift_gain",
    "table_offset_mm", "stone_tilt_deg", "tip_width_mm", "height_percent", "contact_percent",
    "outline_mm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeadThresholds:
    """Levels at which stone and prong end, and how far measurements on them stray.

    Parameters
    ----------
    stone, prong : float
        Probability at the edge, between 0 and 1.
    stone_diameter_mm, stone_offset_mm, length_mm, bend_mm, lift_mm : float
        Standard uncertainty that the model brings to each, found in validation.
    length_gain, bend_gain, lift_gain : float
        How much to add, in quadrature, for each mm by which the pixels expect to point amiss at this very prong.
    table_offset_mm, stone_tilt_deg, tip_width_mm, height_percent, contact_percent : float
        As the first ones, of the table's place, the stone's tilt, a tip's width, and a prong's height and contact on
        the crown.
    outline_mm : float
        Standard uncertainty of the stone's diameter where it rests on the model's outline alone.
    """

    stone: float
    prong: float
    stone_diameter_mm: float
    stone_offset_mm: float
    length_mm: float
    bend_mm: float
    lift_mm: float
    length_gain: float
    bend_gain: float
    lift_gain: float
    table_offset_mm: float
    stone_tilt_deg: float
    tip_width_mm: float
    height_percent: float
    contact_percent: float
    outline_mm: float

    @classmethod
    def from_card(cls, card: Card) -> HeadThresholds:
        """Take them from the model's card.

        Raises
        ------
        ModelError
            When the card is of a model with other classes, or lacks one of the numbers.
        """
        if card.classes != CLASSES:
            raise ModelError(
                f"model {card.name} has the classes {', '.join(card.classes)}; heads need {', '.join(CLASSES)}"
            )
        if card.marks != MARKS or card.pointers != POINTERS:
            raise ModelError(
                f"model {card.name} marks {', '.join(card.marks) or 'nothing'} and points at "
                f"{', '.join(card.pointers) or 'nothing'}; heads need {', '.join(MARKS)} and {', '.join(POINTERS)}"
            )
        for table, keys in (("thresholds", ("stone", "prong")), ("standard_uncertainties", UNCERTAINTIES)):
            missing = [key for key in keys if key not in getattr(card, table)]
            if missing:
                raise ModelError(f"card of model {card.name}: {table} lacks {missing[0]}; heads need {', '.join(keys)}")
        return cls(
            card.thresholds["stone"],
            card.thresholds["prong"],
            *(card.standard_uncertainties[key] for key in UNCERTAINTIES),
        )
