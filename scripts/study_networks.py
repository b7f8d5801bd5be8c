"""Small networks for studies, of each kind one that trains in minutes, and their images."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from eden import nets
from eden.network import InputRange

FASHION = "fashion-mnist"


def convolution(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1):
    """A convolution without bias and its batch norm."""
    padding = size // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, as in ResNet-18."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride)
        self.second = convolution(outputs, outputs, 3)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[batch, outputs, h / stride, w / stride]`` for ``[batch, inputs, h, w]``."""
        inner = self.second(functional.relu(self.first(x)))
        return functional.relu(inner + self.shortcut(x))


class Rows(nn.Module):
    """Two LSTM layers that read an image row by row, and a linear layer on their last output."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(28, 64, num_layers=2, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, 10]`` for images ``[batch, 1, 28, 28]``."""
        return self.head(self.lstm(x.squeeze(1))[0][:, -1])


def residual(channels: int = 1) -> nn.Module:
    """Nine convolutions with batch norm, three shortcuts."""
    blocks = Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)
    return nn.Sequential(convolution(channels, 16, 3, 2), nn.ReLU(), *blocks, *head(64))


def separable() -> nn.Module:
    """Five depthwise-separable convolutions with batch norm, as in MobileNet."""
    layers = [convolution(1, 16, 3, 2), nn.ReLU()]
    shapes = (16, 32, 1), (32, 32, 2), (32, 64, 1), (64, 64, 2), (64, 96, 1)
    for inputs, outputs, stride in shapes:
        layers += [convolution(inputs, inputs, 3, stride, groups=inputs), nn.ReLU()]
        layers += [convolution(inputs, outputs, 1), nn.ReLU()]
    return nn.Sequential(*layers, *head(96))


def head(channels: int) -> tuple[nn.Module, ...]:
    """The mean over a map, and ten classes of it."""
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)


@dataclass(frozen=True)
class Subject:
    """A network, how long it is trained and trained on, and how it is boosted.

    Ranges of inputs are cut where the format clamps. The rate is that of integer formats, some ten
    times what the network bears by the mean in int8. The images are a set that `eden.data.load`
    knows.
    """

    build: Callable[[], nn.Module]
    epochs: int = 4
    more_epochs: int = 5
    input_range: InputRange = 0.5
    target_ber: float = 3e-3
    images: str = FASHION

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        return (1, 28, 28) if self.images == FASHION else (3, 32, 32)


SUBJECTS = {
    "lenet": Subject(nets.lenet, 8, 10, (0.5, 0.15)),
    "residual": Subject(residual),
    "separable": Subject(separable, target_ber=8e-4),
    "lstm": Subject(Rows, target_ber=1e-2),
    "residual-cifar10": Subject(partial(residual, 3), images="cifar10"),
}
ON_FASHION = [name for name, subject in SUBJECTS.items() if subject.images == FASHION]
