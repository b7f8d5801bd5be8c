"""Criticality: how likely one weak cell alone is to miss the target, by tensor and bit.

At a low BER a draw holds few weak cells, and misses where one of them alone does. With lambda the
expected number of cells of the network that do, P(miss) = 1 - exp(-lambda x weak fraction): a
number that a few draws cannot show, but single cells can, asked one by one and at random.

Reference: design, section 7; docs/risk.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from eden import errors
from eden._say import an_int
from eden.access import formats
from eden.errors import failure_of
from eden.network import Config, TensorInfo
from eden.tolerance._critical import Criticality
from eden.tolerance._evaluator import Evaluate
from eden.tolerance._network import under_errors
from eden.tolerance._shared import calibrated, check_asked, check_target
from eden.tolerance._single_cells import CellCosts
from eden.tolerance._strata import Stratum, lambda_interval

# Cells of a bit before it is judged: none critical of 30 says, at 95 %, fewer than 9.5 % are.
FIRST = 30
CHUNK = 30
# The search ends where lambda is known to this share of itself, or after so many passes of all
# images, or where all cells of all bits that are not harmless were tried.
KNOWN_TO = 0.1
PASSES = 60.0
# Of the order in which the cells of a bit are tried, what is kept at least.
_KEPT = 1024


def criticality(
    model: torch.nn.Module,
    evaluate: Evaluate,
    *,
    config: Config,
    target_accuracy: float,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> Criticality:
    """Find which cells of a network miss the target alone, how many, and where they sit.

    Cells are tried at random, at least 30 of each tensor and bit, then more of those that leave
    lambda most uncertain. Where ``evaluate`` can tell which images are closest to another class
    (`eden.data.Evaluator` can), a cell is judged on those as long as they leave no doubt, and the
    network is run anew only from where the cell is read. In integer formats the bits below a
    harmless one are skipped, the sign apart: each bit moves a value half as far as the one above.
    Of floats every exponent bit is tried. Where the error model fails a stored 1 and a stored 0 at
    different rates, weights that store either are counted apart; of an input each image stores
    its own bit, so that its cells are tried as they are. A protection of the config is left out:
    criticality is of the bit as it reaches the network, whatever guards it.

    Args:
        model: The network; left as it was.
        evaluate: ``evaluate(model) -> accuracy`` on validation images, or what more
            `eden.tolerance.Evaluator` says.
        config: What is stored and how; its error model says how often a weak cell fails.
        target_accuracy: In [0, 1], on the same images.
        seed: Of the cells tried.
        folder: Keeps finished trials as Parquet shards, and replays those it finds.
        progress: Show a progress bar, and say as soon as it shows that the target is within the
            noise (`Criticality.caution`): the search may take hours, and counts the noise.
        label: What the progress bar's title begins with.

    Returns:
        What was found.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If one is outside what is named here, the network misses the target without
            errors, or the evaluator answers otherwise when asked again.
    """
    check_asked(model, evaluate, folder, config=config)
    check_target(target_accuracy)
    an_int("seed", seed, 0, 2**63 - 1)
    config = calibrated(model, config)
    with under_errors(model, evaluate, config, folder=folder, subject={"seed": seed}) as network:
        clean = network.clean_accuracy(target_accuracy)
        cells = CellCosts(network, target_accuracy, clean)
        tensors = network.handle.tensors
        title = f"{label} criticality".strip()
        with tqdm(desc=title, unit="cell", disable=not progress) as bar:
            search = _Search(cells, tensors, config.stored, seed, bar)

            def found() -> Criticality:
                return Criticality(
                    config=network.handle.config,
                    target_accuracy=target_accuracy,
                    clean_accuracy=clean,
                    strata=tuple(search.strata()),
                    passes=cells.passes,
                )

            with cells.at_once():
                caution = ""
                for _ in search.run():
                    if progress and not caution and (caution := found().caution):
                        tqdm.write(f"{title}: {caution}")
        return found()


class _Bit:
    """The cells of one bit of a tensor, in the order in which they are tried.

    Args:
        tensor: Name of the tensor.
        bit: Number of the bit, 0 the least significant.
        seed: Of the order.
        stored: The bit that they store; None for all.
        among: Which elements those are, bool ``[elements]``.
        fail: Whether they ever do.
    """

    def __init__(
        self,
        tensor: TensorInfo,
        bit: int,
        seed: int,
        stored: int | None = None,
        among: np.ndarray | None = None,
        fail: bool = True,
    ):
        self.tensor, self.bit, self.stored, self.costs = tensor, bit, stored, []
        self.seed, self.among, self.fail, self.placed = seed, among, fail, False
        self.cells = tensor.elements if among is None else int(among.sum())
        self._order = np.zeros(0, dtype=np.int64)

    def first(self, count: int) -> list[int]:
        """The elements of the first cells; of millions no more are kept than may be tried."""
        if count > len(self._order):
            text = f"eden criticality {self.seed} {self.tensor.name} {self.bit}".encode()
            random = np.random.Generator(np.random.Philox(list(text)))
            order = random.permutation(self.tensor.elements)
            if self.among is not None:
                order = order[self.among[order]]
            self._order = order[: max(_KEPT, 2 * count)].copy()
        return self._order[:count].tolist()

    def stratum(self) -> Stratum:
        return Stratum(
            tensor=self.tensor.name,
            kind=self.tensor.kind,
            bit=self.bit,
            cells=self.cells,
            losses=tuple(cost.loss for cost in self.costs),
            critical=sum(cost.misses for cost in self.costs),
            stored=self.stored,
            elements=tuple(self.first(len(self.costs))) if self.placed else (),
        )

    @property
    def left(self) -> int:
        return self.cells - len(self.costs) if self.fail else 0


class _Search:
    """What is tried next."""

    def __init__(self, cells: CellCosts, tensors, stored: str, seed: int, bar):
        self.cells, self.bar = cells, bar
        self.allowed = cells.clean - cells.target
        self.format = formats.get(stored)
        self.seed = seed
        error, self.known = cells.network.handle.config.error, None
        if isinstance(error, errors.Cells):  # element and bit of each
            self.known = np.divmod(error.bit_addresses, self.format.bits)
        self.bits = [[self._cells_of(t, bit) for bit in self._order()] for t in tensors]
        placed = isinstance(error, errors.Bitline | errors.Wordline)
        for of_bit in (some for bits in self.bits for bit in bits for some in bit):
            of_bit.placed = placed  # then it counts which cells were tried

    def _cells_of(self, tensor: TensorInfo, bit: int) -> list[_Bit]:
        """The cells of a bit; of a weight those of each stored bit, where that makes a difference.

        Those that never fail are not tried, nor any but known ones where the error model knows
        which are weak.
        """
        handle = self.cells.network.handle
        known = self._known(tensor, bit)
        if known is not None and not known.any():
            return [_Bit(tensor, bit, self.seed, fail=False)]
        failures = {stored: failure_of(handle.config.error, stored) for stored in (1, 0)}
        stored_bits = None
        if failures[0] != failures[1]:
            stored_bits = handle.stored_bits(tensor.name, bit)
        if stored_bits is None:
            return [_Bit(tensor, bit, self.seed, among=known)]
        ones, some = stored_bits.numpy(), True if known is None else known
        both = [
            _Bit(tensor, bit, self.seed, s, (ones == s) & some, failures[s] > 0) for s in (1, 0)
        ]
        return [of_bit for of_bit in both if of_bit.cells]

    def _known(self, tensor: TensorInfo, bit: int) -> np.ndarray | None:
        """Which elements have a known cell in this bit; None where cells are weak by chance."""
        if self.known is None:
            return None
        element, of_element = self.known
        known = np.zeros(tensor.elements, dtype=bool)
        known[element[(of_element == bit) & (element < tensor.elements)]] = True
        return known

    def _order(self) -> list[int]:
        """The bits of an element, those that move a value most first, of floats the exponent."""
        bits = self.format.bits
        if self.format.integer:
            return list(range(bits - 1, -1, -1))
        exponent = list(range(bits - 2, self.format.mantissa_bits - 1, -1))
        return [*exponent, bits - 1, *range(self.format.mantissa_bits - 1, -1, -1)]

    def run(self) -> Iterator[None]:
        """Try the first cells of every bit that may matter, then more; from step to step."""
        for bits in self.bits:
            for bit in bits:
                for cells in bit:
                    self._try(cells, min(FIRST, cells.left))
                # Of known cells each lies where it does: one says nothing of another's value.
                by_chance = self.known is None
                if by_chance and all(map(self._harmless, bit)) and self._says_of_lower(bit[0].bit):
                    break
            yield
        while (bit := self._most_uncertain()) is not None:
            self._try(bit, min(CHUNK, bit.left))
            yield

    def strata(self) -> Iterator[Stratum]:
        return (cells.stratum() for bits in self.bits for bit in bits for cells in bit)

    def _try(self, bit: _Bit, count: int) -> None:
        if not count:
            return
        start = len(bit.costs)
        elements = bit.first(start + count)[start:]
        bit.costs += self.cells.costs(bit.tensor.name, bit.bit, elements, self.seed)
        self.bar.update(count)

    def _harmless(self, bit: _Bit) -> bool:
        """None of those tried comes near the target."""
        return all(cost.loss <= self.allowed / 2 and not cost.misses for cost in bit.costs)

    def _says_of_lower(self, bit: int) -> bool:
        """Whether the bits tried after this one move a value less than it does."""
        if self.format.integer:
            return bit < self.format.bits - 1  # a sign may be corrected away
        return bit < self.format.mantissa_bits

    def _most_uncertain(self) -> _Bit | None:
        """The bit whose next cells narrow lambda most for what they cost, if that is needed."""
        every = (cells for bits in self.bits for bit in bits for cells in bit)
        tried = [bit for bit in every if bit.costs and bit.left]
        uncertain = [bit for bit in tried if not self._harmless(bit)]
        if not uncertain or self.cells.passes >= PASSES:
            return None
        strata = list(self.strata())
        total = sum(stratum.expected for stratum in strata)
        low, high = lambda_interval(strata)
        if total and high - low <= 2 * KNOWN_TO * total:
            return None
        return max(uncertain, key=self._gain)

    def _gain(self, bit: _Bit) -> float:
        """Variance of lambda that the next cells take away, for each pass."""
        tried, critical = len(bit.costs), sum(cost.misses for cost in bit.costs)
        share = (critical + 0.5) / (tried + 1)
        variance = bit.cells**2 * share * (1 - share)
        work = self.cells.work(bit.tensor.name)
        return variance * (1 / tried - 1 / (tried + CHUNK)) / work
