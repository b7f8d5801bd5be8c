"""Networks unboosted and boosted, unprotected and protected, side by side in one run."""

import importlib.util
import json
from pathlib import Path

from _small import boosted_by, small

from eden.access import seeds_for
from eden.data import Evaluator, load
from eden.folder import NETWORKS, VARIANTS, Results, RunFolder
from eden.folder._recipe_keys import MapKeys, VerifyKeys
from eden.mapping import Placement
from eden.nets import build
from eden.network import attach, load_into
from eden.report._variants import added_bytes
from eden.run import run

_SPEC = importlib.util.spec_from_file_location(
    "repeat_run", Path(__file__).parents[2] / "scripts" / "repeat_run.py"
)
REPEAT = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(REPEAT)


def test_networks_stand_beside_their_protected_selves(tmp_path):
    protect = {"fc*.input": "triple", "conv*.weight": "secded"}
    in_runs = small().characterize.model_copy(update={"groups": 2, "fine": False})
    recipe = small().model_copy(
        update={
            "protect": protect,
            "verify": VerifyKeys(network="boosted-protected", seeds=2),
            "characterize": in_runs,
        }
    )
    folder = run(recipe, tmp_path / "run", progress=False)
    rows = (folder / "variants.csv").read_text().splitlines()
    assert [row.split(",")[0].strip('"') for row in rows[1:5]] == [
        "unboosted",
        "control",
        "boosted",
        "protected",
    ]
    results = Results(RunFolder(folder))
    added = [added_bytes(results.placement(v.name, "greedy")) for v in VARIANTS]
    assert added[0] == added[1] == added[2] == 0 < added[3] == added[4] < 0.07
    # Two runs of layers rose together, and placements go by that.
    for name in NETWORKS:
        borne = results.tolerances(name, "fine").bers()
        assert len(set(borne.values())) <= 2 and borne["conv1.weight"] == borne["conv2.input"]
        placed = results.placement(name, "greedy").entries
        assert {name: entry.tolerance for name, entry in placed.items()} == borne
    page = (folder / "report.html").read_text()
    assert "Tensors of 2 runs of neighbouring layers rose together." in page
    # The search of draws is all that a protected network costs.
    assert not (folder / "tolerances" / "protected-fine.json").exists()
    for name in ("protected", "boosted-protected"):
        assert results.tolerances(name, "coarse").config.protect == protect
    assert results.fresh("protected")["seeds"] == 59
    # Over runs: the multiple of the same run's first network, and all fresh draws together.
    found = REPEAT.read(folder)
    head, *rest = REPEAT.summary([found, found])
    assert head[:2] == ["baseline", "1.0"] and len(rest) == 4
    assert head[-1].startswith(f"{2 * found['baseline']['fresh']['misses']} of 118 ")
    # Weights are stored as they were, and the placement alone says how they are read.
    attempt = json.loads((folder / "verify.json").read_text())["attempts"][0]
    model = build("lenet")
    load_into(model, folder / "boosted.safetensors")
    placement = Placement.from_dict(json.loads((folder / "placement.json").read_text()))
    assert placement.entries["fc1.input"].protection == "triple"
    evaluate, again = Evaluator(*load("fashion-mnist").test), []
    handle = attach(model.eval(), placement)
    for seed in seeds_for("verify 0", 2):
        handle.reseed(seed)
        again.append(evaluate(model))
    assert again == attempt["verdict"]["accuracies"]


def test_the_mapper_may_protect_what_was_characterised_without(tmp_path):
    keys = {"map": MapKeys(methods=["coarse", "greedy"], protect="auto")}
    recipe = boosted_by(small().model_copy(update=keys), control=False)
    folder = run(recipe, tmp_path / "run", until="map", progress=False)
    results = Results(RunFolder(folder))
    for method in ("coarse", "greedy"):
        placement = results.placement("protected", method)
        assert placement.single_cells is not None
        assert placement.energy_joules <= results.placement("baseline", method).energy_joules
    assert not (folder / "tolerances" / "protected-coarse.json").exists()


def test_a_recipe_may_leave_the_size_of_batches_to_the_device(tmp_path):
    recipe = small()
    data = recipe.data.model_copy(update={"batch_size": None})
    folder = run(recipe.model_copy(update={"data": data}), tmp_path, until="train", progress=False)
    assert (folder / "baseline.safetensors").exists()


def test_a_supply_that_some_runs_do_not_know_is_said():
    assert REPEAT.where_known([1.1, None, 1.3]) == "1.200 (1.100 to 1.300), of 2 of 3"
    assert REPEAT.where_known([1.1, 1.1]) == "1.100" and REPEAT.where_known([None]) == "none"
