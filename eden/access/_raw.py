"""The raw layer: the calls of the ops, and their gradients.

The only module that says torch.ops. It checks nothing: `eden.access.ops` does before, and what an
op refuses itself is raised in its own words.
"""

from typing import Any

import torch
from torch import Tensor

import eden.access._fakes  # noqa: F401
from eden._torch import forward_mode, is_tracing, transformed
from eden.access._protected import load_protected
from eden.access._structs import Coding, Extent, ProtectedRead
from eden.errors import Table

registered = torch.ops.eden
# Looked up once: a small network reads ten times a step.
_inject, _next_key = registered.inject.default, registered.next_key.default


def read(
    x: Tensor,
    table: Table,
    key: Tensor,
    extent: Extent,
    coding: Coding,
    kept: Tensor | None = None,
) -> Tensor:
    """Do what `inject` does, with arguments made ready before: a network has them all.

    Args:
        x: As in `inject`, contiguous.
        table: On the device of `x`, like all that follows.
        key: int64 [2].
        extent: Which bytes are read.
        coding: How they lie there.
        kept: What `weak_cells` found for this key, table and extent, if it is known.
    """
    stored, scale, bounds, correction = coding
    cells = (table.entries, table.order, scale, bounds, table.lookup)
    return _read(x, (key, *cells, stored, correction, *extent, kept), bounds is not None)


def read_protected(x: Tensor, how: ProtectedRead) -> Tensor:
    """Do what `read` does for a protected tensor.

    Args:
        x: As in `read`.
        how: What protects it, and where its parts lie.
    """
    return _read(x, how.flat(), how.coding.bounds is not None)


def image_of(x: Tensor, coding: Coding, copies: int) -> Tensor:
    """Return the bytes of a tensor as they lie in DRAM, uint8 [copies, bytes].

    Args:
        x: As in `read`.
        coding: As in `read`; its bounds are not looked at.
        copies: As in `Extent`.
    """
    if not x.is_floating_point():  # integers lie there as they are
        return x.reshape(copies, -1).view(torch.uint8)
    return registered.encode_image.default(x, coding.scale, coding.stored, copies, 0, False)


def of_image(x: Tensor, image: Tensor, coding: Coding, copies: int) -> Tensor:
    """Return what the bytes of `image_of` stand for, like `x`; nothing is corrected."""
    if not x.is_floating_point():
        return image.view(x.dtype).view_as(x)
    op = registered.decode_image.default
    return op(x, image, coding.scale, None, coding.stored, 0, copies, 0, False, False)[0]


def _read(x: Tensor, arguments: tuple, correcting: bool) -> Tensor:
    """Load in the way that the gradient, if there is one, asks for.

    Args:
        x: What is read.
        arguments: Of the op after it, but for whether to mark what it corrects; or a flat
            `ProtectedRead`.
        correcting: Whether it corrects at all: a gradient asks where.
    """
    eager = not torch.compiler.is_compiling()
    try:
        if eager and transformed():
            return _Transformed.apply(x, (*arguments, correcting))[0]
        if not (x.requires_grad and torch.is_grad_enabled()) and not (eager and forward_mode()):
            return _load(x, (*arguments, False))[0]
        if is_tracing():
            raise ValueError(
                "torch.jit.trace records no gradient of a read: x requires a gradient, must not "
                "while it is traced; use torch.no_grad(), or torch.compile"
            )
        return _StraightThrough.apply(x, (*arguments, correcting))
    except RuntimeError as failure:
        raise _own(failure) from None


def _load(x: Tensor, arguments: tuple) -> tuple[Tensor, Tensor]:
    """The op itself, or what a protection makes of several: its kind comes first then."""
    if isinstance(arguments[0], str):
        return load_protected(registered, x, ProtectedRead.of_flat(arguments[:-1]), arguments[-1])
    return _inject(x, *arguments)


def read_into(
    out: Tensor, x: Tensor, table: Table, key: Tensor, extent: Extent, coding: Coding
) -> None:
    """Write what `read` returns to other memory, without a gradient."""
    stored, scale, bounds, correction = coding
    cells = (table.entries, table.order, scale, bounds, table.lookup)
    try:
        registered.inject_out.default(x, key, *cells, stored, correction, *extent, out)
    except RuntimeError as failure:
        raise _own(failure) from None
    if not torch.compiler.is_compiling() and not out.is_inference():
        # As torch does for its own ops: what autograd has kept of `out` is no more.
        torch.autograd.graph.increment_version(out)


def weak_cells(
    x: Tensor, table: Table, key: Tensor, stored: int, extent: Extent, most_bytes: int
) -> Tensor | None:
    """Find the weak cells of a tensor on the CPU, for `read` to draw only their failures.

    Args:
        x: As in `read`, like the other arguments; only its size and types matter.
        table: On the CPU.
        key: int64 [2]; the cells follow from its first number.
        stored: Number of the format.
        extent: Which bytes are read.
        most_bytes: Room for them.

    Returns:
        int32 tensor of 2 bytes a weak cell and 4 a segment of 8 KiB; None if that is too much.
    """
    copies, _, *at, _ = extent
    cells = (table.entries, table.order, table.lookup)
    kept = registered.weak_cells.default(x, key, *cells, stored, copies, *at, most_bytes)
    return kept if kept.numel() > 0 else None


def next_key(key: Tensor, counter: Tensor) -> Tensor:
    """Return the key of a tensor's next access, and count it.

    Args:
        key: int64 [2], the tensor's.
        counter: int64 [], accesses so far; one more afterwards.

    Returns:
        int64 [2]: `eden.fold_access(key, counter)`.
    """
    return _next_key(key, counter)


def call(op: Any, *arguments: object) -> Any:
    """Call an op of `registered`; what it refuses is a ValueError in its words."""
    try:
        return op(*arguments)
    except RuntimeError as failure:
        raise _own(failure) from None


def _own(failure: RuntimeError) -> Exception:
    """The op's own complaint without the place in the C++ source; other failures as they are."""
    _, found, message = str(failure).partition("eden::")
    return ValueError("eden::" + message.splitlines()[0]) if found else failure


@torch.compiler.allow_in_graph
class _StraightThrough(torch.autograd.Function):
    """A load and its gradient.

    Not `torch.library.register_autograd`: that puts 5 us of Python before each call of the op, also
    where nothing requires a gradient, and a small network's step makes ten and their gradients.
    """

    @staticmethod
    def forward(ctx, x: Tensor, arguments: tuple) -> Tensor:
        y, corrected = _load(x, arguments)
        ctx.save_for_backward(corrected)
        ctx.save_for_forward(corrected)
        return y

    # Torch's stubs ask for any number of gradients; there is one for each output.
    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (corrected,) = ctx.saved_tensors
        if corrected.numel() == 0:
            return grad, None
        keep = (
            _KeepPlausible.apply if torch.is_grad_enabled() else registered.keep_plausible.default
        )
        return keep(grad.contiguous(), corrected), None

    @staticmethod
    def jvp(ctx, tangent: Tensor, _: None) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _plausible(tangent, *ctx.saved_tensors)


class _Transformed(torch.autograd.Function):
    """The same for the transforms of `torch.func`, which ask for more and take longer.

    A batch of `torch.vmap` is read one sample after the other, all with the errors of one.
    """

    @staticmethod
    def forward(x: Tensor, arguments: tuple) -> tuple[Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _load(x, arguments)

    @staticmethod
    def setup_context(ctx, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])
        ctx.save_for_forward(output[1])

    @staticmethod
    def vmap(info, in_dims: tuple, x: Tensor, arguments: tuple) -> tuple[tuple[Tensor, ...], tuple]:  # pyright: ignore[reportIncompatibleMethodOverride]
        def one(value: Any, dim: int | None, i: int) -> Any:
            return value if dim is None else value.select(dim, i).contiguous()

        reads = [
            _Transformed.apply(
                one(x, in_dims[0], i),
                tuple(one(value, dim, i) for value, dim in zip(arguments, in_dims[1], strict=True)),
            )
            for i in range(info.batch_size)
        ]
        return tuple(torch.stack(parts) for parts in zip(*reads, strict=True)), (0, 0)

    @staticmethod
    def backward(ctx, grad: Tensor, _: None) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _plausible(grad, *ctx.saved_tensors), None

    @staticmethod
    def jvp(ctx, tangent: Tensor, _: None) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _plausible(tangent, *ctx.saved_tensors), None


def _plausible(grad: Tensor, corrected: Tensor) -> Tensor:
    """What `keep_plausible` does, of ops that torch can transform and differentiate in any way."""
    if corrected.numel() == 0:
        return grad.clone()  # autograd wants a tangent of its own
    bits = corrected[:, None] >> torch.arange(8, dtype=torch.uint8, device=corrected.device) & 1
    return grad.masked_fill(bits.flatten()[: grad.numel()].view(grad.shape).bool(), 0)


class _KeepPlausible(torch.autograd.Function):
    """What lets through what `_StraightThrough` does, and has a gradient itself: the same again."""

    @staticmethod
    def forward(ctx, grad: Tensor, corrected: Tensor) -> Tensor:
        ctx.save_for_backward(corrected)
        return registered.keep_plausible.default(grad, corrected)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _KeepPlausible.apply(grad.contiguous(), *ctx.saved_tensors), None


# The ops themselves have no gradient: torch need not look for one.
_no_gradient = torch.library.Library("eden", "IMPL", "Autograd")
for _name in (
    *("inject", "inject_out", "keep_plausible"),
    *("weak_cells", "weight_range", "next_key", "count_flips", "seed_key", "fold"),
    *("encode_image", "decode_image", "secded_check", "secded_correct"),
):
    _no_gradient.impl(_name, torch.library.fallthrough_kernel)
