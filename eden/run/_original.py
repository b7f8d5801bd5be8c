"""What the networks of a run make of the test images without errors, beside the original."""

from __future__ import annotations

from typing import Any

import torch

from eden.data import PrecisionEvaluator, Resampled, Sampled, mean_of, share_right
from eden.run._task import Evaluator
from eden.run._work import Work

Told = Sampled | Resampled


class Original:
    """The network as it was trained, before any format, on the test images.

    Args:
        work: Reads the network.
        evaluate: On the test images.

    Attributes:
        right: Which images it names rightly, bool ``[n]``; None where accuracy is no share of them.
        accuracy: The share of them, or the average precision.
    """

    def __init__(self, work: Work, evaluate: Evaluator):
        self._work, self._evaluate = work, evaluate
        self.right, self._more = self._of(work.original())
        self.accuracy = self._told["accuracy"].value

    def compare(self) -> dict[str, Any]:
        """Return what it and each network as it is stored reach, with standard errors, as JSON.

        Differences are the network's less the original's, paired by image.
        """
        told: dict[str, dict[str, float]] = {"accuracy": {}}
        beside: dict[str, dict[str, dict[str, float | None]]] = {}
        for variant in self._work.recipe.variants:
            network = self._work.network(variant.network)
            with self._work.without_errors(network, self._work.config_of(variant)) as stored:
                for what, (value, difference) in self._beside(stored).items():
                    told.setdefault(what, {})[variant.name] = value.value
                    beside.setdefault(what, {})[variant.name] = {
                        "standard_error": value.standard_error,
                        "difference": difference.value,
                        "difference_standard_error": difference.standard_error,
                    }
        found: dict[str, Any] = {"test_images": len(self._evaluate), "against_original": beside}
        for what, value in self._told.items():
            found[f"original_test_{what}"] = value.value
            found[f"original_test_{what}_standard_error"] = value.standard_error
        return found | {f"test_{what}": by_network for what, by_network in told.items()}

    @property
    def _told(self) -> dict[str, Told]:
        """What is told of it, with standard errors."""
        right = {} if self.right is None else {"accuracy": share_right(self.right)}
        return {**right, **self._more}

    def _of(self, model: torch.nn.Module) -> tuple[torch.Tensor | None, dict[str, Resampled]]:
        """Which images a network has right, where that is the accuracy, and what else is told."""
        more = self._work.task.more(model, *self._work.splits.test)
        if isinstance(self._evaluate, PrecisionEvaluator):
            return None, {"accuracy": more["average_precision"], **more}
        return self._evaluate.right(model), more

    def _beside(self, model: torch.nn.Module) -> dict[str, tuple[Told, Told]]:
        """What is told of another network, and the difference from it."""
        right, more = self._of(model)
        beside: dict[str, tuple[Told, Told]] = {
            what: (value, value.less(self._more[what])) for what, value in more.items()
        }
        if right is not None and self.right is not None:
            change = mean_of(right.to(torch.int64) - self.right.to(torch.int64), 1)
            beside["accuracy"] = share_right(right), change
        return beside
