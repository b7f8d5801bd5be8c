"""A network trained as long as boosting, without errors: what errors in training add beside it."""

import json
import shutil
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from _small import boosted_by, full_disk, small

from eden.folder import RunFolder, StageFiles, parse_recipe
from eden.report._words import control_line
from eden.run import _boost as stage
from eden.run import advance, run
from eden.run._work import Work, read_inputs
from eden.training._trainer import Trainer


def quickly(recipe, **keys):
    """A recipe whose searches ask little."""
    keys = {"fine": False, "fresh_draws": 3, **keys}
    return recipe.model_copy(update={"characterize": recipe.characterize.model_copy(update=keys)})


@pytest.fixture(scope="module")
def trained(tmp_path_factory, images):
    """A run up to its control."""
    folder = tmp_path_factory.mktemp("runs") / "control"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDEN_DATA", str(images))
        return run(small(), folder, until="control", progress=False)


def test_it_is_what_boosting_to_no_errors_comes_to(trained, tmp_path):
    other = boosted_by(target_bers=[1e-12], control=False)
    folder = run(other, tmp_path / "run", until="control", progress=False)
    control = (trained / "control.safetensors").read_bytes()
    assert (folder / "boosted.safetensors").read_bytes() == control
    assert not (folder / "control.safetensors").exists()
    assert control != (trained / "boosted.safetensors").read_bytes()
    told = json.loads((trained / "control.json").read_text())
    assert told == json.loads((folder / "boost.json").read_text())
    assert told["kept"] and told["epochs"] == 2


@dataclass
class Asked(Exception):
    """What `eden.boost` was asked for."""

    keywords: dict


@pytest.mark.parametrize(
    ("boosting", "range_kept", "epochs"),
    [
        # Trained again more mildly, ranges cut less, and on to a second rate.
        ({"kept": True, "input_range": 0.5, "epochs": 7}, 0.5, 7),
        # Of shares from front to back JSON makes a list.
        ({"kept": True, "input_range": [0.5, 0.2], "epochs": 3}, (0.5, 0.2), 3),
        # Where nothing was kept: as long as the recipe's first round, with the recipe's ranges.
        ({"kept": False, "input_range": 1.0, "epochs": 0}, 0.25, 3),
    ],
)
def test_as_long_as_what_was_kept_with_ranges_as_they_ended(
    tmp_path, monkeypatch, boosting, range_kept, epochs
):
    recipe = boosted_by(target_bers=[1e-3, 2e-3], epochs=3, input_range=0.25)
    folder = run(recipe, tmp_path / "run", until="train", progress=False)
    (folder / "boost.json").write_text(json.dumps(boosting))

    def ask(model, loader, **keywords):
        raise Asked(keywords)

    monkeypatch.setattr(stage, "boost_network", ask)
    opened = RunFolder(folder)
    work = Work(opened, read_inputs(opened.recipe), progress=False)
    with pytest.raises(Asked) as asked:
        stage.train_control(work, StageFiles(folder))
    keywords = asked.value.keywords
    assert keywords["how"].input_range == range_kept and keywords["epochs"] == epochs
    assert keywords["target_ber"] == [1e-12]


def test_what_was_trained_outlives_a_full_disk(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, folder := tmp_path / "run")
    (folder / "stages" / "control.json").unlink()
    with full_disk(monkeypatch, "control.json"):
        advance(folder, until="control", progress=False)
    assert (folder / "control").is_dir()
    # All epochs are kept there, and what single cells were asked.
    monkeypatch.setattr(Trainer, "_epoch", None)
    advance(folder, until="control", progress=False)
    assert not (folder / "control").exists()
    for name in ("control.safetensors", "control.json"):
        assert (folder / name).read_bytes() == (trained / name).read_bytes()


def test_a_recipe_may_do_without(tmp_path):
    recipe = quickly(boosted_by(control=False))
    assert [variant.name for variant in recipe.variants] == ["baseline", "boosted"]
    assert recipe.networks == ["baseline", "boosted"]
    assert small().networks == ["baseline", "control", "boosted"]
    said = "one of baseline, boosted, as recipe key boost.control asks for no other"
    with pytest.raises(ValueError, match=rf"verify.network is 'control', accepted: {said}$"):
        parse_recipe({"boost": {"control": False}, "verify": {"network": "control"}})
    folder = run(recipe, tmp_path / "run", progress=False)
    assert "was not asked (recipe key boost.control)" in (folder / "report.html").read_text()
    assert not list(folder.rglob("control*.safetensors")) + list(folder.rglob("control-*"))
    done = (folder / "stages" / "control.json").stat().st_mtime_ns
    advance(folder, progress=False)
    assert (folder / "stages" / "control.json").stat().st_mtime_ns == done


def test_a_folder_of_before_there_were_controls_has_none(trained, tmp_path):
    shutil.copytree(trained, folder := tmp_path / "old")
    kept = json.loads((folder / "recipe.json").read_text())
    assert kept["boost"].pop("control") is True
    (folder / "recipe.json").write_text(json.dumps(kept))
    assert RunFolder(folder).recipe.networks == ["baseline", "boosted"]


def test_the_control_itself_may_be_verified(trained, tmp_path):
    asked = small().verify.model_copy(update={"network": "control"})
    recipe = quickly(small().model_copy(update={"verify": asked}), groups=2)
    folder = run(recipe, tmp_path / "run", progress=False)
    assert json.loads((folder / "verify.json").read_text())["network"] == "control"
    page = (folder / "report.html").read_text()
    assert "erified: control network, greedy mapping" in page
    assert "The control was searched as a whole alone" in page
    assert "bears" in page and "in this run" in page


def line(
    baseline, control, boosted, *, control_kept=True, boosting_kept=True, cut=0.5, boosted_mean=1e-3
):
    """What is said where the networks bear these rates, with intervals."""
    bears = {"baseline": baseline, "control": control, "boosted": boosted}
    risks = {
        name: SimpleNamespace(ber=ber, interval=interval) for name, (ber, interval) in bears.items()
    }
    means = {"baseline": 1e-4, "control": 2e-4, "boosted": boosted_mean}
    return control_line(
        SimpleNamespace(
            folder=SimpleNamespace(recipe=small()),
            control={"kept": control_kept, "epochs": 12, "input_range": cut},
            boosting={"kept": boosting_kept, "input_range": 0.5},
            # Placements may go by another criterion.
            tolerances=lambda name, granularity: SimpleNamespace(
                risk=risks[name], mean_ber=means[name]
            ),
        )
    )


FIRST = (1e-5, (8e-6, 2e-5))


def test_what_is_said_of_it():
    # LeNet on CIFAR-10: 7.1e-5 and 3.5e-5 (docs/networks.md).
    without, boosted = (7.1e-5, (4.9e-5, 1e-4)), (3.5e-5, (2.7e-5, 4.1e-5))
    begins = "The control, trained without errors for as long (12 epochs), bears 7.1e-5 in this "
    begins += (
        "run (2.0e-4 by the mean), 7.1 times what the unboosted network does, the boosted one "
    )
    assert line(FIRST, without, boosted) == (
        f"{begins}3.5e-5 (1.0e-3): errors in training cost a factor of 2.0."
    )
    much = 7.1e-4, (6e-4, 8e-4)
    assert line(FIRST, without, much) == (
        f"{begins}7.1e-4 (1.0e-3): errors in training add a factor of 10.0."
    )
    alike = 9e-5, (6e-5, 2e-4)
    assert line(FIRST, without, alike) == (
        f"{begins}9.0e-5 (1.0e-3): their intervals overlap, so errors in training add nothing that "
        "shows."
    )
    alone = begins.removesuffix(", the boosted one ")
    assert line(FIRST, without, FIRST, boosting_kept=False) == f"{alone}; boosting was not kept."
    assert line(FIRST, FIRST, boosted, control_kept=False) == (
        "The control, trained on without errors, missed the target; the unboosted network stands "
        "for it."
    )
    assert "(12 epochs, its ranges cut less)" in line(FIRST, without, boosted, cut=0.7)
    assert "3.5e-5 (none): " in line(FIRST, without, boosted, boosted_mean=None)
