"""Pixels that know how they were taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

View = Literal["face", "top", "oblique", "side", "shank"]
"""Where the camera looks from: `face` along the finger hole, `top` down on the stone, `oblique` between the
two, `side` across the finger hole, `shank` on the outside of the band opposite the head."""

Light = Literal[
    "backlight", "dome", "coaxial", "dark_n", "dark_e", "dark_s", "dark_w",
    "stripes_x_0", "stripes_x_1", "stripes_x_2", "stripes_x_3",
    "stripes_y_0", "stripes_y_1", "stripes_y_2", "stripes_y_3",
]  # fmt: skip
"""What shines. `stripes_x_k` is a sinusoid over the angle of incidence in image x, shifted by k quarter periods."""

VIEWS: tuple[View, ...] = get_args(View)
LIGHTS: tuple[Light, ...] = get_args(Light)


class FrameError(ValueError):
    """Pixels that are no frame: wrong dtype, shape or content."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One raw picture of a piece, as the camera gave it.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (height, width) or (height, width, 3) in RGB order
        Made read-only; a 12-bit camera fills the low 12 bits of uint16.
    view : View
    light : Light
    exposure_ms, gain_db : float
    bits : int
        Significant bits a sample: 8, 10, 12, 14 or 16; full scale is 2**bits - 1.
    camera_serial : str
    sha256 : str
        Of the stored file, lower-case hex; the key of the frame in the image store. Empty for a live frame.

    Raises
    ------
    FrameError
        Naming the view, the light, what was given and what is allowed.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    view: View
    light: Light
    exposure_ms: float
    gain_db: float
    bits: int
    camera_serial: str
    sha256: str = ""

    def __post_init__(self) -> None:
        name = f"frame {self.view}/{self.light}"
        if self.pixels.dtype.name not in ("uint8", "uint16"):
            raise FrameError(f"{name} has samples of {self.pixels.dtype}; allowed are uint8 and uint16")
        if self.pixels.ndim not in (2, 3) or (self.pixels.ndim == 3 and self.pixels.shape[2] != 3):
            raise FrameError(
                f"{name} has shape {self.pixels.shape}; allowed are (height, width) and (height, width, 3)"
            )
        if min(self.pixels.shape) == 0:
            raise FrameError(f"{name} has shape {self.pixels.shape}; it needs at least one pixel")
        if not 8 <= self.bits <= 8 * self.pixels.dtype.itemsize:
            raise FrameError(
                f"{name} says {self.bits} bits in {self.pixels.dtype}; "
                f"allowed are 8 to {8 * self.pixels.dtype.itemsize}"
            )
        view = self.pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)

    @property
    def full_scale(self) -> int:
        """The largest sample that the camera can give."""
        return (1 << self.bits) - 1

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3


@dataclass(frozen=True, slots=True, eq=False)
class LinearFrame:
    """A frame after dark and flat correction: signal proportional to light.

    Parameters
    ----------
    signal : ndarray of float32, shape (height, width) or (height, width, 3) in RGB order
        0 is no light, 1 is the camera's full scale; noise may carry it slightly below 0. Read-only.
    saturated : ndarray of bool, shape (height, width)
        Where any channel of the raw frame stood at full scale. Read-only.
    view, light : as in `Frame`
    """

    signal: NDArray[np.float32]
    saturated: NDArray[np.bool_]
    view: View
    light: Light

    def __post_init__(self) -> None:
        for name in ("signal", "saturated"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def luminance(self) -> NDArray[np.float32]:
        """One channel, shape (height, width): the mean of R, G and B, or the signal itself when monochrome."""
        if self.signal.ndim == 2:
            return self.signal
        return self.signal.mean(axis=2, dtype=np.float32)
