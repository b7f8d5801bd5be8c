"""AlexNet for images of 224 x 224, or of 32 x 32."""

from torch import Tensor, nn

from eden import _say
from eden.nets._pool import MaxPool2d


class AlexNet(nn.Module):
    """Five convolutions and three linear layers, in one column and without normalisation.

    For small images the first convolution is 3 x 3 with stride 2, the map that the linear layers
    take is 1 x 1 in place of 6 x 6, and they are 1024 wide in place of 4096.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 224 x 224 (at least 63), "small" for 32 x 32 (at least 29).

    Reference: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014,
    section 1, footnote: the widths; names and order are those of torchvision.
    """

    def __init__(self, classes: int = 10, channels: int = 3, stem: str = "small"):
        super().__init__()
        _say.one_of("stem", stem, ("published", "small"))
        small = stem == "small"
        first = (3, 2, 1) if small else (11, 4, 2)
        size, hidden = (1, 1024) if small else (6, 4096)
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, *first),
            nn.ReLU(),
            MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            MaxPool2d(3, 2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(size)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * size * size, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
