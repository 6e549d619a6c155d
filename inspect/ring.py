"""The size of a ring, from its backlit picture along the finger hole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.frame import LinearFrame
from loupebox.inspect.closed_edge import ClosedEdge, find_closed_edge
from loupebox.inspect.contour import Contour, fit_contour
from loupebox.inspect.rays import directions_rad, points_at, rough_edges
from loupebox.inspect.silhouette import DIRECTIONS, NoRing, Silhouette, see_silhouette
from loupebox.inspect.wall import Wall, fit_wall

Floats = NDArray[np.float64]

POINTS = 720
"""Of the hole's edge into which a circle is inscribed: the arc between two is flat to 5e-6 of the radius."""
GUIDE_PROFILES, GUIDE_HALF_PX = 240, 12.0
BLUREST_SIGMA_PX = 5.0
WORST_MISFIT = 0.1
LEAST_ACCEPTED = 0.8
WIDEST_GAP_DEG = 15.0
MOST_SATURATED = 0.2
HEAD_STANDS_OUT_MM = 0.25
HEAD_GAP_DEG = 20.0
HEAD_MARGIN_DEG = 6.0
NARROWEST_HEAD_DEG = 8.0
TILT_DEG = 0.3
"""Standard uncertainty of the angle between the finger hole and the camera's axis, when the piece is placed by hand."""
COMFORT_TILT_MM = 0.0003
"""What that tilt takes off the opening of a rounded bore, beside the cosine. A bore that is straight over a width w
would lose w sin(tilt) instead: this is for comfort-fit and other rounded bores."""

INNER_DIAMETER, OUT_OF_ROUND, SHANK_THICKNESS = "inner_diameter_mm", "out_of_round_mm", "shank_thickness_mm"


@dataclass(frozen=True, slots=True, eq=False)
class RingShape:
    """A ring as it was found; positions in pixels of the face frame.

    Parameters
    ----------
    inner : Contour
        Edge of the hole, corrected for blur.
    sigma_px : float
        Gaussian blur of that edge as sampled, standard deviation.
    wall : Wall or str
        The band around the hole, away from the head; or why it cannot be seen, a clause after "because".
    head_height_mm : float
        How far the outline stands out over the band, 0 or more.
    head_span_deg : tuple of float or None
        Where the head begins and how wide it is, from image right towards image down; None when there is no head.
    """

    inner: Contour
    sigma_px: float
    wall: Wall | str
    head_height_mm: float
    head_span_deg: tuple[float, float] | None

    @property
    def has_head(self) -> bool:
        return self.head_span_deg is not None

    @property
    def centre_xy_px(self) -> tuple[float, float]:
        return self.inner.centre_xy_px

    @property
    def inner_xy_px(self) -> Floats:
        """Edge of the hole, shape (720, 2)."""
        return self.inner.points_xy_px(720)

    @property
    def outer_xy_px(self) -> Floats:
        """Outer edge of the band away from the head, shape (n, 2); empty when it cannot be seen."""
        return self.wall.outer_xy_px if isinstance(self.wall, Wall) else np.empty((0, 2))


def locate_ring(face: LinearFrame, certificate: Certificate) -> RingShape | NoRing:
    """Find the ring's outlines to a small part of a pixel.

    The edge of the hole and the outer edge of the band are each fitted to all raw pixels near them: see
    `fit_edge_band`. The head, where there is one, is left out of the band's outline.

    Parameters
    ----------
    face : LinearFrame
        View face, light backlight, one channel; the ring dark on a bright field.
    certificate : Certificate
        Of the face view.

    Returns
    -------
    RingShape or NoRing

    Raises
    ------
    ValueError
        When the frame or the certificate is of another view or light, or in colour.
    """
    for what, view in (("frame", face.view), ("certificate", certificate.view)):
        if view != "face":
            raise ValueError(f"the {what} is of view {view}; a ring is measured in view face")
    if face.light != "backlight" or face.signal.ndim != 2:
        raise ValueError(
            f"the frame is face/{face.light} of shape {face.signal.shape}; allowed is face/backlight, grey"
        )
    mm_per_px = certificate.scale.mm_per_px.value
    found = locate_hole(face, mm_per_px, outline=True)
    if isinstance(found, NoRing):
        return found
    seen, edge = found
    angle, contour, sigma = directions_rad(DIRECTIONS), edge.contour, edge.sigma_px
    height, span = _head(seen, mm_per_px)
    away = _away_from(span, angle)
    if bool(seen.touches_border[away].any()):
        wall: Wall | str = "the ring is cut by the border of the frame"
    else:
        wall = fit_wall(face.signal, contour, sigma, points_at(seen.centre_xy_px, angle, seen.outer_px)[away], span)
    return RingShape(contour, sigma, wall, height, span)


def locate_hole(
    face: LinearFrame, mm_per_px: float, *, outline: bool = False
) -> tuple[Silhouette, ClosedEdge] | NoRing:
    """Find the rough shape of the one ring of a backlit picture, and the edge of its hole to a small part of a px."""
    seen = see_silhouette(face.signal, mm_per_px, outline=outline)
    if isinstance(seen, NoRing):
        return seen
    around = points_at(seen.centre_xy_px, directions_rad(DIRECTIONS), seen.inner_px)
    try:
        rough = fit_contour(around, seen.centre_xy_px, order=5)
    except ValueError:
        return NoRing("no ring is seen: the hole has no clear edge")
    edge = _inner_edge(face, rough)
    return edge if isinstance(edge, NoRing) else (seen, edge)


def _inner_edge(face: LinearFrame, rough: Contour) -> ClosedEdge | NoRing:
    angle = directions_rad(GUIDE_PROFILES)
    radius, sigma, _ = rough_edges(
        face.signal, rough.centre_xy_px, angle, rough.radius_px(angle), GUIDE_HALF_PX, falling=True
    )
    if int(np.isfinite(radius).sum()) < GUIDE_PROFILES // 4:
        return NoRing("no ring is seen: the hole has no clear edge")
    try:
        guide = fit_contour(points_at(rough.centre_xy_px, angle, radius), rough.centre_xy_px)
    except ValueError:
        return NoRing("most of the edge of the hole is dirty or damaged")
    if _saturated_share(face, guide, 3 * sigma + 2) > MOST_SATURATED:
        return NoRing("the backlight is over-exposed at the edge of the hole")
    edge = find_closed_edge(face.signal, guide, sigma, bright_inside=True)
    if edge is None:
        return NoRing("most of the edge of the hole is dirty or damaged")
    if edge.sigma_px > BLUREST_SIGMA_PX:
        return NoRing(
            f"the edge of the hole is blurred over {edge.sigma_px:.1f} px; allowed is {BLUREST_SIGMA_PX:g} px"
        )
    contour = edge.contour
    if contour.accepted_share < LEAST_ACCEPTED or contour.largest_gap_deg > WIDEST_GAP_DEG:
        return NoRing(
            f"{100 * (1 - contour.accepted_share):.0f} % of the edge of the hole is dirty or damaged, "
            f"{contour.largest_gap_deg:.0f}° in one place; allowed are {100 * (1 - LEAST_ACCEPTED):.0f} % "
            f"and {WIDEST_GAP_DEG:g}°"
        )
    return edge


def _saturated_share(face: LinearFrame, contour: Contour, half_px: float) -> float:
    """Part of the bright side of the hole's edge that stands at full scale."""
    angle = directions_rad(GUIDE_PROFILES)
    points = points_at(contour.centre_xy_px, angle, contour.radius_px(angle) - half_px)
    x, y = np.rint(points[:, 0]).astype(np.intp), np.rint(points[:, 1]).astype(np.intp)
    height, width = face.saturated.shape
    return float(face.saturated[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)].mean())


def _head(seen: Silhouette, mm_per_px: float) -> tuple[float, tuple[float, float] | None]:
    """How far the outline stands out over the band in mm, and where: begin and width in degrees."""
    over_mm = (seen.outer_px - float(np.nanmedian(seen.outer_px))) * mm_per_px
    stands_out = np.flatnonzero(over_mm > HEAD_STANDS_OUT_MM)
    if len(stands_out) == 0:
        return 0.0, None
    step = 360 / DIRECTIONS
    gaps = np.diff(stands_out, append=stands_out[0] + DIRECTIONS) * step
    # Start behind the widest gap, then each wide gap begins another part; the head is the widest part.
    order = np.roll(stands_out, -int(gaps.argmax()) - 1)
    turned = (order - order[0]) % DIRECTIONS
    parts = np.split(np.arange(len(order)), np.flatnonzero(np.diff(turned) * step > HEAD_GAP_DEG) + 1)
    part = max(parts, key=lambda p: int(turned[p[-1]] - turned[p[0]]))
    width = float(turned[part[-1]] - turned[part[0]]) * step
    if width < NARROWEST_HEAD_DEG:
        return 0.0, None
    begin = float(order[part[0]]) * step - HEAD_MARGIN_DEG
    return float(over_mm[order[part]].max()), (begin % 360, width + 2 * HEAD_MARGIN_DEG)


def _away_from(span_deg: tuple[float, float] | None, angle_rad: Floats) -> NDArray[np.bool_]:
    if span_deg is None:
        return np.ones(len(angle_rad), np.bool_)
    return np.asarray((np.degrees(angle_rad) - span_deg[0]) % 360 > span_deg[1])
