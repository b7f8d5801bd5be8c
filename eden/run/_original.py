"""What the networks of a run make of the test images without errors, beside the original."""

from __future__ import annotations

from typing import Any

import torch

from eden.data import Resampled, Sampled, mean_of, share_right
from eden.run._task import Evaluator
from eden.run._work import Work


class Original:
    """The network as it was trained, on the test images.

    Args:
        work: Reads the network.
        evaluate: On the test images.

    Attributes:
        right: Which images it names rightly, bool ``[n]``.
        accuracy: The share of them.
    """

    def __init__(self, work: Work, evaluate: Evaluator):
        self._work, self._evaluate = work, evaluate
        model = work.network("baseline")
        self.right = evaluate.right(model)
        self.accuracy = share_right(self.right).value
        self._more = work.task.more(model, *work.splits.test)

    def compare(self) -> dict[str, Any]:
        """Return what it and each network as it is stored reach, with standard errors, as JSON.

        Differences are the network's less the original's, paired by image.
        """
        told: dict[str, dict[str, float]] = {"accuracy": {}}
        beside: dict[str, dict[str, dict[str, float | None]]] = {}
        for variant in self._work.recipe.variants:
            network = self._work.network(variant.network)
            with self._work.without_errors(network, self._work.config_of(variant)) as stored:
                for what, (value, difference) in self._of(stored).items():
                    told.setdefault(what, {})[variant.name] = value.value
                    beside.setdefault(what, {})[variant.name] = {
                        "standard_error": value.standard_error,
                        "difference": difference.value,
                        "difference_standard_error": difference.standard_error,
                    }
        found: dict[str, Any] = {"test_images": len(self._evaluate), "against_original": beside}
        for what, value in {"accuracy": share_right(self.right), **self._more}.items():
            found[f"original_test_{what}"] = value.value
            found[f"original_test_{what}_standard_error"] = value.standard_error
        return found | {f"test_{what}": by_network for what, by_network in told.items()}

    def _of(self, model: torch.nn.Module) -> dict[str, tuple[Sampled | Resampled, ...]]:
        right = self._evaluate.right(model)
        change = mean_of(right.to(torch.int64) - self.right.to(torch.int64), 1)
        more = self._work.task.more(model, *self._work.splits.test)
        return {
            "accuracy": (share_right(right), change),
            **{what: (value, value.less(self._more[what])) for what, value in more.items()},
        }
