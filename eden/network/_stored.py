"""One tensor in approximate DRAM: where it lies, how it fails, how often it was read."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from eden._torch import transformed
from eden.access import Room, formats, ops, rng
from eden.errors import ALWAYS, Cells, ErrorModel, Uniform, table_of
from eden.network import _replay
from eden.network._calibration import TensorCalibration
from eden.network._config import Config
from eden.network._corruption import Corruption, corrupted
from eden.network._exposure import stays_on_chip
from eden.network._guard import Guard
from eden.network._kept import KeptBytes, KeptCells
from eden.network._plan import PlannedTensor, check_finite
from eden.network._seen import Seen
from eden.network._tensor import Switch, TensorInfo


class StoredTensor:
    """A weight or an input feature map that is read from approximate DRAM.

    Hooks share it where modules share a weight. Everything that a read needs and that changes
    between reads is a tensor changed in place, so that a compiled network sees the change.

    Args:
        name: Tensor name, such as ``conv1.weight``.
        planned: What and where it is; it follows its module to other devices.
        config: Format, correction and error model.
        switch: Shared by all tensors of an attachment.
        budget: For weak cells kept between reads, shared likewise.
    """

    def __init__(
        self,
        name: str,
        planned: PlannedTensor,
        config: Config,
        switch: Switch,
        budget: KeptBytes,
    ):
        entry, device = planned.entry, planned.device
        ops.check_device(name, device)
        if device.type == "meta":  # nothing is there yet, and nothing can be copied from it
            device = torch.device("cpu")
        self.name, self.kind, self.switch = name, planned.kind, switch
        self.format = formats.get(config.stored)
        self.correction = formats.CORRECTIONS[config.correction]
        self.codes = planned.codes
        self.ranged = self.codes is None and (self.format.integer or self.correction != 0)
        self.by_channel = config.by_channel and self.kind == "weight"
        self.config = config
        self.on_chip = self._on_chip(None)
        self.fixed_cells = config.cells == "fixed"
        self.kept = KeptCells(budget, self.format.bits)
        self.protection = planned.protection
        self.reliable = self.protection.kind == "reliable"
        # Of its cells, and of what is read of them: at the rated point none fails.
        self.cell_error = config.error if entry is None else entry.error
        self.base_error = Uniform(0.0) if self.reliable else self.cell_error
        self.asked_ber: float | None = None
        self.corruption: Corruption | None = None
        self.table = table_of(self.base_error).to(device)  # a copy of its own
        self.sure = self._is_sure()
        self.partition = None if entry is None else entry.partition
        self.address = 0 if entry is None else entry.address
        self.row_bytes = 8192 if entry is None else entry.row_bytes
        self.alone = False  # one cell of it is weak, as if nothing protected it
        self.guard: Guard | None = None
        if self.protection.kind not in ("none", "reliable"):
            self.guard = Guard(name, self.protection, self.bits, entry, device)
        self.uncalibrated_elements = planned.elements
        self.elements, self.reads = planned.elements, 1  # of one copy, by one inference
        # A placed tensor's cells belong to its partition, whichever tensor lies there.
        self.origin = rng.number_of(name if self.partition is None else self.partition)
        self.key = torch.zeros(2, dtype=torch.int64, device=device)
        self.counter = torch.zeros((), dtype=torch.int64, device=device)
        # Copies so far, by the number of the read in its call of the network; and that number.
        self.copies_read: list[int] = []
        self.read_of_call = 0
        self.coding = self._coding(None, None)
        self.seen = Seen()
        self.never_read = self.warned = False

    def scaled(self, ber: float, elements: int | None = None) -> ErrorModel:
        """Return the error model scaled to a mean bit error rate over this tensor's cells.

        Args:
            ber: That rate.
            elements: Of one copy; None for as many as are known.
        """
        self.check_rate()
        if self.reliable:
            return self.base_error
        elements = self.elements if elements is None else elements
        size = self.protection.rooms(elements, self.bits)[0].size_bytes or None
        try:
            return self.base_error.with_ber(
                ber, address=self.address, size_bytes=size, row_bytes=self.row_bytes
            )
        except ValueError as error:  # what one tensor reaches, another may not
            raise ValueError(f"{self.name}: {error}") from None

    @property
    def _size_bytes(self) -> int | None:
        """Room that one copy takes, where that is known."""
        return -(-self.elements * self.bits // 8) or None

    @property
    def own(self) -> tuple[ErrorModel, Corruption | None]:
        """What it fails by, at the model's own rate."""
        return self.cell_error, self.corruption

    def use(self, error: ErrorModel, corruption: Corruption | None) -> None:
        """Fail by what `own` returned, or by others."""
        self.check_rate()
        self.corruption, self.cell_error = corruption, error
        if self.reliable:
            return
        if error is not self.base_error:
            self.base_error = error
            self.table = table_of(error).to(self.key.device)
            self.sure = self._is_sure()
        self.set_error(error, None)

    def set_error(self, error: ErrorModel, ber: float | None) -> None:
        """Change the error model to what `scaled` returned for a rate."""
        self.asked_ber = ber
        self.table.entries.copy_(table_of(error).entries)
        if isinstance(self.base_error, Cells):  # of which a rate changes the failure probability
            self.sure = self._is_sure()
        self.kept.forget()

    def check_rate(self) -> None:
        """Refuse another rate while one cell alone is weak."""
        if self.alone:
            raise ValueError(f"{self.name}: one_weak_cell has one cell of it be weak, at no rate")

    def _is_sure(self) -> bool:
        """Whether all weak cells fail at each read."""
        return bool((self.table.entries[:, 2:] == ALWAYS).all())

    def set_ber(self, ber: float | None) -> None:
        """Scale the error model to a rate, or back to what it was (None)."""
        self.set_error(self.base_error if ber is None else self.scaled(ber), ber)

    @property
    def ber(self) -> float:
        """The bit error rate just now."""
        if self.reliable or not self.exposed:
            return 0.0
        if self.asked_ber is not None:
            return self.asked_ber
        if isinstance(self.base_error, Cells):
            return self.base_error.ber_within(self.address, self._size_bytes)
        return self.base_error.ber

    @property
    def exposed(self) -> bool:
        """Whether it goes through approximate DRAM, as far as is known."""
        return not (self.never_read or self.on_chip)

    @property
    def was_read(self) -> bool:
        """Whether it was read under errors since its key was drawn."""
        return bool(self.counter)

    def calibrate(self, entry: TensorCalibration) -> None:
        """Take over what was learned on the clean network."""
        rate = None if entry.never_read or self.elements == entry.elements else self.asked_ber
        # Which cells are this tensor's is known only now.
        error = None if rate is None else self.scaled(rate, entry.elements)
        self.never_read, self.on_chip = entry.never_read, self._on_chip(entry)
        if self.never_read:
            return
        self.elements, self.reads = entry.elements, entry.reads
        if error is not None:
            self.set_error(error, rate)
        seen = torch.tensor(entry.bounds, dtype=torch.float32, device=self.key.device)
        coding = self._coding(*ops.weight_range(seen, self.format.name))
        if self.coding.scale is None and self.coding.bounds is None:
            self.coding = coding
            return
        old = self.coding
        for now, new in ((old.scale, coding.scale), (old.bounds, coding.bounds)):
            if now is not None and new is not None:  # in place: see the class
                now.copy_(new)

    def forget_calibration(self) -> None:
        """Know no more than before anything was learned."""
        self.elements, self.reads, self.never_read = self.uncalibrated_elements, 1, False
        self.on_chip = self._on_chip(None)
        self.coding = self._coding(None, None)
        if self.asked_ber is not None:
            self.set_ber(self.asked_ber)

    def read(self, x: Tensor, copies: int) -> Tensor:
        """Return what reading `x` back gives.

        Args:
            x: ``[copies, ...]``, or one copy of any shape.
            copies: Inferences that lie in `x`, each at the same address.
        """
        state = self.switch.state
        # What has a shape and no values neither fails nor counts, and nothing could follow it back.
        if state == "clean" or x.is_meta:
            return x
        if state == "learn":
            plain = x.detach() if self.codes is None else self.codes.plain(x)
            if self.kind == "weight" and self.codes is None:
                check_finite(self.name, x, self.config)
            self.seen.add(plain, copies)
            return x
        if x.numel() == 0:
            return x
        if self.never_read:
            return self._at_the_rated_point(x)
        if self.on_chip:
            return x
        if self.on_chip is None:
            raise ValueError(
                f"{self.name}: whether it stays on the chip (on_chip_bytes) is not known, as the "
                "size of its module's output is not; call learn_bounds(loader)"
            )
        by_key = not torch.compiler.is_compiling() and (
            not self.sure or self.corruption is not None
        )
        if by_key and _replay.strange():
            raise ValueError(
                f"{self.name} is read again in a backward pass, by other means than "
                "torch.utils.checkpoint: other weak cells would fail than in the forward pass; "
                "use that, or an error model whose failure probability is 1"
            )
        formats.native(x.dtype, f"type of {self.name}")  # raises for one that cannot be stored
        if self.key.device != x.device:
            self._follow(x.device)
        if self.corruption is not None:
            key = ops.next_key(self.key, self.counter)
            return corrupted(self.name, x.contiguous(), self.corruption, key)
        stored = x.contiguous() if self.codes is None else self.codes.of(x)
        first, numbers = 0, None
        if self.switch.by_image and self.kind == "input":
            numbers = self.switch.numbering.numbers_of(copies, x.device)
            if numbers is None and not torch.compiler.is_compiling():
                first = self._first_copy(copies)
        extent = ops.Extent(copies, first, self.address, self.row_bytes, numbers)
        coding = self.coding_of(stored)
        if self.ranged and coding.scale is None and coding.bounds is None:
            need = f"its {self.format.name} scale" if self.format.integer else "its bounds"
            raise ValueError(
                f"{self.name} is not calibrated, so {need} cannot be known; call "
                "learn_bounds(loader) on clean training data, or give a config with a calibration"
            )
        if self.guard is None or self.alone:
            key = ops.next_key(self.key, self.counter)
            kept = self.kept.of(stored, self.table, self.key, coding.stored, extent)
            y = ops.read(stored, self.table, key, extent, coding, kept)
            if not torch.compiler.is_compiling() and self.switch.recorder is not None:
                self.switch.recorder.note(self.name, stored, y, self.table, key, extent, coding)
            if self.codes is not None:
                return self.codes.value(x, y)
        else:
            home = ops.PartExtent(self.key, self.table, self.address, self.row_bytes)
            y = self.guard.read(stored, home, self.counter, coding, extent)
        if not x.requires_grad or y.requires_grad or torch.compiler.is_compiling() or transformed():
            return y
        # Without gradients torch still looks at this flag, to choose between two ways of
        # multiplying that round differently. Autocast casts first, which drops the flag, and would
        # keep every read that has it until it ends.
        cast = y.dtype == torch.float32 and torch.is_autocast_enabled(y.device.type)
        return y if cast else y.requires_grad_()

    def coding_of(self, stored: Tensor) -> ops.Coding:
        """How what is written now is stored."""
        if not (self.ranged and self.kind == "weight"):
            return self.coding
        # Weights are known when they are written, so their range is theirs of now: bounds
        # from before retraining would call grown weights implausible.
        channels = ops.channels_of(stored) if self.by_channel else 0
        return self._coding(*ops.weight_range(stored, self.format.name, channels))

    def start_learning(self) -> None:
        """Forget what was seen before."""
        self.seen = Seen()

    def learned(self, forwards: int) -> TensorCalibration:
        """Return what was seen since `start_learning`.

        Args:
            forwards: How often the network was called.
        """
        if self.seen.range is None:
            return TensorCalibration(self.kind, self.uncalibrated_elements, 0, 0.0, 0.0)
        lo, hi = self.seen.range.tolist()
        if lo > hi:
            raise ValueError(f"{self.name}: every value seen was NaN or infinite")
        reads = math.ceil(self.seen.reads / forwards)
        return TensorCalibration(self.kind, self.seen.elements, reads, lo, hi)

    @property
    def info(self) -> TensorInfo:
        """What is known of it."""
        size = -(-self.elements * self.bits // 8)
        how = str(self.protection)
        return TensorInfo(self.name, self.kind, self.elements, self.bits, size, self.reads, how)

    @property
    def bits(self) -> int:
        """Bits of one element."""
        return self.format.bits

    @property
    def rooms(self) -> tuple[Room, ...]:
        """What of one copy lies where, the tensor itself first."""
        return self.protection.rooms(self.elements, self.bits)

    def _coding(self, bounds: Tensor | None, scale: Tensor | None) -> ops.Coding:
        if self.codes is not None:  # they fail on their own bits
            return ops.Coding(0, None, None, 0)
        bounds = bounds if self.correction else None
        return ops.Coding(self.format.code, scale, bounds, self.correction)

    def _on_chip(self, entry: TensorCalibration | None) -> bool | None:
        """Whether it never goes through DRAM; None where that is not known."""
        if entry is None:
            return None if self.config.on_chip_bytes and self.kind == "input" else False
        return stays_on_chip(entry, self.config)

    def _first_copy(self, copies: int) -> int:
        read, self.read_of_call = self.read_of_call, self.read_of_call + 1
        if read == len(self.copies_read):
            self.copies_read.append(0)
        self.copies_read[read] += copies
        return self.copies_read[read] - copies

    def _at_the_rated_point(self, x: Tensor) -> Tensor:
        """Return what a tensor reads that no calibration, search or placement knows of."""
        if not self.warned and not torch.compiler.is_compiling():  # which warns of nothing
            self.warned = True
            warnings.warn(
                f"{self.name} is read, which learn_bounds never saw: it is read from the rated "
                "point, without errors; learn_bounds on data that reach it learns it",
                stacklevel=2,
            )
        return x

    def _follow(self, device: torch.device) -> None:
        """Move the state to where the tensor is, as after ``model.to(device)``."""
        ops.check_device(self.name, device)
        self.kept.forget()
        self.key, self.counter = self.key.to(device), self.counter.to(device)
        self.table = self.table.to(device)
        if self.guard is not None:
            self.guard.follow(device)
        both = self.coding.bounds, self.coding.scale
        self.coding = self._coding(*(None if v is None else v.to(device) for v in both))
