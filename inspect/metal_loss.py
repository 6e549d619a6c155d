"""How much metal a stage of making took, against what it may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

STANDARD_LOSS_PERCENT: Mapping[str, float] = {
    "casting": 2.0,
    "setting": 1.0,
    "polishing": 4.0,
    "plating": 0.5,
    "final": 0.5,
}
"""Metal that is neither in the pieces nor handed back, in per cent of what came in; ours, for each shop to replace by
its own: `[[metal_loss]]` on the spec sheet outweighs it. Of other stages nothing is expected."""

SCALE_KEPT_G = 0.02
"""Two readings of a bench scale of 0.01 g may differ by so much without any metal gone or come."""

LossVerdict = Literal["open", "within", "above", "gain"]


@dataclass(frozen=True, slots=True)
class Weighing:
    """The metal of a bag on the scale.

    Parameters
    ----------
    stage : str
    direction : {"in", "out"}
    weight_g : float
        Of the pieces.
    pieces : int
    added_g : float
        Stones, solder and plating that came on at the stage; on the way out.
    returned_g : float
        Sprues, filings and cut-offs that were handed back; on the way out.
    """

    stage: str
    direction: Literal["in", "out"]
    weight_g: float
    pieces: int
    added_g: float = 0.0
    returned_g: float = 0.0


@dataclass(frozen=True, slots=True)
class StageLoss:
    """What a stage took.

    Parameters
    ----------
    stage : str
    in_g, out_g, added_g, returned_g : float
        Sums over the weighings.
    loss_g, loss_percent : float or None
        None while pieces are still at the stage, or when nothing was weighed in.
    at_most_percent : float or None
        The stage's standard; None when there is none.
    verdict : {"open", "within", "above", "gain"}
        "gain": more came out than in, so something was weighed wrong or not entered.
    """

    stage: str
    in_g: float
    out_g: float
    added_g: float
    returned_g: float
    loss_g: float | None
    loss_percent: float | None
    at_most_percent: float | None
    verdict: LossVerdict


def stage_losses(weighings: Sequence[Weighing], standards: Mapping[str, float]) -> tuple[StageLoss, ...]:
    """The loss of each stage that was weighed, in the order of the first weighing.

    Parameters
    ----------
    weighings : sequence of Weighing
    standards : mapping of str to float
        Largest loss in per cent by stage, as the spec sheet has it; `STANDARD_LOSS_PERCENT` where it has none.

    Examples
    --------
    >>> w = [Weighing("polishing", "in", 100.0, 24), Weighing("polishing", "out", 93.5, 24, returned_g=1.5)]
    >>> loss = stage_losses(w, {})[0]
    >>> loss.loss_percent, loss.verdict
    (5.0, 'above')
    """
    return tuple(
        _loss(stage, [w for w in weighings if w.stage == stage], standards)
        for stage in dict.fromkeys(w.stage for w in weighings)
    )


def _loss(stage: str, weighings: Sequence[Weighing], standards: Mapping[str, float]) -> StageLoss:
    came = [w for w in weighings if w.direction == "in"]
    left = [w for w in weighings if w.direction == "out"]
    in_g, out_g = sum(w.weight_g for w in came), sum(w.weight_g for w in left)
    added_g, returned_g = sum(w.added_g for w in left), sum(w.returned_g for w in left)
    at_most = standards.get(stage, STANDARD_LOSS_PERCENT.get(stage))
    if not came or sum(w.pieces for w in left) < sum(w.pieces for w in came):
        return StageLoss(stage, in_g, out_g, added_g, returned_g, None, None, at_most, "open")
    loss_g = in_g + added_g - out_g - returned_g
    percent = 100 * loss_g / in_g
    verdict: LossVerdict = "within"
    if loss_g < -SCALE_KEPT_G:
        verdict = "gain"
    elif at_most is not None and loss_g > in_g * at_most / 100 + SCALE_KEPT_G:
        verdict = "above"
    return StageLoss(stage, in_g, out_g, added_g, returned_g, loss_g, percent, at_most, verdict)
