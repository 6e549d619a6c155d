"""The small U-Net that both shipped models are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class _Block(nn.Sequential):
    """Two 3 x 3 convolutions, each normalised over the batch (folded into the weights on export)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        layers: list[nn.Module] = []
        for first in (channels_in, channels_out):
            layers += [
                nn.Conv2d(first, channels_out, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels_out),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """Logits (N, classes, H, W) from pictures (N, channels, H, W); H and W are multiples of `multiple`.

    `stem` folds stem x stem pixels into the channels (nothing is averaged away) and the head unfolds them again, so
    all the work is done on stem**2 fewer pixels while the output still has the input's resolution.
    """

    def __init__(
        self, channels: int, classes: int, widths: Sequence[int] = (24, 32, 48, 64), stem: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.multiple = stem * 2 ** (len(widths) - 1)
        self.fold = nn.PixelUnshuffle(stem)
        self.down = nn.ModuleList(_Block(a, b) for a, b in zip((channels * stem**2, *widths[:-1]), widths, strict=True))
        self.pool = nn.MaxPool2d(2)
        self.grow = nn.Upsample(scale_factor=2, mode="nearest")
        pairs = list(zip(widths[1:], widths[:-1], strict=True))
        self.up = nn.ModuleList(_Block(deep + skip, skip) for deep, skip in reversed(pairs))
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(widths[0], classes * stem**2, 1)
        self.unfold = nn.PixelShuffle(stem)

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.fold(pictures)
        skips: list[Tensor] = []
        for block in self.down:
            x = block(self.pool(x) if skips else x)
            skips.append(x)
        x = self.dropout(skips.pop())
        for block in self.up:
            x = block(torch.cat((self.grow(x), skips.pop()), 1))
        return self.unfold(self.head(x))


def parameter_count(network: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
