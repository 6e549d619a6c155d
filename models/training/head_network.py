"""The network that finds the parts of a head and points at the tips of its prongs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from loupebox.inspect.head_thresholds import CLASSES, MARKS, POINTERS
from loupebox.models.training.head_data import POINTING_PX
from loupebox.models.training.network import UNet

WIDTHS = (20, 32, 48, 64, 80)
LOG_SCALE = (-3.0, 3.0)
"""Bounds of the logarithm of how far, in pixels, a pixel expects to point amiss."""
OUTPUTS = len(CLASSES) + len(MARKS) + 3 * len(POINTERS)


class HeadNetwork(nn.Module):
    """Class logits, mark logits, then for each pointer x, y in pixels and the logarithm of their expected error."""

    def __init__(self) -> None:
        super().__init__()
        self.body = UNet(3, OUTPUTS, WIDTHS, stem=2)
        self.multiple = self.body.multiple

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Classes (N, 4, H, W), marks (N, 2, H, W), offsets (N, 3, 2, H, W), log scales (N, 3, H, W)."""
        raw = self.body(pictures).float()
        classes, marks, pointers = raw.split([len(CLASSES), len(MARKS), 3 * len(POINTERS)], 1)
        pointers = pointers.unflatten(1, (len(POINTERS), 3))
        return classes, marks, POINTING_PX * pointers[:, :, :2], pointers[:, :, 2].clamp(*LOG_SCALE)


class Shipped(nn.Module):
    """The network as it is shipped: one output (N, 15, H, W) of probabilities, marks, and x, y, expected error."""

    def __init__(self, network: HeadNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        classes, marks, offsets, log_scales = self.network(pictures)
        pointers = torch.cat((offsets, log_scales.exp().unsqueeze(2)), 2).flatten(1, 2)
        return torch.cat((torch.softmax(classes, 1), torch.sigmoid(marks), pointers), 1)
