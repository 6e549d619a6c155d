"""From what is seen of a ring to what it is: tilt, lens and mirroring metal taken off, as surely as they are known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.contour import Contour
from loupebox.inspect.section import SIDES, Profile, Side
from loupebox.inspect.sight import Sight

Floats = NDArray[np.float64]

TILT_SD_DEG = 0.2
"""Standard deviation of each of the two angles between the ring's axis and the camera's, when a hand puts it down."""
ROUGHNESS = (0.004, 0.05)
"""From a mirror polish to satin; as likely in each octave."""
EXPONENTS, EDGES_MM = (2.2, 3.0), (0.08, 0.2)
"""What a rounded side's superellipse and a flat side's rounded edges may be."""
ANGLES = 180
RADII, DIRECTIONS = 8, 24
A_GROUP = 8
TILTED = (4, 6, 8, 10, 12)
FORM = (5, 7, 9, 11, 13, 15)
"""A tilted flat bore has even harmonics of known proportion, and no odd ones: those tell how much form there is."""
LEAST_FORM_MM = 0.00005

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

    def _means(self, group: NDArray[np.intp], values: Floats) -> Floats:
        share = np.bincount(group, self.weights)
        return (np.bincount(group, self.weights * values) / np.maximum(share, 1e-300))[group]


def corrections(
    contour: Contour, mm_per_px: float, sight: Sight, section: Section, half_angle_doubt_deg: float = 0.0
) -> Corrections:
    """Weigh the ways in which the ring may lie, by how a hand puts it down and by what its outline shows.

    The tilt of a rounded bore cannot be told from ovality and stays as a hand leaves it; that of a flat bore bends the
    outline to a pattern |sin| whose harmonics 4 to 12 stand out where the ring's own form is smoother.

    Parameters
    ----------
    contour : Contour
        Of the hole.
    mm_per_px : float
    sight : Sight
    section : Section
    half_angle_doubt_deg : float
        Standard uncertainty of the backlight's cone.

    Returns
    -------
    Corrections
    """
    profiles: tuple[Profile, ...] = ("court", "flat") if section.profile is None else (section.profile,)
    around: Floats = np.arange(ANGLES, dtype=np.float64) * (2 * math.pi / ANGLES)
    inner = float(contour.cosines[0]) * mm_per_px
    outer = inner + section.thickness_mm
    tilts, chance = _tilts()
    parts: list[tuple[Floats, Floats, Floats, int, int]] = []
    for which, profile in enumerate(profiles):
        inside, outside = SIDES[profile]
        for polish, (place, share) in enumerate(_THREE):
            rough = ROUGHNESS[0] * (ROUGHNESS[1] / ROUGHNESS[0]) ** place
            side = Side(inside, section.width_mm, section.thickness_mm / 2)
            seen = sight.seen_mm(side, inner, around, tilts, rough, inside=True)
            evidence = _evidence(contour, mm_per_px, seen - inner)
            weight = chance * np.exp(evidence)
            chosen = _resampled(weight)
            given: Floats = np.empty((2, A_GROUP, ANGLES))
            for k, tilt in enumerate(tilts[chosen]):
                # A different section for each case: its doubt joins the tilt's.
                part = (k + 0.5) / A_GROUP
                exponent = EXPONENTS[0] + (EXPONENTS[1] - EXPONENTS[0]) * ((part * 5) % 1)
                cone = sight.half_angle_deg + half_angle_doubt_deg * _normal_quantile((part * 7) % 1)
                cased = replace(sight, half_angle_deg=max(0.0, cone))
                edge = EDGES_MM[0] + (EDGES_MM[1] - EDGES_MM[0]) * ((part * 3) % 1)
                for i, radius in enumerate((inner, outer)):
                    one = Side((inside, outside)[i], section.width_mm, section.thickness_mm / 2, exponent, edge)
                    given[i, k] = radius - cased.seen_mm(one, radius, around, tilt, rough, inside=i == 0)
            parts.append((given[0], given[1], np.full(A_GROUP, share * float(weight.sum())), polish, which))
    weights = np.concatenate([part[2] for part in parts])
    return Corrections(
        around,
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        weights / weights.sum(),
        np.repeat([part[3] for part in parts], A_GROUP),
        np.repeat([part[4] for part in parts], A_GROUP),
    )


def _normal_quantile(part: float) -> float:
    return NormalDist().inv_cdf(part)


def _tilts() -> tuple[Floats, Floats]:
    """Tilts in radians, shape (n, 2), that stand for all that a hand may leave, and the chance of each."""
    part = (np.arange(RADII, dtype=np.float64) + 0.5) / RADII
    radius = math.radians(TILT_SD_DEG) * np.sqrt(-2 * np.log(1 - part))
    turn = np.arange(DIRECTIONS, dtype=np.float64) * (2 * math.pi / DIRECTIONS)
    x, y = np.outer(radius, np.cos(turn)), np.outer(radius, np.sin(turn))
    return np.column_stack([x.ravel(), y.ravel()]), np.full(RADII * DIRECTIONS, 1 / (RADII * DIRECTIONS))


def _evidence(contour: Contour, mm_per_px: float, expected_mm: Floats) -> Floats:
    """Logarithm of the likelihood of each expected pattern, shape (n,), by Student's t with the form for its scale."""
    order = len(contour.cosines) - 1
    if order < max(FORM):
        return np.zeros(len(expected_mm))
    here = (contour.cosines - 1j * contour.sines) * mm_per_px
    form = np.abs(here[list(FORM)]) ** 2
    variance = max(float(form.mean()) / 2, LEAST_FORM_MM**2)
    waves = np.fft.rfft(expected_mm, axis=1)[:, list(TILTED)] * (2 / expected_mm.shape[1])
    misfit = (np.abs(here[list(TILTED)] - waves) ** 2).sum(axis=1) / variance
    freedom = 2 * len(FORM)
    log = -0.5 * (freedom + 2 * len(TILTED)) * np.log1p(misfit / freedom)
    return np.asarray(log, np.float64)


def _resampled(weight: Floats) -> NDArray[np.intp]:
    """Indices of `A_GROUP` cases that stand for all by their weights; neighbours stay neighbours."""
    total = np.cumsum(weight)
    at = (np.arange(A_GROUP) + 0.5) / A_GROUP * float(total[-1])
    return np.minimum(np.searchsorted(total, at), len(weight) - 1)
