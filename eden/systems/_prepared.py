"""A network on a system, run once for each set of latencies of its memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

from eden._native import core
from eden._say import an_int, one_of, refusal, within
from eden.dram import Memory
from eden.mapping import Placement
from eden.systems._cost import Inference, LayerCost
from eden.systems._homes import Homes, OnePoint, Placed, check_counted, clocks_at
from eden.systems._kinds import KINDS
from eden.systems._layers import Call
from eden.systems._parts import Parts, joules_of
from eden.systems._ran import Ran
from eden.systems._system import System


class Prepared:
    """A network on a system, to look at with its memory at many operating points.

    Layers are run once for each set of latencies that `at` is asked for; a voltage costs no run,
    as time does not depend on it. Made by `prepare`.
    """

    def __init__(self, system: System, calls: Sequence[Call], batch: int, most_requests: int):
        an_int("most_requests", most_requests, 1000, 10**9)
        self._system, self._calls, self._batch = system, calls, batch
        self._most_requests, self._run = most_requests, run_of(system)
        self._rated = system.load_memory()
        self._runs: dict[tuple, Runs] = {}

    @property
    def memory(self) -> Memory:
        """Memory of the system at its rated point."""
        return self._rated

    def at(
        self,
        *,
        vdd_volts: float | None = None,
        trcd_seconds: float | None = None,
        trp_seconds: float | None = None,
    ) -> Inference:
        """Return time and energy of one inference at an operating point.

        Args:
            vdd_volts: As of `inference`.
            trcd_seconds: As of `inference`.
            trp_seconds: As of `inference`.

        Raises:
            TypeError: For an argument of another type.
            ValueError: One line, for a point that cannot be.
        """
        rated = self._rated
        volts = rated.vdd_volts if vdd_volts is None else vdd_volts
        within("vdd_volts", volts, rated.vdd_volts / 2, 1.5 * rated.vdd_volts)
        for name, value in (("trcd_seconds", trcd_seconds), ("trp_seconds", trp_seconds)):
            if value is not None:
                within(name, value, 0, 1e-6)
        runs = self._at(clocks_at(rated, trcd_seconds, trp_seconds)).at_supply(volts)
        return self._result(runs)

    def placed(self, placement: Placement) -> Inference:
        """Return the same with each tensor where a placement has it."""
        self._system.check_device(placement.device)
        system = _for_modules(self._system, placement.modules)
        if system is not self._system:
            beside = Prepared(system, self._calls, self._batch, self._most_requests)
            return beside.placed(placement)
        spread = 1 if system.kind == "processor" else system.channels
        check_counted(placement, system.name, channels=spread)
        return self._result(self._of(lambda: Placed(self._rated, placement)))

    def _at(self, clocks: dict[str, int]) -> Runs:
        key = tuple(sorted(clocks.items()))
        if key not in self._runs:
            memory = self._rated.with_clocks(clocks)
            self._runs[key] = self._of(lambda: OnePoint(memory, memory.vdd_volts))
        return self._runs[key]

    def _of(self, homes: Callable[[], Homes]) -> Runs:
        here = homes()
        runs = self._run(self._system, self._calls, here, self._most_requests)
        halved = runs
        if any(ran.fraction < 1 and ran.standard_error_seconds is None for ran in runs):
            halved = self._run(self._system, self._calls, homes(), self._most_requests // 2)
        return Runs(here.memory, here.map or self._system.map, runs, halved, here.standby_volts)

    def _result(self, here: Runs) -> Inference:
        reference, rated = self._at({}), self._rated
        by_law = joules_of(here.memory, here.runs, standby_volts=here.standby_volts)
        joules = {law: _sum(parts) for law, parts in by_law.items()}
        layers = tuple(
            LayerCost(
                name=ran.layer.name,
                kind=ran.layer.kind,
                weight_read_bytes=ran.moved("weight"),
                input_read_bytes=ran.moved("input"),
                output_write_bytes=ran.moved("output", write=True) + ran.moved("input", write=True),
                compute_seconds=ran.compute_seconds,
                dram_seconds=ran.dram_seconds,
                seconds=ran.seconds,
                row_hits=ran.row_hits,
                fraction=ran.fraction,
                joules={law: by_law[law][i] for law in by_law},
                notes=ran.notes,
            )
            for i, ran in enumerate(here.runs)
        )
        return Inference(
            system=self._system.name,
            memory=rated.name,
            batch=self._batch,
            layers=layers,
            joules=joules,
            rated_joules=_sum(joules_of(rated, reference.runs, ("linear",))["linear"]),
            rated_seconds=sum(ran.seconds for ran in reference.runs),
            sampling_error=here.error(joules["linear"].total),
            assumptions=_assumptions(self._system, rated, self._calls, here),
        )


class Runs(NamedTuple):
    """Layers run at one set of latencies.

    Attributes:
        memory: At these latencies.
        map: How addresses lie in it.
        runs: What each took.
        halved: The same of half as many requests; `runs` where nothing asks for it.
        standby_volts: As of `Homes`.
    """

    memory: Memory
    map: str
    runs: Sequence[Ran]
    halved: Sequence[Ran]
    standby_volts: tuple[float | None, ...] = ()

    def at_supply(self, volts: float) -> Runs:
        """Return the same with what is not at the rated supply by its kind at another."""
        if volts == self.memory.vdd_volts:
            return self
        own = [ran.at_supply(volts) for ran in self.runs]
        halved = own if self.halved is self.runs else [ran.at_supply(volts) for ran in self.halved]
        return self._replace(runs=own, halved=halved)

    def error(self, joules: float) -> float:
        """Return by how much sampling may be off, as a fraction; given the joules under linear."""
        seconds = sum(ran.seconds for ran in self.runs)
        standard = math.sqrt(sum((ran.standard_error_seconds or 0.0) ** 2 for ran in self.runs))
        if self.halved is self.runs:
            return standard / seconds
        halved = joules_of(self.memory, self.halved, ("linear",), self.standby_volts)
        of_half = _sum(halved["linear"]).total
        moved = abs(sum(ran.seconds for ran in self.halved) / seconds - 1)
        return max(standard / seconds, abs(of_half / joules - 1), moved)


def run_of(system: System):
    if (run := KINDS[system.kind].run) is None:
        accepted = "a system with a memory of its own, such as tpu"
        raise ValueError(refusal("system", system.name, accepted))
    return run


def _for_modules(system: System, modules: int) -> System:
    """Return a system that has as many channels for each of several modules as for another."""
    channels = system.channels * system.parameters.get("channel_groups", 1)
    if system.kind == "processor":
        fitting = [n for n in (1, 2, 3, 4) if channels % n == 0]
    else:  # of one channel: a channel each
        fitting = [1, 2, 4] if channels == 1 else [1, channels]
    one_of(f"modules of a placement on {system.name}, {channels} channel(s)", modules, fitting)
    return system.with_(channels=modules) if channels == 1 < modules else system


def _sum(parts: Sequence[Parts]) -> Parts:
    return reduce(Parts.plus, parts, Parts())


def _assumptions(
    system: System, memory: Memory, calls: Sequence[Call], here: Runs
) -> tuple[str, ...]:
    policy = system.policy(memory)
    rest = policy.get("power_down_clocks", 0)
    notes = [
        *KINDS[system.kind].assumptions(system),
        f"memory: {memory.name}, {system.channels} channel(s), map {here.map}, page "
        f"{policy.get('page', 'open')}; "
        + (f"power-down after {rest} idle clocks" if rest else "no power-down"),
        "idle time pays standby or power-down, and all time refresh; nothing is counted between "
        "inferences",
        "tensors that are not placed stay at the rated supply, but have the latencies of the banks "
        "that they come to lie in: with a coarse placement those of the whole memory; a layer with "
        "tensors at several supplies is charged by the bytes at each",
        "joules follow the main supply by each law (docs/dram.md); time does not depend on it",
    ]
    if modules := len(here.standby_volts):
        lie = (
            "lines go over all channels in time, as if each tensor were spread over them"
            if system.kind == "processor"
            else "a tensor lies in one channel, at the rated point lines go over all"
        )
        notes.append(
            f"{modules} modules, each with its share of the channels: standby and refresh go by "
            f"the bytes that lie in each; {lie}; a bank has the slowest latencies of any module's"
        )
    if not _has_pins(memory):
        notes.append(f"{memory.name} does not describe its pins: I/O and termination count as 0")
    notes += [
        f"unknown layer {c.layer.name} ({c.module}): its bytes are counted at the rated point, "
        "its arithmetic is not"
        for c in calls
        if c.layer.kind == "other"
    ]
    if any(ran.fraction < 1 for ran in here.runs):
        part = min(ran.fraction for ran in here.runs)
        notes.append(f"long layers are simulated in part, at least {100 * part:.3g} % of each")
    return tuple(notes)


def _has_pins(memory: Memory) -> bool:
    found = memory.native.energy(core.TraceCounts(reads=1, writes=1), 0.0, "linear", {})
    return found["read_interface"] + found["write_termination"] > 0
