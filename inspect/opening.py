"""From what is seen of a ring to what it is: tilt, lens and mirroring metal taken off, as surely as they are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.likely_tilts import RingOutline, eccentric_log_likelihood, likely_tilts
from loupebox.inspect.rays import directions_rad
from loupebox.inspect.section import SIDES, Profile, Side
from loupebox.inspect.sight import Sight

Floats = NDArray[np.float64]

ROUGHNESS = (0.004, 0.05)
"""From a mirror polish to satin; as likely in each octave."""
EXPONENTS, EDGES_MM = (2.2, 3.0), (0.08, 0.2)
"""What a rounded side's superellipse and a flat side's rounded edges may be."""
ANGLES, TELLING_ANGLES, FEW_ANGLES = 180, 60, 20
LEAST_WEIGHT = 1e-3
"""Part of the whole below which a profile is out of the question."""
A_GROUP = 12

# Gauss-Legendre's three places and weights: any parabola over the range has the right mean and variance.
_THREE = ((0.1127, 5 / 18), (0.5, 8 / 18), (0.8873, 5 / 18))


@dataclass(frozen=True, slots=True)
class Section:
    """What is known of the band's section; None where nobody said.

    Parameters
    ----------
    profile : Profile or None
    width_mm : float
        Along the finger, as drawn or as measured.
    thickness_mm : float
    """

    profile: Profile | None
    width_mm: float
    thickness_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Corrections:
    """Possible cases with their weights: what each adds to the radii that were seen, to have the metal's own.

    Parameters
    ----------
    angle_rad : ndarray, shape (n,)
        Evenly around, from image right towards image down.
    inner_mm, outer_mm : ndarray, shape (cases, n)
    weights : ndarray, shape (cases,)
        They add up to 1.
    polish, profile : ndarray of int, shape (cases,)
        Which roughness and which profile each case supposes.
    """

    angle_rad: Floats
    inner_mm: Floats
    outer_mm: Floats
    weights: Floats
    polish: NDArray[np.intp]
    profile: NDArray[np.intp]

    def summary(self, values: Floats) -> tuple[float, float, float, float]:
        """Mean of a quantity over the cases, and its standard uncertainty by tilt and section, polish, and profile."""
        mean = float(self.weights @ values)
        groups = self._means(self.polish, values), self._means(self.profile, values)
        polish, profile = (math.sqrt(float(self.weights @ np.square(group - mean))) for group in groups)
        whole = float(self.weights @ np.square(values - mean))
        return mean, math.sqrt(max(0.0, whole - polish**2 - profile**2)), polish, profile

    def spread(self, values: Floats) -> tuple[float, float]:
        """Mean of a quantity over the cases, and its standard uncertainty."""
        mean = float(self.weights @ values)
        return mean, math.sqrt(float(self.weights @ np.square(values - mean)))

    def _means(self, group: NDArray[np.intp], values: Floats) -> Floats:
        share = np.bincount(group, self.weights)
        return (np.bincount(group, self.weights * values) / np.maximum(share, 1e-300))[group]


def corrections(
    inner: RingOutline, outer: RingOutline | None, sight: Sight, section: Section, half_angle_doubt_deg: float = 0.0
) -> Corrections:
    """Weigh the ways in which the ring may lie, by how a hand puts it down and by what its outlines show.

    The tilt of a rounded side cannot be told from ovality; that of a flat one bends its outline to a pattern |sin|
    whose harmonics 4 to 12 stand out where the ring's own form is smoother. A tilted ring that mirrors, or that is
    looked at through a pinhole, seems eccentric, which few rings are by just as much.

    Parameters
    ----------
    inner : RingOutline
        Of the hole.
    outer : RingOutline or None
        Of the band, where it is seen.
    sight : Sight
    section : Section
    half_angle_doubt_deg : float
        Standard uncertainty of the backlight's cone.

    Returns
    -------
    Corrections
    """
    profiles: tuple[Profile, ...] = tuple(SIDES) if section.profile is None else (section.profile,)
    around = directions_rad(ANGLES)
    radii = (float(inner.radius_mm.mean()), float(inner.radius_mm.mean()) + section.thickness_mm)
    depth = section.thickness_mm / 2
    supposed: list[tuple[int, int, float, Floats, Floats]] = []
    for which, profile in enumerate(profiles):
        sides = tuple(Side(shape, section.width_mm, depth) for shape in SIDES[profile])
        for polish, (_, share) in enumerate(_THREE):
            likely = _likelihood((inner, outer), sides, radii, sight, _roughness(polish), compared=len(profiles) > 1)
            tilts, weight = likely_tilts(likely)
            supposed.append((which, polish, share * float(weight.sum()), tilts, weight))
    least = LEAST_WEIGHT * math.fsum(s[2] for s in supposed)
    parts: list[tuple[Floats, Floats, Floats, int, int]] = []
    for which, polish, chance, tilts, weight in supposed:
        if chance < least:
            continue
        shapes, rough = SIDES[profiles[which]], _roughness(polish)
        given: Floats = np.empty((2, A_GROUP, ANGLES))
        for k, tilt in enumerate(tilts[_resampled(weight, polish)]):
            # A different section for each case: its doubt joins the tilt's.
            part = (k + 0.5) / A_GROUP
            exponent = EXPONENTS[0] + (EXPONENTS[1] - EXPONENTS[0]) * ((part * 5) % 1)
            cone = sight.half_angle_deg + half_angle_doubt_deg * _normal_quantile((part * 7) % 1)
            cased = replace(sight, half_angle_deg=max(0.0, cone))
            edge = EDGES_MM[0] + (EDGES_MM[1] - EDGES_MM[0]) * ((part * 11) % 1)
            for i, radius in enumerate(radii):
                one = Side(shapes[i], section.width_mm, depth, exponent, edge)
                given[i, k] = radius - cased.seen_mm(one, radius, around, tilt, rough, inside=i == 0)
        parts.append((given[0], given[1], np.full(A_GROUP, chance), polish, which))
    weights = np.concatenate([part[2] for part in parts])
    return Corrections(
        around,
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        weights / weights.sum(),
        np.repeat([part[3] for part in parts], A_GROUP),
        np.repeat([part[4] for part in parts], A_GROUP),
    )


def _roughness(polish: int) -> float:
    return ROUGHNESS[0] * (ROUGHNESS[1] / ROUGHNESS[0]) ** _THREE[polish][0]


def _likelihood(
    outlines: tuple[RingOutline, RingOutline | None],
    sides: tuple[Side, ...],
    radii: tuple[float, float],
    sight: Sight,
    rough: float,
    *,
    compared: bool,
) -> Callable[[Floats], Floats] | None:
    """How well tilts explain what is seen; None where nothing can tell.

    The pattern of a rounded side is nearly none: it tells nothing of the tilt, but something of the profile, where
    several are compared.
    """
    inner, outer = outlines
    telling = [compared or side.shape == "flat" for side in sides]
    if outer is None and not telling[0]:
        return None
    around = directions_rad(TELLING_ANGLES if any(telling) else FEW_ANGLES)
    completion = [np.eye(len(around)) if outline is None else outline.completion(len(around)) for outline in outlines]

    def logarithm(tilts: Floats) -> Floats:
        total: Floats = np.zeros(len(tilts))
        apart: Floats = np.zeros((len(tilts), len(around)))
        for i, outline in enumerate(outlines):
            if outline is not None:
                seen = sight.seen_mm(sides[i], radii[i], around, tilts, rough, inside=i == 0)
                apart += seen if i else -seen
                total += outline.log_likelihood(seen, completion[i]) if telling[i] else 0.0
        return total if outer is None else total + eccentric_log_likelihood(inner, outer, apart, completion[1])

    return logarithm


def _normal_quantile(part: float) -> float:
    return NormalDist().inv_cdf(part)


def _resampled(weight: Floats, polish: int) -> NDArray[np.intp]:
    """Indices of `A_GROUP` cases that stand for all by their weights, others for each polish."""
    total = np.cumsum(weight)
    at = (np.arange(A_GROUP) + (polish + 0.5) / len(_THREE)) / A_GROUP * float(total[-1])
    return np.minimum(np.searchsorted(total, at), len(weight) - 1)
