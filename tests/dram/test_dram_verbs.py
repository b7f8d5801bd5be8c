import gzip
import json
import os
import threading

import pytest

from eden.cli import main


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["dram", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_simulate_energy_and_check_agree(capsys, small_file, tmp_path):
    trace, commands, out = (tmp_path / name for name in ("r.txt", "c.txt", "o.json"))
    trace.write_text("0 R 0\n3 W 40\n900 R 0\n")
    code, said, _ = run(
        capsys, "simulate", "--device", small_file, "--trace", trace, "--commands", commands,
        "--json", out,
    )  # fmt: skip
    assert code == 0
    assert "3 requests" in said and "total" in said
    found = json.loads(out.read_text())
    assert found["reads"] == 2
    code, said, _ = run(
        capsys, "energy", "--device", small_file, "--commands", commands, "--json", out
    )
    assert code == 0
    assert json.loads(out.read_text())["total"] == pytest.approx(found["total_joules"])
    assert run(capsys, "check", "--device", small_file, "--commands", commands)[:2] == (
        0,
        "legal\n",
    )


def test_commands_of_several_channels_are_a_file_each(capsys, described, tmp_path):
    memory, trace, commands = (tmp_path / name for name in ("m.json", "r.txt", "c.txt.gz"))
    memory.write_text(json.dumps({**described, "channels": 2}))
    trace.write_text("0 R 0\n0 R 40\n0 W 80\n")
    asked = ("simulate", "--device", memory, "--trace", trace, "--commands")
    assert run(capsys, *asked, commands)[0] == 0
    for channel, names in enumerate((["ACT", "WR", "RD"], ["ACT", "RD"])):
        text = gzip.decompress((tmp_path / f"c.ch{channel}.txt.gz").read_bytes()).decode()
        assert [line.split()[1] for line in text.splitlines()] == names
    assert not commands.exists()
    trace.rename(tmp_path / "c.ch1.txt")
    code, _, error = run(capsys, *asked[:4], tmp_path / "c.ch1.txt", asked[5], tmp_path / "c.txt")
    assert code == 2 and "another file than the trace" in error


def test_check_names_the_rule_and_the_clock(capsys, small_file, tmp_path):
    commands = tmp_path / "c.txt"
    commands.write_text("0 ACT 0 1\n5 RD 0 1\n")
    code, said, _ = run(capsys, "check", "--device", small_file, "--commands", commands)
    assert code == 1
    assert said == (
        "command 2, clock 5: RD to bank 0: ACT to RD, bank: tRCD; accepted from clock 6\n"
        "1 commands break a rule\n"
    )


def test_bad_input_is_one_line_and_exit_code_2(capsys, small_file, tmp_path):
    trace, policy = tmp_path / "r.txt", tmp_path / "p.json"
    trace.write_text("0 R 0\n0 READ 0\n")
    policy.write_text("[]")
    for arguments, said in (
        (("--device", small_file, "--trace", trace), "r.txt:2: "),
        (("--device", "ddr9", "--trace", trace), "device is 'ddr9'"),
        (("--device", small_file, "--trace", tmp_path / "none"), "none: No such file"),
        (("--device", small_file, "--trace", trace, "--map", "RoCo"), "address map RoCo"),
        (("--device", small_file, "--trace", trace, "--policy", policy), "p.json: policy is []"),
    ):
        code, _, error = run(capsys, "simulate", *arguments)
        assert code == 2
        assert said in error and error.count("\n") == 1


def test_commands_that_no_memory_takes_end(capsys, small_file, tmp_path):
    """Rows that close by themselves at one clock, without end: time and memory would go there."""
    commands = tmp_path / "c.txt"
    commands.write_text("0 ACT 0 0\n" + "0 RDA 0 0\n" * 100_000)
    code, _, error = run(capsys, "energy", "--device", small_file, "--commands", commands)
    assert code == 2
    assert error.count("\n") == 1 and "c.txt:" in error
    assert "automatic precharges to come in a rank is 64, accepted: one for each" in error


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_trace_may_be_a_pipe(capsys, pack, small_file, tmp_path):
    """Traces of more than a disk holds are made as they are read."""
    pipe, out = tmp_path / "pipe", tmp_path / "o.json"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[pack(b"0 R 0\n3 W 40\n900 R 0\n")])
    writer.start()
    code, _, error = run(capsys, "simulate", "--device", small_file, "--trace", pipe, "--json", out)
    writer.join()
    assert (code, error) == (0, "")
    assert json.loads(out.read_text())["reads"] == 2
