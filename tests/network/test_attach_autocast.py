"""Under autocast, which remembers the casts of leaves that require a gradient until it ends."""

from pathlib import Path

import pytest
import torch
from torch import nn

from eden import errors
from eden.network import Config, approximate

EVALUATING = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize("mode", EVALUATING)
@pytest.mark.parametrize("stored", ["fp32", "int8"])
def test_memory_does_not_grow_with_the_calls(mode, stored):
    layer = nn.Linear(1000, 1000)
    x = torch.randn(2, 1000)
    with (
        approximate(layer, Config(errors.Uniform(1e-3), stored=stored, inputs=False)),
        torch.autocast("cpu"),
        EVALUATING[mode](),
    ):
        layer(x)
        before = resident_bytes()
        for _ in range(20):
            layer(x)
        assert resident_bytes() - before < 30e6  # 120 MB where all are remembered


@pytest.mark.parametrize("autocast", [True, False])
@pytest.mark.parametrize("mode", [*EVALUATING, "enable_grad"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_without_errors_nothing_changes_to_the_bit(dtype, mode, autocast):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(96, 64), nn.TransformerEncoderLayer(64, 4, 64, 0.0, batch_first=True)
    )
    model = model.to(dtype)
    model[1].self_attn.register_forward_pre_hook(lambda *_: None)  # the plain way, as attached
    x = torch.randn(5, 7, 96, dtype=dtype)
    native = {torch.float32: "fp32", torch.bfloat16: "bf16"}[dtype]
    config = Config(errors.Uniform(0.0), stored=native, correction="off")
    with (
        torch.autocast("cpu", enabled=autocast),
        EVALUATING.get(mode, torch.enable_grad)(),
    ):
        expected = model(x)
        with approximate(model, config):
            for _ in range(2):
                assert torch.equal(model(x), expected)
