"""Corners of drawn boards come back to a small part of a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from boards import drawn_chessboard

from loupebox.calibration.board import BoardView, charuco_board, find_charuco, find_chessboard

SIZE = (640, 480)


def seen_from(corners: list[tuple[float, float]], squares: tuple[int, int]) -> np.ndarray:
    """The homography that takes the board's four corners to these places."""
    board = np.array([[0, 0], [squares[0], 0], list(squares), [0, squares[1]]], np.float32)
    return cv2.getPerspectiveTransform(board, np.array(corners, np.float32)).astype(float)


def errors_px(view: BoardView, homography: np.ndarray, square_mm: float) -> np.ndarray:
    """Distances of the found corners from the true ones, whichever end OpenCV took for the first."""
    squares = np.round(view.board_xy_mm / square_mm) + 1
    ends = squares.max(axis=0) + 1
    both = []
    for board in (squares, ends - squares):
        true = np.column_stack([board, np.ones(len(board))]) @ homography.T
        both.append(np.hypot(*(true[:, :2] / true[:, 2:] - view.image_xy_px).T))
    return min(both, key=lambda e: float(e.max()))


@pytest.mark.parametrize("far", [False, True])
def test_a_drawn_chessboard_near_and_far(far: bool) -> None:
    squares = (10, 7)
    corners = [(250, 190), (390, 200), (385, 290), (245, 285)] if far else [(60, 50), (590, 80), (560, 430), (80, 410)]
    homography = seen_from(corners, squares)
    view = find_chessboard("drawn", drawn_chessboard(homography, squares, SIZE), squares, 2.5)
    assert isinstance(view, BoardView)
    assert len(view.image_xy_px) == 54
    errors = errors_px(view, homography, 2.5)
    assert errors.max() < 0.2
    assert np.sqrt((errors**2).mean()) < 0.08
    assert view.window_px == (4 if far else 11)


def test_a_window_that_reaches_the_next_corner_pulls_the_places_away() -> None:
    squares = (10, 7)
    homography = seen_from([(250, 190), (390, 200), (385, 290), (245, 285)], squares)
    picture = drawn_chessboard(homography, squares, SIZE)
    wide, fitting = (find_chessboard("drawn", picture, squares, 2.5, window) for window in (11, None))
    assert isinstance(wide, BoardView)
    assert isinstance(fitting, BoardView)
    assert errors_px(wide, homography, 2.5).max() > 5 * errors_px(fitting, homography, 2.5).max()


def test_a_charuco_board_with_a_part_hidden() -> None:
    board = charuco_board((7, 5), 10.0, 7.0, "DICT_4X4_50")
    picture = board.generateImage((700, 500), marginSize=0)
    homography = np.array([[0.8, 0.05, 40], [-0.04, 0.85, 60], [1e-5, 2e-5, 1]])
    seen = cv2.warpPerspective(picture, homography, SIZE, flags=cv2.INTER_AREA, borderValue=255)
    seen = cv2.GaussianBlur(seen, (0, 0), 0.7)
    seen[:, 520:] = 255
    view = find_charuco("drawn", seen, (7, 5), 10.0, 7.0, "DICT_4X4_50")
    assert isinstance(view, BoardView)
    assert 12 <= len(view.image_xy_px) < 24
    # Pixel centres at whole numbers: the board's corner lies half a pixel before the first pixel's middle.
    true = np.column_stack([view.board_xy_mm * 10 - 0.5, np.ones(len(view.board_xy_mm))]) @ homography.T
    assert np.hypot(*(true[:, :2] / true[:, 2:] - view.image_xy_px).T).max() < 0.35


def test_what_is_no_board_is_told() -> None:
    empty = np.full((480, 640), 200, np.uint8)
    assert find_chessboard("empty", empty, (10, 7), 2.5) == "no chessboard of 10 x 7 squares is seen whole"
    told = find_charuco("empty", empty, (7, 5), 10.0, 7.0, "DICT_4X4_50")
    assert told == "0 corners of the ChArUco board are seen; needed are 12"
    with pytest.raises(ValueError, match="dictionary 'LATIN' is unknown"):
        charuco_board((7, 5), 10.0, 7.0, "LATIN")
    with pytest.raises(ValueError, match="two equal shapes"):
        BoardView("v", np.zeros((4, 2)), np.zeros((5, 2)), (10, 10))
