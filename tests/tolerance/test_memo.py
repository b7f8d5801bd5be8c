"""Trials that are asked once."""

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


def test_a_damaged_shard_is_asked_again_and_comes_back_the_same(tmp_path):
    Memo(tmp_path).get({"seed": 1}, lambda: answer(1, []))
    (shard,) = tmp_path.iterdir()
    good = shard.read_bytes()
    shard.write_bytes(good[:-1])
    asked = []
    Memo(tmp_path).get({"seed": 1}, lambda: answer(1, asked))
    assert asked == [1]
    assert shard.read_bytes() == good
