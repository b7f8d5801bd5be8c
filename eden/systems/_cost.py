"""What an inference takes on a system that has a memory of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eden._say import one_of
from eden.systems._parts import Parts


@dataclass(frozen=True)
class LayerCost:
    """One layer of the whole batch.

    Attributes:
        name: Of the module.
        kind: As of `Layer`.
        weight_read_bytes: Read from DRAM.
        input_read_bytes: Read from DRAM.
        output_write_bytes: Written to DRAM.
        compute_seconds: Of the arithmetic alone.
        dram_seconds: Of the memory alone.
        seconds: Of both.
        row_hits: Share of the accesses for which no row was opened.
        fraction: Of the layer that was simulated; the rest is taken to be alike.
        joules: By voltage law.
        notes: What else the system counts of it; of a processor scratch (im2col, packing) and
            outputs that are read again.
    """

    name: str
    kind: str
    weight_read_bytes: float
    input_read_bytes: float
    output_write_bytes: float
    compute_seconds: float
    dram_seconds: float
    seconds: float
    row_hits: float
    fraction: float
    joules: Mapping[str, Parts]
    notes: Mapping[str, float]

    @property
    def read_bytes(self) -> float:
        """Bytes read from DRAM, those of the notes among them."""
        more = self.notes.get("output_read_bytes", 0.0) + self.notes.get("scratch_read_bytes", 0.0)
        return self.weight_read_bytes + self.input_read_bytes + more

    @property
    def write_bytes(self) -> float:
        """Bytes written to DRAM, those of the notes among them."""
        return self.output_write_bytes + self.notes.get("scratch_write_bytes", 0.0)

    @property
    def idle_seconds(self) -> float:
        """Time in which the memory has nothing to do."""
        return max(0.0, self.seconds - self.dram_seconds)

    def to_dict(self) -> dict:
        """Return plain data."""
        joules = {law: parts.to_dict() for law, parts in self.joules.items()}
        return {
            **vars(self),
            "idle_seconds": self.idle_seconds,
            "joules": joules,
            "notes": dict(self.notes),
        }


@dataclass(frozen=True)
class Inference:
    """Time and DRAM energy of running a batch once.

    Attributes:
        system: Name of the system.
        memory: Name of its memory.
        batch: Inputs of the batch; all numbers are of the whole of it.
        layers: In order of calls.
        joules: By voltage law.
        rated_joules: At the rated voltage and latencies, without protections; there laws agree.
        rated_seconds: The same of the time.
        sampling_error: How far energy and time of the layers that were simulated in part move if
            half as much is simulated, as a fraction of the whole; of processors the standard error
            of the time instead; 0 where all of it was simulated.
        assumptions: What the numbers rest on, in words.
    """

    system: str
    memory: str
    batch: int
    layers: tuple[LayerCost, ...]
    joules: Mapping[str, Parts]
    rated_joules: Parts
    rated_seconds: float
    sampling_error: float
    assumptions: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Time of all layers, one after the other."""
        return sum(layer.seconds for layer in self.layers)

    @property
    def compute_seconds(self) -> float:
        """Time of the arithmetic alone."""
        return sum(layer.compute_seconds for layer in self.layers)

    @property
    def dram_seconds(self) -> float:
        """Time of the memory alone."""
        return sum(layer.dram_seconds for layer in self.layers)

    @property
    def idle_seconds(self) -> float:
        """Time in which the memory has nothing to do."""
        return sum(layer.idle_seconds for layer in self.layers)

    @property
    def read_bytes(self) -> float:
        """Bytes read from DRAM."""
        return sum(layer.read_bytes for layer in self.layers)

    @property
    def write_bytes(self) -> float:
        """Bytes written to DRAM."""
        return sum(layer.write_bytes for layer in self.layers)

    @property
    def speedup(self) -> float:
        """Time at the rated point over the time here, less one."""
        return self.rated_seconds / self.seconds - 1

    def saving(self, law: str = "linear") -> float:
        """Return the DRAM energy saved, as a fraction of that at the rated point.

        Raises:
            ValueError: For a law that was not evaluated.
        """
        one_of("law", law, self.joules)
        return 1 - self.joules[law].total / self.rated_joules.total

    def to_dict(self) -> dict:
        """Return plain data: layers, joules by law and component, seconds, bytes, assumptions."""
        return {
            "system": self.system,
            "memory": self.memory,
            "batch": self.batch,
            "layers": [layer.to_dict() for layer in self.layers],
            "joules": {law: parts.to_dict() for law, parts in self.joules.items()},
            "rated_joules": self.rated_joules.to_dict(),
            "saving": {law: self.saving(law) for law in self.joules},
            "seconds": self.seconds,
            "rated_seconds": self.rated_seconds,
            "speedup": self.speedup,
            "compute_seconds": self.compute_seconds,
            "dram_seconds": self.dram_seconds,
            "idle_seconds": self.idle_seconds,
            "read_bytes": self.read_bytes,
            "write_bytes": self.write_bytes,
            "sampling_error": self.sampling_error,
            "assumptions": list(self.assumptions),
        }
