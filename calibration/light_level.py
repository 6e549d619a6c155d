"""How bright a light is, and how alike from flash to flash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.frame import Light, View
from loupebox.calibration.gauge_t_test import TTest, t_test

FEWEST_FLASHES = 5


@dataclass(frozen=True, slots=True)
class LightLevel:
    """One light of one view over several flashes.

    Parameters
    ----------
    view : View
    light : Light
    level : Estimate
        Mean signal, as a share of full scale; its uncertainty is that of the mean of the flashes.
    repeatability_percent : float
        Standard deviation of one flash, relative to the level.
    drift : TTest
        Slope of the level over the number of the flash, relative to the level: a lamp that warms up.
    """

    view: View
    light: Light
    level: Estimate
    repeatability_percent: float
    drift: TTest


def light_level(view: View, light: Light, levels: Sequence[float]) -> LightLevel:
    """Level and repeatability from the mean signals of repeated frames.

    Parameters
    ----------
    view : View
    light : Light
    levels : sequence of float
        Mean signal of each frame, in the order in which they were taken, as shares of full scale; at least
        `FEWEST_FLASHES`, above 0.

    Raises
    ------
    ValueError
        When they are too few or dark.
    """
    shares = np.array(levels, np.float64)
    if len(shares) < FEWEST_FLASHES:
        raise ValueError(f"{view}/{light} was taken {len(shares)} times; needed are {FEWEST_FLASHES} or more")
    mean = float(shares.mean())
    if not mean > 0:
        raise ValueError(f"{view}/{light} did not shine: its frames stand at {mean:.2%} of full scale")
    sd = float(shares.std(ddof=1))
    n = len(shares)
    x = np.arange(n, dtype=np.float64) - (n - 1) / 2
    sxx = float((x * x).sum())
    slope = float((x * (shares - mean)).sum()) / sxx
    rest = float(((shares - mean - slope * x) ** 2).sum()) / (n - 2)
    return LightLevel(
        view=view,
        light=light,
        level=Estimate(mean, "1", (Contribution("flashes", sd / n**0.5, n - 1),)),
        repeatability_percent=100 * sd / mean,
        drift=t_test(slope / mean, (rest / sxx) ** 0.5 / mean, n - 2),
    )
