"""Which frames the spec sheet of a style needs."""

from __future__ import annotations

from loupebox.calibration.frame import Light, View
from loupebox.inspect.spec import CHARACTERISTIC_NAMES, NAMES_OF_NO_RING, Spec

STRIPES_X: tuple[Light, ...] = ("stripes_x_0", "stripes_x_1", "stripes_x_2", "stripes_x_3")
STRIPES_Y: tuple[Light, ...] = ("stripes_y_0", "stripes_y_1", "stripes_y_2", "stripes_y_3")

SILHOUETTE: tuple[tuple[View, Light], ...] = (("face", "backlight"),)
HEAD: tuple[tuple[View, Light], ...] = (("top", "dome"), ("oblique", "dome"))
SHANK: tuple[tuple[View, Light], ...] = (("shank", "backlight"),)
SURFACE: tuple[tuple[View, Light], ...] = tuple(("shank", light) for light in ("coaxial", *STRIPES_X, *STRIPES_Y))


SHANK_NAMES = ("shank_width_mm", "shank_widest_mm")


def views_of(characteristic: str) -> tuple[View, ...]:
    """The views that a dimension is measured in; none for what no camera measures."""
    if characteristic in SHANK_NAMES:
        return ("shank",)
    if characteristic.startswith(("stone_", "prong_", "head_", "table_")):
        return "top", "oblique"
    return ("face",) if characteristic in CHARACTERISTIC_NAMES else ()


def frames_needed(spec: Spec) -> tuple[tuple[View, Light], ...]:
    """View and light of each frame, in the order in which they are best taken."""
    if spec.family in NAMES_OF_NO_RING:
        return SILHOUETTE
    return (*SILHOUETTE, *(HEAD if spec.head is not None else ()), *SHANK, *(SURFACE if spec.surface else ()))


def views_needed(spec: Spec) -> tuple[View, ...]:
    """The views of those frames, each once."""
    return tuple(dict.fromkeys(view for view, _ in frames_needed(spec)))
