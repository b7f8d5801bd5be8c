"""Types of the torch-free extension (csrc/python); tests/test_stubs.py holds them against it."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

class Geometry:
    chips: Final[int]
    chip_width_bits: Final[int]
    banks: Final[int]
    rows_per_bank: Final[int]
    rows_per_subarray: Final[int]
    row_bytes: Final[int]
    line_bytes: Final[int]
    size_bytes: Final[int]
    def __init__(
        self,
        *,
        chips: int,
        chip_width_bits: int,
        banks: int,
        rows_per_bank: int,
        rows_per_subarray: int,
        row_bytes: int,
        line_bytes: int,
    ) -> None: ...

class Timing:
    clock_seconds: Final[float]
    burst_clocks: Final[int]
    tras_seconds: Final[float]
    trc_seconds: Final[float]
    trfc_seconds: Final[float]
    trefi_seconds: Final[float]
    def __init__(
        self,
        clock_seconds: float,
        burst_clocks: int,
        tras_seconds: float,
        trc_seconds: float,
        trfc_seconds: float,
        trefi_seconds: float,
    ) -> None: ...

class Currents:
    vdd_volts: Final[float]
    idd0_amperes: Final[float]
    idd2n_amperes: Final[float]
    idd3n_amperes: Final[float]
    idd4r_amperes: Final[float]
    idd4w_amperes: Final[float]
    idd5_amperes: Final[float]
    assumed: Final[bool]
    def __init__(
        self,
        vdd_volts: float,
        idd0_amperes: float,
        idd2n_amperes: float,
        idd3n_amperes: float,
        idd4r_amperes: float,
        idd4w_amperes: float,
        idd5_amperes: float,
        assumed: bool = False,
    ) -> None: ...

class Settings:
    vdd_volts: Final[float]
    trcd_seconds: Final[float]
    trp_seconds: Final[float]
    def __init__(self, vdd_volts: float, trcd_seconds: float, trp_seconds: float) -> None: ...

class Partition:
    name: Final[str]
    level: Final[str]
    bank: Final[int]
    first_row: Final[int]
    rows: Final[int]
    row_bytes: Final[int]
    size_bytes: Final[int]

class BerRange:
    low: Final[float]
    mean: Final[float]
    high: Final[float]

class OperatingPoint:
    vdd_volts: Final[float]
    trcd_seconds: Final[float]
    trp_seconds: Final[float]
    quality: Final[str]
    censored: Final[bool]
    refresh_seconds: Final[float]
    refresh_stretch: Final[float]
    temperature_celsius: Final[float | None]

class Device:
    name: Final[str]
    description: Final[str]
    vendor: Final[str]
    standard: Final[str]
    assumed: Final[list[str]]
    refresh_seconds: Final[float]
    organisation: Final[dict[str, int]]
    geometry: Final[Geometry]
    timing: Final[Timing]
    currents: Final[Currents]
    granularity: Final[dict[str, str]]
    partitions: Final[list[Partition]]
    subarrays: Final[list[Partition]]
    def at(
        self,
        vdd_volts: float | None,
        trcd_seconds: float | None,
        trp_seconds: float | None,
        temperature_celsius: float | None = None,
        refresh_seconds: float | None = None,
    ) -> OperatingPoint: ...
    def known_points(self) -> list[OperatingPoint]: ...
    def measured_points(self) -> list[OperatingPoint]: ...
    def module_ber(self, point: OperatingPoint, /) -> BerRange: ...
    def retention_ber(self, point: OperatingPoint, /) -> BerRange: ...
    def partition_ber(self, point: OperatingPoint, partition: Partition, /) -> BerRange: ...
    def base_of(self, partition: Partition, /) -> int: ...
    def locate(self, address: int, order: str, /) -> tuple[int, int, int]: ...
    def address_of(self, bank: int, row: int, column: int, order: str, /) -> int: ...
    def to_json(self) -> str: ...

class CommandCounts:
    activates: Final[float]
    precharges: Final[float]
    reads: Final[float]
    writes: Final[float]
    refreshes: Final[float]
    active_cycles: Final[float]
    precharged_cycles: Final[float]
    def __init__(
        self,
        activates: float = 0,
        precharges: float = 0,
        reads: float = 0,
        writes: float = 0,
        refreshes: float = 0,
        active_cycles: float = 0,
        precharged_cycles: float = 0,
    ) -> None: ...

class TraceCounts:
    activates: Final[int]
    precharges: Final[int]
    reads: Final[int]
    writes: Final[int]
    refreshes: Final[int]
    bank_refreshes: Final[int]
    active_cycles: Final[int]
    precharged_cycles: Final[int]
    power_downs: Final[int]
    active_fast_cycles: Final[int]
    active_slow_cycles: Final[int]
    precharged_fast_cycles: Final[int]
    precharged_slow_cycles: Final[int]
    active_power_up_cycles: Final[int]
    precharged_power_up_cycles: Final[int]
    self_refreshes: Final[int]
    self_refresh_cycles: Final[int]
    entry_active_cycles: Final[int]
    entry_precharged_cycles: Final[int]
    exit_active_cycles: Final[int]
    exit_precharged_cycles: Final[int]
    self_refresh_power_up_cycles: Final[int]
    length: Final[int]
    def __init__(
        self,
        activates: int = 0,
        precharges: int = 0,
        reads: int = 0,
        writes: int = 0,
        refreshes: int = 0,
        bank_refreshes: int = 0,
        active_cycles: int = 0,
        precharged_cycles: int = 0,
        power_downs: int = 0,
        active_fast_cycles: int = 0,
        active_slow_cycles: int = 0,
        precharged_fast_cycles: int = 0,
        precharged_slow_cycles: int = 0,
        active_power_up_cycles: int = 0,
        precharged_power_up_cycles: int = 0,
        self_refreshes: int = 0,
        self_refresh_cycles: int = 0,
        entry_active_cycles: int = 0,
        entry_precharged_cycles: int = 0,
        exit_active_cycles: int = 0,
        exit_precharged_cycles: int = 0,
        self_refresh_power_up_cycles: int = 0,
        length: int = 0,
    ) -> None: ...

class BankCounts:
    activates: Final[int]
    precharges: Final[int]
    reads: Final[int]
    writes: Final[int]
    open_cycles: Final[int]
    def __init__(
        self,
        activates: int = 0,
        precharges: int = 0,
        reads: int = 0,
        writes: int = 0,
        open_cycles: int = 0,
    ) -> None: ...

class RankCounts:
    counts: Final[TraceCounts]
    banks: Final[list[BankCounts]]

class DramRules:
    name: Final[str]
    standard: Final[str]
    clocks: Final[dict[str, int]]
    clock_seconds: Final[float]
    vdd_volts: Final[float]
    powers_down: Final[bool]
    chips: Final[int]
    banks: Final[int]
    request_bytes: Final[int]
    size_bytes: Final[int]
    def __init__(self, json: str, table: str, file: str, trcd: int | None = None) -> None: ...
    def place(self, map: str, address: int) -> tuple[int, ...]: ...
    def address(self, map: str, place: Sequence[int]) -> int: ...
    def energy(
        self,
        counts: TraceCounts,
        vdd_volts: float,
        law: str,
        laws: dict[str, tuple[float, float]],
    ) -> dict[str, Any]: ...
    def bank_energy(
        self,
        counts: BankCounts,
        vdd_volts: float,
        law: str,
        laws: dict[str, tuple[float, float]],
    ) -> dict[str, float]: ...

class CommandTrace:
    def __init__(
        self,
        rules: DramRules,
        file: str,
        format: str,
        counting: str,
        check: bool,
        refresh: bool,
        limit: int,
    ) -> None: ...
    def feed(self, piece: bytes) -> None: ...
    def finish(self, close: bool) -> list[RankCounts]: ...
    violations: Final[list[dict[str, Any]]]
    count: Final[int]
    commands: Final[int]

class Simulation:
    def __init__(
        self,
        rules: DramRules,
        file: str,
        map: str,
        policy: str,
        format: str,
        commands: str,
        counting: str,
        close: bool,
    ) -> None: ...
    def feed(self, piece: bytes) -> None: ...
    def finish(self, until: int) -> None: ...
    def take_commands(self, channel: int) -> bytes: ...
    def served(self, channel: int) -> dict[str, int]: ...
    def counts(self, channel: int) -> list[RankCounts]: ...
    channels: Final[int]
    requests: Final[int]

class Layer:
    name: Final[str]
    kind: Final[str]
    batch: Final[int]
    in_channels: Final[int]
    in_h: Final[int]
    in_w: Final[int]
    kernel_h: Final[int]
    kernel_w: Final[int]
    stride_h: Final[int]
    stride_w: Final[int]
    dilation_h: Final[int]
    dilation_w: Final[int]
    pad_h: Final[int]
    pad_w: Final[int]
    groups: Final[int]
    out_channels: Final[int]
    out_h: Final[int]
    out_w: Final[int]
    steps: Final[int]
    weight_elements: Final[int]
    input_elements: Final[int]
    output_elements: Final[int]
    weight_bits: Final[int]
    input_bits: Final[int]
    output_bits: Final[int]
    macs: Final[int]
    weight_on_chip: Final[bool]
    input_on_chip: Final[bool]
    output_on_chip: Final[bool]
    weight_bytes: Final[int]
    input_bytes: Final[int]
    output_bytes: Final[int]
    pixels: Final[int]
    depth: Final[int]
    filters: Final[int]
    def __init__(
        self,
        name: str,
        kind: str,
        *,
        batch: int = ...,
        in_channels: int = ...,
        in_h: int = ...,
        in_w: int = ...,
        kernel_h: int = ...,
        kernel_w: int = ...,
        stride_h: int = ...,
        stride_w: int = ...,
        dilation_h: int = ...,
        dilation_w: int = ...,
        pad_h: int = ...,
        pad_w: int = ...,
        groups: int = ...,
        out_channels: int = ...,
        out_h: int = ...,
        out_w: int = ...,
        steps: int = ...,
        weight_elements: int = ...,
        input_elements: int = ...,
        output_elements: int = ...,
        weight_bits: int = ...,
        input_bits: int = ...,
        output_bits: int = ...,
        macs: int = ...,
        weight_on_chip: bool = ...,
        input_on_chip: bool = ...,
        output_on_chip: bool = ...,
    ) -> None: ...
    def on_chip(self, *, weight: bool, input: bool, output: bool) -> Layer: ...

class Accelerator:
    def __init__(
        self,
        dataflow: str,
        *,
        rows: int,
        columns: int,
        clock_hz: float,
        input_buffer_bytes: int,
        weight_buffer_bytes: int,
        output_buffer_bytes: int,
        accumulator_bytes: int,
        double_buffered: bool,
    ) -> None: ...

class Work:
    cycles: Final[float]
    folds: Final[int]
    tiles: Final[int]
    weight_passes: Final[float]
    input_passes: Final[float]
    output_passes: Final[float]

class TensorStream:
    def __init__(self, *, address: int, bytes: int, passes: float, write: bool) -> None: ...

class StreamServed:
    reads: Final[int]
    writes: Final[int]
    fraction: Final[float]
    dram_seconds: Final[float]
    seconds: Final[float]
    row_hits: Final[float]
    counts: Final[list[list[RankCounts]]]

class Processor:
    cores: Final[int]
    clock_hz: Final[float]
    width: Final[int]
    window: Final[int]
    misses_in_flight: Final[int]
    vector_bytes: Final[int]
    multiply_units: Final[int]
    line_bytes: Final[int]
    l1_bytes: Final[int]
    l1_ways: Final[int]
    l2_bytes: Final[int]
    l2_ways: Final[int]
    l2_cycles: Final[int]
    shared_bytes: Final[int]
    shared_ways: Final[int]
    shared_cycles: Final[int]
    memory_seconds: Final[float]
    prefetch: Final[bool]
    prefetch_streams: Final[int]
    prefetch_degree: Final[int]
    prefetch_distance: Final[int]
    prefetches_in_flight: Final[int]
    page_bytes: Final[int]
    page_seed: Final[int]
    colliding_buffers: Final[bool]
    channel_groups: Final[int]
    channel_bytes: Final[int]
    accesses: Final[int]
    samples: Final[int]
    def __init__(
        self,
        *,
        cores: int = ...,
        clock_hz: float = ...,
        width: int = ...,
        window: int = ...,
        misses_in_flight: int = ...,
        vector_bytes: int = ...,
        multiply_units: int = ...,
        line_bytes: int = ...,
        l1_bytes: int = ...,
        l1_ways: int = ...,
        l2_bytes: int = ...,
        l2_ways: int = ...,
        l2_cycles: int = ...,
        shared_bytes: int = ...,
        shared_ways: int = ...,
        shared_cycles: int = ...,
        memory_seconds: float = ...,
        prefetch: bool = ...,
        prefetch_streams: int = ...,
        prefetch_degree: int = ...,
        prefetch_distance: int = ...,
        prefetches_in_flight: int = ...,
        page_bytes: int = ...,
        page_seed: int = ...,
        colliding_buffers: bool = ...,
        channel_groups: int = ...,
        channel_bytes: int = ...,
        accesses: int = ...,
        samples: int = ...,
    ) -> None: ...

class ProcessorRun:
    def __init__(
        self, processor: Processor, kernel: str, rules: DramRules, map: str, policy: str
    ) -> None: ...
    def layer(self, layer: Layer) -> dict[str, Any]: ...
    def pattern(
        self,
        *,
        accesses: int,
        span_bytes: int,
        random: bool,
        dependent: bool,
        write_share: float,
        instructions: int,
        seed: int,
    ) -> dict[str, Any]: ...

class StreamAccess:
    def __init__(
        self,
        *,
        write: bool,
        banks: int,
        address: int,
        bytes: int,
    ) -> None: ...

class Transfer:
    def __init__(
        self, access: StreamAccess, at: Settings, times: float, refresh_stretch: float = 1.0
    ) -> None: ...

class Streams:
    def __init__(self, device: Device, others: DramRules) -> None: ...
    def counts(self, transfers: Sequence[Transfer]) -> list[CommandCounts]: ...
    def energy(
        self, transfers: Sequence[Transfer], laws: Sequence[str]
    ) -> tuple[dict[str, dict[str, float]], float]: ...
    def idle(
        self, seconds: float, vdd_volts: float, refresh_stretch: float, laws: Sequence[str]
    ) -> tuple[dict[str, dict[str, float]], float]: ...
    def joules_by_point(
        self,
        accesses: Sequence[StreamAccess],
        times: Sequence[float],
        points: Sequence[tuple[Settings, float]],
        law: str,
    ) -> list[list[float]]: ...

class MapSlot:
    partition: Final[int]
    group: Final[int]
    point: Final[int]
    ber: Final[float]
    reduction: Final[float]
    price: Final[int]
    def __init__(
        self,
        *,
        partition: int,
        group: int,
        point: int,
        ber: float,
        reduction: float,
        price: int,
    ) -> None: ...

class MapProblem:
    tensor_bytes: Final[list[int]]
    tolerances: Final[list[float]]
    room_bytes: Final[list[int]]
    slots: Final[list[MapSlot]]
    cost: Final[list[list[float]]]
    def __init__(
        self,
        *,
        tensor_bytes: Sequence[int],
        tolerances: Sequence[float],
        room_bytes: Sequence[int],
        slots: Sequence[MapSlot],
        cost: Sequence[Sequence[float]],
    ) -> None: ...

def assignment_cost(problem: MapProblem, slot: Sequence[int]) -> float: ...
def cost_bound(problem: MapProblem) -> float | None: ...
def column_factor(ratio: float, law: str, laws: dict[str, tuple[float, float]]) -> float: ...
def dram_energy(
    counts: CommandCounts, currents: Currents, timing: Timing, vdd_volts: float, law: str
) -> dict[str, float]: ...
def inject(
    x: np.ndarray,
    out: np.ndarray,
    *,
    table: NDArray[np.int64],
    order: NDArray[np.int32] | None,
    scale: NDArray[np.float32] | None,
    device_key: int,
    access_key: int,
    lookup: int,
    stored: int,
    correction: int,
    lo: float,
    hi: float,
    copies: int,
    first_copy: int,
    address: int,
    row_bytes: int,
) -> None: ...
def work_of(accelerator: Accelerator, layer: Layer) -> Work: ...
def serve_layer(
    rules: DramRules,
    tensors: Sequence[TensorStream],
    *,
    tiles: int,
    compute_seconds: float,
    overlap: bool,
    map: str,
    policy: str,
    most_requests: int,
) -> StreamServed: ...
def keep_budget(
    ways: MapProblem,
    *,
    tensor: Sequence[int],
    hazard: NDArray[np.float64],
    limit: float,
    way: Sequence[int],
    slot: Sequence[int],
) -> tuple[list[int], list[int], float, float]: ...
def lower(
    weak_fraction: NDArray[np.float64],
    failure_one: NDArray[np.float64],
    failure_zero: NDArray[np.float64],
) -> NDArray[np.int64]: ...
def map_greedily(problem: MapProblem) -> tuple[list[int], list[tuple[int, int]], float]: ...
def memory_standard(json: str) -> str: ...
def parse_device(json_text: str) -> Device: ...
def philox4x32(c0: int, c1: int, c2: int, c3: int, key: int, /) -> tuple[int, int, int, int]: ...
def scale_to_ber(
    weak_fraction: NDArray[np.float64],
    failure_probability: NDArray[np.float64],
    share: NDArray[np.float64],
    ber: float,
) -> NDArray[np.float64]: ...
def to_float32(values: NDArray[np.float64]) -> NDArray[np.float32]: ...

class Nearest:
    def __init__(self) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *raised: object) -> None: ...

class WeakFit:
    weak: Final[float]
    shape: Final[float]
    failure_zero: Final[float]
    failure: Final[float]
    log_likelihood: Final[float]
    expected_weak: Final[NDArray[np.float64]]

def fit_weak(
    counts: NDArray[np.int64],
    *,
    failure: bool,
    by_stored: bool,
    spread: bool,
    hint: tuple[float, float],
) -> WeakFit: ...
def hint_of_parts(
    counts: NDArray[np.int64],
    sum_of: Sequence[int] | NDArray[np.int64],
    share: Sequence[float] | NDArray[np.float64],
    *,
    weak: float,
    shape: float,
    failure: float,
) -> tuple[float, float]: ...
def profile_interval(
    counts: NDArray[np.int64],
    *,
    failure: bool,
    by_stored: bool,
    spread: bool,
    hint: tuple[float, float],
    best: WeakFit,
    number: str,
    drop: float,
) -> tuple[float, float]: ...
def weak_log_likelihood(
    counts: NDArray[np.int64],
    *,
    weak: float,
    shape: float,
    failure_zero: float,
    failure: float,
) -> float: ...
