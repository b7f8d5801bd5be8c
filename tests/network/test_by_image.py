"""Accesses numbered by images: how these are batched makes no difference."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from eden import errors
from eden.network import Config, attach

ERRORS = {
    "sometimes": errors.Uniform(0.05, 0.5),
    "always": errors.Uniform(0.05),
    "bitline": errors.Bitline([0.1, 0.0] * 32768, 0.5),
    "wordline": errors.Wordline([0.1] * 8, 0.5),
    "data": errors.DataDependent(0.05, 0.9, 0.1),
}


class Net(nn.Module):
    """Multiplies element by element, so that no sum rounds otherwise in another batch."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 1, 1, bias=False)
        self.twice = nn.Conv2d(2, 2, 1, groups=2, bias=False)
        for module in (self.first, self.twice):
            nn.init.constant_(module.weight, 1.25)

    def forward(self, x):
        x = self.twice(self.twice(self.first(x).expand(-1, 2, -1, -1)))
        # Windows of an image are copies too.
        return self.first(x.reshape(-1, 1, 4, 2)).reshape(len(x), -1)


@pytest.fixture
def images():
    return torch.randn(12, 1, 4, 4, generator=torch.Generator().manual_seed(1))


def network(error, images, **options):
    model = Net()
    handle = attach(model, Config(ERRORS[error], **options))
    handle.learn_bounds([images])
    return model, handle


@pytest.mark.parametrize("options", [{}, {"weights": False}, {"inputs": False}])
@pytest.mark.parametrize("error", ERRORS)
def test_the_size_of_batches_makes_no_difference(error, options, images):
    model, handle = network(error, images, **options)
    seen = []
    for size in (12, 5, 1):
        handle.reseed(3)
        with handle.by_image(), torch.no_grad():
            seen.append(torch.cat([model(batch) for batch in images.split(size)]))
    assert torch.equal(seen[0], seen[1]) and torch.equal(seen[0], seen[2])
    # One batch is what it is without.
    handle.reseed(3)
    assert torch.equal(model(images), seen[0])


def test_images_fail_apart_and_evaluations_do_not(images):
    model, handle = network("sometimes", images, weights=False)
    same = images[:1].expand(12, -1, -1, -1)
    with handle.by_image():
        first = torch.cat([model(batch) for batch in same.split(3)])
    assert len(first.unique(dim=0)) == 12
    with handle.by_image():  # without another draw the same again
        assert torch.equal(torch.cat([model(batch) for batch in same.split(4)]), first)
        with handle.clean():
            model(same)
    # Outside, reads go on failing apart.
    handle.reseed(0)
    assert not torch.equal(model(same), model(same))


CHOSEN = torch.tensor([11, 3, 4, 0, 7])


@pytest.mark.parametrize("protect", [{}, {"*": "secded"}, {"*": "triple"}])
@pytest.mark.parametrize("error", ERRORS)
def test_chosen_images_fail_as_among_all(error, protect, images):
    model, handle = network(error, images, protect=protect)
    with handle.by_image():
        everyone = torch.cat([model(batch) for batch in images.split(5)])
    for size in (5, 2):
        with handle.by_image(CHOSEN):
            alone = torch.cat([model(batch) for batch in images[CHOSEN].split(size)])
        assert torch.equal(alone, everyone[CHOSEN])


@torch.no_grad()
@pytest.mark.parametrize("part", ["model", "module"])
@pytest.mark.parametrize("protect", [{}, {"*": "secded"}])
@pytest.mark.parametrize("error", ["sometimes", "data"])
def test_compiled_it_is_the_same(error, protect, part, images):
    torch._dynamo.reset()
    model, handle = network(error, images, protect=protect)
    with handle.by_image():
        expected = torch.cat([model(batch) for batch in images.split(5)])
    if part == "module":
        model.twice.compile(backend="aot_eager")
        compiled = model
    else:
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    for size in (5, 4):
        with handle.by_image():
            seen = torch.cat([compiled(batch) for batch in images.split(size)])
        assert torch.equal(seen, expected)
    with handle.by_image(CHOSEN):
        seen = torch.cat([compiled(batch) for batch in images[CHOSEN].split(4)])
    assert torch.equal(seen, expected[CHOSEN])
    # Outside, reads go on failing apart.
    handle.reseed(0)
    both = compiled(images), compiled(images)
    assert not torch.equal(*both)


def test_where_images_cannot_be_told_apart_reads_are_counted_on(images):
    class Keyword(Net):
        def forward(self, *, batch):
            return super().forward(batch["x"])

    model = Keyword()
    handle = attach(model, Config(ERRORS["sometimes"]))
    handle.learn_bounds([{"batch": {"x": images}}])
    with handle.by_image():
        everyone = model(batch={"x": images})
    with handle.by_image():
        assert torch.equal(torch.cat([model(batch={"x": x}) for x in images.split(5)]), everyone)


def test_an_exception_in_a_call_ends_it(images):
    model, handle = network("sometimes", images)
    with handle.by_image():
        expected = model(images)
    with handle.by_image():
        with pytest.raises(RuntimeError):
            model(images[:0].reshape(0, 2, 4, 4))
        assert torch.equal(model(images), expected)
    with pytest.raises(KeyError), handle.by_image():
        raise KeyError
    assert not handle.reading.switch.by_image


def test_reads_before_within_and_after_are_apart(images):
    model, handle = network("sometimes", images)
    with torch.no_grad():
        handle.reseed(3)
        seen = []
        for _ in range(3):
            seen.append(model(images))
            with handle.by_image():
                model(images)
        assert not any(torch.equal(a, b) for a, b in pairwise(seen))
        # A draw that begins within begins to count.
        with handle.by_image():
            handle.reseed(3)
        assert torch.equal(model(images), seen[0])


def test_within_another_it_leaves_the_numbers_of_that(images):
    model, handle = network("sometimes", images)
    chosen = torch.arange(12).flip(0)
    for which in (None, chosen):
        seen = []
        for inner in (False, True):
            handle.reseed(3)
            with handle.by_image(which), torch.no_grad():
                found = [model(images[:5])]
                if inner:
                    with handle.by_image(torch.tensor([7, 2])):
                        model(images[:2])
                seen.append(torch.cat([*found, model(images[5:])]))
        assert torch.equal(*seen)


@pytest.mark.parametrize(
    ("which", "raised", "said"),
    [
        ([1, 2], TypeError, "type of images is 'list', accepted: None, or an int64 tensor"),
        (torch.ones(3), TypeError, "type of images is 'torch.float32'"),
        (torch.ones(3, 1).long(), ValueError, r"shape of images is \[3, 1\]"),
        (torch.tensor([3, -1]), ValueError, "a number in images is -1"),
    ],
)
def test_images_that_are_none_are_refused(which, raised, said, images):
    handle = network("always", images)[1]
    with pytest.raises(raised, match=said), handle.by_image(which):
        pass
    assert not handle.reading.switch.by_image


def test_more_images_than_were_chosen_are_refused(images):
    model, handle = network("always", images)
    with handle.by_image(torch.arange(7)), torch.no_grad():
        model(images[:5])
        with pytest.raises(ValueError, match="number of images is '10 or more', accepted: 7, as"):
            model(images[:5])
