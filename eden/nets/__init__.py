"""The paper's networks, by name, and the plain training loop of a baseline."""

from torch import nn

from eden import _say
from eden.nets._lenet import LeNet as LeNet
from eden.nets._lenet import lenet as lenet
from eden.nets._mobilenet import MobileNetV2 as MobileNetV2
from eden.nets._mobilenet import mobilenet_v2 as mobilenet_v2
from eden.nets._resnet import ResNet18 as ResNet18
from eden.nets._resnet import resnet18 as resnet18
from eden.nets._train import train as train

_BUILDERS = {"lenet": lenet, "mobilenet_v2": mobilenet_v2, "resnet18": resnet18}


def names() -> list[str]:
    """Return the names that `build` knows."""
    return sorted(_BUILDERS)


def build(name: str, **kwargs) -> nn.Module:
    """Build a network by name.

    Args:
        name: One of `names`.
        **kwargs: Passed to the builder, such as ``classes=10`` or ``channels=1``.

    Raises:
        ValueError: For an unknown name.
    """
    _say.one_of("network", name, names())
    return _BUILDERS[name](**kwargs)
