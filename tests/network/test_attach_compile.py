"""One compiled graph serves all error rates, draws and calls of an attached network."""

import pytest
import torch
from torch import nn

from eden import errors
from eden.network import Config, attach

CASES = {
    "convolution": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 3)
        ),
        lambda: torch.randn(5, 1, 6, 6),
    ),
    "transformer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
        lambda: torch.randn(3, 5, 8),
    ),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)),
        lambda: torch.arange(8).reshape(2, 4),
    ),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_a_compiled_network_needs_no_second_graph(name, training):
    build, inputs = CASES[name]
    torch._dynamo.reset()
    model, x = build().train(training), inputs()
    handle = attach(model, Config(errors.Uniform(0.02, 0.5), stored="int8", cells="fresh"))
    handle.learn_bounds([x])
    # aot_eager traces and functionalises as inductor does, and leaves the code generation out.
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with torch._dynamo.config.patch(error_on_recompile=True), torch.set_grad_enabled(training):
        seen = []
        for ber in (0.02, 1e-3, 0.0):
            handle.set_ber(ber)
            handle.reseed(3)
            handle.step()
            outputs = [compiled(x), compiled(x)]
            handle.reseed(3)
            handle.step()
            for output in outputs:
                torch.testing.assert_close(output, model(x), rtol=1e-4, atol=1e-4)
            seen += outputs
        if training:
            outputs[-1].square().sum().backward()
            assert all(p.grad is not None for p in model.parameters())
    assert not torch.equal(seen[0], seen[1])  # other accesses
    assert torch.equal(seen[4], seen[5])  # no errors left
    for module in model.modules():
        for parameter_name, parameter in module._parameters.items():
            assert getattr(module, parameter_name) is parameter
    handle.detach()
    assert not any("weight" in vars(module) for module in model.modules())
