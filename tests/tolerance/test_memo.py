"""Trials that are asked once."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eden._files import digest_bytes
from eden.tolerance._memo import Memo


def answer(seed, counter):
    counter.append(seed)
    return [{"seed": seed, "ber": 1e-3, "accuracy": 0.9}]


def test_trials_are_run_once_and_replayed(tmp_path):
    asked = []
    first = Memo(tmp_path, context="c")
    rows = first.get({"seed": 1}, lambda: answer(1, asked))
    assert first.get({"seed": 1}, lambda: answer(1, asked)) == rows
    (shard,) = tmp_path.iterdir()
    before = shard.read_bytes()

    again = Memo(tmp_path, context="c")
    assert again.get({"seed": 1}, lambda: answer(1, asked)) == rows
    assert asked == [1]
    assert shard.read_bytes() == before

    Memo(tmp_path, context="other").get({"seed": 1}, lambda: answer(1, asked))
    assert asked == [1, 1]


@pytest.mark.parametrize("kept", [-1, 0])  # a loss of power may leave nothing of it
def test_a_damaged_shard_is_asked_again_and_comes_back_the_same(tmp_path, kept):
    Memo(tmp_path).get({"seed": 1}, lambda: answer(1, []))
    (shard,) = tmp_path.iterdir()
    good = shard.read_bytes()
    shard.write_bytes(good[:kept])
    asked = []
    Memo(tmp_path).get({"seed": 1}, lambda: answer(1, asked))
    assert asked == [1]
    assert shard.read_bytes() == good


@pytest.mark.parametrize("name", ["results.parquet", f"{'a' * 32}.parquet", "eden-1.parquet"])
def test_what_others_keep_in_the_folder_stays(tmp_path, name):
    foreign = tmp_path / name
    foreign.write_bytes(b"mine")
    (tmp_path / f"eden-{'b' * 32}.parquet").mkdir()
    (tmp_path / "x.tmp").mkdir()
    memo = Memo(tmp_path)
    memo.get({"seed": 1}, lambda: answer(1, []))
    assert foreign.read_bytes() == b"mine" and len(list(tmp_path.iterdir())) == 4


def test_shards_of_earlier_versions_are_read(tmp_path):
    Memo(tmp_path).get({"seed": 1}, lambda: answer(1, []))
    (shard,) = tmp_path.iterdir()
    shard.rename(tmp_path / shard.name.removeprefix("eden-"))
    asked = []
    Memo(tmp_path).get({"seed": 1}, lambda: answer(1, asked))
    assert asked == [] and len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(ValueError, match="f: is a file; a folder is needed"):
        Memo(tmp_path / "f")


def forge(folder, data):
    (folder / f"eden-{digest_bytes(data)[:32]}.parquet").write_bytes(data)


def parquet(columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def row(accuracy, trial="t"):
    text, number = pa.string(), pa.float64()
    return {
        "trial": pa.array([trial], text),
        "seed": [1],
        "ber": pa.array([None], number),
        "accuracy": pa.array([accuracy], number),
        "right": pa.array([None], text),
    }


@pytest.mark.parametrize("accuracy", [7.0, -0.1, float("nan"), float("inf"), None])
def test_a_forged_accuracy_is_refused(tmp_path, accuracy):
    forge(tmp_path, parquet(row(accuracy)))
    with pytest.raises(ValueError, match=r"eden-\w+\.parquet: trial 't': accuracy is .*accepted"):
        Memo(tmp_path)


@pytest.mark.parametrize(
    "data", [b"no parquet", parquet({"a": [1]}), parquet(row(0.5) | {"seed": ["x"]})]
)
def test_a_shard_of_another_form_is_refused_in_one_line(tmp_path, data):
    forge(tmp_path, data)
    with pytest.raises(ValueError, match=r"eden-\w+\.parquet: is not a shard of trials") as caught:
        Memo(tmp_path)
    assert "\n" not in str(caught.value)
