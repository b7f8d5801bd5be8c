"""MobileNetV2 for images of 224 x 224, or of 32 x 32."""

from collections import OrderedDict

from torch import Tensor, nn

from eden import _say
from eden.nets._weights import he_normal

# Expansion, channels, blocks and stride of the first block; Sandler et al., table 2.
_ROWS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# Strides of the first convolution and of the second row.
_STEMS = {"published": (2, 2), "half": (2, 1), "small": (1, 1)}


def _convolution(
    channels: int,
    width: int,
    size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    padding: str = "symmetric",
) -> nn.Module:
    """Convolution, batch norm and ReLU6: the nonlinear layers of the paper."""
    around = size // 2
    layers: dict[str, nn.Module] = {}
    if padding == "tensorflow" and stride == 2:
        # What "SAME" means there for even sides. Its name leaves the others theirs.
        layers["pad"], around = nn.ZeroPad2d((0, 1, 0, 1)), 0
    layers["0"] = nn.Conv2d(channels, width, size, stride, around, groups=groups, bias=False)
    layers |= {"1": nn.BatchNorm2d(width), "2": nn.ReLU6()}
    return nn.Sequential(OrderedDict(layers))


class InvertedResidual(nn.Module):
    """Expand, convolve each channel alone, project back without a nonlinearity.

    Args:
        channels: Of the input.
        width: Channels of the output.
        expansion: How many times wider it is inside; 1 leaves the first layer out.
        stride: Of the convolution in the middle.
        padding: As of `MobileNetV2`.

    Reference: Sandler et al., table 1 and figure 4 (d).
    """

    def __init__(
        self, channels: int, width: int, expansion: int, stride: int, padding: str = "symmetric"
    ):
        super().__init__()
        inside = channels * expansion
        layers = [_convolution(channels, inside, 1)] if expansion != 1 else []
        layers += [
            _convolution(inside, inside, 3, stride=stride, groups=inside, padding=padding),
            nn.Conv2d(inside, width, 1, bias=False),
            nn.BatchNorm2d(width),
        ]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, width, h / stride, w / stride]``."""
        y = self.layers(x)
        return x + y if self.residual else y


class MobileNetV2(nn.Module):
    """Seventeen inverted residuals between two convolutions.

    As published 224 x 224 ends at 7 x 7. For small images the first convolution and the second row
    of blocks have no stride: 32 x 32 ends at 4 x 4.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 224 x 224; for 32 x 32 "small", and "half", which keeps the stride of
            the first convolution: a quarter of the work.
        padding: "symmetric", or "tensorflow" for weights trained there: convolutions of stride 2
            then pad the right and the lower side only. Sides have to be multiples of 32.

    Reference: Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", CVPR 2018.
    """

    def __init__(
        self,
        classes: int = 10,
        channels: int = 3,
        stem: str = "small",
        padding: str = "symmetric",
    ):
        super().__init__()
        _say.one_of("stem", stem, _STEMS)
        _say.one_of("padding", padding, ("symmetric", "tensorflow"))
        outer, second = _STEMS[stem]
        layers: list[nn.Module] = [_convolution(channels, 32, 3, stride=outer, padding=padding)]
        before = 32
        for row, (expansion, width, blocks, stride) in enumerate(_ROWS):
            for block in range(blocks):
                first = (second if row == 1 else stride) if block == 0 else 1
                layers.append(InvertedResidual(before, width, expansion, first, padding))
                before = width
        self.features = nn.Sequential(*layers, _convolution(before, 1280, 1))
        self.fc = nn.Linear(1280, classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        return self.fc(self.features(x).mean(dim=(2, 3)))
