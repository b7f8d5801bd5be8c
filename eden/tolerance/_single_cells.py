"""The network with one weak cell and no other error: what does it cost, on as few images as say so?

The images are asked in groups, those closest to another class first. A cell that changes few of the
closest is harmless, and most are. What a group said of the target holds where the images beyond it
would have to change more than they were seen to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from eden._files import digest_bytes
from eden.data import accuracy_of
from eden.network import Rerun
from eden.tolerance._at_once import Asking
from eden.tolerance._evaluator import Evaluator
from eden.tolerance._memo import Row
from eden.tolerance._network import FaultyNetwork, packed, unpacked

# Shares of the images that the first groups take, the closest ones. Of 1,900 cells of LeNet's first
# layers none of those that change less than a fifth of the closest 4 % cost a third of what misses.
SHARES = (0.04, 0.1, 0.2)
LEAST = 100
HARMLESS = 0.15
# A cell that is read in the last so much of the network's work is asked about all images at once:
# it costs little, and such a cell may change one class alone, of which the closest images say less.
LATE = 0.1
# For each image that changed in the groups asked, images beyond them that may have changed for
# good: of the same cells one in a hundred exceeds it.
DRIFTS = (1.0, 0.35, 0.12)


# Which group of images it is asked of, if of one; tensor, bit, element; draw.
_Cell = tuple[int | None, str, int, int, int]


class Cost(NamedTuple):
    """What one cell alone costs.

    Attributes:
        loss: Accuracy lost; a guess where not all images were asked.
        misses: Whether the target is missed.
    """

    loss: float
    misses: bool


@dataclass(frozen=True)
class _Group:
    """Some of the images."""

    index: np.ndarray
    evaluator: Evaluator
    digest: str
    rerun: Rerun

    @cached_property
    def clean(self) -> np.ndarray:
        """Which of them are named rightly without errors; filled when they are remembered."""
        return np.zeros(len(self.index), dtype=bool)


class CellCosts(Asking[_Cell, Row]):
    """Costs of single cells.

    Args:
        network: Without errors.
        target: Accuracy to reach.
        clean: What it reaches.

    Attributes:
        passes: Images asked, with the share of the network that was run anew, in passes of all.
    """

    network: FaultyNetwork

    def __init__(self, network: FaultyNetwork, target: float, clean: float):
        super().__init__(network)
        network.set(0.0, 0)  # else, where all so far was remembered, at the config's own rates
        self.target, self.clean = target, clean
        self.passes = 0.0
        self._shares: dict[tuple[int | None, str], float] = {}

    @cached_property
    def groups(self) -> list[_Group]:
        """The groups of images in the order they are asked in; none where none can be."""
        by_image = self.network.by_image
        if by_image is None:
            return []
        images = len(by_image)
        sizes = {max(LEAST, round(share * images)) for share in SHARES}
        self.network.set(0.0, 0)
        nested, within = [np.arange(images)], by_image
        for size in sorted((size for size in sizes if 2 * size <= images), reverse=True):
            closest = self.network.ask_model(lambda model, n=size, e=within: e.closest(model, n))
            self.passes += len(nested[0]) / images
            nested.insert(0, nested[0][closest.numpy()])
            within = by_image.take(torch.from_numpy(nested[0]))
        smaller = [np.zeros(0, dtype=int), *nested]
        both = zip(nested, smaller, strict=False)
        return [self._group(np.setdiff1d(index, taken), by_image) for index, taken in both]

    @cached_property
    def whole(self) -> Rerun | None:
        """Clean outputs of all images, where none can be asked alone but all come in one order."""
        if self.groups or not getattr(self.network.evaluate, "in_order", False):
            return None
        rerun = self.network.handle.rerun()
        with rerun.remember():
            self.network.accuracy(0.0, 0)
        self.passes += 1
        return rerun

    def _group(self, index: np.ndarray, by_image: Evaluator) -> _Group:
        evaluator = by_image.take(torch.from_numpy(index))
        rerun = self.network.handle.rerun()
        group = _Group(index, evaluator, digest_bytes(index.data), rerun)
        self.network.set(0.0, 0)
        with rerun.remember():
            group.clean[:] = self.network.right_of(group.evaluator, 0, index)
        self.passes += len(index) / len(by_image)
        return group

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Ask of several cells at the same time inside the context."""
        _ = self.whole, self.groups  # whose clean outputs all remember
        with super().at_once():
            yield

    def costs(self, tensor: str, bit: int, elements: Sequence[int], draw: int) -> list[Cost]:
        """Return what the cells of one bit of some elements cost, each alone.

        Args:
            tensor: Name of the tensor.
            bit: Of the element.
            elements: Their numbers.
            draw: Decides, where a weak cell fails at some accesses only, at which.
        """
        if not self.groups:
            rows = self._rows(None, tensor, bit, elements, draw)
            return [
                Cost(self.clean - row["accuracy"], row["accuracy"] < self.target) for row in rows
            ]
        images = sum(len(group.index) for group in self.groups)
        allowed = self.clean - self.target
        found: dict[int, Cost] = {}
        net, changed = dict.fromkeys(elements, 0), dict.fromkeys(elements, 0)
        asked, late = 0, self.work(tensor) < LATE * len(self.groups[0].index) / images
        for number, group in enumerate(self.groups):
            open_ = [element for element in elements if element not in found]
            if not open_:
                break
            rows = self._rows(number, tensor, bit, open_, draw)
            asked += len(group.index)
            last = number == len(self.groups) - 1
            for element, row in zip(open_, rows, strict=True):
                right = unpacked(row["right"], len(group.index))
                net[element] += int(group.clean.sum()) - int(right.sum())
                changed[element] += int((right != group.clean).sum())
                loss = net[element] / images
                if last:
                    found[element] = Cost(loss, loss > allowed + 1e-12)
                    continue
                if late:
                    continue
                drift = DRIFTS[number] * changed[element] / images
                if changed[element] < HARMLESS * asked and loss <= allowed / 2:
                    found[element] = Cost(loss, False)
                elif number and not loss - drift <= allowed < loss + drift:
                    found[element] = Cost(loss, loss > allowed)
        return [found[element] for element in elements]

    def _rows(
        self, number: int | None, tensor: str, bit: int, elements: Sequence[int], draw: int
    ) -> list[Row]:
        group = None if number is None else self.groups[number]
        name = {
            "label": "cells",
            "tensor": tensor,
            "bit": bit,
            "elements": list(map(int, elements)),
            "seed": draw,
            "images": None if group is None else group.digest,
        }
        cells = ((number, tensor, bit, element, draw) for element in elements)
        rows = self.network.memo.get(name, lambda: list(self._answers(cells)))
        self.passes += len(elements) * self._share(number, tensor)
        return rows

    def work(self, tensor: str) -> float:
        """The share of a pass of all images that one cell takes at least."""
        return self._share(0 if self.groups else None, tensor)

    def _share(self, number: int | None, tensor: str) -> float:
        if (number, tensor) not in self._shares:
            group = None if number is None else self.groups[number]
            with self._from(group, tensor) as share:
                images = sum(len(g.index) for g in self.groups)
                part = 1.0 if group is None else len(group.index) / images
                self._shares[number, tensor] = share * part
        return self._shares[number, tensor]

    def _from(self, group: _Group | None, tensor: str) -> AbstractContextManager[float]:
        """Run the network from where a tensor is read on, inside the context, as far as can be."""
        rerun = self.whole if group is None else group.rerun
        return nullcontext(1.0) if rerun is None else rerun.at(tensor)

    def _answer(self, cell: _Cell) -> Row:
        number, tensor, bit, element, draw = cell
        group = None if number is None else self.groups[number]
        network = self.network
        network.handle.reseed(draw)
        with network.handle.one_weak_cell(tensor, element, bit), self._from(group, tensor):
            if group is None:
                accuracy = network.ask_model(
                    lambda model: accuracy_of(network.evaluate, model, draw=draw)
                )
                return {"seed": int(element), "ber": None, "accuracy": accuracy}
            right = network.right_of(group.evaluator, draw, group.index)
        accuracy = float(right.mean())
        return {"seed": int(element), "ber": None, "accuracy": accuracy, "right": packed(right)}
