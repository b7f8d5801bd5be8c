import pytest
import torch

from eden import data, nets


def test_lenet_maps_images_to_ten_logits_and_has_the_known_size():
    model = nets.build("lenet")
    assert model(torch.zeros(3, 1, 28, 28)).shape == (3, 10)
    # 6*26 + 16*151 + 120*401 + 84*121 + 10*85, weights and biases.
    assert sum(p.numel() for p in model.parameters()) == 156 + 2416 + 48120 + 10164 + 850


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="accepted: lenet"):
        nets.build("alexnot")


def test_training_learns_and_is_repeatable():
    # Class k is a bright row k: learned in a few dozen steps.
    y = torch.arange(400) % 10
    x = 0.1 * torch.randn(400, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    x[torch.arange(400), 0, 2 * y + 4] += 1
    weights = []
    for _ in range(2):
        torch.manual_seed(0)
        model = nets.train(nets.lenet(), (x, y), epochs=4, batch_size=25, seed=1, progress=False)
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert data.Evaluator(x, y)(model) > 0.9
    assert torch.equal(*weights)
    with pytest.raises(ValueError, match="epochs=0"):
        nets.train(model, (x, y), epochs=0)
