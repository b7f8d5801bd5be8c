"""The verbs: each is three lines over a library function."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from eden._versions import VERSION
from eden.cli._dram import dram

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


STAGES: list[str] = []  # each a verb


def _verb(stage: str, text: str) -> None:
    STAGES.append(stage)

    def command(folder: Folder) -> None:
        from eden.run import advance

        advance(folder, until=stage)

    command.__doc__ = text
    app.command(name=stage)(command)


_verb("adapt", "Train the network of a run folder, and on in its format where that is asked.")
_verb("boost", "Boost the network, under rising errors.")
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


app.add_typer(dram, name="dram")


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
