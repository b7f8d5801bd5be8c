"""Scaled models that are kept: the bits of one made anew, within a bound, and never stale."""

import copy
import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import eden
from eden import errors
from eden.errors import _spatial
from eden.errors._made import Made

RANGES = [{}, {"address": 64, "size_bytes": 40}, {"address": 128, "size_bytes": 640}]


def rates(seed=0, count=512):
    return np.minimum(np.random.default_rng(seed).lognormal(-7, 2, count), 0.5)


def models():
    order = np.random.default_rng(1).permutation(512)
    return [
        errors.Bitline(rates(), 0.5),
        errors.Bitline(rates(), np.linspace(0.3, 1, 512), order),
        errors.Wordline(rates(count=37), 0.3),
    ]


@pytest.fixture
def made(monkeypatch):
    """What is kept, from nothing on."""
    fresh = Made(2**20)
    monkeypatch.setattr(_spatial, "_made", fresh)
    return fresh


def anew(model, ber, **where):
    """The scaled model by the public constructor, nothing shared and nothing kept."""
    fresh = copy.deepcopy(model)
    with_order = {"order": fresh.order} if model.kind == "bitline" else {}
    scaled = fresh.with_ber(ber, **where).weak_fraction
    return type(model)(scaled, fresh.failure_probability, **with_order)


@pytest.mark.parametrize("where", RANGES, ids=str)
@pytest.mark.parametrize("model", models(), ids=lambda m: m.kind)
def test_a_kept_model_is_the_one_made_anew_bit_for_bit(made, model, where):
    where = {**where, "row_bytes": 64}
    for ber in (0, 1e-9, 1e-3, 0.02):
        first = model.with_ber(ber, **where)
        assert model.with_ber(ber, **where) is first
        expected = anew(model, ber, **where)
        assert first == expected and first.ber == expected.ber
        table, other = first.lower(), expected.lower()
        assert table.lookup == other.lookup and torch.equal(table.entries, other.entries)
        assert (table.order is None) == (other.order is None)
        assert table.order is None or torch.equal(table.order, other.order)


@pytest.mark.parametrize("model", models(), ids=lambda m: m.kind)
def test_no_caller_can_change_what_is_kept(made, model):
    x, key = torch.ones(300), eden.key(1)

    def read():
        return eden.inject(x, model.with_ber(0.01), key=key, row_bytes=64).view(torch.int32)

    before, table = read(), model.with_ber(0.01).lower()
    table.entries.zero_()
    if table.order is not None:
        table.order.zero_()
    scaled = model.with_ber(0.01)
    for array in (scaled.weak_fraction, scaled.failure_probability):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    assert torch.equal(read(), before)
    assert scaled == anew(model, 0.01)


def test_another_model_rate_or_range_is_not_served_what_was_kept(made):
    model = errors.Bitline(rates())
    first = model.with_ber(0.01, size_bytes=40)
    others = [
        model.with_ber(0.011, size_bytes=40),
        model.with_ber(0.01, size_bytes=48),
        model.with_ber(0.01, size_bytes=40, address=8),
        errors.Bitline(rates(1)).with_ber(0.01, size_bytes=40),
        errors.Bitline(rates(), 0.5).with_ber(0.01, size_bytes=40),
    ]
    assert all(other != first for other in others)
    # A whole row further the cells lie on the same bitlines.
    assert model.with_ber(0.01, size_bytes=40, address=64) is first
    rows = errors.Wordline(rates(count=8))
    far = rows.with_ber(0.01, address=64, size_bytes=64, row_bytes=64)
    assert far != rows.with_ber(0.01, address=64, size_bytes=64, row_bytes=128)


def test_a_model_where_another_was_in_memory_is_not_served_what_that_one_was(made):
    gone, model = errors.Bitline(rates()), errors.Bitline(rates(1))
    stale = gone.with_ber(0.01)
    (entry,) = made._entries.values()
    made._entries[id(model), 0, None, 0.01] = entry
    scaled = model.with_ber(0.01)
    assert scaled != stale and model.with_ber(0.01) is scaled


def test_the_bound_is_kept_and_the_oldest_is_let_go(made):
    model = errors.Bitline(rates())
    each = 512 * (32 + 8 + 8 + 4 + 4)
    made.most_bytes = 3 * each + 100
    first, second, third = (model.with_ber(ber) for ber in (1e-3, 2e-3, 3e-3))
    assert len(made) == 3 and made.size_bytes == 3 * each
    assert model.with_ber(1e-3) is first  # asked for last: the second is the oldest now
    model.with_ber(4e-3)
    assert len(made) == 3 and made.size_bytes == 3 * each
    assert model.with_ber(1e-3) is first and model.with_ber(3e-3) is third
    again = model.with_ber(2e-3)
    assert again is not second and again == second
    made.most_bytes = each - 1  # larger than all that may be kept
    assert errors.Bitline(rates(3)).with_ber(1e-3) is not None and len(made) == 3


def test_what_was_made_of_a_model_goes_with_it(made):
    model, stays = errors.Bitline(rates()), errors.Wordline(rates())
    for ber in (1e-3, 2e-3):
        model.with_ber(ber), stays.with_ber(ber)
    assert len(made) == 4
    del model
    gc.collect()
    assert len(made) == 2
    assert made.size_bytes == 2 * 512 * (32 + 8 + 8)


def test_a_rate_out_of_reach_is_refused_each_time(made):
    model = errors.Wordline([0.0, 0.1], 0.5)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"accepted: at most 0.25, which"):
            model.with_ber(0.3)
    assert len(made) == 0


def test_many_threads_get_the_same_bits_within_the_bound(made):
    model = errors.Bitline(rates())
    made.most_bytes = 5 * 512 * 56
    bers = [1e-4 * (1 + i % 12) for i in range(600)]
    expected = {ber: anew(model, ber) for ber in set(bers)}
    made._entries.clear()
    made.size_bytes = 0
    with ThreadPoolExecutor(8) as pool:
        for ber, scaled in zip(bers, pool.map(model.with_ber, bers), strict=True):
            assert scaled == expected[ber]
    kept = sum(entry.size_bytes for entry in made._entries.values())
    assert made.size_bytes == kept <= made.most_bytes


def test_who_finds_it_in_use_does_not_wait(made):
    model = errors.Bitline(rates())
    first = model.with_ber(1e-3)
    with made._alone():  # as in a process that was forked while another thread was inside
        again = model.with_ber(1e-3)
        assert again == first and again is not first
    assert model.with_ber(1e-3) is first
