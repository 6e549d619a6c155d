"""A telecentric camera from views of a board: magnification, tilt, distortion, and where its axis points."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.board import BoardView
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.lens import Lens

Floats = NDArray[np.float64]

BAD_VIEW = 2.0
"""Times the median residual of the views from which a view is called bad."""
ROUNDS = 8


class TelecentricFitError(ValueError):
    """Views that give no telecentric camera; the message says what is needed."""


@dataclass(frozen=True, slots=True)
class PlaneView:
    """How one board lay before a telecentric camera.

    Parameters
    ----------
    name : str
    corners : int
    rms_px : float
    magnification : Estimate
        In px/mm: the larger singular value of the view's affine map, which a tilt does not shorten; the mean of both
        where no tilt is seen, since the larger of two alike is biased.
    tilt : Estimate
        Angle between the board's normal and the optical axis in degrees, from the smaller singular value over the
        larger. Near zero it says only how large a tilt may be.
    bad : bool
    """

    name: str
    corners: int
    rms_px: float
    magnification: Estimate
    tilt: Estimate
    bad: bool


@dataclass(frozen=True, slots=True)
class TelecentricFit:
    """A telecentric camera with what it rests on.

    Parameters
    ----------
    lens : Lens
    magnification : Estimate
        In px/mm, the mean of the views; their scatter counts where it is wider than the corners' noise.
    um_per_px : Estimate
        Its inverse.
    k1, p1, p2 : Estimate
    axis_tilt_xy : tuple of two Estimates or None
        Angle between the optical axis and the direction in which the stage rose, towards image x and y, in degrees.
        None without heights.
    views : tuple of PlaneView
    noise_px : float
        Standard deviation of one coordinate of one corner.
    method : str
    """

    lens: Lens
    magnification: Estimate
    um_per_px: Estimate
    k1: Estimate
    p1: Estimate
    p2: Estimate
    axis_tilt_xy: tuple[Estimate, Estimate] | None
    views: tuple[PlaneView, ...]
    noise_px: float
    method: str


def fit_telecentric(views: Sequence[BoardView], heights_mm: Sequence[float] | None = None) -> TelecentricFit:
    """Least squares of one affine map a view and one distortion for all.

    Parameters
    ----------
    views : sequence of BoardView
        At least 2, filling the picture; of one picture size.
    heights_mm : sequence of float, optional
        Height of the stage in each view, known steps; the board must lie still on it. At least two different ones.

    Returns
    -------
    TelecentricFit

    Raises
    ------
    TelecentricFitError
        When views or heights are too few, or sizes differ.
    """
    sizes = {v.size_px for v in views}
    if len(views) < 2 or len(sizes) != 1:
        raise TelecentricFitError(
            f"there are {len(views)} views of {len(sizes)} picture sizes; needed are 2 or more of one size"
        )
    if heights_mm is not None and (len(heights_mm) != len(views) or len(set(heights_mm)) < 2):
        raise TelecentricFitError(
            f"there are {len(heights_mm)} heights for {len(views)} views; needed is one a view, at least two different"
        )
    solution, covariance, residuals, noise, freedom = _solve(views, sizes.pop())
    count = len(views)
    rms = [math.sqrt(float((r**2).sum(axis=1).mean())) for r in residuals]
    middle = float(np.median(rms))

    def estimate(f: Callable[[Floats], float], unit: str) -> Estimate:
        # The normal matrix gives the corners' noise; the function is linear over so small a step.
        return Estimate(f(solution), unit, (Contribution("corner noise", _u(f, solution, covariance), freedom),))

    level = [_unseen_tilt(solution, covariance, i) for i in range(count)]
    planes = tuple(
        PlaneView(
            name=v.name,
            corners=len(v.image_xy_px),
            rms_px=rms[i],
            magnification=estimate(lambda s, i=i: _magnification(s, i, level[i]), "px/mm"),
            tilt=_tilt(solution, covariance, i, freedom),
            bad=rms[i] > BAD_VIEW * middle,
        )
        for i, v in enumerate(views)
    )
    together = estimate(lambda s: math.fsum(_magnification(s, i, level[i]) for i in range(count)) / count, "px/mm")
    magnification = _with_scatter(together, [p.magnification.value for p in planes], max(level))
    k1, p1, p2 = (estimate(lambda s, j=j: float(s[6 * count + j]), "1") for j in range(3))
    axis = None
    if heights_mm is not None:
        z = np.asarray(heights_mm, np.float64)
        axis = (
            estimate(lambda s: _axis_deg(s, z, magnification.value, 4), "deg"),
            estimate(lambda s: _axis_deg(s, z, magnification.value, 5), "deg"),
        )
    inverse = 1000 / magnification.value
    return TelecentricFit(
        lens=Lens(views[0].size_px, k1.value, p1.value, p2.value),
        magnification=magnification,
        um_per_px=Estimate(
            inverse,
            "um/px",
            tuple(
                Contribution(c.name, c.standard_uncertainty * inverse / magnification.value, c.degrees_of_freedom)
                for c in magnification.budget
            ),
        ),
        k1=k1,
        p1=p1,
        p2=p2,
        axis_tilt_xy=axis,
        views=planes,
        noise_px=noise,
        method=(
            f"Telecentric camera from {count} views, {sum(p.corners for p in planes)} corners: an affine map a view "
            "and one distortion (k1 p1 p2, about the middle of the picture) by least squares; magnification from the "
            "larger singular value of each map, tilt from their ratio"
            + ("; direction of the axis from known heights of the stage." if axis else ".")
        ),
    )


def _solve(views: Sequence[BoardView], size: tuple[int, int]) -> tuple[Floats, Floats, tuple[Floats, ...], float, int]:
    """Per view a11 a12 a21 a22 tx ty, then k1 p1 p2; its covariance, the residuals, the noise and the freedom."""
    count = len(views)
    solution = np.zeros(6 * count + 3)
    rows = [_affine_rows(v) for v in views]
    observed = np.concatenate([v.image_xy_px.ravel() for v in views])
    straight = [v.image_xy_px for v in views]
    design = np.zeros((len(observed), 6 * count + 3))
    for _ in range(ROUNDS):
        at = 0
        for i, basis in enumerate(rows):
            block = slice(at, at + len(basis))
            design[block, 6 * i : 6 * i + 6] = basis
            design[block, 6 * count :] = Lens(size).unit_shifts_px(straight[i])[:, :, :3].reshape(-1, 3)
            at += len(basis)
        solution, *_ = np.linalg.lstsq(design, observed, rcond=None)
        straight = [(b @ solution[6 * i : 6 * i + 6]).reshape(-1, 2) for i, b in enumerate(rows)]
    left = observed - design @ solution
    freedom = len(observed) - len(solution)
    noise2 = float(left @ left) / freedom
    covariance = np.linalg.inv(design.T @ design) * noise2
    ends = np.cumsum([len(b) for b in rows])[:-1]
    residuals = tuple(np.asarray(r, np.float64).reshape(-1, 2) for r in np.split(left, ends))
    return np.asarray(solution, np.float64), np.asarray(covariance, np.float64), residuals, math.sqrt(noise2), freedom


def _affine_rows(view: BoardView) -> Floats:
    x, y = view.board_xy_mm.T
    zero, one = np.zeros_like(x), np.ones_like(x)
    u = np.stack([x, y, zero, zero, one, zero], axis=1)
    v = np.stack([zero, zero, x, y, zero, one], axis=1)
    return np.asarray(np.stack([u, v], axis=1).reshape(-1, 6), np.float64)


def _singular(solution: Floats, view: int) -> tuple[float, float]:
    s = np.linalg.svd(solution[6 * view : 6 * view + 4].reshape(2, 2), compute_uv=False)
    return float(s[0]), float(s[1])


def _u(f: Callable[[Floats], float], at: Floats, covariance: Floats) -> float:
    """Standard uncertainty of a function of the solution."""
    step = np.sqrt(np.diag(covariance)) / 10
    slope = np.array(
        [
            (f(at + h * e) - f(at - h * e)) / (2 * h) if h > 0 else 0.0
            for h, e in zip(step, np.eye(len(at)), strict=True)
        ]
    )
    return math.sqrt(max(0.0, float(slope @ covariance @ slope)))


def _lost(solution: Floats, view: int) -> float:
    """What a tilt takes off one direction, as a part of it: 1 - cos."""
    large, small = _singular(solution, view)
    return 1 - small / large


def _unseen_tilt(solution: Floats, covariance: Floats, view: int) -> float:
    """What a tilt too small to be seen may take off; 0 where the tilt is seen."""
    u = _u(lambda s: _lost(s, view), solution, covariance)
    return u if _lost(solution, view) < 3 * u else 0.0


def _magnification(solution: Floats, view: int, unseen: float) -> float:
    large, small = _singular(solution, view)
    return (large + small) / 2 if unseen else large


def _tilt(solution: Floats, covariance: Floats, view: int, freedom: int) -> Estimate:
    def lost(s: Floats) -> float:
        return _lost(s, view)

    value, u = lost(solution), _u(lost, solution, covariance)
    tilt = math.degrees(math.acos(1 - value))
    # The cosine hides small tilts: what noise alone may lose is taken for tilt in the uncertainty, not in the value.
    doubt = max(
        math.degrees(math.acos(max(-1.0, 1 - value - 2 * u))) - tilt,
        tilt - math.degrees(math.acos(min(1.0, 1 - value + 2 * u))),
    )
    return Estimate(tilt, "deg", (Contribution("corner noise", doubt / 2, freedom),))


def _with_scatter(mean: Estimate, values: Sequence[float], unseen: float) -> Estimate:
    """The mean of the views with what they differ among themselves, and what an unseen tilt may hide."""
    n = len(values)
    scatter = float(np.std(values, ddof=1)) / math.sqrt(n)
    more = (
        Contribution("views among themselves", math.sqrt(max(0.0, scatter**2 - mean.standard_uncertainty**2)), n - 1),
        Contribution("tilt too small to be seen", mean.value * unseen / 2),
    )
    return mean.with_contributions(more)


def _axis_deg(solution: Floats, heights_mm: Floats, magnification: float, column: int) -> float:
    """Slope of the board's place in the picture over the height of the stage, as an angle."""
    places = solution[: 6 * len(heights_mm)].reshape(-1, 6)[:, column]
    z = heights_mm - heights_mm.mean()
    slope = float((z * (places - places.mean())).sum() / (z * z).sum())
    return math.degrees(math.asin(max(-1.0, min(1.0, slope / magnification))))
