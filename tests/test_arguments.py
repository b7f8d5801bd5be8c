"""What the public functions are given: each is refused by name, in one line, before any work."""

import math

import pytest
import torch
from torch import nn

import eden
from eden import devices, energy, errors, mapping
from eden.network import Config, approximate, keep_calibration
from eden.tolerance import Tolerances, _verify, lowered
from eden.training import CurriculumSchedule

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))
HUGE = 10**400
DIGITS = 10**5000  # Python does not write so long an int


def accurate(model):
    model(torch.zeros(1, 4))
    return 0.9


@pytest.fixture(scope="module")
def model():
    net = nn.Linear(4, 2).eval()
    with approximate(net, CONFIG) as handle:
        keep_calibration(net, handle.learn_bounds([torch.randn(8, 4)]))
    return net


@pytest.fixture(scope="module")
def coarse(model):
    return eden.characterize_coarse(model, accurate, config=CONFIG, target_accuracy=0.5, seeds=2)


@pytest.fixture(scope="module")
def dram():
    return devices.load("ddr3l-1600-b10")


@pytest.fixture(scope="module")
def functions(model, coarse, dram):
    """Every function with arguments that it accepts."""
    target = {"target_accuracy": 0.5, "seeds": 2}
    given = {
        "curve": (eden.accuracy_curve, (model, accurate), {"config": CONFIG, "bers": [1e-3]}),
        "coarse": (eden.characterize_coarse, (model, accurate), {"config": CONFIG, **target}),
        "fine": (eden.characterize_fine, (model, accurate), {"start": coarse, "seeds": 2}),
        "verify": (eden.verify, (model, accurate), {"placement": CONFIG, **target}),
        "place": (eden.place, (), {"tolerances": coarse, "device": dram}),
        "boost": (
            eden.boost,
            (),
            {
                "model": model,
                "train_loader": [(torch.randn(4, 4), torch.zeros(4, dtype=torch.int64))],
                "config": CONFIG,
                "target_ber": 1e-3,
                "epochs": 1,
                "evaluate": accurate,
                "target_accuracy": 0.5,
                "progress": False,
            },
        ),
        "energy": (
            eden.evaluate_energy,
            (),
            {"model": model, "sample": torch.randn(1, 4), "placement": mapping.place(coarse, dram)},
        ),
        "at": (dram.at, (), {}),
        "locate": (dram.locate, (), {"address": 0}),
        "address_of": (dram.address_of, (), {"bank": 0, "row": 0, "column": 0}),
        "load": (devices.load, (), {"name_or_path": dram.name}),
        "rate": (dram.partitions[0].at, (), {"point": dram.nominal}),
        "transfer": (
            energy.Transfer,
            (),
            {
                "write": False,
                "interleaved": True,
                "address": 0,
                "size_bytes": 64,
                "point": dram.nominal,
            },
        ),
        "dram_energy": (
            energy.dram_energy,
            (energy.CommandCounts(), dram.currents, dram.timing),
            {},
        ),
        "lowered": (lowered, (), {"tolerances": coarse, "steps": 1}),
        "upper_bound": (_verify.upper_bound, (), {"misses": 0, "seeds": 3}),
        "draws_needed": (_verify.draws_needed, (), {}),
    }
    return given


SHARES = (0, 1, -0.1, 1.1, math.nan, HUGE, None, "0.9", True)
RATES = (-1e-9, 1.5, math.nan, HUGE, None, "0.1", True)
COUNTS = (0, -1, 1.5, math.nan, HUGE, DIGITS, "3", True)
SEEDS = (-1, 2**63, 1.5, None, "3", True)
NONE = (None, 3, "x")
BAD = {
    "curve": {"bers": (None, 3, *([b] for b in RATES)), "seeds": (*COUNTS, None), "seed": SEEDS}
    | {"config": (*NONE, False), "folder": (3, True)},
    "coarse": {
        "target_accuracy": RATES,
        "low": (*RATES, 0, 0.5),
        "high": (*RATES, 0, 1e-10),
        "margin_steps": (-1, 87, 1.5, HUGE, None, True),
        "seeds": (*COUNTS, None),
        "seed": SEEDS,
        "config": NONE,
    },
    "fine": {
        "start": NONE,
        "high": (*RATES, 0, 1e-10),
        "margin_steps": (-1, 121, 1.5, HUGE, None, True),
        "seeds": COUNTS,
        "seed": SEEDS,
    },
    "verify": {
        "placement": NONE,
        "target_accuracy": RATES,
        "quantile": SHARES,
        "confidence": SHARES,
        "attempt": (-1, 31, 1.5, HUGE, None, True),
        "seeds": (*COUNTS, None),
        "seed": SEEDS,
    },
    "place": {
        "tolerances": NONE,
        "device": NONE,
        "time_limit_seconds": (0, -1, math.nan, HUGE, None, True),
        "method": (None, "best"),
    },
    "boost": {
        "model": NONE,
        "config": NONE,
        "target_ber": (0, *RATES, [], [0.1, None], [0.2, 0.1]),
        "start_ber": (0.1, *RATES),
        "epochs": (*COUNTS, None),
        "more_epochs": (*COUNTS, None),
        "step_epochs": (*COUNTS, None),
        "input_range": (0, -1, 1.1, math.nan, HUGE, True),
        "target_accuracy": RATES[:4],
        "seeds": (*COUNTS, None, [], [-1], [None], [2**63]),
    },
    "energy": {"model": NONE, "placement": NONE, "law": (3, "cubic"), "system": NONE},
    "at": {"vdd_volts": (HUGE, True, "1.2", [1]), "trp_seconds": (HUGE, True)},
    "locate": {"address": (-1, 2**40, HUGE, 1.5, None, True), "order": NONE},
    "address_of": {name: (-1, 2**40, HUGE, 1.5, None, True) for name in ("bank", "row", "column")},
    "load": {"name_or_path": (None, 3, "x", "\0.json", "a" * 300 + ".json")},
    "rate": {"point": NONE},
    "transfer": {
        "write": (None, 1),
        "address": (-1, HUGE, 1.5, None, True),
        "size_bytes": (0, HUGE, None),
        "point": NONE,
        "times": (-1, math.nan, math.inf, HUGE, None, True),
    },
    "dram_energy": {"vdd_volts": (0, -1, math.nan, HUGE, "1", True), "law": NONE},
    "lowered": {"tolerances": NONE, "steps": (-1, 121, 1.5, None)},
    "upper_bound": {"misses": (-1, 4, None), "seeds": (0, None), "confidence": SHARES},
    "draws_needed": {"quantile": SHARES, "confidence": SHARES},
}


@pytest.mark.parametrize("function", BAD)
def test_what_is_given_is_bounded(functions, function):
    call, positional, given = functions[function]
    for name, values in BAD[function].items():
        for value in values:
            with pytest.raises((ValueError, TypeError)) as caught:
                call(*positional, **{**given, name: value})
            said = str(caught.value)
            words = ("device", "path") if name == "name_or_path" else (name, name.split("_")[0])
            assert any(word in said for word in words), (name, value, said)
            assert "\n" not in said and len(said) < 800, (name, value, said)


@pytest.mark.parametrize("function", BAD)
def test_these_arguments_are_accepted_otherwise(functions, function):
    call, positional, given = functions[function]
    call(*positional, **given)


@pytest.mark.parametrize("evaluate", [None, 3, "accuracy"])
@pytest.mark.parametrize("function", ["curve", "coarse", "fine", "verify"])
def test_an_evaluator_can_be_called(functions, function, evaluate):
    call, (model, _), given = functions[function]
    with pytest.raises(TypeError, match="evaluate is "):
        call(model, evaluate, **given)
    with pytest.raises(TypeError, match=r"type of model is 'int', accepted: a torch"):
        call(3, accurate, **given)


@pytest.mark.parametrize(
    ("field", "value"),
    [("reads", v) for v in (-1, math.nan, math.inf, HUGE, None, "2", True)]
    + [("elements", v) for v in (0, -3, 1.5, None, 2**63)]
    + [("size_bytes", v) for v in (0, 1.5, None, 2**63)]
    + [("tolerance", v) for v in (-1, 2, math.nan, None)]
    + [("kind", v) for v in (None, "bias")],
)
@pytest.mark.parametrize("method", mapping.METHODS)
def test_no_method_places_a_tensor_that_makes_no_sense(coarse, dram, method, field, value):
    first, *others = coarse.tensors
    bad = type(first)(**{**vars(first), field: value})
    given = Tolerances(**{**vars(coarse), "tensors": (bad, *others)})
    with pytest.raises((ValueError, TypeError), match=rf"{field} of {first.name} is "):
        eden.place(given, dram, method=method)


def test_a_schedule_needs_an_attachment():
    with pytest.raises(TypeError, match="type of handle is 'NoneType'"):
        CurriculumSchedule(None, target_ber=0.1)


@pytest.mark.parametrize("calibration", [3, "x", {}, False])
def test_a_config_takes_no_calibration_of_another_type(calibration):
    with pytest.raises(TypeError, match=r"type of calibration is .*, accepted: what learn_bounds"):
        Config(error=errors.Uniform(1e-3), calibration=calibration)


@pytest.mark.parametrize("loader", [3, None, 0.5])
def test_bounds_are_learned_from_batches(model, loader):
    with (
        approximate(model, CONFIG) as handle,
        pytest.raises(TypeError, match=r"type of loader is .*, accepted: an iterable of batches"),
    ):
        handle.learn_bounds(loader)
