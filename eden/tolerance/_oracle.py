"""A network under errors, as a question: how accurate is it at these BERs under this draw?"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from eden._files import digest
from eden.network import Attachment, Config, attach, digest_of_model
from eden.tolerance._trials import Trials

Evaluate = Callable[[torch.nn.Module], float]


@dataclass
class Oracle:
    """Asks an attached network; answers already on disk are not computed again.

    Attributes:
        handle: The attachment.
        model: The attached network.
        evaluate: ``evaluate(model) -> accuracy``.
        trials: Finished trials.
    """

    handle: Attachment
    model: torch.nn.Module
    evaluate: Evaluate
    trials: Trials

    def accuracy(self, ber: float | Mapping[str, float], seed: int) -> float:
        """Accuracy at a BER (or one a tensor) under the draw ``seed``."""
        self.set(ber, seed)
        return float(self.evaluate(self.model))

    def placed_accuracy(self, seed: int) -> float:
        """Accuracy of a placed network, whose error models say its BERs."""

        def run() -> list[dict[str, Any]]:
            self.handle.reseed(seed)
            accuracy = float(self.evaluate(self.model))
            return [{"seed": seed, "ber": None, "accuracy": accuracy}]

        return self.trials.get({"label": "placed", "seed": seed}, run)[0]["accuracy"]

    def set(self, ber: float | Mapping[str, float], seed: int) -> None:
        """Have the network fail at a BER (or one a tensor) under the draw ``seed``."""
        self.handle.reseed(seed)
        self.handle.set_ber(ber if isinstance(ber, float) else dict(ber))

    def accuracies(self, label: str, ber: float | Mapping[str, float], seeds: list[int]) -> list:
        """Accuracy under each seed; one trial, one shard."""
        question = {"label": label, "ber": ber, "seeds": seeds}
        scalar = ber if isinstance(ber, float) else None
        rows = self.trials.get(
            question,
            lambda: [
                {"seed": seed, "ber": scalar, "accuracy": self.accuracy(ber, seed)}
                for seed in seeds
            ],
        )
        return [row["accuracy"] for row in rows]


@contextmanager
def oracle(
    model: torch.nn.Module,
    evaluate: Evaluate,
    config: Config | Any,
    *,
    folder: Any = None,
    subject: Mapping[str, Any] | None = None,
) -> Iterator[Oracle]:
    """Attach ``model`` for the length of a search.

    Args:
        model: The network; it is left as it was.
        evaluate: See `Oracle`.
        config: What is injected, with its calibration; or a placement, which carries one.
        folder: Where finished trials are kept, or None.
        subject: What else tells this search from others in the same folder.
    """
    context = digest(
        {
            "model": digest_of_model(model),
            "config": getattr(config, "config", config).to_dict(),
            "images": getattr(evaluate, "digest", None),
            "subject": dict(subject or {}),
        }
    )
    handle = attach(model, config)
    try:
        yield Oracle(handle, model, evaluate, Trials(folder, context=context))
    finally:
        handle.detach()
