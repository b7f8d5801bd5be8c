"""The verbs of `eden dram`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

dram = typer.Typer(help="Time and energy of DRAM, command by command.", no_args_is_help=True)
Memory = Annotated[str, typer.Option("--device", help="A memory's name, or its .json file.")]
Commands = Annotated[Path, typer.Option("--commands", help="A trace of commands.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write all numbers to this file.")]
Volts = Annotated[float | None, typer.Option("--vdd", help="Supply, in volts.")]
Law = Annotated[str, typer.Option("--law", help="linear, cv2 or array.")]
Ones = Annotated[float | None, typer.Option("--ones", help="Share of the bits moved that are 1.")]
Toggles = Annotated[
    float | None, typer.Option("--toggles", help="Share that differ from the beat before.")
]


def _data(memory, ones: float | None, toggles: float | None):
    from eden.dram import Data

    if ones is None and toggles is None:
        return None
    if ones is None or toggles is None:
        raise ValueError("--ones and --toggles go together; got one of them")
    if memory.slopes is None:
        raise ValueError(f"--ones: {memory.name} does not say how its currents depend on the data")
    return Data(ones, toggles)


def _write(path: Path | None, found: dict) -> None:
    from eden._files import write_json

    if path is not None:
        write_json(path, found)


@dram.command()
def simulate(
    device: Memory,
    trace: Annotated[Path, typer.Option("--trace", help="A trace of requests.")],
    map: Annotated[str, typer.Option("--map", help="Address map.")] = "RoBaRaCoCh",
    policy: Annotated[Path | None, typer.Option("--policy", help="Knobs, a JSON file.")] = None,
    commands: Annotated[
        Path | None, typer.Option("--commands", help="Write them here; a file a channel.")
    ] = None,
    commands_format: Annotated[str, typer.Option(help="Of the commands written.")] = "native",
    json: Json = None,
    vdd: Volts = None,
    law: Law = "linear",
    ones: Ones = None,
    toggles: Toggles = None,
) -> None:
    """Serve a trace of requests: time, commands and energy."""
    from eden.dram import load_memory, read_policy, words_of
    from eden.dram import simulate as run_trace

    memory = load_memory(device)
    found = run_trace(
        memory,
        trace,
        map=map,
        policy=read_policy(policy),
        commands=commands,
        commands_format=commands_format,
        vdd_volts=vdd,
        law=law,
        data=_data(memory, ones, toggles),
        progress=sys.stderr.isatty(),
    )
    _write(json, found.to_dict())
    print(words_of(memory, found))


@dram.command()
def energy(
    device: Memory,
    commands: Commands,
    json: Json = None,
    vdd: Volts = None,
    law: Law = "linear",
    ones: Ones = None,
    toggles: Toggles = None,
    counting: Annotated[str, typer.Option(help="drampower4 or once.")] = "drampower4",
) -> None:
    """Count a trace of commands, and its joules."""
    from eden.dram import load_memory, trace_energy, words_of_counts, words_of_energy

    memory = load_memory(device)
    found = trace_energy(
        memory,
        commands,
        vdd_volts=vdd,
        law=law,
        data=_data(memory, ones, toggles),
        counting=counting,
        progress=sys.stderr.isatty(),
    )
    _write(json, found.to_dict())
    print(f"{words_of_counts(found)}\n{words_of_energy(found)}")


@dram.command()
def check(
    device: Memory,
    commands: Commands,
    refresh: Annotated[bool, typer.Option(help="Whether missing refreshes count.")] = True,
    most: Annotated[int, typer.Option(help="Violations to print.")] = 10,
) -> None:
    """List the commands of a trace that break a rule; exit code 1 if there are any."""
    from eden.dram import check_commands, load_memory

    found, count = check_commands(
        load_memory(device), commands, refresh=refresh, most=most, progress=sys.stderr.isatty()
    )
    for violation in found:
        print(violation)
    print(f"{count} commands break a rule" if count else "legal")
    if count:
        raise typer.Exit(1)
