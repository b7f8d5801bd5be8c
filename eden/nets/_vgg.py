"""VGG-16 for images of 224 x 224, or of 32 x 32."""

from torch import Tensor, nn

from eden import _say
from eden.nets._pool import MaxPool2d
from eden.nets._weights import he_normal

# Channels of the convolutions between poolings; Simonyan and Zisserman, table 1, column D.
_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16(nn.Module):
    """Thirteen convolutions of 3 x 3 and three linear layers, without normalisation.

    For small images the map that the linear layers take is 1 x 1 in place of 7 x 7, and they are
    512 wide in place of 4096; the convolutions are the same.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 224 x 224, "small" for 32 x 32; at least 32 x 32 either way.

    Reference: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015; names and order are those of torchvision.
    """

    def __init__(self, classes: int = 10, channels: int = 3, stem: str = "small"):
        super().__init__()
        _say.one_of("stem", stem, ("published", "small"))
        size, hidden = (1, 512) if stem == "small" else (7, 4096)
        layers, before = [], channels
        for widths in _STAGES:
            for width in widths:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
                before = width
            layers.append(MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(size)
        self.classifier = nn.Sequential(
            nn.Linear(512 * size * size, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, classes),
        )
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
