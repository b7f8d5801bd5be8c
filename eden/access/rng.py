"""Keys: the only source of randomness in eden. docs/rng.md is the contract.

A key is an int64 tensor of shape [2]: the device key says which cells are weak, the access key
which weak cells fail now. Keys are data: they change without recompilation.
"""

import hashlib

import torch
from torch import Tensor

from eden._say import refusal, within
from eden.access import ops


def key(seed: int, *, device: torch.device | str | None = None) -> Tensor:
    """Make the key of a seed.

    Args:
        seed: Any integer from -2^63 to 2^64 - 1.
        device: Where the key shall live; default the CPU.

    Returns:
        int64 [2], device key and access key.

    Raises:
        ValueError: The seed does not fit into 64 bits.
        TypeError: The seed is not an integer.
    """
    if isinstance(seed, str):
        raise TypeError(refusal("seed", seed, "an integer"))
    return ops.seed_key(_number(seed, "seed", device))


def fold_in(key: Tensor, data: int | str | Tensor) -> Tensor:
    """Derive a key for `data`: other weak cells and other failures.

    Args:
        key: int64 [2].
        data: An integer of 64 bits, a string (the first 8 bytes of its SHA-256, little-endian) or
            an int64 tensor with one element.

    Returns:
        int64 [2].
    """
    return ops.fold(key, _number(data, "data", key.device), access_only=False)


def fold_access(key: Tensor, data: int | str | Tensor) -> Tensor:
    """Derive a key for `data` with the same weak cells and other failures.

    Args:
        key: int64 [2].
        data: As in `fold_in`.

    Returns:
        int64 [2].
    """
    return ops.fold(key, _number(data, "data", key.device), access_only=True)


def fold_in_each(key: Tensor, data: Tensor) -> Tensor:
    """Derive a key for each of many numbers, as `fold_in` does for one.

    Args:
        key: int64 [2].
        data: int64 [n], on the device of the key.

    Returns:
        int64 [n, 2].
    """
    return ops.fold(key, data, access_only=False)


@torch.compiler.assume_constant_result
def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def number_of(data: int | str) -> Tensor:
    """Return what `fold_in` and `fold_access` make of a number or a name, to be used many times.

    Args:
        data: As in `fold_in`.

    Returns:
        int64 [], on the CPU.
    """
    return _number(data, "data", "cpu")


def _number(data: int | str | Tensor, name: str, device: torch.device | str | None) -> Tensor:
    if isinstance(data, Tensor):
        if data.numel() != 1:
            raise ValueError(refusal(f"shape of {name}", list(data.shape), "that of one number"))
        return data.reshape(())
    if isinstance(data, str):
        data = _hash(data)
    if isinstance(data, bool) or not isinstance(data, int):
        raise TypeError(refusal(name, data, "an integer, a string or an int64 tensor"))
    within(name, data, -(2**63), 2**64 - 1)
    # Not torch.tensor: its copy to a GPU would make the host wait.
    return torch.full((), data - 2**64 if data >= 2**63 else data, dtype=torch.int64, device=device)
