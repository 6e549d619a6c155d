"""The scale of a view from repeated placements of a certified artefact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from loupebox.calibration.artefact import Artefact, ArtefactError
from loupebox.calibration.estimate import Estimate
from loupebox.calibration.propagation import Input, propagate
from loupebox.calibration.scale import Scale
from loupebox.calibration.thermal import Temperature, growth_inputs

FEWEST_PLACEMENTS = 3
REPEATS = "repeated placements"


@dataclass(frozen=True, slots=True)
class Placement:
    """The artefact put into the view once more and measured.

    Parameters
    ----------
    name : str
        Usually the file of its picture.
    length_px : float
        Of the certified length in the picture.
    standard_uncertainty_px : float
        Of finding it there.
    """

    name: str
    length_px: float
    standard_uncertainty_px: float


@dataclass(frozen=True, slots=True)
class ScaleStudy:
    """A scale with all that it rests on.

    Parameters
    ----------
    scale : Scale
        In mm/px of true length, at the temperature of the part: thermal growth of the artefact is in.
    placements : tuple of Placement
    mean_px, standard_deviation_px : float
    outliers : tuple of str
        Placements more than 3.5 robust standard deviations from the median: look at these pictures. They stay in.
    method : str
        A sentence for the certificate.
    """

    scale: Scale
    placements: tuple[Placement, ...]
    mean_px: float
    standard_deviation_px: float
    outliers: tuple[str, ...]
    method: str


def scale_from_artefact(
    artefact: Artefact,
    placements: Sequence[Placement],
    temperature: Temperature,
    on: date,
    systematic: Sequence[Input] = (),
) -> ScaleStudy:
    """Certified length over the mean length in pixels, with a budget.

    The model is k = (L + drift + shifts) (1 + alpha (t - 20 °C)) / mean, in mm/px.

    Parameters
    ----------
    artefact : Artefact
        Its certified length must be what the placements measured.
    placements : sequence of Placement
        At least `FEWEST_PLACEMENTS`; taken out and put back between.
    temperature : Temperature
        Of the artefact.
    on : date
        Day of the study; the artefact's own certificate must hold.
    systematic : sequence of Input
        What all placements share, in mm of the length as it looks: its value is how much longer the artefact looks
        than it is, such as the gap of a backlight or the level of the edge.

    Returns
    -------
    ScaleStudy

    Raises
    ------
    ArtefactError
        When the artefact's certificate does not hold on that day, or placements are too few.
    """
    artefact.check_valid(on)
    n = len(placements)
    if n < FEWEST_PLACEMENTS:
        raise ArtefactError(
            f"there are {n} placements of {artefact.artefact_id}; needed are {FEWEST_PLACEMENTS} or more"
        )
    lengths = [p.length_px for p in placements]
    repeats = Input.mean(REPEATS, lengths)
    # The spread holds the noise of each picture too; where few repeats happen to agree, the pictures' own doubt stays.
    noise = math.sqrt(math.fsum(p.standard_uncertainty_px**2 for p in placements)) / n
    floor = Input("edges in the pictures", 0.0, math.sqrt(max(0.0, noise**2 - repeats.standard_uncertainty**2)))

    def scale(
        length: float, drift: float, alpha: float, above: float, mean: float, edges: float, *shifts: float
    ) -> float:
        return (length + drift) * (1 + alpha * above) / (mean + edges) * (1 + math.fsum(shifts) / length)

    inputs = (
        *artefact.length_inputs(on),
        *growth_inputs("artefact", artefact.material, temperature),
        repeats,
        floor,
        *systematic,
    )
    value = propagate(scale, inputs, "mm/px")
    return ScaleStudy(
        scale=Scale(value),
        placements=tuple(placements),
        mean_px=repeats.value,
        standard_deviation_px=repeats.standard_uncertainty * math.sqrt(n),
        outliers=_outliers(placements),
        method=(
            f"Scale of {n} placements: certified length at {temperature.celsius:g} ± {temperature.half_width:g} °C "
            "over the mean length in pixels; law of propagation (JCGM 100, 5.1.2), effective degrees of freedom by "
            "Welch-Satterthwaite, k from Student's t at 95.45 %."
        ),
    )


def _outliers(placements: Sequence[Placement]) -> tuple[str, ...]:
    lengths = sorted(p.length_px for p in placements)
    middle = _median(lengths)
    spread = 1.4826 * _median(sorted(abs(x - middle) for x in lengths))
    if len(placements) < 5 or spread == 0:
        return ()
    return tuple(p.name for p in placements if abs(p.length_px - middle) > 3.5 * spread)


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def estimate_um(scale: Scale) -> Estimate:
    """The scale in um/px, as certificates state it."""
    k = scale.mm_per_px
    return Estimate(
        1000 * k.value,
        "um/px",
        tuple(replace(c, standard_uncertainty=1000 * c.standard_uncertainty) for c in k.budget),
    )
