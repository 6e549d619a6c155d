"""What the card of the head-parts model says to those who measure on its probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from loupebox.models.card import Card
from loupebox.models.errors import ModelError
from loupebox.models.symmetry import Symmetry

CLASSES = ("background", "metal", "stone", "prong")
STONE, PRONG = 2, 3
SYMMETRIES: dict[str, Symmetry] = {"top": "square", "oblique": "mirror"}
"""How a view may be turned and still be that view; the model looks at all of them, see `Model.segment`."""
UNCERTAINTIES = ("stone_diameter_mm", "stone_offset_mm", "length_mm", "bend_mm", "lift_mm")


@dataclass(frozen=True, slots=True)
class HeadThresholds:
    """Levels at which stone and prong end, and how far measurements on them stray.

    Parameters
    ----------
    stone, prong : float
        Probability at the edge, between 0 and 1.
    stone_diameter_mm, stone_offset_mm, length_mm, bend_mm, lift_mm : float
        Standard uncertainty that the segmentation and the model of the shape bring to each, found in validation.
    """

    stone: float
    prong: float
    stone_diameter_mm: float
    stone_offset_mm: float
    length_mm: float
    bend_mm: float
    lift_mm: float

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
        for table, keys in (("thresholds", ("stone", "prong")), ("standard_uncertainties", UNCERTAINTIES)):
            missing = [key for key in keys if key not in getattr(card, table)]
            if missing:
                raise ModelError(f"card of model {card.name}: {table} lacks {missing[0]}; heads need {', '.join(keys)}")
        return cls(
            card.thresholds["stone"],
            card.thresholds["prong"],
            *(card.standard_uncertainties[key] for key in UNCERTAINTIES),
        )
