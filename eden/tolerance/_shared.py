"""What the characterisations share."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from tqdm.auto import tqdm

from eden._say import refusal
from eden.network import Config, calibration_of


def calibrated(model: torch.nn.Module, config: Config) -> Config:
    """The config, with the model's calibration if it carries none itself."""
    if config.calibration is None and (known := calibration_of(model)) is not None:
        return replace(config, calibration=known)
    return config


def check_target(accuracy: float) -> None:
    """Refuse a target accuracy outside [0, 1].

    Raises:
        ValueError: If it is, or is no number.
    """
    if not (isinstance(accuracy, int | float) and 0.0 <= accuracy <= 1.0):
        raise ValueError(refusal("target_accuracy", accuracy, "a number from 0 to 1"))


def progress_bar(items: Iterable[Any], label: str, what: str, unit: str, shown: bool) -> tqdm:
    """A progress bar over items, titled with a label and what is going on."""
    return tqdm(items, desc=f"{label} {what}".strip(), unit=unit, disable=not shown)
