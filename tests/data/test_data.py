import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from eden import data


def idx(array):
    shape = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.astype(np.uint8).tobytes()


def parts(train=24, test=12):
    draw = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte.gz": gzip.compress(idx(draw.integers(0, 256, (train, 28, 28)))),
        "train-labels-idx1-ubyte": idx(np.arange(train) % 10),
        "t10k-images-idx3-ubyte": idx(draw.integers(0, 256, (test, 28, 28))),
        "t10k-labels-idx1-ubyte.gz": gzip.compress(idx(np.arange(test) % 10)),
    }


@pytest.fixture
def folder(tmp_path):
    for name, content in parts().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_load_splits_the_training_images_and_keeps_the_test_images_apart(folder):
    splits = data.load("fashion-mnist", root=folder)
    assert [len(x) for x, _ in splits] == [22, 2, 12]
    assert [len(y) for _, y in splits] == [22, 2, 12]
    assert splits.train[0].shape[1:] == (1, 28, 28) and splits.train[0].dtype == torch.float32
    labels = torch.cat([splits.train[1], splits.validation[1]])
    assert sorted(labels.tolist()) == sorted(n % 10 for n in range(24))
    again = data.load("fashion-mnist", root=folder)
    assert all(
        torch.equal(a, b)
        for p, q in zip(splits, again, strict=True)
        for a, b in zip(p, q, strict=True)
    )


def test_environment_names_the_folder_or_its_parent_and_nothing_else(
    folder, monkeypatch, tmp_path_factory
):
    monkeypatch.setenv("EDEN_DATA", str(folder))
    assert len(data.load().test[0]) == 12
    parent = tmp_path_factory.mktemp("parent")
    folder.rename(parent / "fashion-mnist")
    monkeypatch.setenv("EDEN_DATA", str(parent))
    assert len(data.load().test[0]) == 12
    empty = tmp_path_factory.mktemp("empty")
    for value, words in [
        ("", "EDEN_DATA is set but empty"),
        (str(empty), "EDEN_DATA names this folder, so no other is tried"),
        (str(empty / "nowhere"), "not a folder"),
    ]:
        monkeypatch.setenv("EDEN_DATA", value)
        with pytest.raises(ValueError, match=words) as caught:
            data.load()
        assert "\n" not in str(caught.value)


def test_without_the_variable_the_places_are_named(monkeypatch, tmp_path):
    monkeypatch.delenv("EDEN_DATA", raising=False)
    monkeypatch.setattr("eden.data._fashion.SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="dataset-fashion-mnist"):
        data.load()


GOOD = parts()
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (IMAGES, GOOD[IMAGES][:-500], "damaged or truncated"),
        (IMAGES, GOOD[IMAGES][:5], "damaged or truncated"),
        (IMAGES, b"not a gzip file at all", "damaged or truncated"),
        (IMAGES, b"", "empty or truncated"),
        (LABELS, GOOD[LABELS][:-1], "accepted: 24"),
        (LABELS, GOOD[LABELS] + b"x", "accepted: 24"),
        (LABELS, GOOD[LABELS][:3], "empty or truncated"),
        (LABELS, b"", "empty or truncated"),
        (LABELS, idx(np.zeros(0)), "holds no data"),
        (LABELS, idx(np.arange(23) % 10), "as many labels as images"),
        (LABELS, idx(np.full(24, 10)), "label 10"),
        (LABELS, idx(np.zeros((24, 1))), "accepted: 00000801"),
        (LABELS, None, "missing file"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((12, 32, 32))), "accepted: 28 x 28"),
        ("t10k-images-idx3-ubyte", None, "missing file"),
    ],
)
def test_a_damaged_file_is_one_clear_line(folder, name, content, words):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        data.load(root=folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


def test_batches_that_cannot_be_are_refused():
    x, y = torch.zeros(4, 1), torch.zeros(3)
    with pytest.raises(ValueError, match="number of labels is 3, accepted: as many as inputs, 4"):
        data.batches(x, y, 2)
    with pytest.raises(ValueError, match="batch_size is 0, accepted: an integer of at least 1"):
        data.batches(x, x, 0)


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="data set is 'mnist', accepted: fashion-mnist"):
        data.load("mnist")


def test_batches_cover_all_images_and_shuffle_anew_each_pass():
    x, y = torch.arange(10.0).unsqueeze(1), torch.arange(10)
    loader = data.batches(x, y, 4, seed=1)
    first, second = ([torch.cat(part) for part in zip(*loader, strict=True)] for _ in range(2))
    assert len(loader) == 3 and torch.equal(first[0][:, 0], first[1].float())
    assert sorted(first[1].tolist()) == list(range(10)) == sorted(second[1].tolist())
    assert first[1].tolist() != second[1].tolist()
    assert torch.equal(torch.cat([b for _, b in data.batches(x, y, 4)]), y)


class Parity(nn.Module):
    """Names class 1 for the values in `ones`, else 0, and counts the calls."""

    def __init__(self, ones):
        super().__init__()
        self.ones, self.calls = torch.tensor(ones), 0
        self.block = nn.Dropout(0.5)

    def forward(self, x):
        assert not self.training and not torch.is_grad_enabled()
        self.calls += 1
        hit = torch.isin(x, self.ones)
        return torch.stack([~hit, hit], dim=1).float()


def test_evaluator_counts_and_restores_the_modes():
    evaluate = data.Evaluator(torch.arange(10.0), torch.ones(10, dtype=torch.int64), batch_size=3)
    model = Parity([0.0, 4.0, 9.0]).train()
    model.block.eval()
    assert evaluate(model) == 0.3
    assert model.training and not model.block.training
    assert evaluate.predictions(model).tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_subset_is_a_fixed_draw():
    evaluate = data.Evaluator(torch.arange(10.0), torch.arange(10))
    part = evaluate.subset(4, seed=3)
    assert len(part) == 4 and torch.equal(part.x, evaluate.subset(4, seed=3).x)
    assert torch.equal(part.x, part.y.float()) and len(set(part.y.tolist())) == 4
    with pytest.raises(ValueError, match="1 to 10"):
        evaluate.subset(11)


@pytest.mark.parametrize("train", [11, 1])
def test_too_few_images_for_a_validation_are_refused(tmp_path, train):
    for name, content in parts(train=train).items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"images is {train}, accepted: at least 12"):
        data.load("fashion-mnist", root=tmp_path)


def test_a_file_that_unpacks_to_more_than_it_says_is_refused_before_it_does(folder, monkeypatch):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(np.zeros((24, 28, 28))) + bytes(200_000_000), 1))
    read, most = gzip.GzipFile.read, []
    monkeypatch.setattr(gzip.GzipFile, "read", lambda f, n=-1: most.append(n) or read(f, n))
    with pytest.raises(ValueError, match="more than 18816 bytes of data for sizes"):
        data.load("fashion-mnist", root=folder)
    assert min(most) > 0 and max(most) < 20_000


@pytest.mark.parametrize("sizes", [(2**31, 28, 28), (2**32 - 1,) * 3])
def test_sizes_beyond_all_data_sets_are_refused(folder, sizes):
    head = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in sizes)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + bytes(100)))
    with pytest.raises(ValueError, match="holds more than 1073741824 bytes"):
        data.load("fashion-mnist", root=folder)


@pytest.mark.parametrize("name", parts())
def test_a_pipe_is_not_waited_for(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ValueError, match=f"{name}: is not a file"):
        data.load("fashion-mnist", root=folder)


def test_the_batch_of_an_evaluator_goes_by_the_device_unless_given():
    seen = []

    class Counting(torch.nn.Module):
        def forward(self, x):
            seen.append(len(x))
            return torch.zeros(len(x), 2)

    x, y = torch.zeros(300, 1), torch.zeros(300, dtype=torch.int64)
    assert data.Evaluator(x, y)(Counting()) == data.Evaluator(x, y, 200)(Counting()) == 1
    assert seen == [128, 128, 44, 200, 100]
    with pytest.raises(ValueError, match="batch_size=0"):
        data.Evaluator(x, y, 0)


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_shares_of_batches_make_the_batches_that_one_process_would_have(seed, ranks):
    x, y = torch.arange(14.0), torch.arange(14)
    whole = data.batches(x, y, 6, seed=seed)
    shares = [data.batches(x, y, 6, seed=seed).share(rank, ranks) for rank in range(ranks)]
    for _ in range(2):  # shuffled anew, alike in all processes
        full = list(whole)
        parts = [list(share) for share in shares]
        assert [len(part) for part in parts] == [len(share) for share in shares]
        # The last batch has 2 images: none for the last of three.
        assert len(parts[0]) == (2 if ranks == 3 else 3)
        for batch, *of_ranks in zip(full, *parts, strict=False):
            assert torch.equal(torch.cat([part[0] for part in of_ranks]), batch[0])
            assert torch.equal(torch.cat([part[1] for part in of_ranks]), batch[1])
    with pytest.raises(ValueError, match="rank is 3"):
        whole.share(3, 3)
    with pytest.raises(ValueError, match="ranks is 7"):
        whole.share(0, 7)


@pytest.mark.parametrize("name", [3, None, b"cifar10", Path("photos.parquet")])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(TypeError, match=r"^type of data set is '\w+', accepted: the name of one$"):
        data.load(name)
