"""What the sensor makes of light: gain, read noise, full well and linearity, by photon transfer (EMVA 1288)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.estimate import Contribution, Estimate

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Floats = NDArray[np.float64]

FEWEST_STEPS = 6
FITTED_UP_TO = 0.7
"""Share of the saturation up to which variance and mean are fitted (EMVA 1288, 6.6)."""
LINEAR_FROM, LINEAR_UP_TO = 0.05, 0.95
"""Shares of the saturation between which the linearity error is taken (EMVA 1288, 7)."""
QUANTISATION_DN2 = 1 / 12
HIDDEN_BELOW_DN2 = 0.24
"""Dark variance below which the steps of the converter hide the read noise (EMVA 1288, 6.5)."""


class SensorStudyError(ValueError):
    """Frames that cannot say what was asked of them; the message says which and what is needed."""


@dataclass(frozen=True, slots=True)
class ExposureStep:
    """Two frames of even light, exposed alike.

    Parameters
    ----------
    exposure_ms : float
    mean_dn : float
        Mean of both frames.
    variance_dn2 : float
        Temporal variance: half the mean square of the difference, less half the square of the mean difference.
    pixels : int
        Compared in each frame.
    saturated_share : float
        Of samples at full scale.
    """

    exposure_ms: float
    mean_dn: float
    variance_dn2: float
    pixels: int
    saturated_share: float = 0.0

    @classmethod
    def of_pair(cls, first: Pixels, second: Pixels, exposure_ms: float, full_scale: int) -> ExposureStep:
        """From the two frames themselves, of one shape.

        Raises
        ------
        SensorStudyError
            When they differ in shape.
        """
        if first.shape != second.shape:
            raise SensorStudyError(f"two frames of one exposure have shapes {first.shape} and {second.shape}")
        difference = first.astype(np.int32) - second.astype(np.int32)
        apart = float(difference.mean())
        variance = float((difference.astype(np.float64) ** 2).mean()) / 2 - apart**2 / 2
        return cls(
            exposure_ms=exposure_ms,
            mean_dn=(float(first.mean()) + float(second.mean())) / 2,
            variance_dn2=variance,
            pixels=int(first.size),
            saturated_share=float((first >= full_scale).mean()),
        )


@dataclass(frozen=True, slots=True)
class PhotonTransfer:
    """The sensor by the names of EMVA 1288; each estimate with its uncertainty.

    Parameters
    ----------
    method : str
    gain : Estimate
        Overall system gain K, in DN/e-.
    dark_noise : Estimate
        Temporal dark noise sigma_d, in e-; with what the converter's steps add taken off.
    dark_noise_hidden : bool
        The steps of the converter are too coarse to see the dark noise: the figure is an upper limit.
    dark_level : Estimate
        Dark signal mu_y.dark, in DN.
    saturation_capacity : Estimate or None
        mu_e.sat, in e-: where the variance is largest. None when no frame came near saturation.
    dynamic_range_db, snr_max_db : float or None
        From the saturation capacity: 20 log10 of it over the dark noise, and of its square root.
    linearity_error_percent : float
        LE: mean absolute deviation from the straight line of mean over exposure, relative to the line.
    largest_deviation_percent : float
        The largest of those deviations, with its sign.
    steps : tuple of ExposureStep
        By rising exposure.
    fitted : tuple of bool
        Which steps the gain rests on.
    """

    method: str
    gain: Estimate
    dark_noise: Estimate
    dark_noise_hidden: bool
    dark_level: Estimate
    saturation_capacity: Estimate | None
    dynamic_range_db: float | None
    snr_max_db: float | None
    linearity_error_percent: float
    largest_deviation_percent: float
    steps: tuple[ExposureStep, ...]
    fitted: tuple[bool, ...]


def photon_transfer(light: Sequence[ExposureStep], dark: Sequence[ExposureStep]) -> PhotonTransfer:
    """Fit variance over mean, and mean over exposure.

    variance - dark variance = K (mean - dark mean), through the origin; least squares with weights of the inverse
    square of the variance, since a variance scatters in proportion to itself. The uncertainty of K is the scatter
    about the line.

    Parameters
    ----------
    light : sequence of ExposureStep
        At least `FEWEST_STEPS`, from dark to saturation, at constant light.
    dark : sequence of ExposureStep
        Pairs without light, at least 2.

    Returns
    -------
    PhotonTransfer

    Raises
    ------
    SensorStudyError
        When steps are too few, or the signal does not rise with the exposure.
    """
    if len(light) < FEWEST_STEPS or len(dark) < 2:
        raise SensorStudyError(
            f"there are {len(light)} pairs with light and {len(dark)} without; needed are {FEWEST_STEPS} and 2"
        )
    steps = tuple(sorted(light, key=lambda s: s.exposure_ms))
    mean, variance = (np.array([getattr(s, n) for s in steps], np.float64) for n in ("mean_dn", "variance_dn2"))
    dark_mean, dark_variance = _mean_of([s.mean_dn for s in dark]), _mean_of([s.variance_dn2 for s in dark])
    signal, shot = mean - dark_mean[0], variance - dark_variance[0]
    peak = int(variance.argmax())
    saturates = peak < len(steps) - 1 and variance[-1] < 0.9 * variance[peak]
    top = float(signal[peak])
    fitted = (np.arange(len(steps)) <= peak) & (signal <= FITTED_UP_TO * top) & (signal > 0) & (shot > 0)
    if int(fitted.sum()) < FEWEST_STEPS // 2:
        raise SensorStudyError(
            f"only {int(fitted.sum())} exposures lie between darkness and {FITTED_UP_TO:.0%} of saturation; "
            f"needed are {FEWEST_STEPS // 2}: take more, shorter ones"
        )
    # Where the steps of the converter hide the dark noise, its variance is no offset that one could take off.
    hidden = dark_variance[0] < HIDDEN_BELOW_DN2
    if hidden:
        fitted &= variance > 2 * HIDDEN_BELOW_DN2
    x, y = signal[fitted], (variance if hidden else shot)[fitted]
    first, *_ = _slope(x, y, variance[fitted], hidden)
    # Weights of the line and not of the readings: one that came out low by chance must not weigh more for it.
    gain, gain_u, freedom = _slope(x, y, np.maximum(first * x + max(dark_variance[0], QUANTISATION_DN2), 1e-9), hidden)
    k = Estimate(gain, "DN/e-", (Contribution("scatter about the line", gain_u, freedom),))
    capacity = _capacity(top, k, steps, peak, dark_mean) if saturates else None
    noise = _dark_noise(dark_variance, len(dark) - 1, k, hidden)
    deviations = _deviations(np.array([s.exposure_ms for s in steps], np.float64), signal, top if saturates else None)
    return PhotonTransfer(
        method=(
            f"Photon transfer (EMVA 1288): {len(steps)} pairs of frames with light and {len(dark)} without; K from "
            f"{int(fitted.sum())} steps up to {FITTED_UP_TO:.0%} of saturation, weighted least squares "
            f"{'with a free offset' if hidden else 'through the origin'}; dark noise less the converter's 1/12 DN²; "
            "saturation where the temporal variance is largest; linearity from "
            f"{LINEAR_FROM:.0%} to {LINEAR_UP_TO:.0%} of saturation, to a line fitted with relative weights."
        ),
        gain=k,
        dark_noise=noise,
        dark_noise_hidden=hidden,
        dark_level=Estimate(dark_mean[0], "DN", (Contribution("pairs without light", dark_mean[1], len(dark) - 1),)),
        saturation_capacity=capacity,
        dynamic_range_db=20 * math.log10(capacity.value / noise.value) if capacity and noise.value > 0 else None,
        snr_max_db=10 * math.log10(capacity.value) if capacity else None,
        linearity_error_percent=100 * float(np.abs(deviations).mean()),
        largest_deviation_percent=100 * float(deviations[np.abs(deviations).argmax()]),
        steps=steps,
        fitted=tuple(bool(f) for f in fitted),
    )


def _mean_of(values: Sequence[float]) -> tuple[float, float]:
    found = np.array(values, np.float64)
    return float(found.mean()), float(found.std(ddof=1)) / math.sqrt(len(values))


def _slope(x: Floats, y: Floats, variance: Floats, free_offset: bool) -> tuple[float, float, int]:
    """Slope, its standard uncertainty from the scatter, and the degrees of freedom of that."""
    columns = [x, np.ones_like(x)] if free_offset else [x]
    basis = np.stack(columns, axis=1) / variance[:, None]
    normal = np.linalg.inv(basis.T @ basis)
    solved = normal @ (basis.T @ (y / variance))
    freedom = len(x) - len(columns)
    scatter = float(((y / variance - basis @ solved) ** 2).sum()) / freedom
    return float(solved[0]), math.sqrt(scatter * float(normal[0, 0])), freedom


def _capacity(
    top: float, gain: Estimate, steps: Sequence[ExposureStep], peak: int, dark_mean: tuple[float, float]
) -> Estimate:
    # The largest variance lies somewhere between the neighbours of the step that shows it.
    below, above = steps[max(0, peak - 1)].mean_dn, steps[peak + 1].mean_dn
    budget = (
        Contribution("gain", top / gain.value**2 * gain.standard_uncertainty, gain.degrees_of_freedom),
        Contribution("distance of the exposures", (above - below) / math.sqrt(12) / gain.value),
        Contribution("dark level", dark_mean[1] / gain.value),
    )
    return Estimate(top / gain.value, "e-", budget)


def _dark_noise(dark_variance: tuple[float, float], freedom: int, gain: Estimate, hidden: bool) -> Estimate:
    value, u = dark_variance
    electrons = math.sqrt(max(value - (0 if hidden else QUANTISATION_DN2), 1e-12)) / gain.value
    budget = (
        Contribution("pairs without light", u / (2 * electrons * gain.value**2), freedom),
        Contribution("gain", electrons * gain.standard_uncertainty / gain.value, gain.degrees_of_freedom),
    )
    return Estimate(electrons, "e-", budget)


def _deviations(exposure: Floats, signal: Floats, top: float | None) -> Floats:
    """Relative deviations from the line through the exposures that count."""
    reach = top if top is not None else float(signal.max()) / LINEAR_UP_TO
    counts = (signal >= LINEAR_FROM * reach) & (signal <= LINEAR_UP_TO * reach)
    if int(counts.sum()) < 3 or float(np.ptp(exposure[counts])) == 0:
        raise SensorStudyError(
            "fewer than 3 exposures lie between 5 % and 95 % of saturation: nothing can be said about linearity"
        )
    x, y = exposure[counts], signal[counts]
    # Relative weights: a deviation of 1 % counts the same in the dark and in the light.
    basis = np.stack([np.ones_like(x), x], axis=1) / y[:, None]
    (offset, slope), *_ = np.linalg.lstsq(basis, np.ones_like(y), rcond=None)
    if slope <= 0:
        raise SensorStudyError("the signal does not rise with the exposure")
    line = offset + slope * x
    return np.asarray((y - line) / line, np.float64)
