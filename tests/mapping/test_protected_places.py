"""Protected tensors in their places: room, rows, bitlines, files, and what a network reads."""

import json
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

import eden
from eden.mapping import RATED, Placement
from eden.mapping._pieces import Part, addresses_of, shared, spare_bytes

CONFIG = eden.Config(error=eden.errors.Uniform(1e-4), stored="int8")
HOW = {
    "a.weight": "triple",
    "b.weight": "secded",
    "c.weight": "strong_bits=2",
    "d.weight": "embedded",
    "e.weight": "reliable",
}


def tensor(name, size_bytes, tolerance=1e-3):
    return SimpleNamespace(
        name=name, kind="weight", elements=size_bytes, size_bytes=size_bytes, reads=1,
        tolerance=tolerance,
    )  # fmt: skip


def tolerances(*sizes, tolerance=1e-3):
    names = (f"{letter}.weight" for letter in "abcdef")
    tensors = [tensor(*both, tolerance) for both in zip(names, sizes, strict=False)]
    return SimpleNamespace(config=CONFIG, coarse_ber=tolerance, tensors=tensors)


@pytest.mark.parametrize("method", ["greedy", "exact", "coarse"])
@pytest.mark.parametrize("level", ["bank", "subarray"])
def test_every_protection_has_its_places(b10, method, level):
    found = tolerances(1000, 10000, 3001, 500, 700, 64)
    placement = eden.place(found, b10, method=method, level=level, protect=HOW)
    entries = placement.entries
    assert [entry.protection for entry in entries.values()] == [
        "triple", "secded", "strong_bits=2", "embedded=1", "reliable", "none",
    ]  # fmt: skip
    sizes = {name: [p.size_bytes for p in placement.pieces(name)] for name in entries}
    assert sizes["a.weight"] == [1000] * 3
    assert sizes["b.weight"] == [10000, 1250]
    assert sizes["c.weight"] == [6 * 376, 2 * 376]
    assert sizes["d.weight"] == [500] and sizes["f.weight"] == [64]
    assert entries["c.weight"].places[0].partition == entries["e.weight"].partition == RATED
    assert entries["e.weight"].ber == entries["c.weight"].places[0].ber == 0.0
    addresses = [piece.address for piece in placement.pieces("a.weight")]
    rows = entries["a.weight"].row_bytes
    for i, one in enumerate(addresses):
        for other in addresses[:i]:
            for bit in (0, 999):
                assert (one + bit) // rows != (other + bit) // rows
                assert (one + bit) % rows != (other + bit) % rows
    assert RATED not in placement.points
    assert placement.config.protect["d.weight"] == "embedded=1"
    again = Placement.from_json(placement.to_json())
    assert again == placement or again.to_dict() == placement.to_dict()
    assert again.entries == placement.entries


def test_strong_bits_of_a_stated_rate_look_for_a_partition_that_has_it(b10):
    found = tolerances(1000, tolerance=1e-2)
    plain = eden.place(found, b10)
    lowest = min(plain.partition_bers.values())
    how = {"a.weight": f"strong_bits=1@{lowest!r}"}
    placement = eden.place(found, b10, protect=how)
    (place,) = placement.entries["a.weight"].places
    assert place.ber <= lowest and place.partition in placement.points
    assert eden.place(found, b10, protect=how, method="coarse").entries[
        "a.weight"
    ].places[0].partition == RATED  # fmt: skip


@pytest.mark.parametrize("method", ["greedy", "exact", "coarse"])
def test_without_protections_nothing_changes(b10, method):
    found = tolerances(1000, 10000, 3000)
    plain = eden.place(found, b10, method=method)
    none = eden.place(found, b10, method=method, protect="none")
    assert plain.to_json() == none.to_json()
    assert "protect" not in plain.to_json() and "places" not in plain.to_json()


def test_copies_and_check_bytes_cost_their_reads(b10):
    found = tolerances(64 * 100, 64)
    joules = {
        how: eden.place(found, b10, protect={"a.weight": how}).energy_joules
        for how in ("none", "triple", "secded", "embedded", "strong_bits=1", "reliable")
    }
    assert joules["triple"] == pytest.approx(3 * joules["none"], rel=0.05)
    assert joules["secded"] == pytest.approx(9 / 8 * joules["none"], rel=0.03)
    assert joules["embedded"] == pytest.approx(joules["none"])
    assert joules["none"] < joules["strong_bits=1"] < joules["reliable"]


@pytest.mark.parametrize("method, level", [("coarse", "bank"), ("greedy", "subarray")])
def test_no_room_for_copies_names_the_tensor_and_what_is_missing(b10, method, level):
    room = b10.geometry.size_bytes if method == "coarse" else b10.subarrays[0].size_bytes
    found = tolerances(room // 2)
    eden.place(found, b10, method=method, level=level)
    with pytest.raises(ValueError, match=r"a\.weight.* of them for triple.* bytes of room missing"):
        eden.place(found, b10, method=method, level=level, protect={"*": "triple"})


@pytest.mark.parametrize(
    "protect, kind, words",
    [
        ({"z.*": "triple"}, ValueError, r"protect: 'z\.\*' matches no tensor that is stored"),
        ({"a.weight": "many"}, ValueError, "protection is 'many', accepted"),
        ("all", TypeError, "type of protect is 'str'"),
        ({"*": "reliable"}, ValueError, "nothing is left to place"),
        ({lambda name, module: True: "triple"}, ValueError, "a function needs the network"),
    ],
)
def test_refusals(b10, protect, kind, words):
    with pytest.raises(kind, match=words):
        eden.place(tolerances(10), b10, protect=protect)


def test_places_from_a_file_are_checked(b10):
    how = {name: HOW[name] for name in ("a.weight", "b.weight", "c.weight")}
    placement = eden.place(tolerances(1000, 1000, 1000), b10, protect=how)
    good = placement.to_dict()

    def broken(change):
        data = json.loads(json.dumps(good))
        change(data["tensors"])
        with pytest.raises(ValueError) as caught:
            Placement.from_dict(data)
        return str(caught.value)

    def move(name, number, **fields):
        return lambda tensors: tensors[name]["places"][number].update(fields)

    first = good["tensors"]["a.weight"]["address"]
    assert "overlap" in broken(move("b.weight", 0, address=good["tensors"]["b.weight"]["address"]))
    near = broken(move("a.weight", 0, address=first + 2048))
    assert "other rows and bitlines" in near
    assert "size_bytes of place 1 of b.weight is 1000" in broken(
        move("b.weight", 0, size_bytes=1000)
    )
    assert "partition of place 1 of a.weight" in broken(move("a.weight", 0, partition=RATED))
    assert "ber of place 2 of a.weight" in broken(move("a.weight", 1, ber=0.5))
    assert "number of places of c.weight is 0" in broken(
        lambda tensors: tensors["c.weight"].update(places=[])
    )
    assert "partition of b.weight is 'rated'" in broken(
        lambda tensors: tensors["b.weight"].update(partition=RATED, protection="none", places=[])
    )
    assert "protection is 'much'" in broken(lambda t: t["c.weight"].update(protection="much"))


def test_copies_lie_apart_and_the_spare_room_suffices():
    row, line = 512, 64
    parts = [
        Part(0, "a", (100,) * 3, 1, 1, apart=True),
        Part(1, "b", (5000,), 1, 1),
        Part(2, "c", (512,) * 3, 1, 1, apart=True),
        Part(3, "d", (448, 56), 1, 1),
        Part(4, "e", (64,) * 3, 1, 1, apart=True),
    ]
    for chosen in (parts, parts[:1], parts[2:], parts[4:], parts[::-1]):
        addresses, end = addresses_of(chosen, line, row)
        taken = sorted(
            (at, at + size) for p, ats in zip(chosen, addresses, strict=True)
            for at, size in zip(ats, p.sizes, strict=True)
        )  # fmt: skip
        assert all(a[1] <= b[0] for a, b in pairwise(taken))
        for part, ats in zip(chosen, addresses, strict=True):
            if part.apart:
                assert not any(shared(x, y, row) for i, x in enumerate(ats) for y in ats[:i])
        filled = sum(-(-size // line) * line for part in chosen for size in part.sizes)
        assert end <= filled + spare_bytes(chosen, line, row)


def test_a_network_reads_from_the_places(b10):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 40), torch.nn.ReLU(), torch.nn.Linear(40, 10))
    images = torch.randn(5, 64)
    how = {
        "0.weight": "secded",
        "0.input": "triple",
        "2.weight": "strong_bits=1",
        "2.input": "reliable",
    }
    with eden.approximate(model, replace(CONFIG, protect=how)) as handle:
        handle.learn_bounds([images])
        config, tensors = handle.config, handle.tensors
    found = SimpleNamespace(
        config=config, coarse_ber=1e-2,
        tensors=[tensor_of(t) for t in tensors],
    )  # fmt: skip
    placement = eden.place(found, b10)
    handle = eden.attach(model, Placement.from_json(placement.to_json()))
    assert {t.name: t.protection for t in handle.tensors} == how
    rates = handle.ber
    assert rates["2.input"] == 0.0 and rates["0.weight"] == placement.entries["0.weight"].ber
    first = model(images)
    assert not torch.equal(first, torch.zeros_like(first))
    words = handle.corrected()["0.weight"]
    handle.reseed(0)
    assert torch.equal(model(images), first) and handle.corrected()["0.weight"] == words
    # Cells belong to the partition: the same ones whichever tensor lies there.
    assert handle.count_weak("0.input", 0.1, 3) == pytest.approx(3 * 64 * 8 * 0.1, rel=0.3)


def tensor_of(info):
    return replace(info, tolerance=1e-2)


@pytest.mark.parametrize("how", ["strong_bits=1", "embedded"])
def test_bits_that_are_left_bare_bear_the_tolerance(how, b10):
    """Of the guarded bit 50 cells are critical, of the others none that was tried."""
    found = tolerances(100_000, tolerance=1e-6)
    strata = [
        SimpleNamespace(tensor="a.weight", bit=bit, cells=100_000, expected=expected)
        for bit, expected in ((7, 50.0), (6, 0.0))
    ]
    risk = SimpleNamespace(config=CONFIG, strata=strata)
    placement = eden.place(found, b10, protect={"a.weight": how}, risk=risk, miss_probability=0.01)
    assert 0 < placement.entries["a.weight"].ber <= 1e-6
