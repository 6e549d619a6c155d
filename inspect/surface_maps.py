"""What the surface model looks at: nine maps of the shank, each told apart from its smooth surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.stripes import StripeMaps

MAP_NAMES = (
    "coaxial",
    "stripes_x_mean", "stripes_x_contrast", "stripes_x_slope_x", "stripes_x_slope_y",
    "stripes_y_mean", "stripes_y_contrast", "stripes_y_slope_x", "stripes_y_slope_y",
)  # fmt: skip
"""In the order of the channels."""

BACKGROUND_SIGMA_PX = (40.0, 5.0)
"""In x and y. A shank looks nearly the same along x, around the finger, and changes fast along y, towards its edges: so
the surroundings are taken far along x and near along y, and waves still stand out."""
SHRINK_X = 4
"""The background is blurred at a quarter of the width; nothing but the background is."""
EDGE_PX = 2
"""Metal this close to the silhouette is mixed with what lies behind it."""
LIT_SHARE = 0.3
"""Of the piece's own bright level: where it is darker, its slope turns the lights away and nothing can be seen."""
DARK_LEVEL = 0.03
"""Full scales added to a background before dividing by it, so that darkness does not become noise."""
SURE_MODULATION = 0.012
"""Full scales of modulation at which a phase is half trusted; about four standard deviations of 8-bit noise."""
SLOPE_UNIT_RAD_PER_PX = 0.06
LARGEST = 5.0


def inspectable(stripes_x: StripeMaps, stripes_y: StripeMaps, metal_mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the metal's surface can be judged: inside the silhouette and turned so that the lights reach it.

    Parameters
    ----------
    stripes_x, stripes_y : StripeMaps
        Decoded from the shank's stripe frames, shape (height, width).
    metal_mask : ndarray of bool, shape (height, width)

    Returns
    -------
    ndarray of bool, shape (height, width)
        All False when there is no metal.
    """
    inside = _eroded(metal_mask, EDGE_PX)
    if not inside.any():
        return inside
    mean = (stripes_x.mean + stripes_y.mean) * np.float32(0.5)
    surroundings = _background(mean, inside.astype(np.float32))
    bright = float(np.percentile(surroundings[inside], 90))
    return _eroded(inside & (surroundings > LIT_SHARE * bright), EDGE_PX)


def surface_maps(
    coaxial: NDArray[np.float32], stripes_x: StripeMaps, stripes_y: StripeMaps, metal_mask: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The nine channels of the surface model, in the order of `MAP_NAMES`, at the frames' own resolution.

    Coaxial and means are relative to their background (0 is as bright as the surroundings, -1 black). Contrast is
    modulation over mean, from -1 (none) to 1 (full): it needs no background, because it depends on neither the metal's
    colour nor the light's level. Slopes are differences of phase from pixel to pixel less their background, in units of
    `SLOPE_UNIT_RAD_PER_PX`, faded to 0 where the modulation is too weak to be trusted. Everything is 0 outside
    `inspectable` and held within +-`LARGEST`.

    Parameters
    ----------
    coaxial : ndarray of float32, shape (height, width)
        Linear signal, 1 = full scale.
    stripes_x, stripes_y : StripeMaps
        From `calibration.stripes.decode`, same shape and unit.
    metal_mask : ndarray of bool, shape (height, width)
        True on metal; from the backlight frame of the same view.

    Returns
    -------
    ndarray of float32, shape (height, width, 9)

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    shapes = (coaxial.shape, stripes_x.mean.shape, stripes_y.mean.shape, metal_mask.shape)
    if len(set(shapes)) != 1:
        raise ValueError(f"coaxial, stripes_x, stripes_y and metal mask have shapes {shapes}; allowed is one shape")
    seen = inspectable(stripes_x, stripes_y, metal_mask)
    weight = seen.astype(np.float32)
    maps: list[NDArray[np.float32]] = [_relative(coaxial, weight)]
    for stripes in (stripes_x, stripes_y):
        power = stripes.modulation * stripes.modulation
        trust = np.asarray(power / (power + np.float32(SURE_MODULATION**2)), np.float32)
        contrast = stripes.modulation / (np.maximum(stripes.mean, np.float32(0)) + np.float32(DARK_LEVEL))
        maps += [_relative(stripes.mean, weight), np.float32(2) * contrast - np.float32(1)]
        for axis in (1, 0):
            slope = phase_slope(stripes.phase_rad, axis)
            relative = (slope - _background(slope, weight * trust)) / np.float32(SLOPE_UNIT_RAD_PER_PX)
            maps.append(np.asarray(trust * relative, np.float32))
    stacked = np.stack(maps, -1) * weight[..., None]
    return np.clip(stacked, -LARGEST, LARGEST).astype(np.float32)


def phase_slope(phase_rad: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Change of a wrapped phase from pixel to pixel, by central differences.

    Parameters
    ----------
    phase_rad : ndarray of float32, shape (height, width)
    axis : int
        0 for down, 1 for right.

    Returns
    -------
    ndarray of float32, shape (height, width)
        In rad/px, from -pi/2 to pi/2: steeper phases cannot be told from gentler ones. The outermost rows (columns)
        repeat their neighbours.
    """
    ahead = np.take(phase_rad, range(2, phase_rad.shape[axis]), axis)
    behind = np.take(phase_rad, range(phase_rad.shape[axis] - 2), axis)
    difference = ahead - behind
    difference -= np.float32(2 * np.pi) * np.rint(difference / np.float32(2 * np.pi))
    pad = [(0, 0), (0, 0)]
    pad[axis] = (1, 1)
    return np.pad(difference / 2, pad, mode="edge").astype(np.float32)


def _relative(signal: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    background = _background(signal, weight)
    return (signal - background) / (np.maximum(background, np.float32(0)) + np.float32(DARK_LEVEL))


def _background(signal: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted mean of the surroundings; 0 where there is no weight at all."""
    mean = _blurred(signal * weight) / np.maximum(_blurred(weight), np.float32(1e-6))
    height, width = signal.shape
    return np.asarray(cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blurred by `BACKGROUND_SIGMA_PX` and left at 1 / `SHRINK_X` of the width."""
    height, width = values.shape
    small = cv2.resize(values, (-(-width // SHRINK_X), height), interpolation=cv2.INTER_AREA)
    sigma_x, sigma_y = BACKGROUND_SIGMA_PX[0] / SHRINK_X, BACKGROUND_SIGMA_PX[1]
    blurred = cv2.GaussianBlur(small, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)


def _eroded(mask: NDArray[np.bool_], by_px: int) -> NDArray[np.bool_]:
    """The mask less a rim; the frame's border does not count as a rim."""
    kernel = np.ones((2 * by_px + 1, 2 * by_px + 1), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE), np.uint8) > 0
