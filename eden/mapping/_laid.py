"""Tensors laid into one module whose cells are known, without a device to choose points of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eden._say import a_kind, a_power_of_two, an_int, refusal
from eden.errors import Cells
from eden.mapping._validity import WHOLE_MODULE
from eden.network import Config, TensorInfo

_LINE_BYTES = 64
_HIGHEST = 2**55  # reads take addresses to 2^56, and no network is as large as half of them


@dataclass(frozen=True)
class LaidTensor:
    """One tensor in its place.

    Attributes:
        size_bytes: Bytes of one copy.
        address: First byte in the module.
        row_bytes: Bytes of a row there.
        error: The cells of the module.
        partition: The whole module.
    """

    size_bytes: int
    address: int
    row_bytes: int
    error: Cells
    partition: str = WHOLE_MODULE

    @property
    def ber(self) -> float:
        """Mean failure probability of its cells."""
        return self.error.ber_within(self.address, self.size_bytes)


@dataclass(frozen=True)
class Laid:
    """Where the tensors of a network lie in one module: what `eden.attach` takes as a placement.

    Attributes:
        config: How the network is stored; its error model are the cells of the module.
        entries: Tensors by name.
    """

    config: Config
    entries: Mapping[str, LaidTensor]


def lay_out(
    tensors: Iterable[TensorInfo],
    config: Config,
    *,
    address: int = 0,
    size_bytes: int | None = None,
    row_bytes: int = 8192,
) -> Laid:
    """Lay tensors one after another into a module whose cells are known, each in lines of its own.

    Without it a network reads known cells as if each of its tensors lay at address 0.

    Args:
        tensors: Of a calibrated network, as an attachment has them.
        config: How it is stored, with `eden.errors.Cells` (of a profile: `eden.profiles.cells_of`)
            and without protections. With ``cells="fixed"``, what `eden.boost` makes for it is for
            this module alone.
        address: Byte of the module at which the first one begins, a line: a multiple of 64.
        size_bytes: Of the module, from its byte 0 on, as far as it was tested; None leaves open
            what lies beyond the last cell that failed: reads there are right.
        row_bytes: Bytes of a row.

    Returns:
        The places, for `eden.attach`, `eden.boost` and `eden.verify`.

    Raises:
        TypeError: If an argument, or the error model, is of another type.
        ValueError: For no tensors, one of unknown size or without room, protections, or a number
            outside what is named here.
    """
    a_kind("config", config, Config, "an eden.Config")
    a_kind("error of config", config.error, Cells, "eden.errors.Cells, the cells of a module")
    an_int("address", address, 0, _HIGHEST)
    if address % _LINE_BYTES:
        raise ValueError(
            refusal("address", address, f"a multiple of {_LINE_BYTES}, a line's bytes")
        )
    a_power_of_two("row_bytes", row_bytes, 64, 8192)
    if size_bytes is not None:
        an_int("size_bytes", size_bytes, 1, _HIGHEST)
    if config.protect:
        raise ValueError(refusal("protect of config", config.protect, "none, or use eden.place"))
    a_kind("tensors", tensors, Iterable, "those of a network, as an attachment has them")
    entries = {}
    for tensor in tensors:
        a_kind("a tensor", tensor, TensorInfo, "an eden.network.TensorInfo, of an attachment")
        # The next one would begin where this one does, and both read the same cells.
        an_int(f"size_bytes of {tensor.name}, 0 before calibration,", tensor.size_bytes, 1)
        entries[tensor.name] = LaidTensor(tensor.size_bytes, address, row_bytes, config.error)
        end = address + tensor.size_bytes
        if size_bytes is not None and end > size_bytes:
            said = f"{end - size_bytes} B of {tensor.name} have no room in it"
            raise ValueError(refusal("size_bytes", size_bytes, f"at least {end}: {said}"))
        address = -(-end // _LINE_BYTES) * _LINE_BYTES
    if not entries:
        raise ValueError(refusal("number of tensors", 0, "at least 1"))
    return Laid(config, entries)
