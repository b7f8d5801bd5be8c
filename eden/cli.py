"""The command line: every verb is three lines over a library function.

What a user can cause ends in one line on stderr and exit code 2. ``EDEN_TRACEBACK=1`` shows the
whole traceback instead, for a bug report.
"""

import codecs
import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from eden._command import INTERRUPTED
from eden._versions import VERSION

app = typer.Typer(
    help="EDEN: accurate neural networks on approximate DRAM.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.")]
Out = Annotated[Path | None, typer.Option("--out", help="Run folder; default runs/RECIPE.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where a run was cut short.")]
Until = Annotated[str, typer.Option("--until", help="Last stage to run.")]


def _print_version(asked: bool) -> None:
    if asked:
        print(f"eden {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


@app.command()
def run(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, or a path to one.")],
    out: Out = None,
    resume: Resume = False,
    until: Until = "report",
    weights: Annotated[
        Path | None, typer.Option("--weights", help="Trained weights, taken in place of training.")
    ] = None,
) -> None:
    """Run a recipe from the images to the report."""
    from eden.run import run as run_recipe

    run_recipe(recipe, out, resume=resume, until=until, weights=weights)


_STAGES: list[str] = []  # each a verb


def _verb(stage: str, text: str) -> None:
    _STAGES.append(stage)

    def command(folder: Folder) -> None:
        from eden.run import advance

        advance(folder, until=stage)

    command.__doc__ = text
    app.command(name=stage)(command)


_verb("boost", "Train and boost the network of a run folder.")
_verb("control", "Train as long as boosting kept, without errors.")
_verb("criticality", "Try single cells, before and after boosting: which miss the target alone.")
_verb("characterize", "Search the tolerances, before and after boosting.")
_verb("map", "Place the networks on the device.")
_verb("evaluate", "Verify the declared placement and account for the energy.")
_verb("report", "Write the report.")


devices_app = typer.Typer(help="The DRAM devices that come with eden.", invoke_without_command=True)
app.add_typer(devices_app, name="devices")


@devices_app.callback()
def devices(context: typer.Context) -> None:
    """List the DRAM devices that come with eden, with their axes, and what is assumed."""
    if context.invoked_subcommand is None:
        from eden.devices import print_devices

        print_devices()


@devices_app.command(name="show")
def show_device(
    name: Annotated[str, typer.Argument(help="A device's name, or its .json file.")],
    plot: Annotated[
        Path | None, typer.Option(help="Draw BER over each axis and the maps into this file.")
    ] = None,
) -> None:
    """Print a device with its operating points and banks."""
    from eden.devices import load, print_device, save_plot

    device = load(name)
    if plot is not None:
        save_plot(device, plot)
    print_device(device)


profile = typer.Typer(help="Measured failures of DRAM modules.", no_args_is_help=True)
app.add_typer(profile, name="profile")
Measured = Annotated[Path, typer.Argument(metavar="FILE", help="A profile, or a study's file.")]


@profile.command()
def show(
    file: Measured,
    everything: Annotated[bool, typer.Option("--all", help="All operating points.")] = False,
) -> None:
    """Print what a profile holds, by module and operating point."""
    from eden.profiles import print_profile, read

    print_profile(read(file, progress=sys.stderr.isatty()), most=None if everything else 40)


@profile.command()
def convert(
    file: Measured,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A .csv, .csv.gz or .parquet file.")],
) -> None:
    """Write a study's file, or a profile, as a profile."""
    from eden.profiles import read

    found = read(file, progress=sys.stderr.isatty())
    for note in found.notes:
        print(f"- {note}")
    print(f"{found.write(out)}: {len(found)} observations")


dram = typer.Typer(help="Time and energy of DRAM, command by command.", no_args_is_help=True)
app.add_typer(dram, name="dram")
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


systems = typer.Typer(help="Systems that run networks: processors, accelerators.")
app.add_typer(systems, name="systems")


@systems.callback(invoke_without_command=True)
def _list_systems(context: typer.Context) -> None:
    """List the systems that come with eden, with their parameters."""
    from eden.systems import print_systems

    if context.invoked_subcommand is None:
        print_systems()


@systems.command("show")
def show_system(
    system: Annotated[str, typer.Argument(help="A system's name, or its .json or .yaml file.")],
) -> None:
    """Print a system: its parameters, its memory, and where the numbers are from."""
    from eden.systems import print_system

    print_system(system)


@app.command()
def fit(
    file: Measured,
    model: Annotated[str, typer.Option(help="auto, or a model from 0 to 3.")] = "auto",
    out: Annotated[
        Path | None, typer.Option(metavar="DEVICE.json", help="Write the points as a device.")
    ] = None,
    like: Annotated[
        str, typer.Option(help="Device whose geometry, timing and currents it gets.")
    ] = "ddr3l-1600-b10",
) -> None:
    """Fit the error models to a profile, each module and operating point by itself.

    Points that cannot tell the model asked for are named, and left out of the device.
    """
    from tqdm.auto import tqdm

    from eden import profiles

    shown = sys.stderr.isatty()
    read = profiles.read(file, progress=shown)
    for note in read.notes:
        print(f"- {note}")
    points, fits = list(profiles.operating_points(read)), []
    untold: list[ValueError] = []
    for _, part in tqdm(points, desc="fit", unit="point", leave=False, disable=not shown):
        try:
            fits.append(profiles.fit(part, model))
        except ValueError as error:
            untold.append(error)
            continue
        with tqdm.external_write_mode():
            profiles.print_fit(fits[-1])
    if untold and not fits:
        raise untold[0]
    for error in untold:
        print(f"not fitted: {error}")
    if out is not None:
        from eden._files import write_bytes
        from eden.devices import from_json, load

        text = profiles.device_of(fits, load(like).to_json(), out.stem)
        print(write_bytes(out, from_json(text).to_json().encode()))


@app.command()
def doctor() -> None:
    """Print versions and build facts, and check the injector's statistics."""
    from eden.doctor import main as run_doctor

    raise SystemExit(run_doctor())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Default: those of the process.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="eden")
    # Without a command, what there is.
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    # Of verbs that work on a run folder, which keeps what they have done.
    goes_on = {"run": " with --resume goes on"} | dict.fromkeys(_STAGES, " goes on")
    further = f"; the same command{goes_on[arguments[0]]}" if arguments[0] in goes_on else ""
    interrupted = f"interrupted{further}"
    try:
        result = app(arguments, standalone_mode=False)
    except Exception as error:
        if os.environ.get("EDEN_TRACEBACK") == "1":
            raise
        if type(error).__name__ == "Abort":  # for Ctrl-C, in some versions of the option parser
            return _complain(interrupted, code=INTERRUPTED)
        if type(error).__name__ == "Exit":
            return getattr(error, "exit_code", 0)
        if (said := getattr(error, "format_message", None)) is not None:  # by the option parser
            return _complain(said())
        if isinstance(error, OSError) and error.filename is not None:
            return _complain(f"{error.filename}: {error.strerror}")
        if isinstance(error, ValueError | TypeError | OSError | _safetensors_error()):
            return _complain(str(error))
        raise
    if result == INTERRUPTED:  # or this
        return _complain(interrupted, code=INTERRUPTED)
    return result if isinstance(result, int) else 0


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Write what the terminal cannot show as what comes nearest to it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter, "?") for letter in shown), error.end


_PLAIN = {"\u2212": "-", "\u2013": "-", "\u2192": "->"}
codecs.register_error("eden", _plainly)


def _complain(message: str, *, code: int = 2) -> int:
    print(f"eden: {' '.join(message.split())}", file=sys.stderr)
    return code


def _safetensors_error() -> type[Exception]:
    from safetensors import SafetensorError

    return SafetensorError
