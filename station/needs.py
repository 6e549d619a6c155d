"""Which frames the spec sheet of a style needs."""

from __future__ import annotations

from loupebox.calibration.frame import Light, View
from loupebox.inspect.spec import Spec

STRIPES_X: tuple[Light, ...] = ("stripes_x_0", "stripes_x_1", "stripes_x_2", "stripes_x_3")
STRIPES_Y: tuple[Light, ...] = ("stripes_y_0", "stripes_y_1", "stripes_y_2", "stripes_y_3")


def frames_needed(spec: Spec) -> tuple[tuple[View, Light], ...]:
    """View and light of each frame, in the order in which they are best taken."""
    needed: list[tuple[View, Light]] = [("face", "backlight")]
    if spec.head is not None:
        needed += [("top", "dome"), ("oblique", "dome")]
    needed.append(("shank", "backlight"))
    if spec.surface:
        needed += [("shank", light) for light in ("coaxial", *STRIPES_X, *STRIPES_Y)]
    return tuple(needed)


def views_needed(spec: Spec) -> tuple[View, ...]:
    """The views of those frames, each once."""
    return tuple(dict.fromkeys(view for view, _ in frames_needed(spec)))
