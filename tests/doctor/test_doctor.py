import pytest

from eden import errors
from eden.access import ops
from eden.doctor import _checks
from eden.doctor import _doctor as doctor


def test_all_is_well_here(capsys):
    assert doctor.main() == 0
    printed = capsys.readouterr().out
    assert "torch" in printed and "eden._C" in printed and "ddr3l-1600-b10" in printed
    assert printed.rstrip().splitlines()[-1].startswith("OK: ")


def test_an_injector_that_flips_too_much_fails(monkeypatch, capsys):
    sound = ops.inject

    def rounds_rates_up(x, error, **options):
        if not 0 < error.weak_fraction < 1:
            return sound(x, error, **options)
        more = errors.Uniform(error.weak_fraction * 1.02, error.failure_probability)
        return sound(x, more, **options)

    monkeypatch.setattr(ops, "inject", rounds_rates_up)
    assert doctor.main() == 1
    printed = capsys.readouterr().out
    assert "FAIL  flips at P=0.5" in printed
    assert printed.rstrip().splitlines()[-1].startswith("FAIL: ")


def test_an_injector_that_avoids_a_bit_fails(monkeypatch):
    sound = ops.count_flips

    def blind_to_the_sign(*arguments, **options):
        flips = sound(*arguments, **options)
        flips[31] = 0
        return flips

    monkeypatch.setattr(ops, "count_flips", blind_to_the_sign)
    failed = [check.name for check in doctor.self_check() if not check.passed]
    assert any(name.startswith("positions") for name in failed)


@pytest.mark.parametrize("end", ["os.abort()", "print('copies is ')", "raise SystemExit(3)"])
def test_a_build_whose_errors_do_not_arrive_fails(end, monkeypatch):
    assert _checks.refusal_check().passed
    monkeypatch.setattr(_checks, "_REFUSED", f"import os; {end}")
    check = _checks.refusal_check()
    assert not check.passed and "libstdc++" in check.finding


def test_a_gpu_that_the_kernels_do_not_run_on_fails(monkeypatch, capsys):
    sound = doctor.self_check

    def no_kernels(device):
        if device != "cpu":
            raise RuntimeError("eden: the CUDA kernel inject did not start: no kernel image")
        return sound()

    monkeypatch.setattr(doctor, "devices_to_check", lambda: ["cpu", "cuda:0"])
    monkeypatch.setattr(doctor, "self_check", no_kernels)
    assert doctor.main() == 1
    printed = capsys.readouterr().out
    assert "on cuda:0:" in printed and "FAIL  the kernels run" in printed
