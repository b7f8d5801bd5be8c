"""What `streaming` counts is what the DRAM engine does with the same requests."""

import itertools

import pytest

from eden import devices, energy
from eden._native import core
from eden.dram import simulate
from eden.energy._streams import like, streams_of

LINE = 64
# Lines over groups, then banks; or a bank after the other.
MAPS = {True: "ro co ba bg ra ch", False: "ChRaBaRoCo"}
# A network's weights and inputs, behind each other, and then its outputs.
SMALL = [(False, 2400), (False, 48_000), (False, 700), (False, 9216), (True, 5000), (True, 640)]
LARGE = [(False, 2_000_000), (False, 300_000), (True, 800_000), (False, 1_500_000)]


def transfers_of(device, sizes, interleaved):
    found, address = [], 0
    for write, size in sizes:
        found.append(energy.Transfer(write, interleaved, address, size, device.nominal))
        address += energy.lines(device, size)
    return found


def counted(device, transfers):
    native = [core.Transfer(t.access_in(device), t.point.native, t.times) for t in transfers]
    return streams_of(device).counts(native)


def served(device, transfers, folder, interleaved):
    """The same requests through the engine: commands and clocks."""
    lines = []
    for t in transfers:
        op = "W" if t.write else "R"
        last = t.address + t.size_bytes - 1
        lines += [f"0 {op} {i * LINE:x}\n" for i in range(t.address // LINE, last // LINE + 1)]
    (folder / "requests.txt").write_text("".join(lines))
    return simulate(like(device), folder / "requests.txt", map=MAPS[interleaved])


@pytest.mark.parametrize("name", ["ddr3l-1600-b10", "ddr4-2400", "lpddr4-3200", "hbm2"])
@pytest.mark.parametrize("interleaved", [True, False])
# Of a short one the engine sees no refresh or one, where streaming counts its share.
@pytest.mark.parametrize(
    ("sizes", "time", "rows", "joules"), [(SMALL, 0.06, 8, 0.06), (LARGE, 0.002, 0.025, 0.005)]
)
def test_counts_are_the_engines(name, interleaved, sizes, time, rows, joules, tmp_path):
    device = devices.load(name)
    transfers = transfers_of(device, sizes, interleaved)
    found, run = counted(device, transfers), served(device, transfers, tmp_path, interleaved)
    [counts] = run.channels[0].counts

    def all_of(key):
        return sum(getattr(n, key) for n in found)

    assert all_of("reads") == counts["reads"] and all_of("writes") == counts["writes"]
    assert all_of("refreshes") == pytest.approx(counts["refreshes"], abs=1)
    clocks = all_of("active_cycles") + all_of("precharged_cycles")
    assert clocks == pytest.approx(run.data_end_clock, rel=time)
    assert all_of("activates") == pytest.approx(
        counts["activates"], abs=rows if rows > 1 else None, rel=rows
    )
    names = ("activates", "precharges", "reads", "writes")
    cycles = ("active_cycles", "precharged_cycles")
    same = energy.CommandCounts(
        *(counts[n] for n in names), all_of("refreshes"), *(counts[n] for n in cycles)
    )
    by_engine = energy.dram_energy(same, device.currents, device.timing).total
    mine = energy.stream(device, transfers, ("linear",))[0]["linear"]
    total = (mine.total - mine.interface) / device.geometry.chips
    assert total == pytest.approx(by_engine, rel=joules)


def test_lowered_latencies_show_as_in_the_engine(tmp_path):
    device = devices.load("ddr3l-1600-b10")
    fast = device.at(trcd_seconds=10e-9)
    slow = transfers_of(device, LARGE, False)
    sooner = [energy.Transfer(t.write, False, t.address, t.size_bytes, fast) for t in slow]
    served(device, slow, tmp_path, False)
    memory = like(device)  # the measured point has both latencies lowered
    ends = [
        simulate(one, tmp_path / "requests.txt", map=MAPS[False]).seconds
        for one in (memory, memory.with_clocks({"tRCD": 8, "tRCDW": 8, "tRP": 8}))
    ]
    seconds = [energy.stream(device, way, ("linear",))[1] for way in (slow, sooner)]
    assert 1 - seconds[1] / seconds[0] == pytest.approx(1 - ends[1] / ends[0], abs=5e-4)


def test_pins_are_charged_where_the_memory_describes_them():
    device = devices.load("ddr3l-1600-b10")
    read, write = (
        energy.stream(device, [energy.Transfer(w, True, 0, LINE, device.nominal)], energy.LAWS)[0]
        for w in (False, True)
    )
    # 8 chips, bursts of 5 ns: 9 pins of 4.6 mW when read, 10 of 21.2 mW when written.
    assert read["linear"].interface == pytest.approx(8 * 9 * 4.6e-3 * 5e-9)
    assert write["array"].interface == pytest.approx(8 * 10 * 21.2e-3 * 5e-9)
    hbm = devices.load("hbm2")
    moved = energy.Transfer(False, True, 0, LINE, hbm.nominal)
    assert energy.stream(hbm, [moved], ("linear",))[0]["linear"].interface == 0


def test_idle_time_is_standby_and_refresh():
    device = devices.load("ddr3l-1600-b10")
    joules, seconds = energy.idle(device, 1e-3, device.nominal, ("linear",))
    parts = joules["linear"]
    assert seconds == pytest.approx(1e-3)
    assert parts.background_precharged == pytest.approx(8 * 1.35 * 1e-3 * 0.043)
    refreshes = 1e-3 / 7.8e-6
    assert parts.refresh == pytest.approx(8 * 1.35 * refreshes * 160e-9 * (0.190 - 0.055))
    assert parts.total == pytest.approx(parts.refresh + parts.background_precharged)


@pytest.mark.parametrize("banks", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_bursts_find_a_row_open_and_no_time_is_less_than_none(banks, lines):
    """Read again while some of its banks have its row open, as a small tensor of two batches is.

    In two banks one line closes the rows that were open before it: for longer than without it no
    row is open, and the clocks with one open are fewer by that.
    """
    device = devices.load("ddr3l-1600-b10")
    burst = device.timing.burst_clocks
    for first, before in itertools.product(range(4), range(1, 4)):
        sizes = before * LINE, lines * LINE
        found = counted(
            device,
            [
                energy.Transfer(False, True, first * LINE, size, device.nominal, banks=banks)
                for size in sizes
            ],
        )
        for counts, size in zip(found, sizes, strict=True):
            assert counts.active_cycles >= burst * (size // LINE)
            assert counts.precharged_cycles >= 0
