"""What only a GPU can show: equal bits, graphs, streams, devices, memory, compilation, autocast.

The tests of the injection law run on a GPU as well (fixture `device` in conftest.py).
"""

import copy

import pytest
import torch
from cases import differences, make
from law import any_bits, same_bits
from torch import nn

import eden
from eden import errors, nets
from eden.access import ops, rng

pytestmark = pytest.mark.cuda

UNIFORM = errors.Uniform(0.05, 0.5)


def two_gpus():
    if torch.cuda.device_count() < 2:
        pytest.skip("one GPU only")


def config(**options):
    return eden.Config(error=UNIFORM, stored="int8", inputs=False, **options)


@pytest.mark.parametrize("part", range(8))
def test_a_gpu_returns_the_bits_of_the_cpu(part):
    wrong = []
    cases = range(part * 250, (part + 1) * 250)
    for case in map(make, cases):
        names = differences(case, "cuda")
        if names:
            wrong.append(f"{case}: {names}")
    print(f"{len(cases)} cases compared")
    assert wrong == []


def test_keys_are_those_of_the_cpu():
    key = eden.key(7, device="cuda")
    assert key.is_cuda and torch.equal(key.cpu(), eden.key(7))
    for data in (0, -3, 2**64 - 1, "conv1.weight", torch.tensor(5)):
        on_gpu = data.cuda() if torch.is_tensor(data) else data
        for fold in (eden.fold_in, eden.fold_access):
            assert torch.equal(fold(key, on_gpu).cpu(), fold(eden.key(7), data))
    many = torch.arange(-50, 50)
    on_gpu = rng.fold_in_each(key, many.cuda())
    assert torch.equal(on_gpu.cpu(), rng.fold_in_each(eden.key(7), many))


def test_the_step_is_that_of_the_cpu():
    for number in range(50):
        x = torch.randn(1000, generator=torch.Generator().manual_seed(number)) * 10.0 ** (
            number - 25
        )
        for stored in ("int16", "int8", "int4"):
            for dtype in (torch.float32, torch.float16, torch.bfloat16):
                y = x.to(dtype)
                assert same_bits(ops.scale_of(y.cuda(), stored).cpu(), ops.scale_of(y, stored))


def test_a_graph_draws_anew_at_each_replay():
    x = any_bits(100_003, torch.float32)
    gpu = x.cuda()
    key, counter = eden.key(3, device="cuda"), torch.zeros((), dtype=torch.int64, device="cuda")

    def read():
        return ops.inject(
            gpu,
            UNIFORM,
            key=ops.next_key(key, counter),
            stored="int8",
            scale=0.25,
            bounds=(-20.0, 30.0),
            correction="saturate",
        )

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        read()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = read()
    counter.zero_()
    for access in range(3):
        gpu.copy_(x.roll(access))
        graph.replay()
        expected = ops.inject(
            x.roll(access),
            UNIFORM,
            key=eden.fold_access(eden.key(3), access),
            stored="int8",
            scale=0.25,
            bounds=(-20.0, 30.0),
            correction="saturate",
        )
        assert same_bits(y.cpu(), expected)
    assert counter.item() == 3


def test_an_attached_network_in_a_graph():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)).cuda().eval()
    attachment = eden.attach(model, config(correction="zero"))
    x = torch.randn(16, 64, device="cuda")
    with torch.no_grad():
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            model(x)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = model(x)
        seen = []
        for seed in (1, 2):
            attachment.reseed(seed)
            graph.replay()
            first = y.clone()
            attachment.reseed(seed)
            assert torch.equal(model(x), first)
            seen.append(first)
    assert not torch.equal(*seen)


def test_nothing_waits_for_the_gpu():
    x = torch.randn(4096, device="cuda", requires_grad=True)
    table = errors.Bitline([0.01] * 512, 0.5).lower().to("cuda")
    model = nn.Linear(32, 32).cuda()
    eden.attach(model, config(correction="zero"))
    values = torch.randn(4, 32, device="cuda")

    def work():
        key = eden.fold_in(eden.key(5, device="cuda"), "conv1.weight")
        for correct in ({}, {"bounds": (-1.0, 1.0), "correction": "zero"}):
            y = ops.inject(x, table, key=key, stored="int8", row_bytes=64, **correct)
            y.sum().backward()
        ops.count_flips(x.detach(), y.detach(), stored="int8")
        model(values).sum().backward()

    work()  # what is done once, such as loading a kernel, may wait
    stream = torch.cuda.Stream()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        with torch.cuda.stream(stream):
            torch.cuda._sleep(2_000_000_000)
            work()
            assert not stream.query(), "the stream was waited for"
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.cuda.synchronize()


def test_work_goes_to_the_current_stream():
    source = any_bits(2**20, torch.float32)
    pinned, x = source.pin_memory(), torch.zeros(2**20, device="cuda")
    key = eden.key(1, device="cuda")
    ops.inject(x, UNIFORM, key=key)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)
        x.copy_(pinned, non_blocking=True)
        y = ops.inject(x, UNIFORM, key=key)
    stream.synchronize()
    assert same_bits(y.cpu(), ops.inject(source, UNIFORM, key=eden.key(1)))


def test_tensors_on_two_devices_are_named():
    x, key = torch.zeros(10, device="cuda"), eden.key(1, device="cuda")
    options = {"stored": "int8", "correction": "zero", "bounds": (-1.0, 1.0)}
    wrong = {
        "key": {"key": eden.key(1)},
        "scale": {"scale": torch.ones(1)},
        "bounds": {"bounds": torch.tensor([-1.0, 1.0])},
        "out": {"out": torch.empty(10)},
    }
    for name, change in wrong.items():
        with pytest.raises(
            ValueError, match=rf"device of {name} is cpu, accepted: cuda:0, that of x"
        ) as caught:
            ops.inject(x, UNIFORM, **({"key": key} | options | change))
        assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(ValueError, match=r"device of key is cuda:0, accepted: cpu, that of x"):
        ops.inject(x.cpu(), UNIFORM, key=key)
    with pytest.raises(ValueError, match=r"device of data is cpu, accepted: cuda:0, that of key"):
        eden.fold_in(key, torch.tensor(1))


def test_another_gpu_than_the_current_one():
    two_gpus()
    x = any_bits(50_000, torch.float32)
    expected = ops.inject(x, UNIFORM, key=eden.key(1))
    for device in ("cuda:0", "cuda:1"):
        key = eden.key(1, device=device)
        y = ops.inject(x.to(device), UNIFORM, key=key)
        assert y.device == torch.device(device) and same_bits(y.cpu(), expected)
        assert torch.cuda.current_device() == 0
    with pytest.raises(ValueError, match=r"device of key is cuda:1, accepted: cuda:0, that of x"):
        ops.inject(x.to("cuda:0"), UNIFORM, key=key)


@pytest.mark.parametrize("dtype", [torch.int8, torch.float32])
def test_more_than_2_to_the_31_elements(dtype):
    n, tail = 2**31 + 70_001, 2**17
    if torch.cuda.mem_get_info()[0] < 2.2 * n * dtype.itemsize:
        pytest.skip("too little memory")
    x = torch.zeros(n, dtype=dtype, device="cuda")
    x[-tail:] = any_bits(tail, dtype).cuda()
    for error in (errors.Uniform(1e-3, 0.5), errors.Uniform(0.2)):
        y = ops.inject(x, error, key=eden.key(1, device="cuda"))
        address = (n - tail) * dtype.itemsize
        expected = ops.inject(x[-tail:].cpu(), error, key=eden.key(1), address=address)
        assert same_bits(y[-tail:].cpu(), expected)
        head = ops.inject(torch.zeros(tail, dtype=dtype), error, key=eden.key(1))
        assert same_bits(y[:tail].cpu(), head)
        del y


def test_copies_and_gradients_past_2_to_the_31_elements():
    copies, each = 2**15 + 1, 2**16
    n = copies * each
    if torch.cuda.mem_get_info()[0] < 14 * n:
        pytest.skip("too little memory")
    x = torch.full((copies, each), 1.0, dtype=torch.float16, device="cuda", requires_grad=True)
    options = {"copies": copies, "bounds": (0.5, 1.5), "correction": "zero"}
    y = ops.inject(x, UNIFORM, key=eden.key(1, device="cuda"), **options)
    last = ops.inject(
        torch.full((1, each), 1.0, dtype=torch.float16),
        UNIFORM,
        key=eden.key(1),
        **(options | {"copies": 1, "first_copy": copies - 1}),
    )
    assert same_bits(y[-1:].detach().cpu(), last)
    y.backward(torch.ones_like(y))
    assert torch.equal(x.grad[-1].cpu(), (last[0] != 0).half())


@pytest.mark.parametrize("model", ["uniform", "bitline"])
@pytest.mark.parametrize("stored", ["fp32", "int8"])
def test_extra_memory_does_not_grow(model, stored):
    error = UNIFORM if model == "uniform" else errors.Bitline([1e-3] * 65536, 0.5)
    table, key = error.lower().to("cuda"), eden.key(1, device="cuda")
    extra = []
    for n in (2**20, 2**26):
        x = torch.zeros(n, device="cuda")
        out = torch.empty_like(x)
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        ops.inject(x, table, key=key, stored=stored, scale=0.1, out=out)
        torch.cuda.synchronize()
        extra.append(torch.cuda.max_memory_allocated() - before)
    # A bitline model's thresholds take 1.6 MiB; the allocator rounds up to 2 MiB and a little.
    assert max(extra) <= 2**21 + 2**12


# Inductor's own imports warn of what torch deprecates.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_one_graph_serves_changing_keys_and_tables(mode):
    own = errors.Uniform(1e-3).lower().to("cuda")

    def load(x, key, count):
        access = rng.fold_access(rng.fold_in(key, "conv1.weight"), count)
        arguments = {"stored": "int8", "bounds": (-3.0, 3.0), "correction": "zero", "copies": 2}
        return ops.inject(x * 2, own, key=access, **arguments)

    compiled = torch.compile(load, fullgraph=True, mode=mode)
    x, different = torch.randn(2, 500, device="cuda"), set()
    compiled(x, eden.key(0, device="cuda"), torch.tensor(0, device="cuda"))
    with torch._dynamo.config.patch(error_on_recompile=True):
        for seed in range(4):
            for rate in (0.0, 1e-2, 0.5):
                own.entries.copy_(errors.Uniform(rate, 0.5).lower().entries)
                key, count = eden.key(seed, device="cuda"), torch.tensor(seed + 1, device="cuda")
                y = compiled(x, key, count).clone()
                assert same_bits(y.cpu(), load(x, key, count).cpu())
                different.add(float(y.sum()))
    assert len(different) > 8


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_compiled_network_takes_new_rates_and_draws():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).cuda().eval()
    attachment = eden.attach(model, config(correction="zero"))
    compiled, x, seen = torch.compile(model), torch.randn(8, 64, device="cuda"), []
    with torch.no_grad():
        compiled(x)
        with torch._dynamo.config.patch(error_on_recompile=True):
            for seed in range(3):
                for rate in (1e-3, 1e-2):
                    attachment.reseed(seed)
                    attachment.set_ber(rate)
                    seen.append(compiled(x).clone())
    assert len({float(y.sum()) for y in seen}) == len(seen)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_under_autocast(dtype):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))
    model = model.cuda()
    x = torch.randn(8, 1, 28, 28, device="cuda")
    attachment = eden.attach(model, eden.Config(error=UNIFORM, stored="int8", correction="zero"))
    with torch.autocast("cuda", dtype=dtype):
        attachment.learn_bounds([x])
        faulty = model(x)
        with attachment.clean():
            clean = model(x)
        faulty.float().square().mean().backward()
        halves = ops.inject(x.to(dtype), UNIFORM, key=eden.key(1, device="cuda"))
    assert faulty.dtype == clean.dtype == dtype
    assert faulty.isfinite().all() and not torch.equal(faulty, clean)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert same_bits(halves.cpu(), ops.inject(x.to(dtype).cpu(), UNIFORM, key=eden.key(1)))


def weights_read(model, x):
    """The weights that each Linear module sees in one call."""
    seen = []
    handles = [
        module.register_forward_pre_hook(lambda m, _: seen.append(m.weight.detach().cpu()))
        for module in model.modules()
        if isinstance(module, nn.Linear)
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return seen


def test_an_attachment_follows_its_network():
    torch.manual_seed(1)
    plain = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).eval()
    x = torch.randn(4, 64)
    before, after = copy.deepcopy(plain), copy.deepcopy(plain)
    eden.attach(before, config(correction="saturate"))
    first = eden.attach(after, config(correction="saturate"))
    expected = [weights_read(before, x) for _ in range(2)]
    after.cuda()
    got = [weights_read(after, x.cuda()) for _ in range(2)]
    for cpu, gpu in zip(expected, got, strict=True):
        assert all(same_bits(a, b) for a, b in zip(cpu, gpu, strict=True))
    after.cpu()
    first.reseed(0)
    again = weights_read(after, x)
    assert all(same_bits(a, b) for a, b in zip(expected[0], again, strict=True))


def test_lenet_on_a_gpu_is_the_lenet_of_the_cpu():
    torch.manual_seed(0)
    plain = nets.lenet().eval()
    x = torch.rand(16, 1, 28, 28)
    logits = []
    for device in ("cpu", "cuda"):
        model = copy.deepcopy(plain).to(device)
        attachment = eden.attach(model, eden.Config(error=errors.Uniform(1e-3), stored="int8"))
        attachment.learn_bounds([x.to(device)])
        with torch.no_grad():
            logits.append(model(x.to(device)).cpu())
    # Same bits fail; sums in another order differ in the last bits, and with them a code.
    assert torch.allclose(*logits, atol=0.05)
