"""Protected tensors of a network: which they are, where their cells lie, and what reads through."""

import copy
import json

import pytest
import torch
from law import same_bits
from torch import nn
from torch.utils.checkpoint import checkpoint

from eden import errors
from eden.access import formats, ops, rng
from eden.network import Config, attach

EVERY = {
    "fc1.input": "triple",
    "fc1.weight": "secded",
    "fc2.input": "embedded=2",
    "fc2.weight": "strong_bits=2@1e-3",
    "fc3.input": "secded",
    "fc3.weight": "triple",
    "conv1.*": "reliable",
}


def attached(model, images, error=None, **options):
    handle = attach(model, Config(errors.Uniform(0.02) if error is None else error, **options))
    handle.learn_bounds([images])
    return handle


class Reader(nn.Module):
    """A network that returns what it read."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv1d(1, 1, 1, bias=False)
        nn.init.constant_(self.one.weight, 1.0)

    def forward(self, x):
        return self.one(x)


def test_the_first_pattern_that_matches_decides(model, images):
    how = {"fc3.weight": "none", "fc*.weight": "secded", "re:fc1.*": "triple"}
    handle = attached(model, images, protect=how)
    found = {tensor.name: tensor.protection for tensor in handle.tensors}
    assert found["fc3.weight"] == "none" and found["fc1.weight"] == found["fc2.weight"] == "secded"
    assert found["fc1.input"] == "triple" and found["conv1.weight"] == "none"
    sizes = {tensor.name: (tensor.size_bytes, tensor.stored_bytes) for tensor in handle.tensors}
    assert sizes["fc1.weight"] == (48000, 54000)
    assert sizes["fc1.input"] == (400, 1200)
    assert sizes["fc3.weight"] == (840, 840)


def test_a_function_is_a_pattern_too_and_the_attachment_knows_names(model, images):
    last = lambda name, module: name == "fc3.input"  # noqa: E731
    handle = attach(model, Config(errors.Uniform(0.0), protect={last: "triple"}))
    assert handle.config.protect == {"fc3.input": "triple"}
    json.dumps(handle.config.to_dict())


def test_a_config_with_protections_survives_json():
    config = Config(errors.Uniform(0.1), protect=EVERY)
    again = Config.from_dict(json.loads(json.dumps(config.to_dict(), sort_keys=True)))
    assert again == config and list(again.protect) == list(EVERY)
    plain = Config(errors.Uniform(0.1)).to_dict()
    assert "protect" not in plain and Config.from_dict(plain).protect == {}


@pytest.mark.parametrize(
    "protect, kind, words",
    [
        ({"fc1": "tripled"}, ValueError, "protection is 'tripled', accepted: none, triple"),
        ({"fc1": "strong_bits=4"}, ValueError, "strong_bits is 4, accepted: 1 to 3 top bits"),
        ({"fc1": 3}, TypeError, "protection is 3, accepted"),
        ({3: "triple"}, TypeError, "protect is 3, accepted: a name"),
        ("triple", TypeError, "type of protect is 'str', accepted: a mapping"),
        ({"fc1": "embedded=3"}, ValueError, "protection of fc1 is 'embedded=3', accepted: .* int8"),
    ],
)
def test_bad_protections_are_named(protect, kind, words):
    with pytest.raises(kind, match=words):
        Config(errors.Uniform(0.1), protect=protect)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"protect": {"fc9.*": "triple"}}, "protect: 'fc9.*' matches no tensor that is stored"),
        ({"protect": {lambda name, module: False: "triple"}}, "matches no tensor that is stored"),
        (
            {"protect": {"*": "triple", "re:.*": "secded"}},
            "protect: 're:.*' protects nothing: all that it matches goes by patterns before it",
        ),
        ({"protect": {"fc1.weight": "triple"}, "weights": False}, "protect: 'fc1.weight' matches"),
        ({"protect": {"fc1": "triple"}, "exclude": "fc1"}, "protect: 'fc1' matches no tensor"),
    ],
)
def test_a_protection_of_nothing_stored_is_refused(model, options, words):
    with pytest.raises(ValueError, match=words.replace("*", r"\*")):
        attach(model, Config(errors.Uniform(0.1), **options))


@pytest.mark.parametrize("error", [errors.Uniform(0.3, 0.5), errors.Bitline([0.3, 0.02] * 32768)])
@pytest.mark.parametrize("how", ["triple", "secded", "embedded", "strong_bits=2@0.01"])
def test_each_place_has_cells_of_its_own(how, error):
    x = torch.randn(4, 1, 37)
    options = {"weights": False, "protect": {"one.input": how}, "seed": 9, "stored": "fp16"}
    model = Reader()
    handle = attached(model, x, error, correction="off", **options)
    first, second = model(x), model(x)
    kind, _, number = how.partition("=")
    bits = int(number.partition("@")[0] or kind == "embedded")
    coding = ops.Coding(formats.get("fp16").code, None, None, 0)
    for access, expected in enumerate((first, second)):
        places = []
        for number in range({"triple": 3, "embedded": 1}.get(kind, 2)):
            name = f"one.input, place {number}" if number else "one.input"
            key = rng.fold_access(rng.fold_in(rng.key(9), name), access)
            other = errors.Uniform(0.01) if number and kind == "strong_bits" else error
            address = number * 10240 if kind == "triple" else 0
            places.append(ops.PartExtent(key, other.lower(), address))
        counts = torch.zeros(2, dtype=torch.int64)
        how = ops.ProtectedRead(kind, bits, counts, coding, ops.Extent(4), places)
        y = ops.read_protected(x, how)
        assert same_bits(expected, y)
    assert handle.count_weak("one.input", 0.1, 3) > 0


@pytest.mark.parametrize("how", ["none", *dict.fromkeys(EVERY.values())])
def test_without_errors_it_reads_what_is_stored(model, images, how):
    handle = attached(model, images, errors.Uniform(0.0))
    expected = model(images)
    handle.detach()
    handle = attached(model, images, protect={"*": how})
    handle.set_ber(0.0)
    if how.startswith("strong"):
        how = "strong_bits"
        assert not torch.equal(model(images), expected)  # a rate of their own
    elif not how.startswith("embedded"):
        assert torch.equal(model(images), expected)
    assert all(words == (0, 0) for words in handle.corrected().values())


def test_reliable_is_at_the_rated_point_whatever_the_rate(model, images):
    handle = attached(model, images, protect={"*": "reliable"})
    clean = model(images)
    handle.set_ber(0.5)
    assert torch.equal(model(images), clean)
    assert set(handle.ber.values()) == {0.0}
    assert handle.count_weak("fc1.weight", 0.5, 0) == 0


@pytest.mark.parametrize("how", ["triple", "secded", "strong_bits=1"])
def test_weak_cells_are_counted_in_all_places(model, images, how):
    plain = attached(model, images)
    alone = plain.count_weak("fc1.weight", 0.02, 5)
    plain.detach()
    handle = attached(model, images, protect={"fc1.weight": how})
    rooms = {"triple": 3, "secded": 9 / 8, "strong_bits=1": 7 / 8}[how]
    assert handle.count_weak("fc1.weight", 0.02, 5) == pytest.approx(rooms * alone, rel=0.06)
    assert handle.count_weak("fc1.weight", 0.0, 5) == 0


def test_errors_of_a_majority_nest_in_the_rate():
    x, seen = torch.ones(1, 1, 40000), None
    model = Reader()
    handle = attached(
        model, x, weights=False, stored="fp16", correction="off", protect={"*": "triple"}
    )
    for rate in (0.01, 0.03, 0.1):
        handle.set_ber(rate)
        handle.reseed(1)
        wrong = (model(x) != 1).flatten()
        assert wrong.sum() > 0
        assert seen is None or bool((wrong | ~seen).all())
        seen = wrong


def test_words_are_counted_since_the_draw_began(model, images):
    handle = attached(model, images, protect={"fc1.*": "secded"})
    model(images)
    once = handle.corrected()
    assert once["fc1.weight"].corrected > 100 and set(once) == {"fc1.weight", "fc1.input"}
    model(images)
    assert handle.corrected()["fc1.weight"] == tuple(2 * n for n in once["fc1.weight"])
    handle.reseed(0)
    assert handle.corrected()["fc1.weight"] == (0, 0)


def test_batches_make_no_difference_where_images_are_numbered():
    x = torch.randn(6, 1, 50)
    model = Reader()
    handle = attached(
        model, x, errors.Uniform(0.3, 0.5), protect={"*input": "triple", "*weight": "secded"}
    )
    with handle.by_image():
        whole = model(x)
    with handle.by_image():
        assert torch.equal(torch.cat([model(x[:4]), model(x[4:])]), whole)


def test_gradients_go_straight_through_but_for_what_was_corrected():
    x = torch.linspace(-1, 1, 600).view(1, 1, 600)
    for how in ("triple", "secded", "embedded", "strong_bits=1@0.1"):
        model = Reader()
        handle = attached(
            model, x, errors.Uniform(0.2), weights=False, stored="fp32", protect={"*": how}
        )
        leaf = x.clone().requires_grad_()
        y = model(leaf)
        y.sum().backward()
        assert torch.equal(leaf.grad == 0, y == 0) and 0 < (leaf.grad == 0).sum() < 600
        handle.detach()


def test_copies_and_checkpoints_read_the_same(model, images):
    handle = attached(model, images, errors.Uniform(0.05, 0.5), protect=EVERY)
    twin = copy.deepcopy(model)
    assert torch.equal(model(images), twin(images))
    handle.reseed(4)
    model.zero_grad()
    checkpoint(model, images, use_reentrant=False).sum().backward()
    again = [p.grad.clone() for p in model.parameters()]
    handle.reseed(4)
    model.zero_grad()
    model(images).sum().backward()
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), again, strict=True))


def test_transforms_of_functions_go_through(model, images):
    handle = attached(model, images, protect=EVERY)
    parameters = dict(model.named_parameters())

    def loss(weights, x):
        return torch.func.functional_call(model, weights, (x,)).square().sum()

    found = torch.func.grad(loss)(parameters, images)
    handle.reseed(0)
    model.zero_grad()
    model(images).square().sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad)


@pytest.mark.parametrize("training", [True, False])
def test_a_compiled_network_needs_no_second_graph(model, images, training):
    torch._dynamo.reset()
    handle = attached(model.train(training), images, errors.Uniform(0.02, 0.5), protect=EVERY)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with torch._dynamo.config.patch(error_on_recompile=True), torch.set_grad_enabled(training):
        for ber in (0.02, 1e-3, 0.0):
            handle.set_ber(ber)
            handle.reseed(3)
            outputs, words = [compiled(images), compiled(images)], handle.corrected()
            handle.reseed(3)
            for output in outputs:
                torch.testing.assert_close(output, model(images), rtol=1e-4, atol=1e-4)
            assert handle.corrected() == words
            if training:
                outputs[-1].square().sum().backward()
