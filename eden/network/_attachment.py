"""Attach approximate DRAM to a network, in place and reversibly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from eden._torch import own_parameters
from eden.access import rng
from eden.network import _learn as bounds
from eden.network import _targets
from eden.network._config import Calibration, Config, calibration_of, identity_of, keep_calibration
from eden.network._hooks import FreezeStatistics, ReadInput, ReadWeights, RestoreWeights
from eden.network._kept import Budget
from eden.network._stored import StoredTensor, Switch, set_keys


@dataclass(frozen=True)
class TensorInfo:
    """A tensor in approximate DRAM.

    Attributes:
        name: such as ``conv1.weight`` or ``conv1.input``.
        kind: "weight" or "input".
        elements: of one copy, that is for one inference; 0 for an input before `learn_bounds`.
        bits: of one element in the stored format.
        size_bytes: room that one copy takes.
        reads: how often one inference reads it.
    """

    name: str
    kind: str
    elements: int
    bits: int
    size_bytes: int
    reads: int


class Attachment:
    """A network whose weights and inputs are read from approximate DRAM; made by `attach`.

    Attributes:
        model: the network.
        config: how it is stored; with the calibration once that is known, and with the names of
            the tensors chosen where `include` or `exclude` was a function.
    """

    def __init__(self, model: nn.Module, config: Config, entries: Mapping[str, Any] | None):
        self.model, self.config, self.entries = model, config, entries
        self._switch = Switch()
        self._tensors: dict[str, StoredTensor] = {}
        self._handles: list[Any] = []
        self._restores: list[tuple[nn.Module, RestoreWeights]] = []
        self._unfused: list[nn.TransformerEncoder] = []
        self._seed, self._steps = config.seed, 0
        self._seed_key = self._key_of(config.seed)
        self._detached = False

    @property
    def tensors(self) -> list[TensorInfo]:
        """The tensors in approximate DRAM, in model order; once calibrated, those ever read."""
        known = self.config.calibration
        return [
            TensorInfo(t.name, t.kind, t.elements, t.bits, -(-t.elements * t.bits // 8), t.reads)
            for t in self._tensors.values()
            if known is None or t.name in known.tensors
        ]

    @property
    def ber(self) -> dict[str, float]:
        """The bit error rate of each tensor just now."""
        return {name: tensor.ber for name, tensor in self._tensors.items()}

    def learn_bounds(self, loader: Iterable[Any]) -> Calibration:
        """Learn scales, bounds and sizes on the clean network, and use them from now on.

        The model keeps them after `detach` too; retrained, it needs new ones.

        Args:
            loader: yields inputs or ``(inputs, labels)``, from the training images.

        Returns:
            The calibration, also found in ``.config``.

        Raises:
            ValueError: for a loader that yields nothing, or after `detach`.
        """
        self._check_attached("learn_bounds")
        with self._in_state("learn"):
            learned = bounds.learn(self.model, loader, self._tensors.values())
        known = self.config.calibration
        calibration = Calibration(learned, None if known is None else known.identity)
        self.use(calibration)
        keep_calibration(self.model, calibration)
        return calibration

    def narrow_inputs(self, share: float) -> Calibration:
        """Cut the range of all inputs but the first, which is data, to a share of what was seen.

        Integer formats clamp what lies beyond. What a flipped bit adds shrinks with the range,
        which a few outliers set; a network that is retrained makes up for the clamping.

        Args:
            share: of the range that `learn_bounds` saw, in (0, 1], however often it is cut.

        Returns:
            The calibration, also found in ``.config``.

        Raises:
            ValueError: for a share outside (0, 1], before `learn_bounds`, or after `detach`.
        """
        self._check_attached("narrow_inputs")
        if not 0.0 < share <= 1.0:
            raise ValueError(f"narrow_inputs: got {share}; accepted: above 0, at most 1")
        known = self.config.calibration
        if known is None:
            raise ValueError("narrow_inputs: no range is known yet; call learn_bounds first")
        cut = share / known.input_range
        inputs = [tensor.name for tensor in self.tensors if tensor.kind == "input"]
        entries = dict(known.tensors)
        for name in inputs[1:]:
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
            ber: one for all tensors, or one for each tensor named; in [0, 1].

        Raises:
            ValueError: for a rate outside [0, 1] or beyond what the model can reach, an
                unknown name, or after `detach`; nothing is changed then.
        """
        self._check_attached("set_ber")
        rates = ber if isinstance(ber, Mapping) else dict.fromkeys(self._tensors, ber)
        unknown = [name for name in rates if name not in self._tensors]
        if unknown:
            there = _targets.shorten(list(self._tensors))
            raise ValueError(f"set_ber: no tensor {unknown[0]!r}; there are {there}")
        scaled = {name: self._tensors[name].scaled(rate) for name, rate in rates.items()}
        for name, error in scaled.items():
            self._tensors[name].set_error(error, rates[name])

    def step(self) -> None:
        """Go on to another draw of errors: another module, or other accesses to a fixed one.

        Raises:
            ValueError: after `detach`, like all that changes what is read.
        """
        self._check_attached("step")
        self._steps += 1
        self._draw()

    def reseed(self, seed: int, *, steps: int = 0) -> None:
        """Start anew with the draw of errors of a seed.

        Args:
            seed: in [0, 2^63); of cells and accesses with fresh cells, of accesses with fixed ones.
            steps: how often `step` was called since, to go on from a `draw` noted before.

        Raises:
            ValueError: after `detach`.
        """
        self._check_attached("reseed")
        self._seed_key = self._key_of(seed)
        self._seed, self._steps = seed, steps
        self._draw()

    @property
    def draw(self) -> tuple[int, int]:
        """Seed and steps of the current draw of errors, as `reseed` takes them."""
        return self._seed, self._steps

    @contextmanager
    def clean(self) -> Iterator[None]:
        """Read everything as if from reliable DRAM, in full precision, inside the context."""
        with self._in_state("clean"):
            yield

    def detach(self) -> None:
        """Take the hooks away again; the model is as it was before `attach`."""
        for handle in self._handles:
            handle.remove()
        # An interrupt (Ctrl-C) in the middle of a call runs no forward hook.
        for module, restore in self._restores:
            restore(module, (), None)
        for encoder in self._unfused:
            encoder.use_nested_tensor = True
        self._handles, self._restores, self._unfused = [], [], []
        self._detached = True
        if self.model.__dict__.get("_eden_attachment") is self:
            del self.model.__dict__["_eden_attachment"]

    def stored_weights(self) -> list[nn.Parameter]:
        """List the parameters in approximate DRAM, each once."""
        found = [
            own_parameters(owner)[name]
            for _, hook in self._restores
            for owner, name, _ in hook.weights
        ]
        return list({id(parameter): parameter for parameter in found}.values())

    def _check_attached(self, what: str) -> None:
        if self._detached:
            raise ValueError(f"{what}: the attachment is detached; attach the model again")

    def _key_of(self, seed: int) -> Tensor:
        key = rng.key(seed)
        if self.config.cells == "fixed":
            # One module: its cells are the config's, only the accesses are this seed's.
            key = torch.stack([rng.key(self.config.seed)[0], key[1]])
        return key

    def _draw(self) -> None:
        key = self._seed_key
        if self._steps:
            fold = rng.fold_access if self.config.cells == "fixed" else rng.fold_in
            key = fold(key, self._steps)
        set_keys(list(self._tensors.values()), key)

    def use(self, calibration: Calibration) -> None:
        """Take other scales and bounds from now on.

        Args:
            calibration: of the tensors it names; the others keep theirs.
        """
        for name, entry in calibration.tensors.items():
            if name in self._tensors:
                self._tensors[name].calibrate(entry)
        self.config = self.config.with_(calibration=calibration)

    @contextmanager
    def _in_state(self, state: str) -> Iterator[None]:
        before = self._switch.state
        self._switch.state = state
        try:
            yield
        finally:
            self._switch.state = before


def attach(model: nn.Module, config: Config | Any, *, keep_bytes: int = 2**26) -> Attachment:
    """Make a network read its weights and inputs from approximate DRAM, in place.

    Module classes, parameters and ``state_dict`` stay as they are. Attach before
    ``torch.compile``: one compiled graph then serves all error rates and draws.

    What is read is what a module reads when it is called. A weight that another module takes from
    it without a call is read clean (attention's ``out_proj`` excepted), and so are the keys and
    values inside attention. The fused path that a transformer layer takes in evaluation has no
    place for faults in between; attached, it goes the plain way, which rounds otherwise in the
    last bits.

    Args:
        model: any module. Convolution, linear, embedding, recurrent and attention modules in it
            are attached: their weights, and the first floating-point input of each.
        config: a `Config`, or a placement, which has one.
        keep_bytes: memory for weak cells found at one read and kept for the next, until they
            change; 2 bytes a cell, on the CPU alone. What is read does not depend on it.

    Returns:
        The attachment, to change the error rate, draw other errors, and detach.

    Raises:
        ValueError: for a model that is attached already, nothing to attach to, a pattern that
            matches nothing, a placement of another network, or a network that was boosted for
            another module, or a negative `keep_bytes`.
        TypeError: for a config of another type.
    """
    entries = getattr(config, "entries", None)
    config = config if isinstance(config, Config) else getattr(config, "config", None)
    if not isinstance(config, Config):
        raise TypeError("attach: config: expected an eden.Config or a placement")
    if any("_eden_attachment" in module.__dict__ for module in model.modules()):
        raise ValueError("attach: the model is attached already; detach it first")
    calibration = config.calibration or calibration_of(model)
    _check_identity(config, entries, calibration, calibration_of(model))
    attachment = Attachment(model, config, entries)
    try:
        _hook(attachment, Budget(keep_bytes))
        if calibration is not None:
            attachment.use(calibration)
        attachment._draw()
    except BaseException:
        attachment.detach()
        raise
    model.__dict__["_eden_attachment"] = attachment
    return attachment


def attached(model: nn.Module) -> Attachment | None:
    """Return the attachment of a model, also of a deep copy of an attached one; else None."""
    return model.__dict__.get("_eden_attachment")


@contextmanager
def approximate(
    model: nn.Module, config: Config | Any, *, keep_bytes: int = 2**26
) -> Iterator[Attachment]:
    """Attach for the duration of a context.

    Args:
        model: as for `attach`.
        config: as for `attach`.
        keep_bytes: as for `attach`.
    """
    attachment = attach(model, config, keep_bytes=keep_bytes)
    try:
        yield attachment
    finally:
        attachment.detach()


def _hook(attachment: Attachment, budget: Budget) -> None:
    """Choose the tensors and register the hooks."""
    config, switch = attachment.config, attachment._switch
    selection = _targets.Selection(config.include, config.exclude)
    shared: dict[int, StoredTensor | None] = {}

    def stored(name, kind, target):
        if not selection.takes(name, target.module, target.name):
            return None
        entry = None
        if attachment.entries is not None:
            if name not in attachment.entries:
                raise ValueError(f"the placement has no place for {name}; is it another network's?")
            entry = attachment.entries[name]
        # Where the module is: moved by its first read, a compiled network would compile again.
        device = next((p.device for p in target.module.parameters()), torch.device("cpu"))
        tensor = StoredTensor(name, kind, config, switch, budget, entry=entry, device=device)
        attachment._tensors[name] = tensor
        return tensor

    for target in _targets.find_targets(attachment.model):
        weights = []
        for owner, attribute, name in target.weights if config.weights else ():
            parameter = own_parameters(owner).get(attribute)
            # A shared weight is one tensor in DRAM; it goes by the first name it has.
            if parameter is None or id(parameter) not in shared:
                tensor = stored(name, "weight", target)
                if tensor is not None:
                    tensor.elements = _targets.parameter_of(owner, attribute, name).numel()
                shared[id(parameter)] = tensor
            if shared[id(parameter)] is not None:
                weights.append((owner, attribute, shared[id(parameter)]))
        stores_input = config.inputs and target.batch is not None
        if stores_input and (tensor := stored(target.input_name, "input", target)) is not None:
            hook = ReadInput(tensor, target.batch)
            attachment._handles.append(
                target.module.register_forward_pre_hook(hook, with_kwargs=True)
            )
        if weights:
            restore = RestoreWeights(weights)
            attachment._restores.append((target.module, restore))
            attachment._handles += [
                target.module.register_forward_pre_hook(ReadWeights(weights)),
                target.module.register_forward_hook(restore, prepend=True, always_call=True),
            ]
    selection.check()
    if not attachment._tensors:
        raise ValueError(
            "attach: nothing to store in approximate DRAM; there are "
            f"{_targets.shorten(selection.names) or 'no modules with weights'}, "
            f"and weights={config.weights}, inputs={config.inputs}, include={config.include}, "
            f"exclude={config.exclude}"
        )
    if any(callable(pattern) for pattern in (*(config.include or ()), *(config.exclude or ()))):
        names = tuple(attachment._tensors)
        attachment.config = config.with_(include=names, exclude=None)
    for module in attachment.model.modules():
        # Padding as nested tensors needs the fused path of the layers, which hooks rule out.
        if isinstance(module, nn.TransformerEncoder) and module.use_nested_tensor:
            module.use_nested_tensor = False
            attachment._unfused.append(module)
    for module in _targets.batch_norms(attachment.model):
        freeze = FreezeStatistics(switch)
        attachment._handles += [
            module.register_forward_pre_hook(freeze.before),
            module.register_forward_hook(freeze.after, prepend=True, always_call=True),
        ]


def _check_identity(config, entries, *calibrations: Calibration | None) -> None:
    """Refuse a network that was boosted for one module on another."""
    here = identity_of(config, entries) if config.cells == "fixed" else "any module of its kind"
    for calibration in calibrations:
        if calibration is not None and calibration.identity not in (None, here):
            raise ValueError(
                f"this network was boosted for the module {calibration.identity!r} alone, and the "
                f"config is for {here!r}; attach it with cells='fixed' and that module's seed, "
                "error model and places, or boost it for this one"
            )
