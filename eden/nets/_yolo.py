"""YOLOv3 and YOLOv3-tiny, layer by layer as darknet numbers them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from eden import _say
from eden.nets._pool import MaxPool2d
from eden.nets._weights import he_normal


class Convolution(NamedTuple):
    """3 x 3 or 1 x 1 with batch norm and leaky ReLU; a head has a bias in place of both."""

    width: int  # channels of the output
    size: int = 3
    stride: int = 1


class Head(NamedTuple):
    """A 1 x 1 convolution to the boxes of one scale, linear; darknet's [yolo] layer follows it."""

    masks: tuple[int, ...]  # which anchors, one a box of a cell


class Pool(NamedTuple):
    """The largest of 2 x 2; without stride the right and lower sides are padded."""

    stride: int = 2


class Route(NamedTuple):
    """The outputs of these layers, side by side."""

    layers: tuple[int, ...]


class Shortcut(NamedTuple):
    """The sum of the last layer's output and of that two before it."""


class Upsample(NamedTuple):
    """Each pixel four times."""


Layer = Convolution | Head | Pool | Route | Shortcut | Upsample


def _residuals(width: int, blocks: int) -> list[Layer]:
    """A convolution of stride 2 and so many residual blocks."""
    block = (Convolution(width // 2, 1), Convolution(width), Shortcut())
    return [Convolution(width, 3, 2), *block * blocks]


def _scale(width: int, masks: tuple[int, ...]) -> list[Layer]:
    """Three pairs of convolutions and the head of a scale, whose [yolo] layer counts as one."""
    return [*(Convolution(width, 1), Convolution(2 * width)) * 3, Head(masks)]


# The layers of darknet's cfg/yolov3.cfg; what stands behind a head is given by absolute number, one
# less for each [yolo] layer before it, since these have no weights and are not layers here.
_FULL: tuple[Layer, ...] = (
    Convolution(32),
    *_residuals(64, 1),
    *_residuals(128, 2),
    *_residuals(256, 8),  # the last is layer 36
    *_residuals(512, 8),  # layer 61
    *_residuals(1024, 4),
    *_scale(512, (6, 7, 8)),
    Route((79,)),
    Convolution(256, 1),
    Upsample(),
    Route((-1, 61)),
    *_scale(256, (3, 4, 5)),
    Route((90,)),
    Convolution(128, 1),
    Upsample(),
    Route((-1, 36)),
    *_scale(128, (0, 1, 2)),
)
_FULL_ANCHORS = (
    (10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326),
)  # fmt: skip

# cfg/yolov3-tiny.cfg. Its second head names anchors 0, 1, 2; the published weights were trained
# with 1, 2, 3 (AlexeyAB/darknet's file of that name).
_TINY: tuple[Layer, ...] = (
    Convolution(16),
    Pool(),
    Convolution(32),
    Pool(),
    Convolution(64),
    Pool(),
    Convolution(128),
    Pool(),
    Convolution(256),  # layer 8
    Pool(),
    Convolution(512),
    Pool(1),
    Convolution(1024),
    Convolution(256, 1),  # layer 13
    Convolution(512),
    Head((3, 4, 5)),
    Route((13,)),
    Convolution(128, 1),
    Upsample(),
    Route((-1, 8)),
    Convolution(256),
    Head((1, 2, 3)),
)
_TINY_ANCHORS = ((10, 14), (23, 27), (37, 58), (81, 82), (135, 169), (344, 319))


class YOLO(nn.Module):
    """A detector: layers in a row, with routes back, and heads at two or three scales.

    Args:
        layers: What they are.
        anchors: Width and height in pixels of each.
        classes: How many a box can be of.
        channels: Of the images.

    Attributes:
        anchors: Width and height in pixels of each.
        classes: How many a box can be of.
        masks: The anchors of each head, in the order in which `forward` returns them.
        strides: Pixels a cell of each head has either way.

    Reference: Redmon and Farhadi, "YOLOv3: An incremental improvement", arXiv:1804.02767, and
    darknet's configuration files.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        anchors: Sequence[tuple[int, int]],
        classes: int = 80,
        channels: int = 3,
    ):
        super().__init__()
        _say.an_int("classes", classes, 1)
        self.anchors, self.classes, self.plan = tuple(anchors), classes, tuple(layers)
        self.masks = tuple(layer.masks for layer in layers if isinstance(layer, Head))
        modules: list[nn.Module] = []
        widths: list[int] = []
        strides: list[int] = []
        for layer in layers:
            strides.append(_stride(layer, strides))
            before = widths[-1] if widths else channels
            if isinstance(layer, Convolution):
                modules.append(_convolution(before, layer))
                before = layer.width
            elif isinstance(layer, Head):
                before, width = len(layer.masks) * (5 + classes), before
                modules.append(nn.Sequential(nn.Conv2d(width, before, 1)))
            else:
                modules.append(_unlearned(layer))
                if isinstance(layer, Route):
                    before = sum(widths[number] for number in layer.layers)
            widths.append(before)
        heads = (n for n, layer in enumerate(layers) if isinstance(layer, Head))
        self.strides = tuple(strides[n] for n in heads)
        self.layers = nn.ModuleList(modules)
        he_normal(self)

    def heads(self) -> dict[str, tuple[int, ...]]:
        """Return how the keys of each head begin, and its anchors."""
        numbers = [n for n, layer in enumerate(self.plan) if isinstance(layer, Head)]
        return {f"layers.{n}.": masks for n, masks in zip(numbers, self.masks, strict=True)}

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return what each head says of images ``[batch, channels, h, w]`` in 0 to 1, RGB.

        Sides are multiples of 32. A head's output has the shape ``[batch, anchors * (5 + classes),
        h / stride, w / stride]`` with strides of 32, 16 and, in the larger network, 8; a box's
        channels are x, y, width, height, objectness and the classes, all before the sigmoid.

        Raises:
            ValueError: For images of other sides.
        """
        if x.shape[-2] % 32 or x.shape[-1] % 32:
            said = f"{x.shape[-2]} x {x.shape[-1]}"
            raise ValueError(_say.refusal("sides of images", said, "multiples of 32"))
        outputs: list[Tensor] = []
        heads = []
        for layer, module in zip(self.plan, self.layers, strict=True):
            if isinstance(layer, Route):
                x = torch.cat([outputs[number] for number in layer.layers], dim=1)
            elif isinstance(layer, Shortcut):
                x = x + outputs[-3]
            else:
                x = module(x)
            outputs.append(x)
            if isinstance(layer, Head):
                heads.append(x)
        return heads


def _stride(layer: Layer, before: Sequence[int]) -> int:
    """How many pixels of the image one of a layer's output has either way."""
    stride = before[-1] if before else 1
    if isinstance(layer, Route):
        return before[layer.layers[0]]
    if isinstance(layer, Convolution | Pool):
        return stride * layer.stride
    return stride // 2 if isinstance(layer, Upsample) else stride


def _convolution(channels: int, layer: Convolution) -> nn.Module:
    width, size, stride = layer
    return nn.Sequential(
        nn.Conv2d(channels, width, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(0.1),
    )


def _unlearned(layer: Layer) -> nn.Module:
    """The module of a layer without weights; routes and shortcuts are made by `YOLO.forward`."""
    if isinstance(layer, Upsample):
        return nn.Upsample(scale_factor=2)
    if isinstance(layer, Pool) and layer.stride == 1:
        around = nn.ConstantPad2d((0, 1, 0, 1), -torch.inf)
        return nn.Sequential(around, MaxPool2d(2, 1))
    return MaxPool2d(2) if isinstance(layer, Pool) else nn.Identity()


def yolov3(classes: int = 80, channels: int = 3) -> YOLO:
    """Build YOLOv3 with random weights from torch's global generator.

    Args:
        classes: That a box can be of, at least 1.
        channels: Of the images, 1 or 3.
    """
    return YOLO(_FULL, _FULL_ANCHORS, classes, channels)


def yolov3_tiny(classes: int = 80, channels: int = 3) -> YOLO:
    """Build YOLOv3-tiny with random weights from torch's global generator.

    Args:
        classes: That a box can be of, at least 1.
        channels: Of the images, 1 or 3.
    """
    return YOLO(_TINY, _TINY_ANCHORS, classes, channels)
