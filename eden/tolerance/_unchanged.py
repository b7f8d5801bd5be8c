"""Whether an evaluator leaves the network that it is asked about as it was.

Draws are compared with each other, so each must meet the same weights.
"""

from __future__ import annotations

from torch import nn

from eden.network import digest_of_model


class Unchanged:
    """A network as it was when a search began.

    Attributes:
        digest: Of its parameters and buffers.
    """

    def __init__(self, model: nn.Module):
        self._model, self.digest = model, digest_of_model(model)
        self._marks = _marks_of(model)

    def check(self) -> None:
        """Refuse weights that were written or replaced; none of them is read.

        Raises:
            ValueError: Naming the first.
        """
        now = _marks_of(self._model)
        if now != self._marks:
            names = [
                name for name in (*self._marks, *now) if now.get(name) != self._marks.get(name)
            ]
            raise _changed(names[0])

    def check_bits(self) -> None:
        """Refuse a network whose state is other, also where torch was not told of it.

        Raises:
            ValueError: If a bit of it is other.
        """
        if digest_of_model(self._model) != self.digest:
            raise _changed("the network")


def _marks_of(model: nn.Module) -> dict[str, tuple[int, int]]:
    """What changes when a parameter is replaced or written, and not when it moves elsewhere."""
    return {
        name: (id(parameter), 0 if parameter.is_inference() else parameter._version)
        for name, parameter in model.named_parameters()
    }


def _changed(what: str) -> ValueError:
    return ValueError(
        f"evaluate changed {what}, so that its answers are of different networks, accepted: an "
        "evaluator that leaves the network as it is (let it adapt a copy.deepcopy)"
    )
