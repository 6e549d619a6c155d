"""Go on from a shipped model: its ONNX weights, put back into the network that they came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from loupebox.models.card import read_card
from loupebox.models.training.network import UNet

UNKNOWN_CLASS_LOGIT = -2.0
"""What a class that the shipped model did not know begins with, beside the first class that it did."""


@torch.no_grad()
def begin_from(model: UNet, onnx_path: Path, classes: Sequence[str], typical: Tensor) -> None:
    """Fill `model` so that it says what the shipped one says; a class new since then begins as a rare first class.

    Export folds each normalisation into the convolution before it. `typical` (N, channels, H, W) passes through once
    to unfold them again: each is told the mean and spread of what comes to it, and to undo both.
    """
    shipped = onnx.load(onnx_path)
    numbers = {i.name.removeprefix("network."): torch.from_numpy(numpy_helper.to_array(i).copy())
               for i in shipped.graph.initializer}  # fmt: skip
    known = read_card(onnx_path).classes
    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and module is not model.head:
            module.weight.copy_(numbers[f"{name}.weight"])
        if isinstance(module, nn.BatchNorm2d):
            block, place = name.rsplit(".", 1)
            bias = numbers[f"{block}.{int(place) - 1}.weight_bias"]
            hooks.append(module.register_forward_pre_hook(_unfold(bias)))
    parts = model.head.out_channels // len(classes)
    for k, name in enumerate(classes):
        old, new = known.index(name if name in known else known[0]) * parts, k * parts
        model.head.weight[new : new + parts] = numbers["head.weight"][old : old + parts]
        assert model.head.bias is not None
        shift = 0.0 if name in known else UNKNOWN_CLASS_LOGIT
        model.head.bias[new : new + parts] = numbers["head.bias"][old : old + parts] + shift
    model.eval()(typical)
    for hook in hooks:
        hook.remove()
    model.train()


def _unfold(bias: Tensor):  # type: ignore[no-untyped-def]
    """What to do to a normalisation before it sees its first input, so that it adds just this bias."""

    def tell(module: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        mean = inputs[0].mean((0, 2, 3))
        spread = inputs[0].var((0, 2, 3), unbiased=False)
        assert module.running_mean is not None
        assert module.running_var is not None
        module.running_mean.copy_(mean)
        module.running_var.copy_(spread)
        module.weight.copy_((spread + module.eps).sqrt())
        module.bias.copy_(mean + bias)

    return tell
