"""MobileNetV2 for images of 32 x 32."""

from torch import Tensor, nn

# Expansion, channels, blocks and stride of the first block; Sandler et al., table 2. There the
# second row has stride 2, and the first convolution too: images of 224 x 224 end at 7 x 7.
_ROWS = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _convolution(
    channels: int, width: int, size: int, *, stride: int = 1, groups: int = 1
) -> nn.Module:
    """Convolution, batch norm and ReLU6: the nonlinear layers of the paper."""
    return nn.Sequential(
        nn.Conv2d(channels, width, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU6(),
    )


class InvertedResidual(nn.Module):
    """Expand, convolve each channel alone, project back without a nonlinearity.

    Args:
        channels: Of the input.
        width: Channels of the output.
        expansion: How many times wider it is inside; 1 leaves the first layer out.
        stride: Of the convolution in the middle.

    Reference: Sandler et al., table 1 and figure 4 (d).
    """

    def __init__(self, channels: int, width: int, expansion: int, stride: int):
        super().__init__()
        inside = channels * expansion
        layers = [_convolution(channels, inside, 1)] if expansion != 1 else []
        layers += [
            _convolution(inside, inside, 3, stride=stride, groups=inside),
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

    For small images the first convolution and the second row of blocks have no stride: 32 x 32 ends
    at 4 x 4.

    Reference: Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", CVPR 2018.
    """

    def __init__(self, classes: int = 10, channels: int = 3):
        super().__init__()
        layers: list[nn.Module] = [_convolution(channels, 32, 3)]
        before = 32
        for expansion, width, blocks, stride in _ROWS:
            for block in range(blocks):
                first = stride if block == 0 else 1
                layers.append(InvertedResidual(before, width, expansion, first))
                before = width
        self.features = nn.Sequential(*layers, _convolution(before, 1280, 1))
        self.fc = nn.Linear(1280, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        return self.fc(self.features(x).mean(dim=(2, 3)))


def mobilenet_v2(classes: int = 10, channels: int = 3) -> MobileNetV2:
    """Build MobileNetV2 with random weights from torch's global generator.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
    """
    return MobileNetV2(classes, channels)
