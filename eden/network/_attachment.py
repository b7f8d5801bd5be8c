"""The handle of a network whose tensors are read from approximate DRAM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from eden._say import an_int
from eden.network import _noted, _own, _replay, _weak
from eden.network._calibration import (
    Calibration,
    InputRange,
    check_input_range,
    hidden_inputs,
    keep_calibration,
    share_of,
)
from eden.network._config import Config
from eden.network._coverage import Coverage, cover, nothing_read
from eden.network._exposure import check_sizes
from eden.network._faults import Faults, Recorder
from eden.network._guard import WordCounts
from eden.network._kept import KeptBytes
from eden.network._learn import learn
from eden.network._plan import Plan
from eden.network._reading import Reading
from eden.network._rerun import Rerun
from eden.network._tensor import TensorInfo
from eden.network._wrappers import unwrapped


class Attachment:
    """A network whose weights and inputs are read from approximate DRAM; made by `attach`.

    Attributes:
        model: As it was given, hooked.
        config: How it is stored; with the calibration once that is known, and with the names of
            the tensors chosen where `include` or `exclude` was a function.
        reading: How it is read; not for users.
        identity: Of the one module that it is for, or that it is for any.
    """

    def __init__(
        self, model: nn.Module, config: Config, plan: Plan, budget: KeptBytes, identity: str
    ):
        self.model, self.config, self.identity = model, config, identity
        self.reading = Reading(model, config, plan, budget)
        self._copied = False
        if config.calibration is not None:
            self.use(config.calibration)
        self.reseed(config.seed)
        # The network is touched last: nothing but an interrupt comes after.
        self.reading.hooks = self.reading.hooked()
        _replay.follow(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin as a copy of another."""
        self.__dict__.update(state)
        if not self.reading.detached:
            _replay.follow(self)

    @property
    def tensors(self) -> list[TensorInfo]:
        """The tensors in approximate DRAM, in model order: not those never read or on chip."""
        return [tensor.info for tensor in self.reading.tensors.values() if tensor.exposed]

    @property
    def never_read(self) -> list[str]:
        """The tensors that `learn_bounds` never saw read; they lie at the rated point."""
        return [name for name, tensor in self.reading.tensors.items() if tensor.never_read]

    @property
    def on_chip(self) -> list[str]:
        """The inputs that never go through DRAM (``Config.on_chip_bytes``)."""
        return [name for name, tensor in self.reading.tensors.items() if tensor.on_chip]

    def coverage(self) -> Coverage:
        """Tell how much of the network is stored, and why the rest is not; `str` of it is text.

        What is never read is known after `learn_bounds`.
        """
        return cover(self.model, self.reading.plan.targets, self.reading.tensors)

    @property
    def ber(self) -> dict[str, float]:
        """The bit error rate of each tensor just now; 0 for those never read or on chip."""
        return {name: tensor.ber for name, tensor in self.reading.tensors.items()}

    def corrected(self) -> dict[str, WordCounts]:
        """Count the words that the code of "secded" corrected and detected, by tensor.

        Since the draw of errors began, by `reseed` or `step`; a word is counted at each read.
        """
        guards = {
            n: t.guard for n, t in self.reading.tensors.items() if t.protection.kind == "secded"
        }
        return {n: WordCounts(*g.counts.tolist()) for n, g in guards.items() if g is not None}

    def learn_bounds(self, loader: Iterable[Any]) -> Calibration:
        """Learn scales, bounds and sizes on the clean network, and use them from now on.

        The model keeps them after `detach` too; retrained, it needs new ones. A tensor that the
        loader's batches never reach is known as never read: it lies at the rated point. Where more
        than 5 % of the bytes of matrix parameters is not covered, a warning says so.

        Args:
            loader: Yields inputs or ``(inputs, labels)``, from the training images.

        Returns:
            The calibration, also found in ``.config``.

        Raises:
            ValueError: For a loader that yields nothing, a network that reads nothing, or after
                `detach`.
        """
        self.reading.check_attached("learn_bounds")
        with self.reading.in_state("learn"):
            learned = learn(
                self.model, loader, self.reading.tensors.values(), self.reading.plan.targets
            )
        if all(entry.never_read for entry in learned.values()):
            raise ValueError(nothing_read(self.model, self.reading.plan.targets, "learn_bounds"))
        known = self.config.calibration
        calibration = Calibration(learned, None if known is None else known.identity)
        self.use(calibration)
        keep_calibration(self.model, calibration)
        self.coverage().warn()
        return calibration

    def narrow_inputs(self, share: InputRange) -> Calibration:
        """Cut the range of all inputs but the network's own, data, to a share of what was seen.

        Integer formats clamp what lies beyond. What a flipped bit adds shrinks with the range,
        which a few outliers set; a network that is retrained makes up for the clamping.

        Args:
            share: Of the range that `learn_bounds` saw, in (0, 1], however often it is cut; of two,
                that of the first input cut and that of the last, evenly by the logarithm between.

        Returns:
            The calibration, also found in ``.config``.

        Raises:
            ValueError: For a share outside (0, 1], before `learn_bounds`, or after `detach`.
        """
        self.reading.check_attached("narrow_inputs")
        check_input_range(share, "share")
        known = self.config.calibration
        if known is None:
            raise ValueError("narrow_inputs: no range is known yet; call learn_bounds first")
        entries = dict(known.tensors)
        names = hidden_inputs(known, [t.name for t in self.reading.tensors.values() if t.exposed])
        for index, name in enumerate(names):
            now, then = (share_of(s, index, len(names)) for s in (share, known.input_range))
            cut = now / then
            entries[name] = replace(
                entries[name], lo=cut * entries[name].lo, hi=cut * entries[name].hi
            )
        calibration = Calibration(entries, known.identity, share)
        self.use(calibration)
        keep_calibration(self.model, calibration)
        return calibration

    def set_ber(self, ber: float | Mapping[str, float]) -> None:
        """Scale the error models until the tensors have this bit error rate.

        Args:
            ber: One for all tensors, or one for each tensor named; in [0, 1].

        Raises:
            ValueError: For a rate outside [0, 1] or beyond what the model can reach, an
                unknown name, or after `detach`; nothing is changed then.
        """
        self.reading.check_attached("set_ber")
        rates = ber if isinstance(ber, Mapping) else dict.fromkeys(self.reading.tensors, ber)
        self.reading.check_known(rates)
        scaled = {name: self.reading.tensors[name].scaled(rate) for name, rate in rates.items()}
        for name, error in scaled.items():
            self.reading.tensors[name].set_error(error, float(rates[name]))  # of a tensor's too

    # Methods that are subjects of their own.
    set_errors, set_corruption = _own.set_errors, _own.set_corruption
    count_weak, one_weak_cell = _weak.count_weak, _weak.one_weak_cell
    stored_bits, stresses = _weak.stored_bits, _weak.stresses
    noted, as_noted, by_image = _noted.noted, _noted.as_noted, _noted.by_image

    def step(self) -> None:
        """Go on to another draw of errors: another module, or other accesses to a fixed one.

        Raises:
            ValueError: After `detach`, like all that changes what is read.
        """
        self.reading.check_attached("step")
        self.reading.steps += 1
        self.reading.draw()

    def reseed(self, seed: int, *, steps: int = 0) -> None:
        """Start anew with the draw of errors of a seed.

        Args:
            seed: In [0, 2^63); of cells and accesses with fresh cells, of accesses with fixed ones.
            steps: How often `step` was called since, to go on from a `draw` noted before.

        Raises:
            TypeError: For a seed or steps that are no integers.
            ValueError: For one outside its range, or after `detach`.
        """
        self.reading.check_attached("reseed")
        an_int("steps", steps, 0, 2**63 - 1)
        self.reading.go_to(seed, steps)

    def rerun(self) -> Rerun:
        """Return what runs the network anew from one of its modules on."""
        return Rerun(self.model, self.reading.plan)

    @property
    def draw(self) -> tuple[int, int]:
        """Seed and steps of the current draw of errors, as `reseed` takes them."""
        return self.reading.seed, self.reading.steps

    @contextmanager
    def record_faults(self) -> Iterator[None]:
        """Note inside the context where faults fall, for `faults`; what is read does not change.

        Each read takes a few times as long, and memory for each fault. A compiled network, reads
        that `set_corruption` stands for, and those of protected tensors are not recorded.
        """
        switch = self.reading.switch
        before, switch.recorder = switch.recorder, Recorder()
        self.reading.recorded = switch.recorder
        try:
            yield
        finally:
            switch.recorder = before

    def faults(self) -> Faults:
        """Return where faults fell in the pass that was recorded last, and what they changed.

        ``with handle.record_faults(): model(images)`` records one; with several calls inside,
        `read` tells them apart.

        Raises:
            ValueError: Where nothing was recorded.
        """
        recorder, tensors = self.reading.recorded, self.reading.tensors.values()
        if recorder is None:
            how = "with handle.record_faults(): model(images)"
            raise ValueError(f"faults: no pass was recorded; {how}")
        if not recorder.reads:
            if all(tensor.guard is not None for tensor in tensors if tensor.exposed):
                raise ValueError(
                    "faults: all that is stored is protected, whose reads are not recorded"
                )
            raise ValueError(
                "faults: nothing was read inside record_faults(); call the network there, under "
                "errors and not compiled"
            )
        return recorder.faults()

    @contextmanager
    def clean(self) -> Iterator[None]:
        """Read everything as if from reliable DRAM, in full precision, inside the context."""
        with self.reading.in_state("clean"):
            yield

    def clean_gradients(self) -> None:
        """Have backward passes go by what lay in DRAM and not by what was read, until `detach`."""
        self.reading.check_attached("clean_gradients")
        self.reading.hooks.clean_gradients(self.reading.plan, self.reading.switch)

    def detach(self) -> None:
        """Take the hooks away again; the model is as it was before `attach`."""
        self.reading.hooks.remove()
        self.reading.detached = True
        _replay.leave(self)
        holder = unwrapped(self.model).__dict__
        if holder.get("_eden_attachment") is self:
            del holder["_eden_attachment"]

    def stored_weights(self) -> list[nn.Parameter]:
        """List the parameters in approximate DRAM, each once."""
        return self.reading.hooks.parameters

    def check_calibrated(self) -> None:
        """Refuse a calibration of part of what is stored, from a study of one layer for example.

        Raises:
            ValueError: For a tensor that the calibration, where there is one, does not mention.
        """
        known = self.config.calibration
        unknown = (
            [] if known is None else [n for n in self.reading.tensors if n not in known.tensors]
        )
        if unknown:
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise ValueError(
                f"the calibration does not mention {unknown[0]}{more}: it is of a part of this "
                "network, or of another; attach with this config and call learn_bounds(loader)"
            )
        check_sizes(self.config)

    def check_read(self, what: str) -> None:
        """Refuse a network that has run under errors, and has met none: nothing was read.

        Args:
            what: Who ran it since the last `reseed` or `step`, for the message.

        Raises:
            ValueError: If none of its tensors was read since.
        """
        # What copies read, in another process perhaps, cannot be told here.
        if not (self._copied or any(tensor.was_read for tensor in self.reading.tensors.values())):
            raise ValueError(nothing_read(self.model, self.reading.plan.targets, what))

    def __getstate__(self) -> dict[str, Any]:
        self._copied = True
        return self.__dict__

    def use(self, calibration: Calibration) -> None:
        """Take other scales and bounds from now on.

        Args:
            calibration: Of the tensors it names; the others keep theirs.
        """
        with torch.inference_mode(False):  # scales and bounds change in place later
            for name, entry in calibration.tensors.items():
                if name in self.reading.tensors:
                    self.reading.tensors[name].calibrate(entry)
        self.config = self.config.with_(calibration=calibration)

    def start_anew(self, calibration: Calibration | None) -> None:
        """Take the calibration of other weights, and forget what was known of those before.

        Args:
            calibration: Of the network that the model holds now; None where that is not known.
        """
        entries = {} if calibration is None else calibration.tensors
        for name, tensor in self.reading.tensors.items():
            if name not in entries:
                tensor.forget_calibration()
        self.config = self.config.with_(calibration=None)
        if calibration is not None:
            self.use(calibration)
