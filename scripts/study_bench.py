"""The bench of the studies of boosting: images, networks as first trained, and trained on."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from study_networks import FASHION, SUBJECTS
from study_ways import WAYS, train_pruned

from eden import boost, data, errors, nets
from eden._files import read_json, write_json
from eden.network import Config, approximate
from eden.training import BoostConfig, history_of

LOSS = 0.01
HOW = {field.name for field in fields(BoostConfig)}
# Rate to train floats for.
FLOATS = 2e-3
FORMATS = ("int4", "int8", "int16", "bf16", "fp32", "fp32-saturated", "fp32-uncorrected")
# What becomes of implausible values, by the second word of a format.
CORRECTIONS = {"": "zero", "saturated": "saturate", "uncorrected": "off"}


@dataclass(frozen=True)
class Case:
    """A trained network: which, as what it is stored, how it was trained on ("none"), its seed."""

    network: str
    stored: str
    way: str
    seed: int

    def path(self, folder: Path, study: str) -> Path:
        """Where its result is kept."""
        return folder / f"{study}-{self.network}-{self.stored}-{self.way}-{self.seed}.json"


def cases(
    networks: Iterable[str], formats: Iterable[str], ways: Iterable[str], seeds: Iterable[int]
) -> Iterator[Case]:
    """All of them, each network as first trained before what it was trained on to."""
    for stored in formats:
        for seed in seeds:
            for network in networks:
                for way in ("none", *ways):
                    yield Case(network, stored, way, seed)


class Bench:
    """The images, and the networks as first trained."""

    def __init__(self, folder: Path, images: str = FASHION):
        self.folder = folder
        splits = data.load(images)
        self.train = splits.train
        self.evaluate = data.Evaluator(*splits.validation)

    def config(self, case: Case, **more) -> Config:
        """How a case is stored."""
        stored, _, how = case.stored.partition("-")
        return Config(errors.Uniform(1e-3), stored, correction=CORRECTIONS[how], **more)

    def original(self, case: Case, config: Config) -> torch.nn.Module:
        """The network as trained, with its ranges in this format."""
        path = self.folder / f"original-{case.network}-{case.seed}.pt"
        torch.manual_seed(case.seed)
        model = SUBJECTS[case.network].build()
        if path.exists():
            model.load_state_dict(torch.load(path, weights_only=True))
        else:
            epochs = SUBJECTS[case.network].epochs
            nets.train(model, self.train, epochs=epochs, seed=case.seed, progress=False)
            half = path.with_suffix(".part")
            torch.save(model.state_dict(), half)
            half.replace(path)
        self.learn_ranges(model, case, config)
        return model

    def learn_ranges(self, model: torch.nn.Module, case: Case, config: Config) -> None:
        """Have a network know the ranges of its weights and inputs."""
        model.eval()
        with approximate(model, config) as handle:
            handle.learn_bounds(data.batches(*self.train, 512, seed=case.seed))

    def arguments(self, case: Case, **more) -> dict[str, Any]:
        """What a case asks of `eden.boost` and `eden.BoostConfig`, beside network and images."""
        way, subject = WAYS[case.way], SUBJECTS[case.network]
        integer = case.stored.startswith("int")
        clamps = integer or case.stored.endswith("saturated")
        asked = {
            "target_ber": (subject.target_ber if integer else FLOATS) * way.rate,
            "epochs": self.epochs(case),
            "input_range": subject.input_range if clamps else None,
        }
        return asked | more | way.boost

    def epochs(self, case: Case) -> int:
        """How long a case is trained on."""
        share = WAYS[case.way].epochs
        return 1 if share is None else round(share * SUBJECTS[case.network].more_epochs)

    def again(self, case: Case) -> bool:
        """Whether a way is the default under another name, for this network and format."""
        if case.way in ("none", "ramp"):
            return False
        way, default = WAYS[case.way], replace(case, way="ramp")
        plain = way.prepare is None and way.pruned is None and way.after is None
        return plain and self.arguments(case) == self.arguments(default)

    def trained_on(self, case: Case, model: torch.nn.Module, config: Config, **more):
        """Train the original on in the way of a case.

        Returns:
            The network; the original may be changed. And what is to be kept of it: the seconds
            that it took, judging included, but not what went before (`Way.after`); how many
            trainings, the milder ones for what cost too much included; and whether one was kept.
        """
        if case.way == "none":
            return model, {"seconds": 0.0}
        way = WAYS[case.way]
        if way.after is not None:
            model, _ = self.trained_on(replace(case, way=way.after), model, config, **more)
        kind, start = type(model), time.perf_counter()
        if way.pruned is not None:
            asked = {"epochs": self.epochs(case), "seed": case.seed, "progress": False}
            train_pruned(model, way.pruned, partial(nets.train, model, self.train, **asked))
            seconds = time.perf_counter() - start
            self.learn_ranges(model, case, config)
            return model, {"seconds": seconds}
        if way.prepare is not None:
            way.prepare(model)
        loader = data.batches(*self.train, 256, seed=case.seed)
        asked = self.arguments(case, **more)
        how = {name: asked.pop(name) for name in HOW & set(asked)}
        model = boost(model, loader, config=config, how=BoostConfig(**how), progress=False, **asked)
        model.__class__ = kind
        history = history_of(model)
        return model.eval(), {
            "seconds": time.perf_counter() - start,
            "trainings": -(-len(history) // asked["epochs"]),
            "kept": any(entry.get("kept", True) for entry in history),
        }

    def accuracy(self, model, config: Config, ber: float = 0.0, seed: int | None = None) -> float:
        """Accuracy on the validation images at a rate, under the errors of a seed."""
        with approximate(model, config) as handle:
            handle.set_ber(ber)
            if seed is not None:
                handle.reseed(seed)
            return self.evaluate(model)


def results(
    folder: Path, study: str, asked: Iterable[Case], judge: Callable[[Bench, Case], dict]
) -> None:
    """Judge the cases whose result is not in a folder yet, and keep and print each."""
    folder.mkdir(parents=True, exist_ok=True)
    bench_of = cache(partial(Bench, folder))
    for case in asked:
        path = case.path(folder, study)
        bench = bench_of(SUBJECTS[case.network].images)
        if bench.again(case):
            print(f"{case.way} is ramp of {case.network} in {case.stored}: left out")
        elif not path.exists():
            found = {"case": asdict(case)} | judge(bench, case)
            write_json(path, found)
            print(found, flush=True)


def kept(folder: Path, study: str) -> dict[Case, dict]:
    """All results of a study that are in a folder, of ways that are known.

    Raises:
        ValueError: One line, where there is none or one is damaged.
    """
    found = [read_json(path) for path in sorted(folder.glob(f"{study}-*.json"))]
    by_case = {Case(**one["case"]): one for one in found}
    by_case = {case: one for case, one in by_case.items() if case.way in ("none", *WAYS)}
    if not by_case:
        raise ValueError(f"{folder}: no results of the study {study!r} in it")
    return by_case
