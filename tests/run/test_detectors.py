"""A recipe whose network finds boxes in photos, from start to report, and what it refuses."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from _annotated import write_as_coco, write_as_voc
from _pictures import write_parquet
from PIL import Image
from safetensors import safe_open

from eden import data, nets
from eden.folder import RunFolder, parse_recipe
from eden.nets._yolo import YOLO, Convolution, Head, Pool
from eden.run import run
from eden.run._boost import _check_stored
from eden.run._work import Work, read_inputs

RECIPE = {
    "accuracy_loss": 0.3,
    "data": {"name": "bars.parquet", "size": 64},
    "network": {"name": "narrow", "classes": 2},
    "train": {"epochs": 16, "batch_size": 16, "learning_rate": 1e-2},
    "boost": {
        "target_bers": [1e-3],
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "input_range": 1.0,
        "control": False,
    },
    "characterize": {
        "low": 1e-7,
        "seeds": 2,
        "fresh_draws": 3,
        "fine": False,
        "curve": {"low": 1e-4, "high": 1e-2, "steps_a_decade": 1, "seeds": 2, "images": 20},
    },
    "verify": {"seeds": 3, "quantile": 0.5, "confidence": 0.8, "attempts": 2},
}


GREY = data.Normalisation((0.0,) * 3, (255.0,) * 3)


def recipe(bars, **keys):
    asked = json.loads(json.dumps(RECIPE))
    asked["data"]["folder"] = str(bars)
    for key, value in keys.items():
        asked[key] = {**asked[key], **value} if isinstance(value, dict) else value
    return parse_recipe(asked)


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """A bright bar on a dark ground, upright or lying, in photos of 80 x 64."""
    rng, rows = np.random.default_rng(0), []
    for n, split in enumerate(["train"] * 128 + ["val"] * 16 + ["test"] * 30):
        pixels = rng.integers(0, 60, (64, 80, 3)).astype(np.uint8)
        label = n % 2
        width, height = ((20, 44), (44, 20))[label]
        x, y = rng.integers(0, 80 - width), rng.integers(0, 64 - height)
        pixels[y : y + height, x : x + width] += 150
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "JPEG", quality=95)
        box = [x / 80, y / 64, (x + width) / 80, (y + height) / 64]
        rows.append((out.getvalue(), [box], [label], split))
    image, boxes, labels, splits = zip(*rows, strict=True)
    columns = {"image": image, "boxes": boxes, "labels": pa.array(labels, pa.list_(pa.int64()))}
    folder = tmp_path_factory.mktemp("bars")
    write_parquet(folder / "bars.parquet", {**columns, "split": splits}, ["upright", "lying"])
    return folder


@pytest.fixture
def narrow(monkeypatch):
    """YOLOv3-tiny's form with few channels, under a name of its own."""

    def build(*, classes=2, channels=3):
        layers = [Convolution(8), Pool(), Convolution(16), Pool(), Convolution(32), Pool()]
        layers += [Convolution(64), Pool(), Head((0, 1))]
        return YOLO(layers, ((16, 36), (36, 16)), classes=classes)

    monkeypatch.setitem(nets._BUILDERS, "narrow", build)


def test_from_photos_to_report(bars, narrow, tmp_path):
    folder = run(recipe(bars), tmp_path / "run", progress=False)
    trained = json.loads((folder / "train.json").read_text())
    assert trained["validation_accuracy"] >= 0.9 and trained["average_precision"] >= 0.8
    seen = json.loads((folder / "verify.json").read_text())
    assert set(seen["test_average_precision"]) == set(seen["test_accuracy"])
    assert all(0.5 < value <= 1 for value in seen["test_average_precision"].values())
    # Differences by hand; the errors of photos right and of precision, which is drawn anew.
    for what, compared in seen["against_original"].items():
        original = seen[f"original_test_{what}"]
        assert 0 < seen[f"original_test_{what}_standard_error"] < 0.2
        for name, value in seen[f"test_{what}"].items():
            assert compared[name]["difference"] == pytest.approx(value - original)
            assert 0 <= compared[name]["difference_standard_error"] < 0.2
    assert set(seen["against_original"]) == {"accuracy", "average_precision"}
    verdict = seen["attempts"][0]["verdict"]
    assert verdict["images"] == seen["test_images"] == 30
    assert verdict["original_accuracy"] == seen["original_test_accuracy"]
    for name in ("baseline", "boosted"):
        with safe_open(folder / f"{name}.safetensors", "pt") as file:
            said = json.loads(file.metadata()["eden"])
        assert said["network"] == {"name": "narrow", "classes": 2, "channels": 3}
        assert said["tensors"]
    page = (folder / "report.html").read_text()
    assert "drawn with replacement, 200 times" in page
    assert "share of photos whose boxes are right" in page
    assert "Average precision there, at IoU 0.5" in page
    assert "Not searched (recipe key characterize.fine)" in page
    assert not list((folder / "tolerances").glob("*fine*"))
    work = Work(RunFolder(folder), read_inputs(recipe(bars)), progress=False)
    evaluate = work.evaluator("test")
    assert isinstance(evaluate, data.BoxEvaluator) and len(evaluate) == 30
    assert seen["original_test_accuracy"] == evaluate(work.network("baseline"))


def test_a_handful_of_photos_that_may_go_wrong_is_said(bars, narrow, tmp_path, capsys):
    said = "photos that are searched may go wrong, so few that those on the edge decide"

    def before_boosting(name, asked):
        folder = RunFolder(run(asked, tmp_path / name, until="train", progress=False))
        _check_stored(Work(folder, read_inputs(asked)))
        return capsys.readouterr().out

    out = before_boosting("share", recipe(bars, accuracy_loss=0.1))  # of 16 photos one
    assert f"baseline as it is stored: 1 of the 16 {said}" in out
    assert "so does accuracy: precision" in out
    asked = recipe(bars, accuracy_loss=0.1, accuracy="precision")
    assert said not in before_boosting("precision", asked)


def test_accuracy_may_be_the_average_precision(bars, narrow, tmp_path):
    folder = run(recipe(bars, accuracy="precision"), tmp_path / "run", progress=False)
    trained = json.loads((folder / "train.json").read_text())
    assert trained["validation_accuracy"] == trained["average_precision"]
    seen = json.loads((folder / "verify.json").read_text())
    assert seen["test_accuracy"] == seen["test_average_precision"]
    compared = seen["against_original"]["accuracy"]
    assert compared == seen["against_original"]["average_precision"]
    for name, value in seen["test_accuracy"].items():
        assert 0 < compared[name]["standard_error"] < 0.2
        difference = value - seen["original_test_accuracy"]
        assert compared[name]["difference"] == pytest.approx(difference)
    verdict = seen["attempts"][0]["verdict"]
    assert verdict["standard_error"] is verdict["difference"] is None
    target = seen["original_test_accuracy"] - RECIPE["accuracy_loss"]
    assert verdict["target_accuracy"] == pytest.approx(target)
    page = (folder / "report.html").read_text()
    assert "Accuracy is the average precision over photos, at IoU 0.5" in page
    assert "drawn with replacement, 200 times" in page
    for said in (
        "average precision without errors",
        "average precision, originally",
        "average precision, mean of draws, 0.",
    ):
        assert said in page
    assert "share of photos whose boxes" not in page and "Average precision there" not in page


@pytest.mark.parametrize("form", ["coco", "voc"])
def test_a_folder_of_photos_is_trained_on(bars, narrow, tmp_path, form):
    """The same photos as in the parquet file, by turns of their ids."""
    photos = data.read_annotated(bars / "bars.parquet").take(range(40))
    name = (write_as_coco if form == "coco" else write_as_voc)(tmp_path, photos)
    asked = recipe(tmp_path, data={"name": name}, train={"epochs": 1})
    folder = run(asked, tmp_path / "run", until="train", progress=False)
    noted = json.loads((folder / "data.json").read_text())
    assert noted["images"] == {"train": 10, "validation": 10, "test": 20}
    # Upright ones are every second photo, and VOC's classes in the order of the alphabet.
    upright = 0 if form == "coco" else 1
    lacking = {"train": [1 - upright], "validation": [1 - upright], "test": [upright]}
    assert noted["classes_lacking"] == lacking
    assert 0 <= json.loads((folder / "train.json").read_text())["average_precision"] <= 1


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_split_without_boxes_shows_before_a_folder_is_made(bars, narrow, tmp_path, part):
    table = pq.read_table(bars / "bars.parquet")
    rows = table.to_pydict()
    for n, split in enumerate(rows["split"]):
        if split == part:
            rows["boxes"][n], rows["labels"][n] = [], []
    kinds = pa.list_(pa.list_(pa.float64())), pa.list_(pa.int64())
    rows["boxes"], rows["labels"] = (
        pa.array(rows[k], t) for k, t in zip(("boxes", "labels"), kinds, strict=True)
    )
    write_parquet(tmp_path / "bars.parquet", rows, ["upright", "lying"])
    with pytest.raises(ValueError, match=r"photos: none has a box that counts, accepted: one at"):
        run(recipe(tmp_path), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_loss_of_all_accuracy_is_refused_in_the_recipes_words(bars, narrow, tmp_path):
    with pytest.raises(ValueError, match=r"accuracy_loss is 1.0, accepted: less than the accuracy"):
        run(recipe(bars, accuracy_loss=1.0), tmp_path / "run", until="boost", progress=False)
    assert (tmp_path / "run" / "baseline.safetensors").exists()


@pytest.mark.parametrize("asked", [{"size": 100}, {"size": 64.0}, {"size": 64, "normalise": GREY}])
def test_what_no_squares_are_made_of(bars, asked):
    with pytest.raises((TypeError, ValueError), match=r"^(size|normalise) is "):
        data.load("bars.parquet", bars, **asked)


def test_photos_come_in_squares_by_their_splits(bars):
    splits = data.load("bars.parquet", bars, size=96)
    assert [len(x) for x, _ in splits] == [128, 16, 30]
    x, boxes = splits.test
    assert x.shape == (30, 3, 96, 96) and boxes.shape == (30, 1, 5)
    assert (boxes[..., 4].flatten() == torch.tensor([0.0, 1.0]).repeat(15)).all()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"network": {"name": "yolov3_tiny"}, "data": {"size": None}},
         "recipe key data.size is None, accepted: the side of the squares that yolov3_tiny"),
        ({"network": {"name": "lenet"}},
         "recipe key data.size is 64, accepted: no key, as lenet finds no boxes"),
        ({"network": {"name": "lenet"}, "accuracy": "precision", "data": {"size": None}},
         "recipe key accuracy is 'precision', accepted: right, as lenet finds no boxes"),
        ({"accuracy": "recall"}, "recipe key accuracy is 'recall', accepted: one of right, prec"),
        ({"data": {"size": 100}},
         "recipe key data.size is 100, accepted: an integer from 32 to 4096, a multiple of 32 or"),
        ({"data": {"normalise": {"mean": [0.0], "std": [1.0]}}},
         "data.normalise is 'given', accepted: no key beside data.size"),
        ({"network": {"classes": 1}}, "network.classes is 1, accepted: at least 2"),
        ({"data": {"name": "cifar10"}},
         "data set is 'cifar10', accepted: of photos with boxes: NAME.parquet, NAME.json"),
    ],
)  # fmt: skip
def test_refusals(bars, narrow, tmp_path, keys, said):
    with pytest.raises(ValueError) as refused:
        run(recipe(bars, **keys), tmp_path / "run", progress=False)
    assert said in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()
