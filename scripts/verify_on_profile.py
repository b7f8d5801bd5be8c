"""Verify a network on what was measured of a module, not on the model that it was boosted for.

    python scripts/verify_on_profile.py RUN_FOLDER PROFILE DEVICE vdd_volts=1.075 \
        [--network boosted] [--draws 300] [--images 1000]

PROFILE holds the module's failures by groups of rows, or by banks under fills of ones and zeros
(docs/profiles.md); the module is the last word of the device's name. Each draw lays the network,
tensor after tensor, from a row chosen at random, and fails by

- ``model 0``: the uniform error model that networks are boosted with, at the mean rate;
- ``fitted``: the model that `eden.profiles.fit` chooses for the profile, if that is another;
- ``measured``: each row (or bank) by what was counted of it; which cells of it, the law draws.

All three at two rates: the one that the device states for the operating point, and the BER that
the run says the network bears, to which ``measured`` is brought by one factor, so that only the
shape differs. At the operating point it keeps the rates that were counted. Where whole rows were
counted their shares are weights: the device's fraction of faulty lines is shared out by them, and
a group without failures weighs 1e-4 (the maps were read off pictures).
Prints P(miss) with its 95 % interval (Clopper-Pearson) and the accuracies' spread.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from eden import attach, devices, errors, profiles
from eden._say import rate
from eden.access import seeds_for
from eden.folder import NETWORKS, RunFolder
from eden.profiles._counts import FAILURES, READS, SEEN_FAILURES, STORED, Counts, counts_of
from eden.run import Work, read_inputs
from eden.tolerance import share_interval

LINE_BITS = 512
LEAST_WEIGHT = 1e-4


@dataclass(frozen=True)
class Law:
    """Error models, each of as many rows: a draw takes one, and a row of it."""

    errors: tuple
    rows: int

    def at(self, ber: float) -> "Law":
        """The same with the mean rate brought to `ber` by one factor."""
        mean = np.mean([error.ber for error in self.errors])
        return Law(tuple(e.with_ber(e.ber * ber / mean) for e in self.errors), self.rows)

    @property
    def ber(self) -> float:
        """The mean rate."""
        return float(np.mean([error.ber for error in self.errors]))


def shares(counts: Counts, which=slice(None)):
    """Share of failed reads by group of rows: places [n, 3] (bank, first, last row), and [n]."""
    groups, places = counts.groups[which], counts.places[which, :3]
    places, at = np.unique(places, axis=0, return_inverse=True)
    failed = np.bincount(at.ravel(), groups[:, FAILURES] + groups[:, SEEN_FAILURES])
    return places, failed / np.bincount(at.ravel(), counts.units[which] * groups[:, READS])


def measured(profile: profiles.Profile, device, point) -> Law:
    """What was counted of each row, or of each bank, as error models."""
    counts = counts_of(profile)
    places, share = shares(counts)
    if (places[:, 1] < 0).all():
        by_fill = [shares(counts, counts.groups[:, STORED] == bit)[1] for bit in (1, 0)]
        banks = [(max(one, zero, 1e-30), one, zero) for one, zero in zip(*by_fill, strict=True)]
        laws = tuple(errors.DataDependent(p, one / p, zero / p) for p, one, zero in banks)
        return Law(laws, device.geometry.rows_per_bank)
    rows = places[:, 2] - places[:, 1] + 1
    if counts.point["unit"] == "row":
        weight = np.maximum(share, LEAST_WEIGHT)
        lines = rows * device.geometry.row_bytes // device.geometry.line_bytes
        bad = point.ber_high * weight / np.average(weight, weights=rows)
        # Where all lines are bad, one of them is taken as spared, as a device has it.
        share = -np.expm1(np.log1p(-np.minimum(bad, 1 - 1 / lines)) / LINE_BITS)
    return Law((errors.Wordline(np.repeat(share, rows)),), int(rows.sum()))


def fitted(profile: profiles.Profile, device) -> tuple[int, Law]:
    """The number of the model that is chosen for the profile, and the model."""
    best = profiles.fit(profile).best
    rows = getattr(best.error, "weak_fraction", None)
    rows = len(rows) if isinstance(rows, np.ndarray) else device.geometry.rows_per_bank
    return best.number, Law((best.error,), rows)


def laid(law: Law, sizes: dict[str, int], row_bytes: int, random) -> dict:
    """Places for tensors, one after another on lines of 64 bytes, from a row drawn at random."""
    error = law.errors[random.integers(len(law.errors))]
    taken = sum(-(-size // 64) * 64 for size in sizes.values())
    address = int(random.integers(law.rows + 1 - -(-taken // row_bytes))) * row_bytes
    places = {}
    for name, size in sizes.items():
        places[name] = SimpleNamespace(
            error=error, partition="module", address=address, row_bytes=row_bytes
        )
        address += -(-size // 64) * 64
    return places


def accuracies(work: Work, network: str, law: Law, draws: int, evaluate) -> np.ndarray:
    """Accuracy of a network under each draw, laid anew in each."""
    model, random = work.network(network), np.random.default_rng(work.recipe.seed)
    with_all = attach(model, work.config)
    sizes = {t.name: -(-t.elements * t.bits // 8) for t in with_all.tensors}
    with_all.detach()
    found = []
    for draw in seeds_for("verify on profile", draws, seed=work.recipe.seed):
        entries = laid(law, sizes, work.device.geometry.row_bytes, random)
        handle = attach(model, SimpleNamespace(config=work.config, entries=entries))
        handle.reseed(draw)
        with handle.by_image():
            found.append(evaluate(model))
        handle.detach()
    return np.array(found)


def point_of(profile: profiles.Profile, module: str, given: dict) -> profiles.Profile:
    """The observations of a module at an operating point, however its name is spelt."""
    found = [
        (point, part)
        for point, part in profiles.operating_points(profile)
        if point["module"].lower() == module
        and all(point[k] in (v, None) for k, v in given.items())
    ]
    if len(found) != 1:
        raise ValueError(f"{len(found)} operating points of {module} are {given}, accepted: one")
    return found[0][1]


def target_of(work: Work, network: str, images: int):
    """An evaluator on some test images, the accuracy to keep there, and the one without errors.

    By the luck of the images a network may do better or worse on them than on all: it may lose as
    much as on all test images.
    """
    whole, evaluate = work.evaluator("test"), work.evaluator("test", most=images)
    with work.without_errors(work.network(network)) as stored:
        clean = [each(stored) for each in (whole, evaluate)]
    target = work.target_for(whole(work.original()))
    return evaluate, clean[1] - (clean[0] - target), clean[1]


def study(given: argparse.Namespace) -> None:

    settings = {k: float(v) for k, _, v in (text.partition("=") for text in given.settings)}
    device = devices.load(given.device)
    point = device.at(**settings)
    profile = point_of(profiles.read(given.profile), device.name.rpartition("-")[2], settings)
    folder = RunFolder(given.run_folder)
    work = Work(folder, read_inputs(folder.recipe)._replace(device=device), progress=False)
    evaluate, target, clean = target_of(work, given.network, given.images)
    borne = work.results.tolerances(given.network, "coarse").coarse_ber
    number, chosen = fitted(profile, device)
    counted = measured(profile, device, point)
    uniform = Law((devices.uniform(point.ber),), chosen.rows)
    print("| rate | law | mean BER | misses of draws | P(miss), 95 % | mean loss, points | worst |")
    print("| --- " * 7 + "|")
    for name, ber in (("operating point", point.ber), ("borne", borne)):
        laws = {"model 0": uniform.at(ber)}
        if number:
            laws[f"fitted (model {number})"] = chosen.at(ber)
        laws["measured"] = counted if ber == point.ber else counted.at(ber)
        for law_name, law in laws.items():
            found = accuracies(work, given.network, law, given.draws, evaluate)
            misses = int((found < target).sum())
            low, high = share_interval(misses, given.draws)
            lost = 100 * (clean - found)
            print(
                f"| {name} | {law_name} | {rate(law.ber)} | {misses} of {given.draws} "
                f"| {100 * low:.1f} to {100 * high:.1f} % "
                f"| {lost.mean():.2f} ({lost.std():.2f}) | {lost.max():.1f} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("profile", type=Path)
    parser.add_argument("device")
    parser.add_argument("settings", nargs="+", metavar="NAME=VALUE", help="of the operating point")
    parser.add_argument("--network", choices=NETWORKS, default="boosted")
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--images", type=int, default=1000)
    study(parser.parse_args())


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
