"""Models small enough to know by heart, built and written as real ONNX files with real cards."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLASSES = ("background", "thing")


def blur_then_compare(channels: int = 1, kernel: int = 9, shape: tuple = ("n", None, "h", "w")) -> onnx.ModelProto:
    """Probabilities from a convolution whose receptive field is `kernel` pixels wide."""
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 0.5, (2, channels, kernel, kernel)).astype(np.float32)
    n, _, h, w = shape
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "weights"], ["logits"], pads=[kernel // 2] * 4),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "blur_then_compare",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [n, channels, h, w])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [n, 2, h, w])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def pixel_is_probability(classes: int = 2) -> onnx.ModelProto:
    """Class 1 gets the pixel's own value, class 0 the rest."""
    graph = helper.make_graph(
        [
            helper.make_node("Sub", ["one", "image"], ["rest"]),
            helper.make_node("Concat", ["rest"] + ["image"] * (classes - 1), ["probabilities"], axis=1),
        ],
        "pixel_is_probability",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes, "h", "w"])],
        [numpy_helper.from_array(np.float32(1), "one")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def card_data(content: bytes, **changes: object) -> dict:
    card = {
        "schema": 1,
        "name": "thing_finder",
        "version": "1.0.0",
        "task": "segmentation",
        "file": "thing.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {"layout": "NCHW", "channels": ["grey"], "mean": [0.0], "deviation": [1.0], "multiple": 1},
        "um_per_px": 16.0,
        "resize": "none",
        "tile": None,
        "overlap": 0,
        "classes": list(CLASSES),
        "thresholds": {"thing": 0.5},
        "trained_on": "nothing: written by hand",
        "licence": "Apache-2.0",
        "measured": {"accuracy": 1.0},
        "requires_loupebox": ">=0.1.0",
    }
    return card | changes


class Bench:
    """A folder with `thing.onnx` and its card."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "thing.onnx"
        self.card_path = folder / "thing.card.json"

    def put(self, model: onnx.ModelProto | bytes, **changes: object) -> Path:
        content = model if isinstance(model, bytes) else model.SerializeToString()
        self.path.write_bytes(content)
        self.card_path.write_text(json.dumps(card_data(content, **changes)))
        return self.path
