"""DenseNet-201 for images of 224 x 224, or of 32 x 32."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from eden import _say
from eden.nets._pool import MaxPool2d
from eden.nets._weights import he_normal

_BLOCKS = (6, 12, 48, 32)  # layers of each dense block; Huang et al., table 1
_GROWTH = 32  # channels that a layer adds
_BOTTLENECK = 4  # times as many between a layer's two convolutions


def _normalised(channels: int, width: int, size: int, number: str = "") -> dict[str, nn.Module]:
    """Batch norm, ReLU and a convolution, in this order, by torchvision's names."""
    return {
        f"norm{number}": nn.BatchNorm2d(channels),
        f"relu{number}": nn.ReLU(),
        f"conv{number}": nn.Conv2d(channels, width, size, padding=size // 2, bias=False),
    }


class DenseBlock(nn.Module):
    """Layers each of which takes what all before it have made, and appends its own channels.

    Args:
        channels: Of the input.
        layers: How many; each adds 32 channels.

    Reference: Huang et al., section 3, "DenseNet-B".
    """

    def __init__(self, channels: int, layers: int):
        super().__init__()
        inside = _BOTTLENECK * _GROWTH
        for layer in range(layers):
            parts = _normalised(channels + layer * _GROWTH, inside, 1, "1")
            parts |= _normalised(inside, _GROWTH, 3, "2")
            self.add_module(f"denselayer{layer + 1}", nn.Sequential(OrderedDict(parts)))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, channels + 32 * layers, h, w]``."""
        for layer in self.children():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class DenseNet201(nn.Module):
    """Four dense blocks with layers that halve channels and sides between them.

    For small images the first convolution is 3 x 3 without stride and without pooling behind it.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 224 x 224, "small" for 32 x 32; at least 32 x 32 with the former.

    Reference: Huang et al., "Densely connected convolutional networks", CVPR 2017; names and order
    are those of torchvision.
    """

    def __init__(self, classes: int = 10, channels: int = 3, stem: str = "small"):
        super().__init__()
        _say.one_of("stem", stem, ("published", "small"))
        small, width = stem == "small", 2 * _GROWTH
        first = (3, 1, 1) if small else (7, 2, 3)
        layers: dict[str, nn.Module] = {
            "conv0": nn.Conv2d(channels, width, *first, bias=False),
            "norm0": nn.BatchNorm2d(width),
            "relu0": nn.ReLU(),
            "pool0": nn.Identity() if small else MaxPool2d(3, 2, 1),
        }
        for number, depth in enumerate(_BLOCKS, 1):
            layers[f"denseblock{number}"] = DenseBlock(width, depth)
            width += depth * _GROWTH
            if number < len(_BLOCKS):
                halve = _normalised(width, width // 2, 1) | {"pool": nn.AvgPool2d(2)}
                layers[f"transition{number}"] = nn.Sequential(OrderedDict(halve))
                width //= 2
        layers |= {"norm5": nn.BatchNorm2d(width), "relu5": nn.ReLU()}
        self.features = nn.Sequential(OrderedDict(layers))
        self.classifier = nn.Linear(width, classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        return self.classifier(self.features(x).mean(dim=(2, 3)))
