"""ResNet-18 and ResNet-101 for images of 224 x 224, or of 32 x 32."""

from torch import Tensor, nn
from torch.nn import functional

from eden import _say
from eden.nets._pool import MaxPool2d
from eden.nets._weights import he_normal


def _stem(channels: int, stem: str) -> tuple[nn.Module, nn.Module]:
    """The first convolution and the pooling behind it.

    Small images begin as in section 4.2 of He et al.: 7 x 7 and pooling would leave a feature map
    of 1 x 1 at the end.
    """
    _say.one_of("stem", stem, ("published", "small"))
    if stem == "small":
        return nn.Conv2d(channels, 64, 3, padding=1, bias=False), nn.Identity()
    return nn.Conv2d(channels, 64, 7, 2, padding=3, bias=False), MaxPool2d(3, 2, 1)


def _shortcut(channels: int, width: int, stride: int) -> nn.Module:
    """The identity, or a projection where the shape changes: option B of section 4.1."""
    if stride == 1 and channels == width:
        return nn.Sequential()
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut.

    Args:
        channels: Of the input.
        width: Channels of the output.
        stride: Of the first convolution and of the projection.

    Reference: He et al., figures 2 and 5 (left).
    """

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = _shortcut(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, width, h / stride, w / stride]``."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + self.shortcut(x))


class Bottleneck(nn.Module):
    """A 3 x 3 convolution between two of 1 x 1, beside a shortcut.

    Args:
        channels: Of the input.
        width: Of the 3 x 3 convolution; the output has four times as many channels.
        stride: Of that convolution, where Torch's ResNets have it, and of the projection.

    Reference: He et al., figure 5 (right); names are those of torchvision.
    """

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(channels, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, 4 * width, h / stride, w / stride]``."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet18(nn.Module):
    """Four stages of two basic blocks, 64 to 512 channels wide.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 224 x 224, "small" for 32 x 32.

    Reference: He et al., "Deep residual learning for image recognition", CVPR 2016, table 1.
    """

    def __init__(self, classes: int = 10, channels: int = 3, stem: str = "small"):
        super().__init__()
        self.conv1, self.pool = _stem(channels, stem)
        self.bn1 = nn.BatchNorm2d(64)
        blocks, before = [], 64
        for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            blocks += [BasicBlock(before, width, stride), BasicBlock(width, width, 1)]
            before = width
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(512, classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        x = self.pool(functional.relu(self.bn1(self.conv1(x))))
        x = self.blocks(x)
        return self.fc(x.mean(dim=(2, 3)))


class ResNet101(nn.Module):
    """Four stages of 3, 4, 23 and 3 bottlenecks, 256 to 2048 channels wide.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 224 x 224, "small" for 32 x 32.

    Reference: He et al., "Deep residual learning for image recognition", CVPR 2016, table 1; names
    are those of torchvision.
    """

    def __init__(self, classes: int = 10, channels: int = 3, stem: str = "small"):
        super().__init__()
        self.conv1, self.maxpool = _stem(channels, stem)
        self.bn1 = nn.BatchNorm2d(64)
        stages, before = [], 64
        for blocks, width, stride in ((3, 64, 1), (4, 128, 2), (23, 256, 2), (3, 512, 2)):
            first = Bottleneck(before, width, stride)
            before = 4 * width
            more = (Bottleneck(before, width, 1) for _ in range(blocks - 1))
            stages.append(nn.Sequential(first, *more))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(before, classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean(dim=(2, 3)))
