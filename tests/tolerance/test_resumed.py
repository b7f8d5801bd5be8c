"""What was kept is replayed for what it was asked of, and what is asked anew is asked as before."""

from dataclasses import replace

import pyarrow.parquet as pq
import torch

from eden import errors
from eden.data import Evaluator
from eden.network import Config, approximate, keep_calibration
from eden.tolerance import characterize_coarse, criticality, verify

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-2), inputs=False)


def test_cells_that_are_asked_after_a_resume_are_single_ones_too(fragile, tmp_path):
    """An evaluator that tells no images: nothing but single cells changes the rates then."""
    model, images, labels = fragile
    whole = Evaluator(images, labels)
    asked = {"config": CONFIG, "target_accuracy": 0.92}
    found = criticality(model, lambda m: whole(m), folder=tmp_path, **asked)
    shards = list(tmp_path.glob("*.parquet"))
    cells = [s for s in shards if '"cells"' in pq.read_table(s).to_pylist()[0]["trial"]]
    assert 0 < len(cells) < len(shards)
    for shard in cells:
        shard.unlink()
    assert criticality(model, lambda m: whole(m), folder=tmp_path, **asked) == found


def test_the_mean_of_other_images_is_asked_anew(fragile, tmp_path):
    model, images, labels = fragile
    asked = {"config": CONFIG, "target_accuracy": 0.85, "seeds": 3, "low": 1e-6}
    one, other = Evaluator(images, labels), Evaluator(images.flip(0), labels.flip(0))
    one.digest, other.digest = "one", "other"
    other.y[:300] = (other.y[:300] + (torch.arange(300) % 10 == 0)) % 4
    characterize_coarse(model, one, folder=tmp_path, **asked)
    kept = characterize_coarse(model, other, folder=tmp_path, **asked)
    assert kept == characterize_coarse(model, other, **asked)


def test_a_verdict_of_other_ranges_is_asked_anew(trained, tmp_path):
    model, images, labels = trained
    config = CONFIG.with_(inputs=True)
    evaluate, asked = Evaluator(images, labels), {"target_accuracy": 0.9, "seeds": 3}
    with approximate(model, config) as handle:
        known = handle.config.calibration
    first = verify(model, evaluate, config, folder=tmp_path, **asked)
    small = {
        name: replace(one, lo=one.lo / 9, hi=one.hi / 9) for name, one in known.tensors.items()
    }
    keep_calibration(model, replace(known, tensors=small))
    try:
        kept = verify(model, evaluate, config, folder=tmp_path, **asked)
        assert kept == verify(model, evaluate, config, **asked) != first
    finally:
        keep_calibration(model, known)
