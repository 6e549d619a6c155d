"""Boards seen by cameras whose truth is known: exact corners, and drawn pictures."""

from __future__ import annotations

import math

import cv2
import numpy as np

from loupebox.calibration.board import BoardView
from loupebox.calibration.lens import Lens
from loupebox.calibration.pinhole import PinholeCamera

CAMERA = PinholeCamera(1500.0, 1500.0, 650.0, 470.0, -0.21, 0.09, 0.0008, -0.0005, 0.0)
SIZE = (1280, 960)
LENS = Lens((2048, 1536), 0.002, 0.0003, -0.0002)
PX_PER_MM = 62.5


def grid(columns: int, rows: int, step_mm: float) -> np.ndarray:
    x, y = np.meshgrid(np.arange(columns, dtype=float), np.arange(rows, dtype=float))
    return np.stack([x.ravel(), y.ravel()], axis=1) * step_mm


def rotation(tilt_deg: float, towards_deg: float, turn_deg: float) -> np.ndarray:
    """A board tilted about an axis in its plane and then turned about the line of sight; shape (3, 3)."""
    axis = np.array([math.cos(math.radians(towards_deg)), math.sin(math.radians(towards_deg)), 0.0])
    tilted, _ = cv2.Rodrigues(axis * math.radians(tilt_deg))
    turned, _ = cv2.Rodrigues(np.array([0, 0, math.radians(turn_deg)]))
    return turned @ tilted


def pinhole_views(count: int, noise_px: float, seed: int = 1, camera: PinholeCamera = CAMERA) -> list[BoardView]:
    """Exact projections of a 12 x 9 grid, tilted in all directions, with noise on each coordinate."""
    rng = np.random.default_rng(seed)
    board = grid(12, 9, 3.0)
    centre = board.mean(axis=0)
    views = []
    for i in range(count):
        r = rotation(rng.uniform(10, 35), 360 * i / count + rng.uniform(-20, 20), rng.uniform(-30, 30))
        t = np.array([rng.uniform(-4, 4), rng.uniform(-3, 3), rng.uniform(55, 70)])
        points = np.column_stack([board - centre, np.zeros(len(board))]) @ r.T + t
        seen, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.matrix, camera.distortion)
        seen = seen.reshape(-1, 2) + rng.normal(0, noise_px, (len(board), 2))
        views.append(BoardView(f"view-{i}", board, seen, SIZE))
    return views


def telecentric_view(
    name: str,
    tilt_deg: float,
    noise_px: float = 0.0,
    *,
    towards_deg: float = 30.0,
    turn_deg: float = 10.0,
    shift_xy_px: tuple[float, float] = (0.0, 0.0),
    seed: int = 1,
) -> BoardView:
    """An exact parallel projection of a grid that fills the picture."""
    board = grid(23, 17, 1.25)
    centred = board - board.mean(axis=0)
    flat = np.column_stack([centred, np.zeros(len(board))]) @ rotation(tilt_deg, towards_deg, turn_deg).T
    straight = flat[:, :2] * PX_PER_MM + LENS.middle_xy_px + np.array(shift_xy_px)
    noise = np.random.default_rng(seed).normal(0, noise_px, straight.shape)
    return BoardView(name, board, LENS.distorted_px(straight) + noise, LENS.size_px)


def drawn_chessboard(homography: np.ndarray, squares: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """A chessboard of unit squares with a white border, seen through a homography; 16 samples a pixel."""
    fine = 4
    x, y = np.meshgrid((np.arange(size[0] * fine) + 0.5) / fine - 0.5, (np.arange(size[1] * fine) + 0.5) / fine - 0.5)
    u, v, w = np.einsum("ij,jhw->ihw", np.linalg.inv(homography), np.stack([x, y, np.ones_like(x)]))
    u, v = u / w, v / w
    dark = ((np.floor(u) + np.floor(v)) % 2 == 0) & (u >= 0) & (u < squares[0]) & (v >= 0) & (v < squares[1])
    bright = np.where(dark, 30.0, 220.0).reshape(size[1], fine, size[0], fine).mean(axis=(1, 3))
    return np.clip(cv2.GaussianBlur(bright, (0, 0), 0.8), 0, 255).round().astype(np.uint8)
