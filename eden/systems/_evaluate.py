"""DRAM energy and time of one inference, nominal and with a placement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from eden._say import a_kind, one_of
from eden.devices import Device
from eden.energy import LAWS, Components, Transfer, lines, stream
from eden.mapping import WHOLE_MODULE, Placement
from eden.systems._homes import partitions_of
from eden.systems._inference import Inference, placed_inference
from eden.systems._system import System, system_of
from eden.systems._traffic import Move, observe


@dataclass(frozen=True)
class Energy:
    """DRAM energy and time of one inference.

    Attributes:
        system: ``streaming``: an inference reads weights and IFMs once and writes OFMs once, with
            open rows, one tensor after the other.
        nominal: Components in joules at the rated voltage and latencies, lines interleaved over all
            banks. The laws agree there.
        approximate: By voltage law, components in joules of the placement.
        nominal_seconds: Time of the transfers at the rated point.
        approximate_seconds: Time of the transfers of the placement.
        traffic_bytes: Bytes moved: ``weights``, ``inputs``, ``outputs``, and ``reliable``, the part
            of them that stays at the rated point because it was not placed, or is reliable; with
            protections ``protection``, the part of them that unprotected tensors would not move.
        assumptions: What the numbers rest on, in words.
    """

    system: str
    nominal: Components
    approximate: Mapping[str, Components]
    nominal_seconds: float
    approximate_seconds: float
    traffic_bytes: Mapping[str, float]
    assumptions: tuple[str, ...]

    def saving(self, law: str = "linear") -> float:
        """Return the energy saved, as a fraction of nominal; negative if more is used.

        Raises:
            ValueError: For a law that was not evaluated.
        """
        one_of("law", law, self.approximate)
        return 1 - self.approximate[law].total / self.nominal.total

    def to_dict(self) -> dict:
        """Return plain data: joules by component and law, seconds, bytes, assumptions."""
        return {
            "system": self.system,
            "nominal_joules": self.nominal.to_dict(),
            "approximate_joules": {law: c.to_dict() for law, c in self.approximate.items()},
            "saving": {law: self.saving(law) for law in self.approximate},
            "nominal_seconds": self.nominal_seconds,
            "approximate_seconds": self.approximate_seconds,
            "traffic_bytes": dict(self.traffic_bytes),
            "assumptions": list(self.assumptions),
        }


def evaluate_energy(
    model,
    sample,
    placement: Placement,
    *,
    system: str | Path | System = "streaming",
    law: str | None = None,
) -> Energy | Inference:
    """Return DRAM energy and time of one inference, nominal and with the placement.

    The network runs once on the sample to learn the sizes of its OFMs and of tensors that were not
    placed; those stay at the rated point. An OFM of a module whose IFM is placed is written to the
    partition of that IFM. What stays on chip (``Config.on_chip_bytes``) is not moved: IFMs, and the
    OFMs of modules whose IFM and OFM fit.

    Args:
        model: The network (``torch.nn.Module``); not changed.
        sample: Its input, a tuple of inputs or a mapping of keyword arguments; dimension 0 of the
            first tensor is the batch.
        placement: Where its tensors lie.
        system: ``streaming``, or a system with a memory of its own: ``eyeriss``, ``tpu``, another
            of `System.load`, or a `System`. The placement must be for such a memory.
        law: One voltage law; all three if left out.

    Returns:
        Joules and seconds of one inference; of a system with a memory of its own, those of the
        batch, layer by layer.

    Raises:
        ValueError: One line, for an unknown system or law, a placement without a config or for
            another memory, or a network whose shapes cannot be found.
    """
    a_kind("model", model, nn.Module, "a torch.nn.Module")
    a_kind("placement", placement, Placement, "a placement, as eden.place returns it")
    system = system_of(system)
    if law is not None:
        one_of("law", law, LAWS)
    if system.kind != "streaming":
        found = placed_inference(model, sample, placement, system)
        return found if law is None else replace(found, joules={law: found.joules[law]})
    moves = observe(model, sample, placement)
    device = placement.device
    joules, seconds = stream(device, _approximate(device, placement, moves), LAWS)
    rated, rated_seconds = stream(device, _nominal(device, moves), ("linear",))
    by_kind = {
        kind + "s": sum(m.size_bytes * m.times for m in moves if m.kind == kind)
        for kind in ("weight", "input", "output")
    }
    reliable = sum(m.size_bytes * m.times for m in moves if m.home is None)
    protected = any(entry.protection != "none" for entry in placement.entries.values())
    added = sum((m.size_bytes - m.plain_bytes) * m.times for m in moves)
    return Energy(
        system=system.name,
        nominal=rated["linear"],
        approximate=joules if law is None else {law: joules[law]},
        nominal_seconds=rated_seconds,
        approximate_seconds=seconds,
        traffic_bytes={
            **by_kind,
            "reliable": reliable,
            **({"protection": added} if protected else {}),
        },
        assumptions=_assumptions(device, protected=protected),
    )


def _nominal(device: Device, moves: Sequence[Move]) -> list[Transfer]:
    """Lay all tensors one after another, lines interleaved, at the rated point."""
    transfers, address = [], 0
    for move in moves:
        size = move.plain_bytes
        if size == 0:  # there is no protection
            continue
        address = address if address + size <= device.geometry.size_bytes else 0
        write = move.kind == "output"
        transfers.append(Transfer(write, True, address, size, device.nominal, move.times))
        address += lines(device, size)
    return transfers


def _approximate(device: Device, placement: Placement, moves: Sequence[Move]) -> list[Transfer]:
    partitions = partitions_of(device)
    transfers = []
    for move in moves:
        write = move.kind == "output"
        if move.home is None:
            transfers.append(Transfer(write, True, 0, move.size_bytes, device.nominal, move.times))
            continue
        piece = placement.pieces(move.home)[move.piece]
        interleaved = piece.partition == WHOLE_MODULE
        start = piece.address + (0 if interleaved else partitions[piece.partition].base)
        point = placement.points[piece.partition]
        transfers.append(Transfer(write, interleaved, start, move.size_bytes, point, move.times))
    return transfers


def _assumptions(device: Device, *, protected: bool) -> tuple[str, ...]:
    notes = [
        "streaming: an inference reads weights and IFMs once, writes OFMs once, open page",
        "nominal: rated voltage and latencies, lines interleaved over all banks",
        "tensors that are not placed stay at the rated point",
        "parameters of two or more dimensions that no call of a module shows are read once there; "
        "biases and norms are not counted",
        "not counted: I/O and termination, the controller, refresh and standby between inferences",
    ]
    if protected:
        notes.append(
            "protection: copies and check bytes are read with each read, those of IFMs written "
            "once; reliable tensors and strong bits at the rated point cost what this module costs "
            "there, its background included; the nominal inference has no protections"
        )
    if device.currents.assumed:
        notes.append(f"currents are assumed at {device.currents.vdd_volts:g} V (not of this part)")
    notes += [f"assumed, {text}" for text in device.assumed if text.startswith("error law")]
    return tuple(notes)
