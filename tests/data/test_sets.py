"""Data sets by name, from tiny files in their forms."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from _pictures import jpeg, plain, write_cifar_binary, write_cifar_jpeg, write_parquet
from PIL import Image

from eden import data
from eden.data import Images, Normalisation, digest_of


def test_the_binary_files_of_cifar10_are_read_to_the_byte(tmp_path):
    splits = data.load("cifar10", write_cifar_binary(tmp_path))
    assert [len(x) for x, _ in splits] == [46, 4, 10]
    x, y = splits.test
    assert x.pixels.shape == (10, 3, 32, 32) and y.tolist() == list(range(10))
    # Red, green and blue one after another.
    assert x.pixels[7, :, 5, 9].tolist() == [140, 141, 142]
    assert torch.equal(splits.train[0].pixels[:, 0, 0, 0], (20 * splits.train[1]).to(torch.uint8))


def test_the_parquet_files_of_cifar10_are_decoded(tmp_path, monkeypatch):
    (tmp_path / "cifar10").mkdir()
    write_cifar_jpeg(tmp_path / "cifar10")
    monkeypatch.setenv("EDEN_DATA", str(tmp_path))
    splits = data.load("cifar10")
    assert [len(x) for x, _ in splits] == [22, 2, 10]
    x, y = splits.train
    off = x.pixels.to(torch.int64) - 20 * y[:, None, None, None]
    assert off.abs().max() <= 1
    # By the training images: of mean 0 and deviation 1.
    shown = x[:]
    assert shown.dtype == torch.float32
    torch.testing.assert_close(shown.mean((0, 2, 3)), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(shown.std((0, 2, 3), correction=0), torch.ones(3))
    assert splits.test[0].normalise == x.normalise


def test_bytes_are_shown_as_a_network_was_trained_to_see_them():
    pixels = torch.tensor([0, 100, 255], dtype=torch.uint8).reshape(1, 3, 1, 1)
    caffe = Normalisation((104.0, 117.0, 123.0), (1.0, 1.0, 1.0), "bgr")
    assert Images(pixels, caffe)[:].flatten().tolist() == [151, -17, -123]
    symmetric = Normalisation((127.5,) * 3, (127.5,) * 3)
    assert Images(pixels, symmetric)[:].flatten().tolist() == [-1, pytest.approx(-27.5 / 127.5), 1]
    with pytest.raises(ValueError, match="channels of images is 1, accepted: 3"):
        caffe(pixels[:, :1])
    with pytest.raises(ValueError, match="number of stds is 1, accepted: as many as means, 3"):
        Normalisation((1.0,) * 3, (1.0,))
    with pytest.raises(ValueError, match=r"std is 0\.0, accepted: a number"):
        Normalisation((1.0,), (0.0,))
    with pytest.raises(ValueError, match=r"images is 'torch.float32 \[1, 3, 1, 1\]', accepted"):
        Images(pixels.float(), caffe)


def test_fashion_mnist_may_be_kept_as_bytes_too(tmp_path):
    from _small import write_images

    root = write_images(tmp_path)
    numbers = data.load("fashion-mnist", root)
    half = Normalisation((127.5,), (127.5,))
    kept = data.load("fashion-mnist", root, normalise=half)
    assert isinstance(numbers.train[0], torch.Tensor)
    assert torch.equal(kept.train[1], numbers.train[1])
    pixels = (numbers.test[0] * 0.3530 + 0.2860) * 255
    torch.testing.assert_close(kept.test[0][:], (pixels - 127.5) / 127.5, atol=1e-5, rtol=0)


def classified(folder, **columns):
    n = len(columns.setdefault("label", [0, 1, 2, 0]))
    columns.setdefault("image", [jpeg(plain(20 * k, (8, 8))) for k in range(n)])
    return write_parquet(folder / "set.parquet", columns, ["ant", "bee", "cat"])


@pytest.mark.parametrize("split", [{}, {"split": ["test"] * 12}, {"split": ["train"] * 12}])
@pytest.mark.parametrize("ids", [{}, {"id": [str(n) for n in range(12)]}])
def test_a_file_of_one_split_gives_each_use_images_of_its_own(tmp_path, split, ids):
    classified(tmp_path, label=[n % 3 for n in range(12)], **ids, **split)
    splits = data.load("set.parquet", tmp_path)
    # By turns for training, test, validation and test; 10 stands after 9.
    uses = [[int(b / 20 + 0.5) for b in x.pixels[:, 0, 0, 0]] for x, _ in splits]
    assert uses == [[0, 4, 8], [2, 6, 10], [1, 3, 5, 7, 9, 11]]
    assert [y.tolist() for _, y in splits] == [[n % 3 for n in use] for use in uses]


def test_the_smallest_file_of_one_split(tmp_path):
    classified(tmp_path, label=[0, 1, 2], id=list("cba"))
    assert [y.tolist() for _, y in data.load("set.parquet", tmp_path)] == [[2], [0], [1]]


def test_a_file_with_splits_keeps_them(tmp_path):
    classified(tmp_path, split=["val", "train", "test", "train"])
    splits = data.load("set.parquet", tmp_path)
    assert [y.tolist() for _, y in splits] == [[1, 0], [0], [2]]
    read = data.read_labelled(tmp_path / "set.parquet")
    assert read.classes == ("ant", "bee", "cat") and read.ids == ("0", "1", "2", "3")


BAD = {
    "row 1: label is 3, accepted: 0 to 2": {"label": [0, 3]},
    "row 0: label is -1": {"label": [-1, 0]},
    "row 1: label is None": {"label": [0, None]},
    "row 1: the image is empty": {"image": [jpeg(plain(0)), b""], "label": [0, 1]},
    "row 0: the image is empty": {"image": pa.array([None, b"a"]), "label": [0, 1]},
    "row 1: no image that can be read": {"image": [jpeg(plain(0)), b"abc"], "label": [0, 1]},
    "row 0: no image that can": {"image": [jpeg(plain(0))[:400], b"a"], "label": [0, 1]},
    "row 1: size is '16 x 16', accepted: 32 x 32, as": {
        "image": [jpeg(plain(0)), jpeg(plain(0, (16, 16)))],
        "label": [0, 1],
    },
    "row 0: image is a str": {"image": ["a", "b"], "label": [0, 1]},
    "split is 'dev', accepted: train": {"label": [0, 1], "split": ["train", "dev"]},
    "has no split 'test'": {"label": [0, 1], "split": ["train", "val"]},
    "holds no images": {"image": pa.array([], pa.binary()), "label": pa.array([], pa.int32())},
    "number of images is 1, accepted: at least 3, for 3 uses": {"label": [0], "split": ["test"]},
    "number of images is 2, accepted: at least 3, for 3 uses": {"label": [0, 1]},
}


@pytest.mark.parametrize("words", BAD)
def test_a_bad_file_is_one_clear_line(tmp_path, words):
    classified(tmp_path, **BAD[words])
    with pytest.raises(ValueError, match=words) as caught:
        data.load("set.parquet", tmp_path)
    assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


def test_what_is_no_such_file_is_said(tmp_path):
    path = tmp_path / "set.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(ValueError, match="is not a parquet file, or is damaged"):
        data.load("set.parquet", tmp_path)
    write_parquet(path, {"picture": [b"a"], "label": [1]})
    with pytest.raises(ValueError, match="lacks the column 'image'; it has picture, label"):
        data.load("set.parquet", tmp_path)
    with pytest.raises(FileNotFoundError):
        data.read_labelled(tmp_path / "nowhere.parquet")


def test_a_missing_set_says_what_to_get_and_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.delenv("EDEN_DATA", raising=False)
    for root, words in ((None, "set EDEN_DATA, or data.folder"), (tmp_path, "names this folder")):
        with pytest.raises(ValueError, match=words) as caught:
            data.load("cifar10", root)
        said = str(caught.value)
        assert "cifar-10-binary.tar.gz" in said and "data_batch_1.bin" in said and "\n" not in said


@pytest.mark.parametrize("size", [0, 3072, 3074])
def test_a_cut_off_binary_file_is_refused(tmp_path, size):
    write_cifar_binary(tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(bytes(size))
    with pytest.raises(ValueError, match=r"bytes of .*data_batch_3.bin is \d+, accepted: a mult"):
        data.load("cifar10", tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(ValueError, match="label 10, accepted: 0 to 9"):
        data.load("cifar10", tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(ValueError, match=r"missing file: no data_batch_3.bin in "):
        data.load("cifar10", tmp_path)


def test_images_of_another_size_are_not_cifar10(tmp_path):
    write_cifar_jpeg(tmp_path)
    columns = {"image": [jpeg(plain(0, (8, 8)))] * 12, "label": [0] * 12}
    write_parquet(tmp_path / "cifar10_jpeg_test.parquet", columns)
    with pytest.raises(ValueError, match=r"shape of images is \[3, 8, 8\], accepted: 3, 32, 32"):
        data.load("cifar10", tmp_path)


def test_an_evaluator_and_batches_take_bytes_as_they_take_numbers():
    pixels = torch.randint(0, 256, (20, 1, 2, 2), dtype=torch.uint8)
    images = Images(pixels, Normalisation((100.0,), (50.0,)))
    labels = torch.arange(20) % 4
    model = torch.nn.Flatten()
    kept, numbers = (data.Evaluator(x, labels, 7) for x in (images, images[:]))
    assert kept(model) == numbers(model)
    assert isinstance(kept.subset(5).x, Images)
    assert torch.equal(kept.subset(5).right(model), numbers.subset(5).right(model))
    for a, b in zip(
        data.batches(images, labels, 6, seed=3), data.batches(images[:], labels, 6, seed=3),
        strict=True,
    ):  # fmt: skip
        assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
    other = Images(pixels, Normalisation((100.0,), (51.0,)))
    assert len({data.digest_of(x, labels) for x in (images, other, images[:])}) == 3


class Squares(torch.utils.data.Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, n):
        return self.images[n], n % 3


def test_any_torch_data_set_is_read():
    from PIL import Image

    x, y = data.from_dataset(Squares([torch.full((1, 2, 2), float(n)) for n in range(4)]))
    assert x.shape == (4, 1, 2, 2) and x[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert y.tolist() == [0, 1, 2, 0]
    photos = [Image.fromarray(plain(40 * n, (4, 6))) for n in range(2)]
    x, _ = data.from_dataset(Squares(photos))
    assert x.dtype == torch.uint8 and x.shape == (2, 3, 4, 6)
    assert Images(x, data.normalisation_of(x)).shape == x.shape
    with pytest.raises(TypeError, match="type of dataset is 'int', accepted: a data set with"):
        data.from_dataset(3)
    with pytest.raises(ValueError, match="number of images is 0"):
        data.from_dataset(Squares([]))
    with pytest.raises(ValueError, match=r"item 0 is 1, accepted: a pair"):
        data.from_dataset([1, 2])
    with pytest.raises(ValueError, match=r"shape of image 1 is \[1, 3, 2\], accepted: \[1, 2, 2\]"):
        data.from_dataset(Squares([torch.zeros(1, 2, 2), torch.zeros(1, 3, 2)]))
    for empty in (torch.zeros(3, 0, 0), torch.zeros(5)):
        with pytest.raises(ValueError, match=r"shape of image 0 is .* of one pixel at least"):
            data.from_dataset(Squares([empty]))
    with pytest.raises(ValueError, match=r"type of image 1 is 'torch.uint8', accepted: torch.fl"):
        mixed = [torch.zeros(1, 2, 2), torch.zeros(1, 2, 2, dtype=torch.uint8)]
        data.from_dataset(Squares(mixed))


def test_colours_of_a_palette_are_those_of_the_image():
    image = Image.fromarray(np.full((4, 5, 3), (200, 10, 10), np.uint8)).convert("P")
    x, _ = data.from_dataset([(image, 0)])
    assert x.shape == (1, 3, 4, 5)
    assert (x[0, 0].float() - 200).abs().max() < 30 and x[0, 1:].max() < 60


def test_images_are_told_apart_by_their_values_alone():
    """Not by how they lie in memory, of which a digest of a folder knows nothing."""
    x, y = torch.rand(6, 3, 8, 8), torch.arange(12).reshape(6, 2)
    told = digest_of(x, y[:, 0].contiguous())
    assert digest_of(x.to(memory_format=torch.channels_last), y[:, 0]) == told
    assert digest_of(x, y[:, 1]) != told
    halves = x.to(torch.bfloat16)
    assert digest_of(halves, y[:, 0]) not in (told, digest_of(halves + 1, y[:, 0]))
    waves = torch.complex(x, x)
    assert digest_of(waves.conj(), y[:, 0]) == digest_of(waves.conj().clone(), y[:, 0])


@pytest.mark.parametrize("label", [0.7, -1, "cat", None, torch.tensor([1.0]), torch.tensor([1, 2])])
def test_a_label_that_numbers_no_class_is_refused(label):
    with pytest.raises(ValueError, match=r"^label of item 1 is .*, accepted: an integer of at lea"):
        data.from_dataset([(torch.zeros(1, 2, 2), 3), (torch.zeros(1, 2, 2), label)])
    one = (3, np.uint8(3), torch.tensor(3), torch.tensor([3]))
    assert data.from_dataset([(torch.zeros(1, 2, 2), n) for n in one])[1].tolist() == [3] * 4


@pytest.mark.parametrize("labels", [torch.zeros(6, 1).long(), torch.zeros(6), torch.eye(6).long()])
def test_an_evaluator_takes_a_label_an_image(labels):
    with pytest.raises(ValueError, match=r"labels is 'torch\..*, accepted: integers \[n\]"):
        data.Evaluator(torch.zeros(6, 4), labels)
