"""A network run anew from one module on: the bits of all of it, within the room there is."""

import pytest
import torch

from eden import errors
from eden.network import Config, approximate

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))


class Residual(torch.nn.Module):
    """A sum around a convolution, an in-place function and pooling: what a rerun must get right."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.Conv2d(4, 4, 1)
        self.norm, self.last = torch.nn.BatchNorm2d(4), torch.nn.Linear(36, 3)
        self.again = torch.nn.BatchNorm2d(4)

    def forward(self, x):
        x = torch.nn.functional.relu(self.norm(self.first(x)), inplace=True)
        y = self.again(self.second(x))
        y += x  # what a function made is written over
        x = torch.nn.functional.max_pool2d(torch.relu(y), 2)
        return self.last(x.flatten(1))


def test_what_is_run_anew_in_part_gives_the_bits_of_all():
    torch.manual_seed(0)
    model, images = Residual().eval(), torch.randn(10, 1, 6, 6)
    batches = images.split(4)
    config = Config(errors.Uniform(0.0))
    with approximate(model, config) as handle, torch.no_grad():
        handle.learn_bounds([images])
        rerun = handle.rerun()
        with rerun.remember():
            clean = [model(x) for x in batches]
        for tensor in handle.tensors:
            for bit in (7, 6):
                with handle.one_weak_cell(tensor.name, tensor.elements // 2, bit):
                    expected = [model(x) for x in batches]
                    with rerun.at(tensor.name) as share:
                        again = [model(x) for x in batches]
                assert all(map(torch.equal, again, expected))
                assert (share == 1.0) == tensor.name.startswith("first")
            with rerun.at(tensor.name):
                assert all(map(torch.equal, [model(x) for x in batches], clean))
    assert set(vars(model.first)) == set(vars(model.second))  # nothing stands in for it


def test_what_is_not_run_anew_is_neither_read_nor_hooked_twice():
    torch.manual_seed(0)
    model, x = Residual().eval(), torch.randn(4, 1, 6, 6)
    model.second.register_forward_hook(lambda module, args, y: 2 * y)
    with approximate(model, Config(errors.Uniform(0.0))) as handle, torch.no_grad():
        handle.learn_bounds([x])
        rerun = handle.rerun()
        with rerun.remember():
            clean = model(x)
        handle.reseed(1)
        with rerun.at("last.weight"):
            assert torch.equal(model(x), clean)
        read = [name for name, tensor in handle.reading.tensors.items() if tensor.was_read]
        assert read == ["last.weight", "last.input"]


def test_an_interrupt_leaves_no_mode_behind():
    model, x = Residual().eval(), torch.randn(4, 1, 6, 6)
    with approximate(model, Config(errors.Uniform(0.0))) as handle, torch.no_grad():
        handle.learn_bounds([x])
        rerun = handle.rerun()
        with rerun.remember():
            model(x)

        def interrupt(module, args):
            raise KeyboardInterrupt

        stopped = model.last.register_forward_pre_hook(interrupt)
        for remembering in (lambda: rerun.at("last.weight"), handle.rerun().remember):
            with pytest.raises(KeyboardInterrupt), remembering():
                model(x)
            assert torch._C._len_torch_function_stack() == 0
        stopped.remove()
        assert not any(getattr(m, "_compiled_call_impl", None) for m in model.modules())


def alive(rerun):
    """Bytes of tensors that are remembered, each once."""
    outputs = [y for seen in rerun._seen.values() for y in seen.outputs or []]
    results = [output for output, _ in rerun._functions.results.values()]
    every = [*outputs, *results, *rerun._functions.known.values()]
    return sum(y.nbytes for y in {id(y): y for y in every}.values())


# Outputs of a batch of 4: first 2,304 bytes, second the same, last 48; functions in between.
@pytest.mark.parametrize("room", [0, 100, 2500, 2304 * 5 + 100, 2304 * 11, 10**6])
def test_what_is_remembered_stays_within_its_room(monkeypatch, room):
    monkeypatch.setattr("eden.network._rerun.ROOM_BYTES", room)
    torch.manual_seed(0)
    model, batches = Residual().eval(), torch.randn(20, 1, 6, 6).split(4)
    most = 0

    def looked_at(x):
        nonlocal most
        y = model(x)
        most = max(most, alive(rerun))
        return y

    with approximate(model, Config(errors.Uniform(0.0))) as handle, torch.no_grad():
        handle.learn_bounds(batches)
        rerun = handle.rerun()
        constants = sum(y.nbytes for y in rerun._constants())
        with rerun.remember():
            clean = [looked_at(x) for x in batches]
        # Outputs of one batch more, as they are and copied.
        assert most <= 2 * room + constants + 2 * (2 * 2304 + 48)
        assert alive(rerun) <= 2 * room + constants
        assert bool(alive(rerun) > constants) == (room >= 10**6 or room > 200)
        for tensor in handle.tensors:
            with handle.one_weak_cell(tensor.name, 3, 7):
                expected = [model(x) for x in batches]
                with rerun.at(tensor.name):
                    again = [model(x) for x in batches]
            assert all(map(torch.equal, again, expected))
            with rerun.at(tensor.name) as share:
                assert all(map(torch.equal, [model(x) for x in batches], clean))
            if tensor.name == "last.input":
                assert (share < 0.5) == (room > 2304 * 10)


class Writes(torch.nn.Module):
    """Adds over and over to what a module made, counts, and draws random numbers."""

    def __init__(self):
        super().__init__()
        self.first, self.last = torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)
        self.register_buffer("k", torch.full((1, 4), 0.125))
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        y = self.first(x)
        before = y * 2
        for _ in range(5):
            y += self.k
        self.calls += 1
        after = y * 2
        return self.last(y + after - before + torch.rand_like(self.k))


def test_what_writes_over_a_tensor_or_draws_is_not_remembered():
    torch.manual_seed(0)
    model, batches = Writes().eval(), torch.randn(9, 4).split(3)
    with approximate(model, Config(errors.Uniform(0.0))) as handle, torch.no_grad():
        handle.learn_bounds(batches)

        def answers():
            torch.manual_seed(1)
            return [model(x) for x in batches]

        expected = answers()
        rerun = handle.rerun()
        with rerun.remember():
            assert all(map(torch.equal, answers(), expected))
        with rerun.at("last.weight"):
            assert all(map(torch.equal, answers(), expected))
    assert model.calls == 9 + 3
