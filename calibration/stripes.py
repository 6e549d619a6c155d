"""Phase-shifted stripes: from four frames to mean, modulation and phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class StripesError(ValueError):
    """Frames that are no set of four quarter-period shifts."""


@dataclass(frozen=True, slots=True, eq=False)
class StripeMaps:
    """What four shifted stripe frames say about every pixel; the arrays are read-only.

    Parameters
    ----------
    mean : ndarray of float32, shape (height, width)
        Light without the stripes, in the unit of the frames.
    modulation : ndarray of float32, shape (height, width)
        Amplitude of the stripes, in the unit of the frames; 0 where roughness or darkness swallows them.
    phase_rad : ndarray of float32, shape (height, width)
        Phase of the stripes, above -pi and up to pi; of no meaning where the modulation is lost in the noise.
    """

    mean: NDArray[np.float32]
    modulation: NDArray[np.float32]
    phase_rad: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("mean", "modulation", "phase_rad"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)


def decode(frames: Sequence[NDArray[np.float32]]) -> StripeMaps:
    """Mean, modulation and phase of frames I_k = A + B cos(phase + k pi / 2), k = 0 .. 3.

    The least-squares solution of four frames for three unknowns (four-bucket phase shifting, Creath 1988):
    A = (I0 + I1 + I2 + I3) / 4, B cos(phase) = (I0 - I2) / 2, B sin(phase) = (I3 - I1) / 2.

    Parameters
    ----------
    frames : sequence of 4 ndarrays, each of shape (height, width)
        Linear in light (see `LinearFrame.signal`), shifted by 0, 1, 2 and 3 quarter periods.

    Returns
    -------
    StripeMaps

    Raises
    ------
    StripesError
        When there are not four frames, or they differ in shape, or are not two-dimensional.

    Examples
    --------
    >>> phase = np.full((1, 1), 0.5)
    >>> maps = decode([2 + np.cos(phase + k * np.pi / 2) for k in range(4)])
    >>> round(float(maps.mean[0, 0]), 6), round(float(maps.modulation[0, 0]), 6), round(float(maps.phase_rad[0, 0]), 6)
    (2.0, 1.0, 0.5)
    """
    i0, i1, i2, i3 = _checked(frames)
    half, quarter = np.float32(0.5), np.float32(0.25)
    cosine, sine = (i0 - i2) * half, (i3 - i1) * half
    return StripeMaps((i0 + i1 + i2 + i3) * quarter, np.hypot(cosine, sine), np.arctan2(sine, cosine))


def imbalance(frames: Sequence[NDArray[np.float32]]) -> float:
    """How much two opposite frames differ from the other two, as a share of all their light.

    I0 + I2 = I1 + I3 = 2 A whatever the surface does, so anything but noise here is a light that did not fire, or one
    that fired differently, or a piece that moved.

    Parameters
    ----------
    frames : sequence of 4 ndarrays, each of shape (height, width)

    Returns
    -------
    float
        0 for perfect frames, 1/3 when one of four frames is dark; 0 when all are dark.

    Raises
    ------
    StripesError
        As `decode`.
    """
    i0, i1, i2, i3 = (float(frame.sum(dtype=np.float64)) for frame in _checked(frames))
    total = i0 + i1 + i2 + i3
    return abs(i0 + i2 - i1 - i3) / total if total > 0 else 0.0


def _checked(frames: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    if len(frames) != 4:
        raise StripesError(f"stripes came as {len(frames)} frames; allowed are exactly 4, a quarter period apart")
    shapes = [frame.shape for frame in frames]
    if len(set(shapes)) != 1 or len(shapes[0]) != 2:
        raise StripesError(f"stripe frames have shapes {shapes}; allowed are four equal shapes (height, width)")
    return [np.asarray(frame, np.float32) for frame in frames]
