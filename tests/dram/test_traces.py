import gzip
import json

import pytest

from eden.dram import Memory, check_commands, load_memory, simulate, trace_energy

REQUESTS = "".join(
    f"{40 * i} {'W' if i % 3 == 2 else 'R'} {64 * (i * 37 % 128):x}\n" for i in range(60)
)


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "requests.txt"
    path.write_text(REQUESTS)
    return path


def test_a_read_is_worked_out_by_hand(memory, tmp_path):
    # ACT in clock 1, RD tRCD = 6 later, CL + BL = 7 to the end; 2 chips at 1.5 V and 2 ns.
    path = tmp_path / "one.txt"
    path.write_text("0 R 0\n")
    run = simulate(memory, path)
    assert (run.reads, run.data_end_clock, run.mean_latency_clocks) == (1, 14, 14)
    joules = run.channels[0].joules["main"]
    assert joules["activate"] == pytest.approx(2 * 3e-9 * 20 * 0.030, rel=1e-12)
    assert joules["read"] == pytest.approx(2 * 3e-9 * 2 * 0.100, rel=1e-12)
    # Closed for one clock, then open to the last beat.
    assert joules["background_active"] == pytest.approx(2 * 3e-9 * 13 * 0.030, rel=1e-12)
    assert joules["background_precharged"] == pytest.approx(2 * 3e-9 * 1 * 0.020, rel=1e-12)
    assert run.seconds == pytest.approx(28e-9)
    assert run.channels[0].by_bank[0]["activates"] == 1
    assert run.total_joules == pytest.approx(sum(joules.values()))


@pytest.mark.parametrize("last", ["END", "NOP"])
def test_standby_counts_up_to_the_clock_that_ends_a_trace(memory, tmp_path, last):
    path = tmp_path / "commands.csv"
    path.write_text("0,ACT,0\n30,PRE,0\n")
    short = trace_energy(memory, path, format="drampower4")
    path.write_text(path.read_text() + f"1000,{last},0\n")
    found = trace_energy(memory, path, format="drampower4")
    (before,), (counts,) = short.counts, found.counts
    assert (before["length"], counts["length"]) == (36, 1000)  # tRP - 1 = 6 after the PRE
    assert counts["precharged_cycles"] == 970 and counts["active_cycles"] == 30
    assert found.seconds == pytest.approx(2e-6)


def test_a_rank_that_is_done_stands_by(described, tmp_path):
    # Bank 4 is of the second rank; its RD is complete CL + BL = 7 clocks after it.
    path = tmp_path / "commands.txt"
    path.write_text("0 ACT 0 1\n30 PRE 0\n990 ACT 4 1\n1000 RD 4\n")
    memory = Memory(json.dumps(described | {"ranks": 2}))
    first, second = trace_energy(memory, path, counting="once").counts
    assert first["length"] == second["length"] == 1007
    assert (first["active_cycles"], first["precharged_cycles"]) == (30, 977)
    own = trace_energy(memory, path).counts
    assert [n["length"] for n in own] == [36, 1007]


@pytest.mark.parametrize("page", ["open", "closed", "capped"])
def test_what_is_simulated_is_legal_and_costs_what_its_commands_cost(memory, trace, tmp_path, page):
    commands = tmp_path / "commands.txt.gz"
    run = simulate(memory, trace, policy={"page": page}, commands=commands)
    assert run.reads + run.writes == 60
    assert check_commands(memory, commands) == ([], 0)
    again = trace_energy(memory, commands, counting="once")
    assert again.joules == run.channels[0].joules
    assert again.counts == run.channels[0].counts


@pytest.mark.parametrize("form", ["drampower4", "drampower5"])
def test_commands_in_other_formats_cost_the_same(memory, trace, tmp_path, form):
    path = tmp_path / "commands.csv"
    run = simulate(memory, trace, commands=path, commands_format=form)
    assert trace_energy(memory, path).joules == run.channels[0].joules


def test_packed_and_plain_traces_are_one(memory, trace, tmp_path):
    packed = tmp_path / "requests.txt.gz"
    packed.write_bytes(gzip.compress(REQUESTS.encode()))
    assert simulate(memory, packed).to_dict() == simulate(memory, trace).to_dict()
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"requests\.txt\.gz: damaged gzip, or cut short"):
        simulate(memory, packed)


def test_a_lower_trcd_is_faster(memory, trace):
    rated, lower = simulate(memory, trace), simulate(memory.with_trcd(3), trace)
    assert lower.mean_latency_clocks < rated.mean_latency_clocks
    assert lower.reads == rated.reads


def test_a_bank_may_be_faster_than_the_others(described, tmp_path):
    described["bank_clocks"] = {"1": {"tRCD": 2}}
    memory = Memory(json.dumps(described))
    path = tmp_path / "two.txt"
    for address, latency in ((0, 14), (memory.address((0, 0, 0, 1, 0, 0)), 10)):
        path.write_text(f"0 R {address:x}\n")
        assert simulate(memory, path).mean_latency_clocks == latency


def test_idle_time_is_refreshed_and_paid_for(memory, tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("0 R 0\n")
    run = simulate(memory, path, until_clock=2000)
    assert run.channels[0].counts[0]["refreshes"] == 3
    assert run.channels[0].total > 5 * simulate(memory, path).channels[0].total


def test_laws_of_components(memory, trace):
    rated = simulate(memory, trace).channels[0]
    lower = simulate(memory, trace, vdd_volts=1.2, law="cv2", laws={"refresh": (0.5, 2)}).channels[
        0
    ]
    assert lower.joules["main"]["read"] == pytest.approx(0.64 * rated.joules["main"]["read"])
    assert lower.joules["main"]["refresh"] == pytest.approx(0.82 * rated.joules["main"]["refresh"])
    with pytest.raises(ValueError, match="component is 'core', accepted: array"):
        simulate(memory, trace, laws={"core": (1, 1)})


def test_bad_traces_are_refused_and_leave_nothing(memory, tmp_path):
    path, out = tmp_path / "bad.txt", tmp_path / "commands.txt"
    for text, said in (
        ("0 R 0\n0 R zz\n", r"bad\.txt:2: '0 R zz' is no request"),
        ("5 R 0\n4 R 0\n", r"bad\.txt:2: clock is 4 after clock 5, accepted"),
        ("0 R 0\n0 R ffffff\n", r"bad\.txt:2: address is 0xffffff, accepted: below 8192"),
        ("0 R 0", r"bad\.txt:1: .* without a line break, accepted"),
        ("0 R 0\r\n", r"bad\.txt:1: end of the line is CR LF, accepted"),
    ):
        path.write_bytes(text.encode())
        with pytest.raises(ValueError, match=said):
            simulate(memory, path, commands=out)
    assert not out.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["bad.txt"]
    with pytest.raises(ValueError, match="controller: page"):
        simulate(memory, path, policy={"page": "ajar"})
    path.write_text("5 ACT 0 0\n4 PRE 0\n")
    with pytest.raises(ValueError, match=r"bad\.txt:2: clock is 4 after clock 5, accepted"):
        trace_energy(memory, path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vdd_volts": 0.0}, "vdd_volts"),
        ({"vdd_volts": float("nan")}, "vdd_volts"),
        ({"laws": {"array": (0.5,)}}, "a share and a power"),
        ({"laws": {"array": "ab"}}, r"laws\['array'\]"),
        ({"laws": {"array": (float("nan"), 1)}}, "share"),
        ({"laws": {"array": (1, 11)}}, "power"),
    ],
)
def test_voltages_and_laws_that_are_none_are_refused(memory, trace, tmp_path, options, said):
    commands = tmp_path / "commands.txt"
    commands.write_text("0 ACT 0 1\n")
    for run in (lambda: simulate(memory, trace, **options),
                lambda: trace_energy(memory, commands, **options)):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match=said) as refused:
            run()
        assert "\n" not in str(refused.value)


def test_a_trace_is_not_written_over(memory, trace):
    before = trace.read_text()
    with pytest.raises(ValueError, match="another file than the trace"):
        simulate(memory, trace, commands=trace.parent / "." / trace.name)
    assert trace.read_text() == before


def test_a_memory_without_the_clocks_does_not_lie_down(memory, trace):
    for knob, clocks in (("power_down_clocks", "tXP"), ("self_refresh_clocks", "tXS")):
        with pytest.raises(ValueError, match=f"{clocks} of small is missing, accepted: .*{knob}$"):
            simulate(memory, trace, policy={knob: 9})


@pytest.mark.parametrize("name", ["ddr4-2400", "lpddr4-3200", "hbm2-legacy"])
def test_the_memories_of_eden_rest(name, tmp_path):
    path = tmp_path / "late.txt"
    path.write_text("0 W 0\n200000 R 40\n")
    awake = simulate(load_memory(name), path)
    knobs = {"power_down_clocks": 20, "self_refresh_clocks": 30000}
    asleep = simulate(load_memory(name), path, policy=knobs)
    parts = asleep.channels[0].joules["main"]
    assert parts["power_down"] > 0 and parts["self_refresh"] > 0
    assert asleep.total_joules < awake.total_joules
