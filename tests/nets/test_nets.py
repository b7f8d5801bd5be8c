import pytest
import torch

from eden import data, nets


def test_lenet_maps_images_to_ten_logits_and_has_the_known_size():
    model = nets.build("lenet")
    assert model(torch.zeros(3, 1, 28, 28)).shape == (3, 10)
    # 6*26 + 16*151 + 120*401 + 84*121 + 10*85, weights and biases.
    assert sum(p.numel() for p in model.parameters()) == 156 + 2416 + 48120 + 10164 + 850


# Convolutions without biases, a weight and a bias a channel of each batch norm.
#
# ResNet-18: conv1 27 * 64 + 128 = 1,856. A block from c to w channels has 9 c w + 9 w^2 + 4 w, and
# c w + 2 w more where it projects:
#   64:  2 * (18 * 64^2 + 256)                                              =   147,968
#   128: 9*64*128 + 9*128^2 + 512 + 64*128 + 256   + 18*128^2 + 512         =   525,568
#   256: 9*128*256 + 9*256^2 + 1024 + 128*256 + 512 + 18*256^2 + 1024       = 2,099,712
#   512: 9*256*512 + 9*512^2 + 2048 + 256*512 + 1024 + 18*512^2 + 2048      = 8,393,728
# The last layer has 512 * 10 + 10. In all 11,173,962.
#
# MobileNetV2: 27 * 32 + 64 = 928; a block from c to w at expansion e, i = e c, has
# c i + 2 i (not at e = 1) + 9 i + 2 i + i w + 2 w:
#   16: 896   24: 5,136 + 8,832   32: 10,000 + 2 * 14,848   64: 21,056 + 3 * 54,272
#   96: 66,624 + 2 * 118,272   160: 155,264 + 2 * 320,000   320: 473,920
# Then 320 * 1280 + 2560 = 412,160 and 1280 * 10 + 10: in all 2,236,682, which with 1000 classes
# (1,281,000 in the last layer) are the 3.5 million of the network as published.
SIZES = {"resnet18": (11_173_962, 9 * 64), "mobilenet_v2": (2_236_682, 9 * 32)}


@pytest.mark.parametrize("name", SIZES)
def test_a_network_for_small_images_has_the_known_size(name):
    parameters, first = SIZES[name]
    for channels in (3, 1):
        model = nets.build(name, channels=channels)
        assert model(torch.zeros(2, channels, 32, 32)).shape == (2, 10)
        assert sum(p.numel() for p in model.parameters()) == parameters - (3 - channels) * first
    assert nets.build(name, classes=7)(torch.zeros(2, 3, 28, 28)).shape == (2, 7)


@pytest.mark.parametrize("name", SIZES)
def test_a_network_for_small_images_passes_the_signal_on(name):
    x = torch.randn(16, 3, 32, 32)
    model = nets.build(name)
    logits = model(x)
    assert 0.05 < logits.std() < 20
    logits.square().sum().backward()
    norms = [p.grad.norm() for p in model.parameters() if p.ndim == 4]
    assert min(norms) > 0


def test_the_feature_map_shrinks_where_the_papers_say():
    model, seen = nets.build("mobilenet_v2").eval(), []
    for layer in model.features:
        layer.register_forward_hook(lambda _, __, y: seen.append(tuple(y.shape[1:])))
    model(torch.zeros(1, 3, 32, 32))
    # Sandler et al., table 2: channels row by row; here sizes of 32 in place of 112.
    assert [seen[n] for n in (0, 1, 3, 6, 10, 13, 16, 17, 18)] == [
        (32, 32, 32),
        (16, 32, 32),
        (24, 32, 32),
        (32, 16, 16),
        (64, 8, 8),
        (96, 8, 8),
        (160, 4, 4),
        (320, 4, 4),
        (1280, 4, 4),
    ]


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="accepted: alexnet, densenet201, lenet, "):
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
    with pytest.raises(ValueError, match="epochs is 0, accepted: an integer of at least 1"):
        nets.train(model, (x, y), epochs=0)


@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
def test_lenet_is_traced_as_one_graph():
    model, x = nets.build("lenet").eval(), torch.randn(2, 1, 28, 28)
    assert torch.equal(torch.jit.trace(model, (x,))(x), model(x))


@pytest.mark.parametrize("size", [28, 29])
def test_lenet_pools_alike_with_and_without_gradients(size):
    # Sizes that are odd lose their last row and column; NaN is the greatest.
    torch.manual_seed(0)
    model, x = nets.build("lenet").eval(), torch.randn(3, 1, size, size)
    x[0, 0, 5, 7] = torch.nan
    with torch.no_grad():
        quick = model(x)
    assert torch.equal(quick.view(torch.int32), model(x).detach().view(torch.int32))
