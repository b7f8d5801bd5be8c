"""Which tensors of a network lie in approximate DRAM, and which modules read them: a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from eden._say import refusal
from eden._torch import held_otherwise, own_parameters
from eden.access import NONE, Protection, formats, ops
from eden.data import device_of
from eden.network._calibration import Calibration
from eden.network._config import Config, patterns_of
from eden.network._exposure import on_chip
from eden.network._quantised import Codes, check_input, codes_of, packed_weights
from eden.network._selection import Selection, shorten
from eden.network._targets import Target, find_targets

_STORABLE = (torch.float32, torch.float16, torch.bfloat16)


class PlannedTensor(NamedTuple):
    """A tensor to store.

    Attributes:
        kind: "weight" or "input".
        elements: Of a weight; 0 for an input, whose size only a call tells.
        entry: Where it is placed; None where it is not, as all that is never read.
        device: Where it is read.
        codes: Of a weight that is quantised by itself, how these are read; else None.
        protection: How it is stored.
    """

    kind: str
    elements: int
    entry: Any
    device: torch.device
    codes: Codes | None = None
    protection: Protection = NONE


class Plan(NamedTuple):
    """What `attach` is going to do, before anything of the network is touched.

    Attributes:
        tensors: By name, in model order.
        targets: What reads them, in model order: of the weights those stored, by the name of the
            tensor, which modules may share; no batch where the input is not stored.
        named: The parameters that the config chose by `parameters`.
    """

    tensors: dict[str, PlannedTensor]
    targets: list[Target]
    named: list[str]


def targets_of(model: nn.Module, config: Config) -> list[Target]:
    """List what `find_targets` does, and what reads the parameters that a config names."""
    return find_targets(model, Selection(None, **patterns_of(config)).by_name)


def stored_targets(model: nn.Module, config: Config) -> list[Target]:
    """List what reads weights: of these those that a config stores, by the name they are stored by.

    Targets whose input is not stored have no batch.

    Raises:
        ValueError: As for `attach`, where nothing is stored or a weight cannot be.
    """
    return choose(model, config, None).targets


def choose(model: nn.Module, config: Config, entries: Mapping[str, Any] | None) -> Plan:
    """Plan what is stored of a network.

    Args:
        model: Looked at, not touched.
        config: Chooses the tensors; its calibration says which are never read.
        entries: Placement by tensor name; None where tensors are not placed.

    Raises:
        ValueError: For a pattern that matches nothing, nothing to store, a tensor without a place,
            a weight that is no plain parameter or of a type that has no stored format, or one
            whose NaN or infinities would not be read back.
    """
    selection = Selection(config.protect, **patterns_of(config))
    plan = Plan({}, [], [])
    shared: dict[int, str | None] = {}
    # What is never read lies at the rated point, and what stays on the chip in no DRAM at all.
    known = config.calibration
    stays = set(on_chip(config))
    no_place = stays if known is None else stays.union(known.never_read)

    def chosen(name: str, kind: str, target: Target, owned: Any = None) -> str | None:
        """The name of a tensor that is to be stored, else None."""
        if not selection.takes(name, target.module, target.name):
            return None
        entry = None if entries is None else entries.get(name)
        if entries is not None and entry is None and name not in no_place:
            raise ValueError(f"the placement has no place for {name}; is it another network's?")
        elements, codes = 0, None
        if owned is None:
            check_input(target.module, name, config.stored)
        else:
            codes = codes_of(owned[0], owned[1], name, config.stored)
            weight = plain(owned[0], owned[1], name, coded=codes is not None)
            elements = weight.numel()
            if codes is None:
                check_finite(name, weight, config)
        protection = NONE
        if name not in stays:  # of no DRAM there is nothing to protect
            protection = selection.protection_of(name, target.module, target.name)
        if entry is not None:  # what the mapping chose, which may be more than the config asks for
            protection = Protection.parse(getattr(entry, "protection", protection))
        if codes is not None and protection != NONE:
            said = "none: its own codes are read, which eden does not lay out"
            raise ValueError(refusal(f"protection of {name}", str(protection), said))
        # Where the module is: moved by its first read, a compiled network would compile again.
        device = device_of(target.module)
        plan.tensors[name] = PlannedTensor(kind, elements, entry, device, codes, protection)
        return name

    for target in find_targets(model, selection.by_name):
        weights = []
        for owner, attribute, name in target.weights:
            if not (config.weights or name in selection.named):
                continue
            parameter = own_parameters(owner).get(attribute)
            # A shared weight is one tensor in DRAM; it goes by the first name it has.
            if parameter is None or id(parameter) not in shared:
                shared[id(parameter)] = chosen(name, "weight", target, (owner, attribute))
            if (stored := shared[id(parameter)]) is not None:
                weights.append((owner, attribute, stored))
        batch = target.batch if config.inputs else None
        if batch is not None and chosen(target.input_name, "input", target) is None:
            batch = None
        plan.targets.append(replace(target, weights=weights, batch=batch))
    selection.check()
    plan.named.extend(sorted(selection.named))
    if not plan.tensors:
        raise ValueError(
            "attach: nothing to store in approximate DRAM; there are "
            f"{shorten(selection.names) or 'no modules with weights' + _made_into(model)}, "
            f"and weights={config.weights}, inputs={config.inputs}, include={config.include}, "
            f"exclude={config.exclude}"
            + "".join(f"; {name} is packed by torch.ao" for name, _ in packed_weights(model))
        )
    return plan


def other_size(plan: Plan, calibration: Calibration | None) -> str | None:
    """Say which weight has another size than is known of it; None where all agree."""
    known = {} if calibration is None else calibration.tensors
    for name, tensor in plan.tensors.items():
        for one in (known.get(name), tensor.entry):
            there = getattr(one, "elements", tensor.elements)
            if tensor.kind == "weight" and there != tensor.elements:
                return refusal(f"elements of {name}", tensor.elements, str(there))
    return None


def plain(owner: nn.Module, attribute: str, name: str, *, coded: bool = False) -> nn.Parameter:
    """Return a parameter that can be swapped for a call.

    Args:
        owner: The module that has it.
        attribute: Its name there.
        name: Of the tensor, for messages.
        coded: Whether its own codes are read, so that it need not hold its values itself.

    Raises:
        ValueError: For one that cannot, or of a type that has no stored format.
    """
    parameter = own_parameters(owner).get(attribute)
    if parameter is None:
        raise ValueError(
            f"{name} is not a plain parameter (parametrised or pruned?); make it one first, "
            "for example with torch.nn.utils.parametrize.remove_parametrizations or "
            "torch.nn.utils.prune.remove, or leave it out"
        )
    if isinstance(parameter, nn.parameter.UninitializedParameter):
        raise ValueError(f"{name} has no shape yet; call the network once before attaching")
    if held_otherwise(parameter) and not coded:
        accepted = (
            "a plain parameter; attach the network as it was before it was quantised (stored= "
            "says how eden stores it), or exclude it"
        )
        raise ValueError(refusal(f"type of {name}", type(parameter).__name__, accepted))
    if parameter.is_meta and hasattr(owner, "_hf_hook"):
        # Its values come after all hooks, inside the forward pass that accelerate put there.
        raise ValueError(
            f"{name} is offloaded by accelerate, and not there when it would be read; load the "
            "network whole (accelerate.hooks.remove_hook_from_submodules), or exclude it"
        )
    if parameter.dtype not in _STORABLE:
        accepted = f"{', '.join(map(str, _STORABLE))}; convert the network, or exclude it"
        raise ValueError(refusal(f"type of {name}", str(parameter.dtype), accepted))
    return parameter


def check_finite(name: str, weight: Tensor, config: Config) -> None:
    """Refuse NaN and infinities in a weight of which nothing would be seen any more.

    Integer formats have no codes for them, and a correction takes them for errors: the network
    would be another one, without a word, and answer where it answers nothing as it is.

    Raises:
        ValueError: For a weight that has some, unless its bits are read as they are.
    """
    integer = formats.get(config.stored).integer
    if weight.is_meta or weight.numel() == 0 or not (integer or config.correction != "off"):
        return
    ops.check_device(name, weight.device)
    ends = torch.stack(torch.aminmax(weight.detach()))
    if not bool(ends.isfinite().all()):
        how = f"stored is {config.stored!r}" if integer else f"correction is {config.correction!r}"
        odd = ends[~ends.isfinite()][0].item()
        raise ValueError(refusal(f"a value of {name}", odd, f"finite ones, as {how}"))


def _made_into(model: nn.Module) -> str:
    """Say what a network was made into, where its modules are none of those known for that."""
    for module in model.modules():
        origin = type(module).__module__
        if isinstance(module, torch.fx.GraphModule):
            kind = "exported or traced by torch.fx"
        elif ".quantized" in origin or ".quantizable" in origin:
            kind = f"quantised ({type(module).__name__} of {origin})"
        else:
            continue
        return f" (the network is {kind}: attach it as it was before)"
    return ""
