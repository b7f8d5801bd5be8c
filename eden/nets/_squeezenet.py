"""SqueezeNet 1.1 for images of 224 x 224, or of 32 x 32."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from eden import _say
from eden.nets._pool import MaxPool2d
from eden.nets._weights import he_normal

# Squeezed and expanded (by each of two kernels) channels; a pooling precedes the first of a row.
_ROWS = (((16, 64), (16, 64)), ((32, 128), (32, 128)), ((48, 192), (48, 192), (64, 256), (64, 256)))


class Fire(nn.Module):
    """A 1 x 1 convolution to few channels, then 1 x 1 and 3 x 3 ones side by side.

    Args:
        channels: Of the input.
        squeezed: Between the two layers.
        expanded: Of the output, by each of the two kernels.

    Reference: Iandola et al., figure 1.
    """

    def __init__(self, channels: int, squeezed: int, expanded: int):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, 2 * expanded, h, w]``."""
        x = functional.relu(self.squeeze(x))
        return functional.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))


class SqueezeNet(nn.Module):
    """A convolution, eight fire modules and a convolution to the classes, averaged.

    For small images the first convolution has no stride: 32 x 32 ends at 4 x 4.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 224 x 224, "small" for 32 x 32.

    Reference: Iandola et al., "SqueezeNet", arXiv:1602.07360; version 1.1 as its authors released
    it (DeepScale/SqueezeNet); names and order are those of torchvision.
    """

    def __init__(self, classes: int = 10, channels: int = 3, stem: str = "small"):
        super().__init__()
        _say.one_of("stem", stem, ("published", "small"))
        stride, padding = (1, 1) if stem == "small" else (2, 0)
        layers: list[nn.Module] = [nn.Conv2d(channels, 64, 3, stride, padding), nn.ReLU()]
        before = 64
        for row in _ROWS:
            layers.append(MaxPool2d(3, 2, ceil_mode=True))
            for squeezed, expanded in row:
                layers.append(Fire(before, squeezed, expanded))
                before = 2 * expanded
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(before, classes, 1)
        self.classifier = nn.Sequential(nn.Dropout(), last, nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        he_normal(self)
        nn.init.normal_(last.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        return self.classifier(self.features(x)).flatten(1)
