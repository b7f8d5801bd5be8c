"""What the tests of the injection law share: tensors as bits, and the reference as an op."""

import numpy as np
import torch

from eden import reference

LOOKUPS = ("cell", "bitline", "wordline", "known")
ELEMENTS = {
    torch.float32: ("fp32", np.uint32, torch.int32),
    torch.float16: ("fp16", np.uint16, torch.int16),
    torch.bfloat16: ("bf16", np.uint16, torch.int16),
    torch.int8: ("raw8", np.uint8, torch.int8),
    torch.uint8: ("raw8", np.uint8, torch.int8),
    torch.int16: ("raw16", np.uint16, torch.int16),
    torch.int32: ("raw32", np.uint32, torch.int32),
}


def bits_of(x: torch.Tensor) -> np.ndarray:
    """The bits of a tensor's elements, as unsigned integers of its shape."""
    _, unsigned, integer = ELEMENTS[x.dtype]
    return x.detach().contiguous().view(integer).cpu().numpy().view(unsigned)


def tensor_of(bits: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """Elements with these bits, on torch's default device."""
    signed = {1: np.int8, 2: np.int16, 4: np.int32}[bits.dtype.itemsize]
    words = torch.from_numpy(np.ascontiguousarray(bits).view(signed)).view(dtype)
    return words.to(torch.get_default_device())


def any_bits(n: int, dtype: torch.dtype, seed: int = 0) -> torch.Tensor:
    """n elements of random bits: among them NaN, infinities and subnormals."""
    unsigned = ELEMENTS[dtype][1]
    rng = np.random.default_rng(seed)
    return tensor_of(rng.integers(0, np.iinfo(unsigned).max, n, unsigned, endpoint=True), dtype)


def entries_of(error) -> list[tuple[int, int, int, int]]:
    """The injection table of an error model as Python integers."""
    table = getattr(error, "lower", lambda: error)()
    return [tuple(int(v) % 2**64 for v in row) for row in table.entries]


def by_reference(x, error, *, key, **arguments) -> tuple[np.ndarray, np.ndarray]:
    """Bits that `eden.inject` must return by the reference, and where it corrected."""
    table = getattr(error, "lower", lambda: error)()
    for name in ("scale", "bounds"):
        if isinstance(arguments.get(name), torch.Tensor):
            arguments[name] = arguments[name].cpu().numpy()
    return reference.inject(
        bits_of(x),
        ELEMENTS[x.dtype][0],
        key=tuple(int(k) % 2**64 for k in key),
        lookup=LOOKUPS[table.lookup],
        table=entries_of(table),
        order=None if table.order is None else table.order.cpu().numpy(),
        **arguments,
    )


def same_bits(x: torch.Tensor, y: torch.Tensor) -> bool:
    return x.shape == y.shape and x.dtype == y.dtype and np.array_equal(bits_of(x), bits_of(y))


def flips(x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Which bits differ between two tensors, as unsigned integers."""
    return bits_of(x) ^ bits_of(y)
