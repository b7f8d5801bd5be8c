"""ResNet-101 for images of 32 x 32: a deep network to time, no part of the library."""

from torch import Tensor, nn
from torch.nn import functional


class Bottleneck(nn.Module):
    """A 3 x 3 convolution between two of 1 x 1, beside a shortcut.

    Args:
        channels: of the input.
        width: channels in the middle; a quarter of those of the output.
        stride: of the 3 x 3 convolution and of the shortcut's projection.

    Reference: He et al., "Deep residual learning for image recognition", CVPR 2016, figure 5.
    """

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != 4 * width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, 4 width, h / stride, w / stride]``."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


class ResNet101(nn.Module):
    """Stages of 3, 4, 23 and 3 bottlenecks; a 3 x 3 convolution in front, as images are small.

    Reference: He et al., table 1.
    """

    def __init__(self, classes: int = 10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        blocks, channels = [], 64
        for width, number, stride in ((64, 3, 1), (128, 4, 2), (256, 23, 2), (512, 3, 2)):
            for i in range(number):
                blocks.append(Bottleneck(channels, width, stride if i == 0 else 1))
                channels = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, 3, h, w]``."""
        x = self.blocks(functional.relu(self.bn1(self.conv1(x))))
        return self.fc(x.mean(dim=(2, 3)))
