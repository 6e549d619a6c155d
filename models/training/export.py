"""From a trained network to one ONNX file that gives the same probabilities."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

OPSET = 18
LARGEST_DISAGREEMENT = 1e-4
"""Of a probability, or of a larger number's share, between torch and onnxruntime, over all test pictures."""


class _Probabilities(nn.Module):
    """The network with its softmax, which belongs to what is shipped."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return torch.softmax(self.network(pictures), 1)


def export(network: nn.Module, channels: int, path: Path, multiple: int = 16, as_it_is: bool = False) -> str:
    """Write `path` and return its sha256: "image" (N, C, H, W) in, "probabilities" (N, K, H, W) out; N, H, W free.

    The network gives logits, unless it is to be shipped `as_it_is`.
    Nothing is left behind at `path` unless onnxruntime agrees with torch within `LARGEST_DISAGREEMENT`.
    """
    shipped = (network if as_it_is else _Probabilities(network)).eval().cpu()
    example = torch.zeros(2, channels, 4 * multiple, 6 * multiple)
    unfinished = path.with_name(path.name + ".unfinished")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of packages that this does not need
    with warnings.catch_warnings():  # torch deprecates its own parts while it exports
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            shipped,
            (example,),
            input_names=["image"],
            output_names=["probabilities"],
            opset_version=OPSET,
            dynamic_shapes=({0: "batch", 2: f"{multiple}*height", 3: f"{multiple}*width"},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    try:
        program.save(unfinished, external_data=False)
        model = onnx.load(unfinished)
        _forget_the_workshop(model)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, unfinished)
        difference = disagreement(shipped, unfinished, channels, multiple)
        if difference > LARGEST_DISAGREEMENT:
            raise RuntimeError(
                f"onnxruntime and torch disagree by {difference:.2g} on {path.name}; allowed is {LARGEST_DISAGREEMENT}"
            )
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _forget_the_workshop(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes about its own machine: stack traces with folders, which also change the checksum."""
    del model.metadata_props[:]
    graph = model.graph
    del graph.metadata_props[:]
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


def disagreement(shipped: nn.Module, path: Path, channels: int, multiple: int = 16) -> float:
    """Largest difference between torch and onnxruntime on noise of several sizes; a share of what is larger than 1."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(1)
    worst = 0.0
    for batch, rows, columns in ((1, 4, 4), (3, 5, 7), (1, 16, 9)):
        pictures = torch.randn(batch, channels, rows * multiple, columns * multiple, generator=generator)
        with torch.no_grad():
            expected = shipped(pictures).numpy()
        (given,) = session.run(None, {"image": pictures.numpy()})
        worst = max(worst, float((np.abs(expected - given) / np.maximum(np.abs(expected), 1)).max()))
    return worst
