"""From raw samples to a signal that is proportional to light."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.frame import Frame, FrameError, LinearFrame

FLAT_STEP = 8
"""Frame pixels a flat pixel, in both directions."""
FLAT_UNIT = 50_000
"""Sample of a stored flat that stands for a relative illumination of 1."""
DARKEST_FLAT = 0.1
"""Relative illumination below which a division would only show noise."""


def correct(frame: Frame, dark_level_dn: float, flat: NDArray[Any] | None) -> LinearFrame:
    """Subtract the dark level and divide by the illumination.

    Parameters
    ----------
    frame : Frame
    dark_level_dn : float
        Signal without light in steps of 8 bit, whatever the bits of the frame; from 0 to below 128.
    flat : ndarray of uint16, shape (height / 8, width / 8), rounded up, or None
        Relative illumination times 50 000, as stored beside the certificate; resized bilinearly. None is even light.

    Returns
    -------
    LinearFrame
        float32; 1 is full scale at a relative illumination of 1.

    Raises
    ------
    FrameError
        Naming the frame, the value and what is allowed, when the dark level or the flat do not fit.
    """
    name = f"frame {frame.view}/{frame.light}"
    if not 0 <= dark_level_dn < 128:
        raise FrameError(f"{name}: dark level is {dark_level_dn:g}; allowed is 0 to below 128 of 255")
    dark = np.float32(dark_level_dn / 255)
    signal = frame.pixels.astype(np.float32)
    signal *= np.float32(1 / (frame.full_scale * (1 - dark)))
    signal -= np.float32(dark / (1 - dark))
    if flat is not None:
        gain = 1 / _illumination(flat, frame.pixels.shape[:2], name)
        signal *= gain if signal.ndim == 2 else gain[:, :, None]
    brightest = frame.pixels.max(axis=2) if frame.is_colour else frame.pixels
    return LinearFrame(signal, np.asarray(brightest >= frame.full_scale), frame.view, frame.light)


def _illumination(flat: NDArray[Any], shape: tuple[int, ...], name: str) -> NDArray[np.float32]:
    height, width = shape
    fits = (-(-height // FLAT_STEP), -(-width // FLAT_STEP))
    if flat.dtype.name != "uint16" or flat.shape != fits:
        raise FrameError(
            f"{name}: the flat is {flat.dtype} of shape {flat.shape}; allowed is uint16 of shape {fits}, "
            f"1/{FLAT_STEP} of the frame"
        )
    darkest = int(flat.min())
    if darkest < DARKEST_FLAT * FLAT_UNIT:
        raise FrameError(f"{name}: the flat goes down to {darkest}; allowed is {int(DARKEST_FLAT * FLAT_UNIT)} or more")
    relative = flat.astype(np.float32) / np.float32(FLAT_UNIT)
    full = cv2.resize(relative, (fits[1] * FLAT_STEP, fits[0] * FLAT_STEP), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[:height, :width], np.float32)
