"""The one file that runs trained models."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from loupebox.models.card import Card, read_card
from loupebox.models.errors import ModelError
from loupebox.models.look import Look, Pointing
from loupebox.models.onnx_file import refuse_external_data
from loupebox.models.symmetry import Symmetry, averaged
from loupebox.models.tiling import tile_starts, tile_weights

MAX_MODEL_BYTES = 256 << 20
SCALE_TOLERANCE = 0.02
"""How far a frame's um/px may lie from the card's (or a whole fraction of it); two cameras never agree exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Weights and their card, ready to run; load it once and keep it."""

    card: Card
    _session: onnxruntime.InferenceSession

    @classmethod
    def load(cls, onnx_path: Path, threads: int = 2) -> Model:
        """The model in `onnx_path` with the card beside it, once both have been found to agree."""
        card = read_card(onnx_path)
        needed, have = card.minimum_version, _own_version()
        if have < needed:
            raise ModelError(
                f"model {onnx_path.name} requires loupebox {card.requires_loupebox}; "
                f"this is {'.'.join(str(n) for n in have)}"
            )
        content = _read(onnx_path)
        digest = hashlib.sha256(content).hexdigest()
        if digest != card.sha256:
            raise ModelError(
                f"model {onnx_path.name} has checksum {digest[:12]}...; its card says {card.sha256[:12]}..., "
                "so the weights and the card do not belong together"
            )
        refuse_external_data(content, f"model {onnx_path.name}")
        session = _session(content, onnx_path.name, threads)
        _check_shapes(session, card, onnx_path.name)
        return cls(card, session)

    def segment(self, image: NDArray[np.float32], um_per_px: float, symmetry: Symmetry = "none") -> NDArray[np.float32]:
        """Probability of each class at each pixel of `image` (height, width, channels): (height, width, classes).

        With a symmetry the image is also seen mirrored, or mirrored and turned, and the mean is given.
        """
        return self.look(image, um_per_px, symmetry).probabilities

    def look(self, image: NDArray[np.float32], um_per_px: float, symmetry: Symmetry = "none") -> Look:
        """Everything that the model says of `image` (height, width, channels); `segment` tells of symmetries."""
        card = self.card
        if image.ndim != 3 or image.shape[2] != len(card.input.channels) or image.dtype != np.float32:
            raise ModelError(
                f"model {card.name} was given {image.dtype} of shape {image.shape}; "
                f"allowed is float32 of shape (height, width, {len(card.input.channels)}), "
                f"the channels being {', '.join(card.input.channels)}"
            )
        if min(image.shape) == 0:
            raise ModelError(f"model {card.name} was given an empty image of shape {image.shape}")
        factor = self._factor(um_per_px)
        height, width = image.shape[:2]
        if factor > 1:
            image = _pad(image, factor)
            image = _with_channels(
                cv2.resize(image, (image.shape[1] // factor, image.shape[0] // factor), interpolation=cv2.INTER_AREA)
            )
        scaled = (image - np.array(card.input.mean, np.float32)) / np.array(card.input.deviation, np.float32)
        classes, marks = len(card.classes), len(card.marks)
        found = averaged(self._tiled, scaled, symmetry, classes + marks if card.pointers else None)
        maps = found[..., : classes + marks]
        if factor > 1:
            size = (maps.shape[1] * factor, maps.shape[0] * factor)
            maps = np.asarray(cv2.resize(maps, size, interpolation=cv2.INTER_LINEAR), np.float32)[:height, :width]
        return Look(
            np.ascontiguousarray(maps[..., :classes]),
            {name: np.ascontiguousarray(maps[..., classes + k]) for k, name in enumerate(card.marks)},
            {
                name: Pointing.of(found[..., classes + marks + 3 * k :][..., :3], factor)
                for k, name in enumerate(card.pointers)
            },
        )

    def _factor(self, um_per_px: float) -> int:
        """By how much a frame of this scale is averaged down."""
        ratio = self.card.um_per_px / um_per_px if um_per_px > 0 else 0.0
        factor = max(round(ratio), 1) if self.card.resize == "area" else 1
        if not abs(ratio / factor - 1) <= SCALE_TOLERANCE:
            finer = " or a whole fraction of it" if self.card.resize == "area" else ""
            raise ModelError(
                f"model {self.card.name} was given a frame of {um_per_px:g} um/px; "
                f"allowed is {self.card.um_per_px:g} um/px{finer}, within {SCALE_TOLERANCE:.0%}"
            )
        return factor

    def _tiled(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        tile = self.card.tile
        if tile is None or (height <= tile and width <= tile):
            return self._run(image)
        overlap = self.card.overlap
        rows, columns = tile_starts(height, tile, overlap), tile_starts(width, tile, overlap)
        row_weights = tile_weights(rows, height, tile, overlap)
        column_weights = tile_weights(columns, width, tile, overlap)
        result = np.zeros((height, width, self.card.outputs), np.float32)
        for top, down in zip(rows, row_weights, strict=True):
            for left, across in zip(columns, column_weights, strict=True):
                part = image[top : top + len(down), left : left + len(across)]
                weight = down[:, None, None] * across[None, :, None]
                result[top : top + len(down), left : left + len(across)] += self._run(part) * weight
        return result

    def _run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """One pass through the network, padded to the size that it needs."""
        height, width = image.shape[:2]
        padded = _pad(image, self.card.input.multiple)
        batch = np.ascontiguousarray(padded.transpose(2, 0, 1)[None])
        try:
            (output,) = self._session.run(None, {self._session.get_inputs()[0].name: batch})
        except Exception as error:  # onnxruntime raises bare Exceptions of its own
            raise ModelError(
                f"model {self.card.name} failed on an image of {width} x {height}: {_one_line(error)}"
            ) from None
        result = np.asarray(output)
        if result.shape != (1, self.card.outputs, *padded.shape[:2]) or not np.isfinite(result).all():
            raise ModelError(
                f"model {self.card.name} gave shape {result.shape}, or numbers that are not finite; "
                f"its card promises probabilities of shape {(1, self.card.outputs, *padded.shape[:2])}"
            )
        return result[0].transpose(1, 2, 0)[:height, :width].astype(np.float32, copy=False)


def _pad(image: NDArray[np.float32], multiple: int) -> NDArray[np.float32]:
    """The image continued by its last row and column until both sides are multiples."""
    down, right = -image.shape[0] % multiple, -image.shape[1] % multiple
    return np.pad(image, ((0, down), (0, right), (0, 0)), mode="edge") if down or right else image


def _with_channels(image: Any) -> NDArray[np.float32]:
    """OpenCV drops the axis of a single channel; put it back."""
    return image[:, :, None] if image.ndim == 2 else image


def _own_version() -> tuple[int, ...]:
    return tuple(int(n) for n in version("loupebox").split(".")[:3])


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelError(f"model {path.name} cannot be read: {error.strerror}") from None
    if len(content) > MAX_MODEL_BYTES:
        raise ModelError(f"model {path.name} is larger than {MAX_MODEL_BYTES >> 20} MiB")
    return content


def _session(content: bytes, name: str, threads: int) -> onnxruntime.InferenceSession:
    """Opened so that the same input gives the same output: fixed threads, one operator at a time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what fails is raised, and said in our words
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"], enable_fallback=0)
        for port in (*session.get_inputs(), *session.get_outputs()):
            _ = port.name, port.type, port.shape  # decoded only now, and garbage fails here
        return session
    except Exception as error:  # onnxruntime raises bare Exceptions of its own
        raise ModelError(f"model {name} is not a usable ONNX file: {_one_line(error)}") from None


def _check_shapes(session: onnxruntime.InferenceSession, card: Card, name: str) -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(f"model {name} has {len(inputs)} inputs and {len(outputs)} outputs; allowed is one of each")
    for what, port, expected in (
        ("input", inputs[0], len(card.input.channels)),
        ("output", outputs[0], card.outputs),
    ):
        shape = port.shape
        if port.type != "tensor(float)" or len(shape) != 4 or not _fits(shape[0], 1) or shape[1] != expected:
            raise ModelError(
                f"model {name} has {what} {port.type} {shape}; "
                f"its card needs tensor(float) [1, {expected}, height, width]"
            )
        if any(isinstance(side, int) for side in shape[2:]):
            raise ModelError(f"model {name} has {what} {shape}; height and width must be free")


def _fits(side: int | str | None, wanted: int) -> bool:
    return not isinstance(side, int) or side == wanted


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
