"""Nothing is searched, checked or reported over fewer tensors than the network reads."""

import copy

import pytest
import torch
from torch import nn

from eden import devices, errors
from eden.mapping import Placement, place
from eden.network import (
    Calibration,
    Config,
    Coverage,
    TensorCalibration,
    approximate,
    attach,
    calibration_of,
    keep_calibration,
)
from eden.systems import evaluate_energy
from eden.tolerance import accuracy_curve, characterize_coarse, characterize_fine, verify
from eden.training import boost

SOME = errors.Uniform(0.03)
INT8 = Config(SOME)
NATIVE = Config(SOME, stored="fp32", correction="off")


class Branches(nn.Module):
    """A head that only training uses, as GoogLeNet has."""

    def __init__(self):
        super().__init__()
        self.body, self.head, self.aux = nn.Linear(4, 4), nn.Linear(4, 3), nn.Linear(4, 3)
        self.use_aux = False

    def forward(self, x):
        x = self.body(x).relu()
        return self.head(x) + self.aux(x) if self.use_aux else self.head(x)


class Bare(nn.Module):
    """Uses its weights without calling the modules that own them."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x):
        return nn.functional.linear(x, self.a.weight)


class Forward(Bare):
    def forward(self, x):
        return self.a.forward(x)


def layers():
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3))


X = torch.randn(20, 4, generator=torch.Generator().manual_seed(5))
Y = torch.arange(20) % 3
LOADER = [(X, Y)]


def evaluate(model):
    with torch.no_grad():
        return (model(X).argmax(1) == Y).float().mean().item()


SEARCHES = {
    "coarse": lambda m, c: characterize_coarse(m, evaluate, config=c, target_accuracy=0.0, seeds=2),
    "curve": lambda m, c: accuracy_curve(m, evaluate, config=c, bers=[0.1], seeds=2),
    "verify": lambda m, c: verify(m, evaluate, c, target_accuracy=0.0, seeds=2),
    "boost": lambda m, c: boost(m, LOADER, config=c, target_ber=0.01, epochs=1, progress=False),
}


@pytest.fixture(params=SEARCHES)
def search(request):
    return SEARCHES[request.param]


def learned(model, config):
    with approximate(model, config) as handle:
        return handle.learn_bounds(LOADER)


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        (INT8.with_(include="2"), r"0\.weight and 1 more"),
        (INT8.with_(inputs=False), r"0\.input and 1 more"),
        (INT8.with_(exclude="2.weight"), r"2\.weight:"),
    ],
)
@pytest.mark.parametrize("carried", [True, False])
def test_a_calibration_of_a_part_is_refused_for_the_whole(search, part, missing, carried):
    model = layers()
    config = INT8.with_(calibration=learned(model, part))
    if carried:
        config = INT8
    else:
        keep_calibration(model, None)
    with pytest.raises(ValueError, match=f"does not mention {missing}.*learn_bounds") as caught:
        search(model, config)
    assert "\n" not in str(caught.value)
    with approximate(model, INT8) as handle:  # the way out that the message names
        handle.learn_bounds(LOADER)
        assert len(handle.tensors) == 4
    search(model, INT8)


def test_a_calibration_of_the_whole_serves_a_part(search):
    model = layers()
    learned(model, INT8)
    search(model, INT8.with_(include="2"))


@pytest.mark.filterwarnings("ignore:Branches.* are not in approximate DRAM")
def test_what_is_never_read_is_known_listed_and_left_out():
    model = Branches()
    calibration = learned(model, INT8)
    assert calibration.never_read == ["aux.weight", "aux.input"]
    assert list(calibration.tensors) == [
        f"{module}.{kind}" for module in ("body", "head", "aux") for kind in ("weight", "input")
    ]
    assert Calibration.from_dict(calibration.to_dict()) == calibration
    with approximate(model, INT8) as handle:
        assert handle.never_read == calibration.never_read
        assert [t.name for t in handle.tensors] == list(calibration.tensors)[:4]
        handle.set_ber(0.1)
        assert handle.ber == dict.fromkeys(list(calibration.tensors)[:4], 0.1) | {
            "aux.weight": 0.0,
            "aux.input": 0.0,
        }
    found = SEARCHES["coarse"](model, INT8)
    fine = characterize_fine(model, evaluate, start=found, seeds=2)
    for tolerances in (found, fine):
        assert [t.name for t in tolerances.tensors] == list(calibration.tensors)[:4]


@pytest.mark.filterwarnings("ignore:Branches.* are not in approximate DRAM")
def test_the_first_read_of_what_was_never_read_is_a_warning():
    model = Branches()
    learned(model, INT8)
    with approximate(model, INT8) as handle:
        handle.set_ber(0.0)
        without = model(X)
        model.use_aux = True
        with pytest.warns(UserWarning) as caught:
            assert model(X).shape == (20, 3)
        said = [str(warning.message) for warning in caught]
        assert len(said) == 2 and "aux.input is read" in said[0] and "aux.weight" in said[1]
        handle.set_ber({"body.weight": 0.0})
        aux, seen = model.aux, []
        hook = aux.register_forward_hook(lambda m, args, out: seen.append((args[0], out)))
        model(X)  # says it once
        hook.remove()
        model.use_aux = False
        assert torch.equal(model(X), without)
    assert torch.equal(seen[0][1], aux(seen[0][0]))  # no errors, nothing rounded
    model.use_aux = True
    assert learned(model, INT8).never_read == []


@pytest.mark.filterwarnings("ignore:Branches.* are not in approximate DRAM")
def test_what_is_never_read_has_no_place_and_verifies():
    model, device = Branches(), devices.load("ddr3l-1600-b10")
    learned(model, INT8)
    placement = place(SEARCHES["coarse"](model, INT8), device, method="coarse")
    placement = Placement.from_json(placement.to_json())
    assert "aux.weight" not in placement.entries
    assert placement.never_read == ["aux.weight", "aux.input"]
    assert verify(model, evaluate, placement, target_accuracy=0.0, seeds=2).seeds == 2


@pytest.mark.filterwarnings("ignore:Branches.* are not in approximate DRAM")
def test_an_expert_that_no_image_of_one_batch_reaches_keeps_what_was_known():
    model = Branches()
    model.use_aux = True
    before = learned(model, INT8)
    model.use_aux = False
    boosted = boost(model, LOADER, config=INT8, target_ber=0.01, epochs=1, progress=False)
    assert calibration_of(boosted).tensors["aux.weight"] == before.tensors["aux.weight"]


@pytest.mark.parametrize("build", [Bare, Forward])
def test_nothing_read_is_an_error_in_all_that_runs_the_network(search, build):
    model = build()
    said = rf"{build.__name__} read nothing from approximate DRAM; looked for calls of Linear a\."
    with approximate(model, INT8) as handle, pytest.raises(ValueError, match=said) as caught:
        handle.learn_bounds(LOADER)
    assert "\n" not in str(caught.value) and calibration_of(model) is None
    with pytest.raises(ValueError, match=said):
        search(model, NATIVE)
    with pytest.raises(ValueError, match=said):  # a calibration that says otherwise is no help
        search(
            model,
            INT8.with_(
                calibration=Calibration(
                    {
                        "a.weight": TensorCalibration("weight", 16, 1, -1.0, 1.0),
                        "a.input": TensorCalibration("input", 4, 1, -1.0, 1.0),
                    }
                )
            ),
        )


def test_another_model_than_the_one_given_is_an_error_and_a_copy_is_none():
    model, other = layers(), layers()
    learned(model, INT8)
    verdict = {"target_accuracy": 0.0, "seeds": 2}
    with pytest.raises(ValueError, match="evaluate: Sequential read nothing"):
        verify(model, lambda m: evaluate(other), INT8, **verdict)
    assert verify(model, lambda m: evaluate(copy.deepcopy(m)), INT8, **verdict).seeds == 2


def test_the_energy_of_a_network_that_calls_no_module_is_an_error():
    model, device = layers(), devices.load("ddr3l-1600-b10")
    learned(model, INT8)
    placement = place(SEARCHES["coarse"](model, INT8), device, method="coarse")
    with pytest.raises(ValueError, match="evaluate_energy: Bare read nothing"):
        evaluate_energy(Bare(), X, placement)


class Compiled(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.b(self.a(x).relu())


@pytest.fixture
def fresh_dynamo():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def in_place(model):
    model.compile(backend="eager")
    return model


@pytest.mark.parametrize(
    "make", [lambda m: torch.compile(m, backend="eager"), in_place], ids=["wrapper", "in place"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_what_ran_compiled_is_refused(fresh_dynamo, make, whole):
    compiled = make(Compiled())
    model = compiled if whole else nn.Sequential(compiled)
    clean = model(X)
    with pytest.raises(ValueError, match=r"was compiled and has run.*_dynamo\.reset") as caught:
        attach(model, INT8)
    assert "\n" not in str(caught.value)
    torch._dynamo.reset()  # as the message says
    with approximate(model, NATIVE) as handle:
        assert handle.learn_bounds(LOADER).never_read == []
        assert not torch.equal(model(X), clean)


@pytest.mark.parametrize("make", [layers, lambda: nn.Linear(4, 4)], ids=["sequential", "layer"])
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_of_torch_itself_and_ran_compiled_is_refused(fresh_dynamo, make, whole):
    compiled = torch.compile(make(), backend="eager")
    model = compiled if whole else nn.Sequential(compiled)
    attach(model, INT8).detach()  # it has not run yet
    model(X)
    with pytest.raises(ValueError, match=r"was compiled and has run.*_dynamo\.reset"):
        attach(model, INT8)


def test_graphs_from_before_that_cannot_be_told_read_nothing(fresh_dynamo, monkeypatch):
    monkeypatch.setattr("eden.network._attach.ran_compiled", lambda module: False)
    model = layers()
    compiled = torch.compile(model, backend="eager")
    evaluate(compiled)
    with pytest.raises(ValueError, match="read nothing"):
        verify(compiled, evaluate, NATIVE, target_accuracy=0.0, seeds=2)


class Table(nn.Module):
    """Parameters of its own, beside a layer and its twin that is used without a call."""

    def __init__(self):
        super().__init__()
        self.position = nn.Parameter(torch.ones(20, 4))
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 3, bias=False)
        self.norm = nn.LayerNorm(4)
        self.codes = nn.Parameter(torch.zeros(3, 3, dtype=torch.int8), requires_grad=False)

    def forward(self, x):
        return nn.functional.linear(self.norm(self.a(x + self.position[: len(x)])), self.b.weight)


def test_coverage_says_what_is_stored_and_why_the_rest_is_not():
    with approximate(Table(), INT8.with_(exclude="a.input")) as handle:
        before = handle.coverage()
        assert before.size_bytes() == 4 * (16 + 12)  # what is never read is not known yet
        with pytest.warns(UserWarning, match=r"Table: 85\.\d% .*position.*b\.weight"):
            handle.learn_bounds(LOADER)
        after = handle.coverage()
    assert {t.name: (t.size_bytes, t.why) for t in after.tensors} == {
        "position": (320, "Table is not covered"),
        "codes": (9, "not floating-point (torch.int8)"),
        "a.weight": (64, ""),
        "a.bias": (16, "bias of a module whose weights are stored"),
        "b.weight": (48, "never read: its module is not called"),
        "norm.weight": (16, "LayerNorm is not covered"),
        "norm.bias": (16, "LayerNorm is not covered"),
        "a.input": (0, "excluded by the config"),
        "b.input": (0, "never read: its module is not called"),
    }
    assert after.size_bytes() == 64 and after.size_bytes("input") == 0
    assert after.uncovered == pytest.approx((320 + 9 + 48) / (320 + 9 + 48 + 64))
    lines = str(after).splitlines()
    assert lines[0].startswith("Table: 64 B of 489 B of parameters are stored in approximate DRAM")
    assert "  not stored, Table is not covered: 320 B of parameters, position" in lines
    assert "  not stored, excluded by the config: 1 of inputs, a.input" in lines
    assert Coverage.from_dict(after.to_dict()) == after


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", (3, None)),
        ("kind", ("weight", None)),
        ("size_bytes", (-1, 1.5, 10**400, "3", True)),
        ("dimensions", (-1, None, 10**400)),
        ("why", (None, 0)),
        ("colour", ("red",)),
    ],
)
def test_what_a_file_says_of_coverage_is_checked(field, values):
    tensor = {"name": "a", "kind": "parameter", "size_bytes": 4, "dimensions": 2, "why": ""}
    Coverage.from_dict({"model": "A", "tensors": [tensor]})
    for value in values:
        with pytest.raises(ValueError, match=rf"^not a coverage: .*{field}"):
            Coverage.from_dict({"model": "A", "tensors": [tensor | {field: value}]})
    for wrong in ({"model": 3}, {"tensors": 3}, {"tensors": {}}, {"tensors": [3]}, {"more": 1}):
        with pytest.raises(ValueError, match=r"^not a coverage: "):
            Coverage.from_dict({"model": "A", "tensors": [tensor]} | wrong)


def test_a_small_part_or_one_left_out_by_choice_is_no_warning():
    model = layers()
    with approximate(model, INT8.with_(exclude="2")) as handle:
        handle.learn_bounds(LOADER)
        assert handle.coverage().uncovered == 0
    model.more = nn.Parameter(torch.zeros(1, 1))  # 1 of 29
    learned(model, INT8)


@pytest.mark.filterwarnings("ignore:Table.* are not in approximate DRAM")
def test_coverage_goes_along_with_tolerances_and_placement(capsys):
    model, device = Table(), devices.load("ddr3l-1600-b10")
    learned(model, INT8)
    found = characterize_coarse(
        model, evaluate, config=INT8, target_accuracy=0.0, seeds=2, progress=True
    )
    assert str(found.coverage) in capsys.readouterr().out
    assert type(found).from_dict(found.to_dict()) == found
    older = {k: v for k, v in found.to_dict().items() if k != "coverage"}
    assert type(found).from_dict(older).coverage is None
    fine = characterize_fine(model, evaluate, start=found, seeds=2)
    placement = place(fine, device)
    assert Placement.from_json(placement.to_json()) == placement
    for shown in (found, fine, placement):
        assert shown.coverage == found.coverage and str(found.coverage) in str(shown)
    assert "never read: b.weight" in str(placement)
    energy = evaluate_energy(model, X, placement)
    assert energy.traffic_bytes["reliable"] == 320 + 9 + 48
    assert any("biases and norms are not counted" in line for line in energy.assumptions)


@pytest.mark.filterwarnings("ignore:Table.* are not in approximate DRAM")
def test_every_search_warns_of_what_is_not_covered(search):
    model = Table()
    learned(model, INT8)
    with pytest.warns(UserWarning, match="Table: 85"):
        search(model, INT8)
