"""Pictures of a flat pattern of known corners: a chessboard or a ChArUco board."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Grey = NDArray[np.uint8]

WIDEST_WINDOW_PX = 11
NARROWEST_WINDOW_PX = 2
WINDOW_SHARE = 0.35
"""Half-width of the window in which a corner is refined, as a part of the smallest distance to a neighbour. A window
that reaches the next corner pulls the place over to it."""
FEWEST_CORNERS = 12
REFINED = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 100, 1e-5)


@dataclass(frozen=True, slots=True, eq=False)
class BoardView:
    """Corners that were seen in one picture.

    Parameters
    ----------
    name : str
        Usually the file.
    board_xy_mm, image_xy_px : ndarray, shape (n, 2)
        Place of each corner on the board and in the picture (pixel centres at whole numbers); read-only.
    size_px : (int, int)
        Width and height of the picture.
    window_px : int
        Half-width of the window in which the corners were refined; 0 when they come from elsewhere.
    """

    name: str
    board_xy_mm: Floats
    image_xy_px: Floats
    size_px: tuple[int, int]
    window_px: int = 0

    def __post_init__(self) -> None:
        if self.board_xy_mm.shape != self.image_xy_px.shape or self.board_xy_mm.shape[1:] != (2,):
            raise ValueError(
                f"view {self.name} has corners of shape {self.board_xy_mm.shape} on the board and "
                f"{self.image_xy_px.shape} in the picture; allowed are two equal shapes (n, 2)"
            )
        for name in ("board_xy_mm", "image_xy_px"):
            view = np.asarray(getattr(self, name), np.float64).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)


def find_chessboard(
    name: str, grey: Grey, squares: tuple[int, int], square_mm: float, window_px: int | None = None
) -> BoardView | str:
    """Find the inner corners of a chessboard and refine each in a window.

    Parameters
    ----------
    name : str
    grey : ndarray of uint8, shape (height, width)
    squares : (int, int)
        Across and down; inner corners are one fewer each way.
    square_mm : float
    window_px : int or None
        Half-width of the window; None takes `WINDOW_SHARE` of the smallest distance between corners.

    Returns
    -------
    BoardView or str
        Or why there is none, a clause after "because".
    """
    across, down = squares[0] - 1, squares[1] - 1
    flags = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE
    found, corners = cv2.findChessboardCorners(grey, (across, down), flags=flags)
    if not found:
        return f"no chessboard of {squares[0]} x {squares[1]} squares is seen whole"
    places = np.asarray(corners, np.float64).reshape(down, across, 2)
    window = window_px if window_px is not None else _window_px(places)
    refined = _refine(grey, places.reshape(-1, 2), window)
    columns, rows = np.meshgrid(np.arange(across, dtype=np.float64), np.arange(down, dtype=np.float64))
    board = np.stack([columns.ravel(), rows.ravel()], axis=1) * square_mm
    return BoardView(name, board, refined, (grey.shape[1], grey.shape[0]), window)


def find_charuco(
    name: str, grey: Grey, squares: tuple[int, int], square_mm: float, marker_mm: float, dictionary: str
) -> BoardView | str:
    """Find the corners of a ChArUco board; parts of it may be hidden.

    Parameters
    ----------
    name : str
    grey : ndarray of uint8, shape (height, width)
    squares : (int, int)
        Across and down.
    square_mm, marker_mm : float
    dictionary : str
        OpenCV's name, such as "DICT_5X5_100".

    Returns
    -------
    BoardView or str
        Or why there is none, a clause after "because".

    Raises
    ------
    ValueError
        When OpenCV knows no such dictionary.
    """
    board = charuco_board(squares, square_mm, marker_mm, dictionary)
    corners, ids, *_ = cv2.aruco.CharucoDetector(board).detectBoard(grey)
    found: NDArray[np.intp] = np.ravel(np.asarray(ids if ids is not None else [], np.intp))  # pyright: ignore
    count = len(found)
    if count < FEWEST_CORNERS:
        return f"{count} corners of the ChArUco board are seen; needed are {FEWEST_CORNERS}"
    every: Floats = np.asarray(board.getChessboardCorners(), np.float64)
    wanted: Floats = every[found, :2]
    places = np.asarray(corners, np.float64).reshape(-1, 2)
    window = _window_px(places[None])
    return BoardView(name, wanted, _refine(grey, places, window), (grey.shape[1], grey.shape[0]), window)


def charuco_board(squares: tuple[int, int], square_mm: float, marker_mm: float, dictionary: str) -> Any:
    """OpenCV's description of the board; raises ValueError for an unknown dictionary."""
    number = getattr(cv2.aruco, dictionary, None) if dictionary.startswith("DICT_") else None
    if number is None:
        raise ValueError(f"dictionary '{dictionary}' is unknown; allowed are OpenCV's names such as DICT_5X5_100")
    return cv2.aruco.CharucoBoard(squares, square_mm, marker_mm, cv2.aruco.getPredefinedDictionary(number))


def _window_px(places: Floats) -> int:
    """The window from the nearest pair of corners."""
    flat = places.reshape(-1, 2)
    distance = np.hypot(*(flat[:, None] - flat[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    nearest = float(distance.min())
    return max(NARROWEST_WINDOW_PX, min(WIDEST_WINDOW_PX, math.floor(WINDOW_SHARE * nearest)))


def _refine(grey: Grey, places: Floats, window: int) -> Floats:
    corners = places.astype(np.float32).reshape(-1, 1, 2)
    return np.asarray(cv2.cornerSubPix(grey, corners, (window, window), (-1, -1), REFINED), np.float64).reshape(-1, 2)
