"""A pinhole camera from views of a board, with the uncertainty of every parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.calibration.board import BoardView
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.calibration.pinhole import PinholeCamera

Floats = NDArray[np.float64]

NAMES = ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3")
UNITS = ("px", "px", "px", "px", "1", "1", "1", "1", "1")
FEWEST_VIEWS = 4
FEWEST_REDRAWN = 8
"""Views from which drawing them anew says something; fewer leave draws that do not determine the camera."""
BAD_VIEW = 2.0
"""Times the median residual of the views from which a view is called bad."""
STEPS = 30
REDRAWN_STEPS = 3
"""Gauss-Newton steps of a redrawn set, which starts at the solution of all views."""
SETTLED = 1e-10


class CameraFitError(ValueError):
    """Views that give no camera; the message says what is needed."""


@dataclass(frozen=True, slots=True)
class ViewResidual:
    """How well one view fits.

    Parameters
    ----------
    name : str
    corners : int
    rms_px : float
        Root mean square of the distance between corner and model.
    tilt : Estimate
        Angle between the board's normal and the optical axis, in degrees.
    distance_mm : float
        From the camera to the board's origin along the axis.
    bad : bool
        Its residual is more than `BAD_VIEW` times the median of all views.
    """

    name: str
    corners: int
    rms_px: float
    tilt: Estimate
    distance_mm: float
    bad: bool


@dataclass(frozen=True, slots=True, eq=False)
class CameraFit:
    """A camera with what it rests on.

    Parameters
    ----------
    camera : PinholeCamera
    parameters : dict of str to Estimate
        By the fields of `PinholeCamera`. Two contributions: corner noise by the normal matrix, and what the views'
        bootstrap says beyond that.
    normal_matrix_u, bootstrap_u : dict of str to float
        The two standard uncertainties, side by side; the second is empty with fewer than `FEWEST_REDRAWN` views or
        without draws.
    corner_u_px : float
        Standard uncertainty of the distortion where it is least known, in the picture's corners.
    rms_px : float
        Over all corners, as OpenCV counts it: root of the mean squared distance.
    noise_px : float
        Standard deviation of one coordinate of one corner, with the degrees of freedom taken off.
    views : tuple of ViewResidual
    left_out : tuple of str
        Bad views that the fit does not rest on.
    method : str
    """

    camera: PinholeCamera
    parameters: dict[str, Estimate]
    normal_matrix_u: dict[str, float]
    bootstrap_u: dict[str, float]
    corner_u_px: float
    rms_px: float
    noise_px: float
    views: tuple[ViewResidual, ...]
    left_out: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    intrinsics: Floats
    poses: Floats
    residuals: tuple[Floats, ...]
    covariance: Floats
    noise: float
    freedom: int


def fit_camera(
    views: Sequence[BoardView],
    *,
    fixed_aspect: bool = False,
    without_bad: bool = True,
    replicates: int = 100,
    seed: int = 1,
) -> CameraFit:
    """Least squares of the corners' distances, after Zhang (2000) with Brown's distortion.

    OpenCV's solution is taken to the bottom by Gauss-Newton in double precision; there the normal matrix and the
    residual noise give the covariance. Corners of one view share errors that it does not know (a bent board, motion,
    light), so whole views are drawn anew with replacement, and the wider of the two uncertainties is stated.

    Parameters
    ----------
    views : sequence of BoardView
        At least `FEWEST_VIEWS`, tilted in different directions, of one picture size.
    fixed_aspect : bool
        Square pixels: fx = fy.
    without_bad : bool
        Fit again without the views that are named bad.
    replicates : int
        Of the bootstrap; 0 for none.
    seed : int
        Of its random draws.

    Returns
    -------
    CameraFit

    Raises
    ------
    CameraFitError
        When views are too few, differ in picture size or do not determine the camera.
    """
    sizes = {v.size_px for v in views}
    if len(views) < FEWEST_VIEWS or len(sizes) != 1:
        raise CameraFitError(
            f"there are {len(views)} views of {len(sizes)} picture sizes; needed are {FEWEST_VIEWS} or more of one size"
        )
    solved = _solve(views, np.ones(len(views)), None, fixed_aspect)
    rms = [_rms(r) for r in solved.residuals]
    bad = [r > BAD_VIEW * float(np.median(rms)) for r in rms]
    used = list(range(len(views)))
    if without_bad and any(bad) and len(views) - sum(bad) >= FEWEST_VIEWS:
        used = [i for i in used if not bad[i]]
        solved = _solve([views[i] for i in used], np.ones(len(used)), None, fixed_aspect)
    kept = [views[i] for i in used]
    draws = replicates if len(kept) >= FEWEST_REDRAWN else 0
    boot = _bootstrap(kept, solved, fixed_aspect, draws, seed)
    normal = np.sqrt(np.diag(solved.covariance))[: len(NAMES)]
    parameters = {
        name: Estimate(
            float(value),
            unit,
            (
                Contribution("corner noise", float(n), solved.freedom),
                Contribution("choice of views", math.sqrt(max(0.0, b * b - n * n)), max(1, len(kept) - 1)),
            ),
        )
        for name, unit, value, n, b in zip(NAMES, UNITS, solved.intrinsics, normal, boot, strict=True)
    }
    shown = {i: (solved, k) for k, i in enumerate(used)}
    again = solved if len(used) == len(views) else _solve(views, np.ones(len(views)), None, fixed_aspect)
    reports = tuple(_report(v, *shown.get(i, (again, i)), bad=bad[i]) for i, v in enumerate(views))
    every = np.concatenate(solved.residuals)
    return CameraFit(
        camera=PinholeCamera(*(float(v) for v in solved.intrinsics)),
        parameters=parameters,
        normal_matrix_u=dict(zip(NAMES, (float(v) for v in normal), strict=True)),
        bootstrap_u=dict(zip(NAMES, (float(v) for v in boot), strict=True)) if draws else {},
        corner_u_px=_corner_u_px(solved, kept[0].size_px, normal, boot),
        rms_px=_rms(every),
        noise_px=solved.noise,
        views=reports,
        left_out=tuple(v.name for i, v in enumerate(views) if i not in shown),
        method=(
            f"Pinhole with Brown's distortion (k1 k2 p1 p2 k3) from {len(kept)} of {len(views)} views, "
            f"{len(every)} corners, {'square pixels' if fixed_aspect else 'free aspect'}; least squares of distances; "
            f"uncertainty from the normal matrix with {solved.freedom} degrees of freedom"
            + (
                f" and from a bootstrap of {draws} draws of whole views, the wider one stated"
                if draws
                else f" alone, for a bootstrap needs {FEWEST_REDRAWN} views"
            )
            + f"; a view is bad above {BAD_VIEW:g} times the "
            "median residual. The residual tells how well the model fits, not how true the camera is."
        ),
    )


def _rms(residuals: Floats) -> float:
    return math.sqrt(float((residuals**2).sum(axis=1).mean()))


def _corner_u_px(solved: _Solved, size_px: tuple[int, int], normal: Floats, boot: Floats) -> float:
    """The distortion's coefficients hang together: alone each is far less sure than what they do together."""
    k = [NAMES.index(name) for name in ("k1", "p1", "p2", "k2", "k3")]
    lens = PinholeCamera(*(float(v) for v in solved.intrinsics)).lens(size_px)
    right, bottom = size_px[0] - 1, size_px[1] - 1
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]], np.float64)
    focal = (solved.intrinsics[0] + solved.intrinsics[1]) / 2
    powers = (lens.half_diagonal_px / focal) ** np.array([2, 1, 1, 4, 6], np.float64)
    slopes = lens.unit_shifts_px(corners) * powers
    covariance = solved.covariance[np.ix_(k, k)]
    wider = max(1.0, float((boot[k] / np.maximum(normal[k], 1e-300)).max()))
    return wider * math.sqrt(float(np.einsum("cij,jk,cik->c", slopes, covariance, slopes).max()))


def _start(views: Sequence[BoardView], fixed_aspect: bool) -> tuple[Floats, Floats]:
    boards = [np.column_stack([v.board_xy_mm, np.zeros(len(v.board_xy_mm))]).astype(np.float32) for v in views]
    pictures = [v.image_xy_px.astype(np.float32) for v in views]
    matrix = np.eye(3) if fixed_aspect else np.zeros((3, 3))
    flags = cv2.CALIB_FIX_ASPECT_RATIO if fixed_aspect else 0
    try:
        _, k, d, r, t = cv2.calibrateCamera(boards, pictures, views[0].size_px, matrix, np.zeros(5), flags=flags)
    except cv2.error as error:
        raise CameraFitError(f"the views give no camera: {error.err}") from None
    intrinsics = np.array([k[0, 0], k[1, 1], k[0, 2], k[1, 2], *np.ravel(d)[:5]], np.float64)
    poses = np.array([[*np.ravel(a), *np.ravel(b)] for a, b in zip(r, t, strict=True)], np.float64)
    return intrinsics, poses


def _solve(views: Sequence[BoardView], weight: Floats, start: _Solved | None, fixed_aspect: bool) -> _Solved:
    """Gauss-Newton; `weight` counts how often each view stands in the fit."""
    intrinsics, poses = _start(views, fixed_aspect) if start is None else (start.intrinsics, start.poses)
    n, last = len(NAMES), math.inf
    # With square pixels both focal lengths move together.
    free = np.eye(n)
    if fixed_aspect:
        free = np.delete(free, 1, axis=1)
        free[1, 0] = 1.0
    normal, residuals = np.empty((0, 0)), ()
    for _ in range(STEPS if start is None else REDRAWN_STEPS):
        normal, gradient, residuals = _equations(views, weight, intrinsics, poses, free)
        cost = math.fsum(w * float((r**2).sum()) for w, r in zip(weight, residuals, strict=True))
        if last - cost < SETTLED * cost:
            break
        last = cost
        step = _solved_step(normal, gradient)
        intrinsics = intrinsics + free @ step[: free.shape[1]]
        poses = poses + step[free.shape[1] :].reshape(poses.shape)
    observed = 2 * sum(len(v.image_xy_px) for v in views)
    freedom = observed - normal.shape[0]
    noise = math.sqrt(math.fsum(float((r**2).sum()) for r in residuals) / max(1, freedom))
    inverse = np.linalg.pinv(normal, hermitian=True) * noise**2
    whole = np.zeros((n + poses.size, inverse.shape[0]))
    whole[:n, : free.shape[1]] = free
    whole[n:, free.shape[1] :] = np.eye(poses.size)
    return _Solved(intrinsics, poses, residuals, whole @ inverse @ whole.T, noise, freedom)


def _solved_step(normal: Floats, gradient: Floats) -> Floats:
    # Columns of very different size: k3 of a long lens moves nothing that fx does not. Scaled first, then solved.
    size = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    scaled = normal / np.outer(size, size) + 1e-12 * np.eye(len(size))
    try:
        return np.asarray(np.linalg.solve(scaled, gradient / size) / size, np.float64)
    except np.linalg.LinAlgError:
        raise CameraFitError("the views do not determine the camera: tilt the board in more directions") from None


def _equations(
    views: Sequence[BoardView], weight: Floats, intrinsics: Floats, poses: Floats, free: Floats
) -> tuple[Floats, Floats, tuple[Floats, ...]]:
    camera = PinholeCamera(*(float(v) for v in intrinsics))
    p = free.shape[1]
    normal = np.zeros((p + poses.size, p + poses.size))
    gradient = np.zeros(p + poses.size)
    residuals: list[Floats] = []
    for i, (view, w) in enumerate(zip(views, weight, strict=True)):
        points = np.column_stack([view.board_xy_mm, np.zeros(len(view.board_xy_mm))]).reshape(-1, 1, 3)
        seen, slopes = cv2.projectPoints(points, poses[i, :3], poses[i, 3:], camera.matrix, camera.distortion)
        residual = view.image_xy_px - np.asarray(seen, np.float64).reshape(-1, 2)
        residuals.append(residual)
        slopes = np.asarray(slopes, np.float64)
        inner, outer = slopes[:, 6 : 6 + len(NAMES)] @ free, slopes[:, :6]
        r, at = residual.ravel(), slice(p + 6 * i, p + 6 * i + 6)
        normal[:p, :p] += w * inner.T @ inner
        normal[:p, at] += w * inner.T @ outer
        normal[at, :p] = normal[:p, at].T
        # A view that was not drawn keeps its pose; a unit keeps the matrix solvable.
        normal[at, at] += w * outer.T @ outer if w > 0 else np.eye(6)
        gradient[:p] += w * inner.T @ r
        gradient[at] += w * outer.T @ r
    return normal, gradient, tuple(residuals)


def _bootstrap(views: Sequence[BoardView], solved: _Solved, fixed_aspect: bool, replicates: int, seed: int) -> Floats:
    """Standard deviation of each parameter over draws of whole views; zeros without draws."""
    rng = np.random.default_rng(seed)
    found: list[Floats] = []
    for _ in range(replicates):
        counts = np.bincount(rng.integers(0, len(views), len(views)), minlength=len(views)).astype(np.float64)
        if int((counts > 0).sum()) >= FEWEST_VIEWS:
            found.append(_solve(views, counts, solved, fixed_aspect).intrinsics)
    if len(found) < 2:
        return np.zeros(len(NAMES))
    draws = np.array(found)
    # A draw of few different views can run away; the spread of the middle two thirds does not.
    low, high = np.quantile(draws, [0.158655, 0.841345], axis=0)
    return np.asarray((high - low) / 2, np.float64)


def _report(view: BoardView, solved: _Solved, place: int, *, bad: bool) -> ViewResidual:
    pose = solved.poses[place]
    at = len(NAMES) + 6 * place
    covariance = solved.covariance[at : at + 3, at : at + 3]
    tilt = _tilt_deg(pose[:3])
    slope = np.array([(_tilt_deg(pose[:3] + step) - _tilt_deg(pose[:3] - step)) / 2e-6 for step in 1e-6 * np.eye(3)])
    u = math.sqrt(max(0.0, float(slope @ covariance @ slope)))
    return ViewResidual(
        name=view.name,
        corners=len(view.image_xy_px),
        rms_px=_rms(solved.residuals[place]),
        tilt=Estimate(tilt, "deg", (Contribution("corner noise", u, solved.freedom),)),
        distance_mm=float(pose[5]),
        bad=bad,
    )


def _tilt_deg(rotation: Floats) -> float:
    matrix, _ = cv2.Rodrigues(rotation)
    return math.degrees(math.acos(min(1.0, abs(float(np.asarray(matrix)[2, 2])))))
