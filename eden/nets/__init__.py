"""The paper's networks, by name, and the plain training loop of a baseline.

A network is a module of its own that gives its parameters the names that torchvision or darknet
does, and an entry in `_BUILDERS`; what reads the weights of others is beside them.
"""

import inspect
from collections.abc import Callable
from pathlib import Path

from torch import nn

from eden import _say
from eden._form import keep_form
from eden.data import Boxes as Boxes
from eden.data import Letterbox as Letterbox
from eden.data import letterbox as letterbox
from eden.data import overlap as overlap
from eden.nets._alexnet import AlexNet as AlexNet
from eden.nets._densenet import DenseNet201 as DenseNet201
from eden.nets._detect import decode as decode
from eden.nets._detect import detect as detect
from eden.nets._detect import nms as nms
from eden.nets._detection_loss import detection_loss as detection_loss
from eden.nets._folded import unfold as unfold
from eden.nets._lenet import LeNet as LeNet
from eden.nets._load import load_into as _load_into
from eden.nets._mobilenet import MobileNetV2 as MobileNetV2
from eden.nets._resnet import ResNet18 as ResNet18
from eden.nets._resnet import ResNet101 as ResNet101
from eden.nets._squeezenet import SqueezeNet as SqueezeNet
from eden.nets._takes import check_takes as check_takes
from eden.nets._train import OPTIMIZERS as OPTIMIZERS
from eden.nets._train import train as train
from eden.nets._vgg import VGG16 as VGG16
from eden.nets._yolo import YOLO as YOLO
from eden.nets._yolo import yolov3 as yolov3
from eden.nets._yolo import yolov3_tiny as yolov3_tiny

# Called by their names, as functions that build them.
alexnet, densenet201, lenet, mobilenet_v2 = AlexNet, DenseNet201, LeNet, MobileNetV2
resnet18, resnet101, squeezenet1_1, vgg16 = ResNet18, ResNet101, SqueezeNet, VGG16
_BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "alexnet": alexnet,
    "densenet201": densenet201,
    "lenet": lenet,
    "mobilenet_v2": mobilenet_v2,
    "resnet18": resnet18,
    "resnet101": resnet101,
    "squeezenet1_1": squeezenet1_1,
    "vgg16": vgg16,
    "yolov3": yolov3,
    "yolov3_tiny": yolov3_tiny,
}


def names() -> list[str]:
    """Return the names that `build` knows."""
    return sorted(_BUILDERS)


def build(name: str, **kwargs) -> nn.Module:
    """Build a network by name.

    Args:
        name: One of `names`.
        **kwargs: Passed to the builder, such as ``classes=10``, ``channels=1`` or
            ``stem="published"``.

    Raises:
        TypeError: For classes or channels that are no integers.
        ValueError: For an unknown name, an argument that the builder does not take, or none of
            classes or channels.
    """
    _say.one_of("network", name, names())
    known = inspect.signature(_BUILDERS[name]).parameters
    for key in kwargs:
        _say.one_of(f"argument of {name}", key, known)
        if key in ("classes", "channels"):
            _say.an_int(key, kwargs[key], 1)
            kwargs[key] = int(kwargs[key])
    model = _BUILDERS[name](**kwargs)
    defaults = {key: x.default for key, x in known.items() if x.default is not x.empty}
    keep_form(model, {"name": name, **defaults, **kwargs})
    return model


def read_weights(model: nn.Module, name: str, path: str | Path) -> bool:
    """Read weights that others trained into a network, to start a training from.

    Args:
        model: What `build` made of ``name``; takes the weights in place.
        name: One of `names`.
        path: As in `load`. Of a file that says its form and whose last layers are left out, the
            rest may be of another one, as a training follows.

    Returns:
        Whether what makes classes of features was read too; where the file has none, or one for
        other classes or of another form, it keeps its random weights.

    Raises:
        ValueError: As `load`; the network is as it was then.
        OSError: Where there is no such file.
    """
    return _load_into(model, name, path, head="fitting")


def load(name: str, path: str | Path, *, head: bool = True, **kwargs) -> nn.Module:
    """Build a network and read weights that others trained, in evaluation mode.

    Args:
        name: One of `names`.
        path: Of a ``.safetensors`` file, of a state dict that torch saved (``.pt``, ``.pth``), or,
            for the YOLOs, of darknet's ``.weights``. Torchvision's names are understood.
        head: Whether to read what makes classes of features too; without, it keeps its random
            weights, for training on other classes or with another form of these layers.
        **kwargs: Passed to the builder: the form that the file is of.

    Raises:
        ValueError: For an unknown network, and for a file that is damaged, of another network or of
            another form, by its shapes or, with ``head``, by what it says itself; the message names
            the first key.
        OSError: Where there is no such file.
    """
    model = build(name, **kwargs)
    _load_into(model, name, path, head=head)
    return model.eval()
