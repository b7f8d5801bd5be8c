"""ResNet-18 for images of 32 x 32."""

from torch import Tensor, nn
from torch.nn import functional


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which projects where the shape changes.

    Args:
        channels: Of the input.
        width: Channels of the output.
        stride: Of the first convolution and of the projection.

    Reference: He et al., figures 2 and 5 (left); shortcuts are option B of section 4.1.
    """

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, width, h / stride, w / stride]``."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + self.shortcut(x))


class ResNet18(nn.Module):
    """Four stages of two basic blocks, 64 to 512 channels wide.

    Images are small, so the network begins as those of section 4.2 do: a 3 x 3 convolution without
    stride in place of 7 x 7 and pooling, which would leave a feature map of 1 x 1 at the end.

    Reference: He et al., "Deep residual learning for image recognition", CVPR 2016, table 1.
    """

    def __init__(self, classes: int = 10, channels: int = 3):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        blocks, before = [], 64
        for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            blocks += [BasicBlock(before, width, stride), BasicBlock(width, width, 1)]
            before = width
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(512, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # He et al., "Delving deep into rectifiers", ICCV 2015, as the paper's section 3.4.
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.blocks(x)
        return self.fc(x.mean(dim=(2, 3)))


def resnet18(classes: int = 10, channels: int = 3) -> ResNet18:
    """Build ResNet-18 with random weights from torch's global generator.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
    """
    return ResNet18(classes, channels)
