"""What an inference moves between a network and its DRAM."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from eden.access import formats
from eden.data import call, device_of, evaluating
from eden.mapping import RATED, Placement
from eden.network import Target, find_targets, outputs_on_chip, targets_of
from eden.systems._layers import batch_of, first_map


@dataclass(frozen=True)
class Move:
    """One tensor moved by an inference.

    Attributes:
        kind: ``weight``, ``input`` or ``output``.
        size_bytes: Bytes of one inference, at least 1.
        times: How often it is moved.
        home: Name of the placed tensor in whose place it lies; None at the rated point.
        piece: Number of the piece of that tensor, of those that a protection adds.
        unprotected_bytes: What a network without protections would move in its place; None for as
            much.
    """

    kind: str
    size_bytes: int
    times: float
    home: str | None
    piece: int = 0
    unprotected_bytes: int | None = None

    @property
    def plain_bytes(self) -> int:
        """Bytes moved without protections."""
        return self.size_bytes if self.unprotected_bytes is None else self.unprotected_bytes


def observe(model: nn.Module, sample, placement: Placement) -> list[Move]:
    """List what one inference reads and writes, from one run of the network.

    Args:
        model: The network; left as it was.
        sample: As of `evaluate_energy`.
        placement: Its ``entries`` are the placed tensors, its ``config`` the stored format.

    Returns:
        Placed tensors by address, then for each call of a module its tensors that are not
        placed and its OFM, then once each parameter of two or more dimensions that no call shows.

    Raises:
        ValueError: For a sample without a tensor or with an empty batch, a placement without a
            config, or a network that calls none of the modules that read from DRAM.
    """
    if placement.config is None:
        raise ValueError("placement has no config, accepted: one made from tolerances with theirs")
    batch = batch_of(sample)
    # By address, so that a placement read back from a file, its names sorted, costs the same.
    entries = sorted(placement.entries.items(), key=lambda e: (e[1].partition, e[1].address))
    moves = [move for name, _ in entries for move in _of_placed(placement, name)]
    targets = find_targets(model)
    # A shared weight is placed under the first name it has.
    placed = {
        id(getattr(owner, attribute, None))
        for target in targets_of(model, placement.config)
        for owner, attribute, name in target.weights
        if name in placement.entries
    }
    bits = formats.get(placement.config.stored).bits
    observer = _MoveObserver(moves, placement, placed, bits, batch)
    handles = [
        target.module.register_forward_hook(observer.hook(target), with_kwargs=True)
        for target in targets
    ]
    try:
        with evaluating(model):
            call(model, sample, device_of(model))
    finally:
        for handle in handles:
            handle.remove()
    if not observer.calls:
        raise ValueError(
            f"evaluate_energy: {type(model).__name__} read nothing; none of its convolution, "
            "linear, embedding, recurrent and attention modules was called"
        )
    moves += [
        Move("weight", weight.numel() * weight.element_size(), 1, None)
        for weight in model.parameters()
        if weight.ndim >= 2 and weight.numel() and id(weight) not in placed | observer.seen
    ]
    return moves


def _of_placed(placement: Placement, name: str) -> list[Move]:
    """The reads of a placed tensor, and the writes of what protects an IFM.

    An IFM itself is written as the OFM that it was; a weight is written once and for all.
    """
    entry, moves = placement.entries[name], []
    for number, piece in enumerate(placement.pieces(name)):
        home = None if piece.partition == RATED else name
        plain = entry.size_bytes if number == 0 else 0
        moves.append(Move(entry.kind, piece.size_bytes, entry.reads, home, number, plain))
        # Strong bits are bits that the OFM has anyway, and is charged for where it is written.
        if number and entry.kind == "input" and not entry.protection.startswith("strong_bits"):
            moves.append(Move("output", piece.size_bytes, 1, home, number, 0))
    return moves


class _MoveObserver:
    """Notes the moves of each call of a module that the placed tensors do not cover."""

    def __init__(
        self, moves: list[Move], placement: Placement, placed: set[int], bits: int, batch: int
    ):
        self.moves, self.entries, self.placed = moves, placement.entries, placed
        self.on_chip = placement.on_chip
        self.outputs_on_chip = outputs_on_chip(placement.config) if placement.config else []
        self.bits, self.batch, self.calls = bits, batch, 0
        self.seen: set[int] = set()

    def hook(self, target: Target):
        """Return the forward hook of a module."""
        weights = [
            weight
            for owner, attribute, name in target.weights
            if name not in self.entries
            and (weight := getattr(owner, attribute, None)) is not None
            and id(weight) not in self.placed
        ]

        input_stays = target.input_name in self.on_chip
        output_stays = target.input_name in self.outputs_on_chip

        def record(module, inputs, keywords, output):
            self.calls += 1
            for weight in weights:
                self.seen.add(id(weight))
                self._move("weight", weight.numel() * weight.element_size())
            name = target.input_name if target.input_name in self.entries else None
            home = name if name and self.entries[name].partition != RATED else None
            given = first_map(target.arguments(inputs, keywords))
            if name is None and given is not None and not input_stays:
                self._move("input", given.numel() * given.element_size() / self.batch)
            written = first_map(output)
            if written is not None and not output_stays:
                width = self.bits if name else 8 * written.element_size()
                self._move("output", written.numel() * width / (8 * self.batch), home)

        return record

    def _move(self, kind: str, size_bytes: float, home: str | None = None) -> None:
        if size_bytes > 0:
            self.moves.append(Move(kind, math.ceil(size_bytes), 1, home))
