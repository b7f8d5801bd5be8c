"""Images kept as the bytes that they were decoded to, shifted and scaled where they are used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from eden._files import digest_bytes
from eden._say import one_of, refusal, within

Pixels = torch.Tensor  # uint8 [n, channels, h, w]


@dataclass(frozen=True)
class Normalisation:
    """What a network was trained to see: ``(pixel - mean) / std``, pixels from 0 to 255.

    Args:
        mean: Of each channel, in the order given.
        std: What a channel is divided by, above 0.
        order: "rgb", or "bgr" for networks that take blue first.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    order: str = "rgb"

    def __post_init__(self):
        one_of("order", self.order, ("rgb", "bgr"))
        if len(self.mean) != len(self.std) or not self.mean:
            said = f"as many as means, {len(self.mean)}, at least one"
            raise ValueError(refusal("number of stds", len(self.std), said))
        for mean, std in zip(self.mean, self.std, strict=True):
            within("mean", mean, 0, 255)
            within("std", std, 0, above=True)

    def __call__(self, pixels: Pixels) -> torch.Tensor:
        """Return float32 ``[n, channels, h, w]``."""
        self.check(pixels)
        x = (pixels.flip(1) if self.order == "bgr" else pixels).to(torch.float32)
        mean, std = (x.new_tensor(v)[:, None, None] for v in (self.mean, self.std))
        return x.sub_(mean).div_(std)

    def check(self, pixels: Pixels) -> None:
        """Refuse images of another number of channels.

        Raises:
            ValueError: If there are not as many as means.
        """
        if pixels.shape[1] != len(self.mean):
            said = f"{len(self.mean)}, as there are means"
            raise ValueError(refusal("channels of images", pixels.shape[1], said))


def normalisation_of(pixels: Pixels) -> Normalisation:
    """Return the mean and standard deviation of each channel of some images."""
    levels = torch.arange(256, dtype=torch.float64)
    means, stds = [], []
    for channel in range(pixels.shape[1]):
        # Of counts: exact, in any order.
        counts = torch.bincount(pixels[:, channel].flatten(), minlength=256).to(torch.float64)
        mean = float((counts * levels).sum() / counts.sum())
        square = float((counts * (levels - mean) ** 2).sum() / counts.sum())
        means.append(mean)
        stds.append(max(square**0.5, 1.0))  # a channel without contrast stays finite
    return Normalisation(tuple(means), tuple(stds))


class Images:
    """Images as bytes: a quarter of the memory of the numbers that a network takes.

    Indexed by a slice or numbers they come as float32 ``[n, channels, h, w]``.

    Args:
        pixels: uint8 ``[n, channels, h, w]``.
        normalise: How they are shifted and scaled.
    """

    def __init__(self, pixels: Pixels, normalise: Normalisation):
        if pixels.dtype != torch.uint8 or pixels.ndim != 4:
            found = f"{pixels.dtype} {list(pixels.shape)}"
            raise ValueError(refusal("images", found, "torch.uint8 [n, channels, h, w]"))
        normalise.check(pixels)
        self.pixels, self.normalise = pixels, normalise

    @property
    def shape(self) -> torch.Size:
        """``[n, channels, h, w]``."""
        return self.pixels.shape

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: slice | torch.Tensor) -> torch.Tensor:
        return self.normalise(self.pixels[index])

    def split(self, size: int) -> Iterator[torch.Tensor]:
        """Yield batches of so many images, in order."""
        return (self.normalise(part) for part in self.pixels.split(size))


Inputs = torch.Tensor | Images
Pair = tuple[Inputs, torch.Tensor]


def take(x: Inputs, index: slice | torch.Tensor) -> Inputs:
    """Return some of the images, bytes where they are bytes."""
    return Images(x.pixels[index], x.normalise) if isinstance(x, Images) else x[index]


def drawn(n: int, whole: int, seed: int) -> torch.Tensor:
    """Return the numbers of `n` of so many images, int64 ``[n]``, drawn without replacement."""
    if not 1 <= n <= whole:
        raise ValueError(refusal("n", n, f"1 to {whole}, the images there are"))
    return torch.randperm(whole, generator=torch.Generator().manual_seed(seed))[:n]


def digest_of(x: Inputs, y: torch.Tensor) -> str:
    """Return what tells images and labels from others: SHA-256 of what a network is shown."""
    if not isinstance(x, Images):
        return digest_bytes(_bytes(x), _bytes(y))
    said = repr(x.normalise).encode()
    return digest_bytes(_bytes(x.pixels), said, _bytes(y))


def _bytes(values: torch.Tensor) -> memoryview:
    """The bytes of a strided tensor of any type, in the order of its indices."""
    values = values.detach().cpu().resolve_conj().resolve_neg()
    return values.contiguous().flatten().view(torch.uint8).numpy().data
