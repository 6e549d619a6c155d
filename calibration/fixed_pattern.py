"""What stays the same from frame to frame: uneven pixels, hot and dead ones, and the fall of the light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.correction import DARKEST_FLAT, FLAT_STEP, FLAT_UNIT
from loupebox.calibration.photon_transfer import Pixels, SensorStudyError

Floats = NDArray[np.float64]

FEWEST_FRAMES = 8
HOT_SIGMAS = 8.0
"""Robust standard deviations above the median of the dark frames from which a pixel counts as hot."""
HOT_LEAST_DN = 2.0
"""And this much above, in steps of 8 bit: a camera without a visible dark pattern has no hot pixels."""
DEAD_SHARE = 0.5
"""A pixel whose answer to light is off by half of its neighbours' counts as dead."""


class FrameStack:
    """The running mean and temporal variance of frames taken alike, in the memory of two pictures."""

    def __init__(self) -> None:
        self.count = 0
        self._mean: Floats = np.empty((0, 0))
        self._squares: Floats = np.empty((0, 0))

    def add(self, frame: Pixels) -> None:
        """Take in one more frame (Welford's recurrence).

        Raises
        ------
        SensorStudyError
            When its shape is another or it is in colour.
        """
        if frame.ndim != 2:
            raise SensorStudyError(f"a frame has shape {frame.shape}; sensor studies need one channel")
        if self.count == 0:
            self._mean, self._squares = np.zeros(frame.shape), np.zeros(frame.shape)
        if frame.shape != self._mean.shape:
            raise SensorStudyError(f"a frame has shape {frame.shape}; the others have {self._mean.shape}")
        self.count += 1
        delta = frame - self._mean
        self._mean += delta / self.count
        self._squares += delta * (frame - self._mean)

    @property
    def mean(self) -> Floats:
        """Mean of each pixel."""
        return self._mean

    @property
    def temporal_variance(self) -> float:
        """Of one pixel in one frame, averaged over the pixels."""
        return float(self._squares.mean()) / (self.count - 1)


@dataclass(frozen=True, slots=True, eq=False)
class FixedPattern:
    """Unevenness by the names of EMVA 1288, and the pixels to leave out.

    Parameters
    ----------
    method : str
    dsnu_dn : float
        Dark signal non-uniformity DSNU1288, standard deviation in DN; over the gain K it is in e-.
    prnu_percent : float
        Photo response non-uniformity PRNU1288, standard deviation relative to the mean signal; slow shading, which is
        the light's and the lens's, taken off before.
    hot_xy_px, dead_xy_px : ndarray of int, shape (n, 2)
    flat : ndarray of uint16, shape (height / 8, width / 8), rounded up
        Relative illumination times 50 000, 1 at the brightest place; as `correct` wants it.
    darkest_illumination : float
        Least relative illumination.
    """

    method: str
    dsnu_dn: float
    prnu_percent: float
    hot_xy_px: NDArray[np.intp]
    dead_xy_px: NDArray[np.intp]
    flat: NDArray[np.uint16]
    darkest_illumination: float


def fixed_pattern(dark: FrameStack, light: FrameStack, full_scale: int) -> FixedPattern:
    """Compare the means of many dark and many evenly lit frames.

    Spatial variances are those of the mean frames less what is left of the temporal noise in them (EMVA 1288, 8.2).

    Parameters
    ----------
    dark, light : FrameStack
        At least `FEWEST_FRAMES` each, of one shape; the lit ones near half of full scale.
    full_scale : int
        Largest sample of the camera.

    Returns
    -------
    FixedPattern

    Raises
    ------
    SensorStudyError
        When frames are too few, differ in shape, are not lit or are saturated.
    """
    if min(dark.count, light.count) < FEWEST_FRAMES or dark.mean.shape != light.mean.shape:
        raise SensorStudyError(
            f"there are {dark.count} dark frames of shape {dark.mean.shape} and {light.count} lit ones of shape "
            f"{light.mean.shape}; needed are {FEWEST_FRAMES} each, of one shape"
        )
    signal = light.mean - dark.mean
    level = float(np.median(signal)) / full_scale
    if not 0.1 <= level <= 0.9:
        raise SensorStudyError(
            f"the lit frames stand at {level:.0%} of full scale; allowed are 10 % to 90 %, best is about 50 %"
        )
    least = HOT_LEAST_DN * full_scale / 255
    hot = dark.mean - float(np.median(dark.mean)) > max(HOT_SIGMAS * _robust_sd(dark.mean), least)
    shading = _shading(signal)
    response = signal / np.maximum(shading, 1e-9)
    dead = np.abs(response - 1) > DEAD_SHARE
    good = ~(hot | dead)
    dsnu2 = float(dark.mean[good].var(ddof=1)) - dark.temporal_variance / dark.count
    left = light.temporal_variance / light.count + dark.temporal_variance / dark.count
    prnu2 = float(response[good].var(ddof=1)) - left * float((1 / np.maximum(shading, 1) ** 2).mean())
    relative = shading / shading.max()
    darkest = float(relative.min())
    if darkest < DARKEST_FLAT:
        raise SensorStudyError(
            f"the light falls to {darkest:.1%} of its brightest place; allowed is {DARKEST_FLAT:.0%}: "
            "the frames are not evenly lit"
        )
    return FixedPattern(
        method=(
            f"Fixed pattern (EMVA 1288): means of {dark.count} dark and {light.count} lit frames; DSNU1288 and "
            "PRNU1288 less the temporal noise left in the means, PRNU after slow shading is taken off; hot: "
            f"{HOT_SIGMAS:g} robust standard deviations and {HOT_LEAST_DN:g}/255 above the dark median; dead: "
            f"{DEAD_SHARE:.0%} off its neighbours' answer."
        ),
        dsnu_dn=math.sqrt(max(0.0, dsnu2)),
        prnu_percent=100 * math.sqrt(max(0.0, prnu2)),
        hot_xy_px=_places(hot),
        dead_xy_px=_places(dead),
        flat=_stored(relative),
        darkest_illumination=darkest,
    )


def _robust_sd(values: Floats) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _shading(signal: Floats) -> Floats:
    """The slow part: medians of 8 px squares, smoothed; single pixels do not move it."""
    height, width = signal.shape
    # Mirrored about the border's own value, so that a fall of the light goes on beyond it.
    pad = min(8, -(-min(height, width) // FLAT_STEP) - 1)
    small = np.pad(_squares_median(signal), pad, mode="reflect", reflect_type="odd")
    smooth = cv2.GaussianBlur(small, (0, 0), 1.5)
    size = (small.shape[1] * FLAT_STEP, small.shape[0] * FLAT_STEP)
    full = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)
    start = pad * FLAT_STEP
    return np.asarray(full[start : start + height, start : start + width], np.float64)


def _squares_median(signal: Floats) -> Floats:
    height, width = signal.shape
    pad = ((0, -height % FLAT_STEP), (0, -width % FLAT_STEP))
    padded = np.pad(signal, pad, mode="edge")
    rows, columns = padded.shape[0] // FLAT_STEP, padded.shape[1] // FLAT_STEP
    squares = padded.reshape(rows, FLAT_STEP, columns, FLAT_STEP).swapaxes(1, 2)
    return np.asarray(np.median(squares.reshape(rows, columns, -1), axis=2), np.float64)


def _stored(relative: Floats) -> NDArray[np.uint16]:
    return np.rint(_squares_median(relative) * FLAT_UNIT).astype(np.uint16)


def _places(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.asarray(np.argwhere(mask)[:, ::-1], np.intp)
