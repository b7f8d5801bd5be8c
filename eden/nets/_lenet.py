"""LeNet-5 for images of 32 x 32, or of 28 x 28."""

from torch import Tensor, nn
from torch.nn import functional

from eden import _say
from eden.nets._pool import max_pool


class LeNet(nn.Module):
    """Two convolutions and three linear layers, ReLU and max pooling between them.

    As published it takes 32 x 32; images of 28 x 28 are padded to that.

    Args:
        classes: Number of outputs, at least 1.
        channels: Of the images, 1 or 3.
        stem: "published" for 32 x 32, "small" for 28 x 28.

    Reference: LeCun et al., "Gradient-based learning applied to document recognition", 1998,
    section II, with today's ReLU and max pooling for its squashing and subsampling layers.
    """

    def __init__(self, classes: int = 10, channels: int = 1, stem: str = "small"):
        super().__init__()
        _say.one_of("stem", stem, ("published", "small"))
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=2 if stem == "small" else 0)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``[batch, classes]`` for images ``[batch, channels, h, w]``."""
        x = max_pool(functional.relu(self.conv1(x)), 2, 2)
        x = max_pool(functional.relu(self.conv2(x)), 2, 2)
        x = functional.relu(self.fc1(x.flatten(1)))
        x = functional.relu(self.fc2(x))
        return self.fc3(x)
