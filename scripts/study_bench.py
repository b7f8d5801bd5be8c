"""The bench of the studies of boosting: images, networks as first trained, and trained on."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from study_networks import SUBJECTS
from study_ways import WAYS, remove_smallest

from eden import boost, data, errors, nets
from eden.network import Config, approximate

LOSS = 0.01
# Rate to train floats for.
FLOATS = 2e-3
FORMATS = ("int4", "int8", "int16", "bf16", "fp32", "fp32-uncorrected")


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

    def __init__(self, folder: Path):
        self.folder = folder
        splits = data.load("fashion-mnist")
        self.train = splits.train
        self.evaluate = data.Evaluator(*splits.validation)

    def config(self, case: Case, **more) -> Config:
        """How a case is stored."""
        stored, _, uncorrected = case.stored.partition("-")
        correction = "off" if uncorrected else "zero"
        return Config(errors.Uniform(1e-3), stored, correction=correction, **more)

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
            torch.save(model.state_dict(), path)
        self.learn_ranges(model, case, config)
        return model

    def learn_ranges(self, model: torch.nn.Module, case: Case, config: Config) -> None:
        """Have a network know the ranges of its weights and inputs."""
        model.eval()
        with approximate(model, config) as handle:
            handle.learn_bounds(data.batches(*self.train, 512, seed=case.seed))

    def trained_on(self, case: Case, model: torch.nn.Module, config: Config, **more):
        """The network of a case, of the original, which may change; and the seconds it took."""
        if case.way == "none":
            return model, 0.0
        way, subject, kind = WAYS[case.way], SUBJECTS[case.network], type(model)
        epochs = max(1, round(way.epochs * subject.more_epochs))
        start = time.perf_counter()
        if way.pruned is not None:
            last = remove_smallest(model, way.pruned)
            nets.train(model, self.train, epochs=epochs, seed=case.seed, progress=False)
            last()
            seconds = time.perf_counter() - start
            self.learn_ranges(model, case, config)
            return model, seconds
        if way.prepare is not None:
            way.prepare(model)
        clamps = config.stored.startswith("int")
        asked = {
            "target_ber": subject.target_ber if clamps else FLOATS,
            "epochs": epochs,
            "input_range": subject.input_range if clamps else None,
        }
        loader = data.batches(*self.train, 256, seed=case.seed)
        model = boost(model, loader, config=config, progress=False, **(asked | more | way.boost))
        model.__class__ = kind
        return model.eval(), time.perf_counter() - start

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
    bench = Bench(folder)
    for case in asked:
        path = case.path(folder, study)
        if not path.exists():
            found = json.dumps({"case": asdict(case)} | judge(bench, case))
            path.write_text(found)
            print(found, flush=True)


def kept(folder: Path, study: str) -> dict[Case, dict]:
    """All results of a study that are in a folder."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob(f"{study}-*.json"))]
    return {Case(**one["case"]): one for one in found}
