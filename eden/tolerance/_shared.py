"""What the characterisations share."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from eden._say import a_kind, refusal, within
from eden.network import Config, calibration_of
from eden.tolerance._evaluator import Evaluate


def calibrated(model: torch.nn.Module, config: Config) -> Config:
    """The config, with the model's calibration if it carries none itself."""
    if config.calibration is None and (known := calibration_of(model)) is not None:
        return replace(config, calibration=known)
    return config


def check_asked(
    model: torch.nn.Module, evaluate: Evaluate, folder: Path | str | None, **config: Any
) -> None:
    """Refuse what is no network, no evaluator, no folder, or no config and carries none.

    Raises:
        TypeError: If one is of another type; the message has its name.
    """
    a_kind("model", model, torch.nn.Module, "a torch.nn.Module")
    if not callable(evaluate):
        raise TypeError(refusal("evaluate", evaluate, "a function of the model, or an evaluator"))
    if folder is not None:
        a_kind("folder", folder, (str, Path), "a path")
    for name, given in config.items():
        accepted = "an eden.Config" + ", or a placement with one" * (name == "placement")
        carried = getattr(given, "config", given) if name == "placement" else given
        if not isinstance(carried, Config):
            a_kind(name, given, Config, accepted)
            raise TypeError(refusal(f"config of {name}", carried, accepted))


def check_target(accuracy: float) -> None:
    """Refuse a target accuracy outside [0, 1].

    Raises:
        TypeError: If it is no number.
        ValueError: If it is outside.
    """
    within("target_accuracy", accuracy, 0, 1)


def progress_bar(items: Iterable[Any], label: str, what: str, unit: str, shown: bool) -> tqdm:
    """A progress bar over items, titled with a label and what is going on."""
    return tqdm(items, desc=f"{label} {what}".strip(), unit=unit, disable=not shown)
