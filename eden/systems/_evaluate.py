"""DRAM energy and time of one inference, nominal and with a placement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path

from torch import nn

from eden._say import a_kind, one_of
from eden.devices import Device, OperatingPoint, pick
from eden.energy import LAWS, Components, Transfer, idle, like, lines, stream
from eden.mapping import WHOLE_MODULE, Placement
from eden.systems._inference import Inference, placed_inference
from eden.systems._modules import module_number, waiting_points
from eden.systems._system import System, system_of
from eden.systems._traffic import Move, observe


@dataclass(frozen=True)
class Energy:
    """DRAM energy and time of one inference.

    Attributes:
        system: ``streaming``: an inference reads weights and IFMs once and writes OFMs once, with
            open rows, one tensor after the other.
        nominal: Components in joules at the rated voltage and latencies, the tensors lying as in
            the placement. The laws agree there.
        approximate: By voltage law, components in joules of the placement.
        nominal_seconds: Time of an inference at the rated point.
        approximate_seconds: Time of an inference with the placement.
        traffic_bytes: Bytes moved: ``weights``, ``inputs``, ``outputs``, and ``reliable``, the part
            of them that stays at the rated point because it was not placed, or is reliable; with
            protections ``protection``, the part of them that unprotected tensors would not move.
        assumptions: What the numbers rest on, in words.
        idle_seconds: Of the time with the placement, in which nothing is moved.
    """

    system: str
    nominal: Components
    approximate: Mapping[str, Components]
    nominal_seconds: float
    approximate_seconds: float
    traffic_bytes: Mapping[str, float]
    assumptions: tuple[str, ...]
    idle_seconds: float = 0.0

    def saving(self, law: str = "linear") -> float:
        """Return the energy saved, as a fraction of nominal; negative if more is used.

        Raises:
            ValueError: For a law that was not evaluated.
        """
        one_of("law", law, self.approximate)
        return 1 - self.approximate[law].total / self.nominal.total

    @property
    def speedup(self) -> float:
        """By what fraction the inference is faster than at the rated point."""
        return self.nominal_seconds / self.approximate_seconds - 1

    def to_dict(self) -> dict:
        """Return plain data: joules by component and law, seconds, bytes, assumptions."""
        return {
            "system": self.system,
            "nominal_joules": self.nominal.to_dict(),
            "approximate_joules": {law: c.to_dict() for law, c in self.approximate.items()},
            "saving": {law: self.saving(law) for law in self.approximate},
            "nominal_seconds": self.nominal_seconds,
            "approximate_seconds": self.approximate_seconds,
            "idle_seconds": self.idle_seconds,
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
    approximate, rated = _transfers(device, placement, moves)
    frame = system.parameters["frame_seconds"]
    waiting = {0: device.nominal} | waiting_points(placement)  # what is not placed lies in it
    joules, seconds, rest = _inference(device, approximate, waiting, frame, LAWS)
    at_rest = dict.fromkeys(approximate, device.nominal)
    nominal, rated_seconds, _ = _inference(device, rated, at_rest, frame, ("linear",))
    by_kind = {
        kind + "s": sum(m.size_bytes * m.times for m in moves if m.kind == kind)
        for kind in ("weight", "input", "output")
    }
    reliable = sum(m.size_bytes * m.times for m in moves if m.home is None)
    protected = any(entry.protection != "none" for entry in placement.entries.values())
    added = sum((m.size_bytes - m.plain_bytes) * m.times for m in moves)
    return Energy(
        system=system.name,
        nominal=nominal["linear"],
        approximate=joules if law is None else {law: joules[law]},
        nominal_seconds=rated_seconds,
        approximate_seconds=seconds,
        traffic_bytes={
            **by_kind,
            "reliable": reliable,
            **({"protection": added} if protected else {}),
        },
        assumptions=_assumptions(device, frame, len(approximate), protected=protected),
        idle_seconds=rest,
    )


def _inference(
    device: Device,
    transfers: Mapping[int, Sequence[Transfer]],
    waiting: Mapping[int, OperatingPoint],
    frame: float,
    laws: Sequence[str],
) -> tuple[dict[str, Components], float, float]:
    """Return joules by law, seconds, and those of them until the next frame.

    Args:
        device: What each module is.
        transfers: Of each module; one waits while another moves something.
        waiting: The operating point at which each waits.
        frame: Seconds from one inference to the next.
        laws: Voltage laws.
    """
    moved = {module: stream(device, own, laws) for module, own in transfers.items()}
    seconds = sum(own for _, own in moved.values())
    rest = max(0.0, frame - seconds)
    parts = [joules for joules, _ in moved.values()]
    for module, (_, own) in moved.items():
        parts.append(idle(device, seconds - own + rest, waiting[module], laws)[0])
    joules = {law: reduce(add, (part[law] for part in parts)) for law in laws}
    return joules, seconds + rest, rest


def _transfers(
    device: Device, placement: Placement, moves: Sequence[Move]
) -> tuple[dict[int, list[Transfer]], dict[int, list[Transfer]]]:
    """Return the transfers of each module, and those of the same layout at the rated point.

    What is not placed lies one after another in the first module, lines interleaved over all banks.
    The rated layout has no protections.
    """
    stripes, known = _stripes(placement), placement.partitions
    approximate, rated, free = defaultdict(list), defaultdict(list), 0
    for move in moves:
        write = move.kind == "output"
        point, banks, module = device.nominal, device.geometry.banks, 0
        if move.home is None:
            free = free if free + move.size_bytes <= device.geometry.size_bytes else 0
            address, free = free, free + lines(device, move.size_bytes)
        else:
            piece = placement.pieces(move.home)[move.piece]
            point = placement.points[piece.partition]
            base, banks = stripes[piece.partition]
            address = base + piece.address
            module = module_number(piece.partition, known)
        moved = Transfer(write, True, address, move.size_bytes, point, move.times, banks)
        approximate[module].append(moved)
        if move.plain_bytes:
            rated[module].append(replace(moved, size_bytes=move.plain_bytes, point=device.nominal))
    return approximate, rated


def _stripes(placement: Placement) -> dict[str, tuple[int, int]]:
    """Return, for each partition in use, where it begins in its stripe and the stripe's banks.

    Partitions of equal rows, operating point and BER are alike to their tensors: one of each bank
    makes a stripe, over which lines are interleaved. Free partitions that would be equal belong to
    it too.
    """
    device, known = placement.device, placement.partitions
    found = {WHOLE_MODULE: (0, device.geometry.banks)}
    for name, point in placement.points.items():
        if name not in known:
            continue
        own = known[name]

        def ber(partition, point=point) -> float:
            return pick(partition.at(point), placement.estimate)

        equal = sorted(
            other.bank
            for other in known.values()
            if other.shape == own.shape
            and placement.points.get(other.name, point) == point
            and ber(other) == ber(own)
        )
        found[name] = (equal.index(own.bank) * own.size_bytes, len(equal))
    return found


def _assumptions(device: Device, frame: float, modules: int, *, protected: bool) -> tuple[str, ...]:
    memory = like(device)
    pins = "pins and termination" if memory.describes_pins else "no I/O and termination, unknown"
    notes = [
        "streaming: an inference reads weights and IFMs once, writes OFMs once, open page; the "
        "DRAM engine counts commands and time of each tensor, refresh and the rows that are opened "
        "again after it included",
        "nominal: rated voltage and latencies, the tensors lying as in the placement",
        "lines are interleaved over the banks of equal partitions (rows, operating point and BER)",
        "tensors that are not placed stay at the rated point, interleaved over all banks",
        f"of {memory.name}: write recovery, turnaround, tFAW, {pins}; the controller costs nothing",
        f"an inference every {frame:g} s; until then rows are closed, and standby and refresh go on"
        if frame
        else "no idle time: one inference follows another as fast as the memory lets it "
        "(frame_seconds)",
        "parameters of two or more dimensions that no call of a module shows are read once there; "
        "biases and norms are not counted",
    ]
    if modules > 1:
        notes.append(
            f"{modules} modules, each on a channel of its own: one moves something at a time, the "
            "others stand by with all rows closed, at their own supply"
        )
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
