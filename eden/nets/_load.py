"""Weights that others trained, read into the networks here."""

import math
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from eden import _say
from eden._form import check_form, form_of, read_safetensors
from eden.nets._yolo import YOLO

# VGG-16's convolutions, poolings and activations counted too.
_TRUNK = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
# What a key is called elsewhere, and here: in torchvision's files, in its older ones, and in files
# that name convolutions by their numbers.
_DENSE = (r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.")
_RENAMED: dict[str, tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]] = {
    "densenet201": (_DENSE,),
    "mobilenet_v2": ((r"\.conv\.", ".layers."), (r"^classifier\.1\.", "fc.")),
    "resnet18": (
        (r"^layer(\d)\.(\d)\.", lambda m: f"blocks.{2 * int(m[1]) - 2 + int(m[2])}."),
        (r"\.downsample\.", ".shortcut."),
    ),
    "squeezenet1_1": (
        (r"\.expand([13])\.", r".expand\1x\1."),
        (r"^classifier\.(weight|bias)$", r"classifier.1.\1"),
    ),
    # Its convolutions numbered from 0, poolings and activations left out.
    "vgg16": (
        (
            r"^(weight|bias)(\d|1[0-2])$",
            lambda m: f"features.{_TRUNK[int(m[2])]}.{m[1]}",
        ),
    ),
}
# What makes classes of features.
_LAST = ("classifier.", "fc.", "fc1.", "fc2.", "fc3.")


def load_into(model: nn.Module, name: str, path: str | Path, *, head: bool | str = True) -> bool:
    """Read a file of weights into a network; what is wrong with the file leaves it as it was.

    Args:
        model: What `build` made of ``name``; takes the weights in place, in its own precision.
        name: One of `names`.
        path: As in `load`.
        head: As in `load`; "fitting" reads it where the file has it and it is of this form.

    Returns:
        Whether what makes classes of features was read too.

    Raises:
        ValueError: As in `load`.
        OSError: Where there is no such file.
    """
    path = Path(path)
    kinds = (".safetensors", ".pt", ".pth", *((".weights",) if isinstance(model, YOLO) else ()))
    _say.one_of("ending of a file of weights", path.suffix, kinds)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.suffix == ".weights":
        assert isinstance(model, YOLO)
        found, facts = _darknet(model, path, head is True), {}
    else:
        stored = path.suffix == ".safetensors"
        found, facts = read_safetensors(path) if stored else (_torch(path), {})
        check_form(path, facts, {"name": name})
        for pattern, here in _RENAMED.get(name, ()):
            found = {re.sub(pattern, here, key): value for key, value in found.items()}
    own = model.state_dict()
    ends = tuple(model.heads()) if isinstance(model, YOLO) else _LAST
    if head == "fitting":
        needed = {key: value.shape for key, value in own.items() if key.startswith(ends)}
        head = all(key in found and found[key].shape == needed[key] for key in needed)
    if head:  # without, a training follows, which may be of another form
        check_form(path, facts, form_of(model))
    last = () if head else ends
    found = {key: value for key, value in found.items() if not key.startswith(last)}
    # Counters of batches, which old files lack, matter only to averages without momentum.
    missing = [
        key
        for key in own
        if not (key in found or key.startswith(last) or key.endswith("num_batches_tracked"))
    ]
    unknown = [key for key in found if key not in own]
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"has {unknown[0]!r}, which {name} has not"
        raise ValueError(f"{path}: is of another network than {name}: it {what}")
    for key, value in found.items():
        if value.shape != own[key].shape:
            raise ValueError(
                f"{path}: {key} has the shape {list(value.shape)}, accepted: "
                f"{list(own[key].shape)}, as this form of {name} has"
            )
        _check_values(f"{path}: {key}", value, own[key])
    model.load_state_dict(found, strict=False)
    return bool(head)


def _check_values(name: str, value: Tensor, own: Tensor) -> None:
    """Refuse what stands for no weights: codes of a quantised file, say, or numbers out of place.

    Raises:
        ValueError: Naming the tensor.
    """
    kept = value.layout == torch.strided and not (value.is_meta or value.is_quantized)
    if not kept or value.is_floating_point() != own.is_floating_point() or value.is_complex():
        said = f"{own.dtype} or what converts to it, dense and with values"
        raise ValueError(_say.refusal(name, f"{value.dtype}, {value.layout}", said))
    if value.is_floating_point() and not value.float().isfinite().all():
        raise ValueError(_say.refusal(name, "NaN or infinite", "finite numbers"))
    if name.endswith("running_var") and (value.float() < 0).any():
        accepted = "0 or more; is the file cut off, or of another network?"
        raise ValueError(_say.refusal(name, float(value.float().min()), accepted))


def _torch(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # unpickling raises what it likes
        raise ValueError(f"{path}: is not a file of weights that torch reads safely") from error
    named = isinstance(found, dict) and all(isinstance(key, str) for key in found)
    if not named or not all(isinstance(value, Tensor) for value in found.values()):
        raise ValueError(_say.refusal(f"{path}: content", type(found).__name__, "a state dict"))
    return found


def _darknet(model: YOLO, path: Path, head: bool) -> dict[str, Tensor]:
    """Read darknet's file: a header, then the parameters layer by layer, float32, little-endian.

    Of each convolution come the batch norm's bias, weight, mean and variance, or the plain bias,
    and then the kernels (darknet, src/parser.c, `load_convolutional_weights`).
    """
    data = path.read_bytes()
    major, minor, _ = struct.unpack("<3i", data[:12].ljust(12, b"\0"))
    # Since version 0.2 the count of images seen has 8 bytes.
    start = 12 + (8 if major * 10 + minor >= 2 else 4)
    if len(data) < start or (len(data) - start) % 4:
        raise ValueError(f"{path}: is no darknet file, or is cut off ({len(data)} bytes)")
    values = torch.from_numpy(np.frombuffer(data, "<f4", offset=start).astype(np.float32))
    own, heads = model.state_dict(), model.heads()
    # Heads grow with the classes: how many the file was made for follows from its length.
    a_class = sum(len(m) * (own[f"{h}0.weight"].shape[1] + 1) for h, m in heads.items())
    total = sum(own[key].numel() for key in _order(model))
    more, rest = divmod(len(values) - total, a_class)
    classes = model.classes + more
    if rest or classes < 1:
        raise ValueError(
            f"{path}: has {len(values)} numbers, accepted: {total}; cut off, or of another network"
        )
    if head and more:
        raise ValueError(f"{path}: has {classes} classes, accepted: {model.classes}, or head=False")
    found, at = {}, 0
    for key in _order(model):
        shape = list(own[key].shape)
        if key.startswith(tuple(heads)):
            shape[0] = shape[0] // (5 + model.classes) * (5 + classes)
        size = math.prod(shape)
        found[key] = values[at : at + size].reshape(shape)
        at += size
    return found


def _order(model: YOLO) -> list[str]:
    """The keys of a network in the order of darknet's files."""
    keys = []
    for name, module in model.layers.named_children():
        if isinstance(module, nn.Sequential) and isinstance(module[0], nn.Conv2d):
            norm = ("1.bias", "1.weight", "1.running_mean", "1.running_var")
            parts = (*(norm if len(module) > 1 else ("0.bias",)), "0.weight")
            keys += [f"layers.{name}.{part}" for part in parts]
    return keys
