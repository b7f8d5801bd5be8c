"""Fits of small synthetic profiles: which model is chosen, its numbers, and what is refused."""

import io
import math

import numpy as np
import pytest

import eden
from eden import errors, profiles
from eden.cli import main

ROW = {"module": "m1", "vendor": "A", "vdd_volts": 1.1, "source": "synthetic"}


def observed(error, *, reads, rows=64, row_bits=512, cells=False, pattern="", seed=1):
    """What `eden.inject` makes of a bank that is read again and again, by row or cell by cell."""
    size = rows * row_bits // 8
    x = np.zeros(reads * size, dtype=np.int8)
    if pattern == "0xff":
        x -= 1
    y = eden.access.inject_array(x, error, key=(seed, 0), copies=reads, row_bytes=row_bits // 8)
    bits = np.unpackbits((x ^ y).view(np.uint8).reshape(reads, rows, -1), axis=2, bitorder="little")
    failed = bits.sum(0, dtype=np.int64)
    count = "failures_0to1" if pattern == "0x0" else "failures_1to0"
    common = ROW | {"pattern": pattern, "bank": 0, "reads": reads}
    for row, of_row in enumerate(failed):
        place = common | {"row_first": row, "row_last": row}
        if not cells:
            yield place | {"cells": row_bits, count: int(of_row.sum())}
            continue
        for bitline in np.flatnonzero(of_row).tolist():
            yield place | {"bitline": bitline, "cells": 1, count: int(of_row[bitline])}
        if spared := int((of_row == 0).sum()):
            yield place | {"cells": spared, count: 0}


def fit_of(*parts, **options):
    return profiles.fit(profiles.Profile.of([row for part in parts for row in part]), **options)


def total(failures, *, cells=10**6, **changes):
    return ROW | {"cells": cells, "reads": 1, "failures_1to0": failures} | changes


def test_one_total_is_a_binomial():
    fit = fit_of([total(100)])
    assert [m.number for m in fit.models] == [0] and fit.best is fit.models[0]
    assert fit.best.parameters == pytest.approx({"ber": 1e-4}) and not fit.best.separable
    expected = math.log(math.comb(10**6, 100)) + 100 * math.log(1e-4) + 999900 * math.log1p(-1e-4)
    assert fit.best.log_likelihood == pytest.approx(expected, abs=1e-6)
    low, high = fit.best.intervals["ber"]
    for rate in (low, high):
        fall = 100 * math.log(1e-4 / rate) + 999900 * (math.log1p(-1e-4) - math.log1p(-rate))
        assert fall == pytest.approx(6.6349 / 2, rel=1e-3)
    assert isinstance(fit.best.error, errors.Uniform) and fit.best.error.ber == fit.best.ber
    assert "only P x F can be told, from one read" in fit.why and set(fit.untold) == {1, 2, 3}


def test_a_zero_is_censored():
    fit = fit_of([total(0)])
    assert fit.best.censored and fit.best.parameters == {"ber": 1e-6} == {"ber": fit.best.ber}
    low, high = fit.best.intervals["ber"]
    assert low == 0 and high == pytest.approx(6.6349 / 2e6, rel=1e-3)
    assert fit.best.error.ber == 1e-6 and "nothing failed" in fit.why


@pytest.mark.parametrize("cells", [False, True])
def test_several_reads_tell_the_weak_from_the_failing(cells):
    fit = fit_of(observed(errors.Uniform(0.02, 0.3), reads=16, cells=cells))
    assert fit.best.number == 0 and fit.best.separable
    truth = {"weak_fraction": 0.02, "failure_probability": 0.3, "ber": 0.006}
    for name, value in truth.items():
        low, high = fit.best.intervals[name]
        assert low < value < high < (1.5 if cells else 3) * low
    assert fit.best.error.failure_probability == fit.best.parameters["failure_probability"]


def test_reads_that_fail_together_do_not_reject_model_0():
    """A plain binomial would: the variance of a row's failures is 1 + 15 F times its own."""
    fit = fit_of(observed(errors.Uniform(0.02, 0.8), reads=16))
    assert fit.best.number == 0 and 0.5 < fit.overdispersion < 1.6


@pytest.mark.parametrize("reads", [1, 16])
def test_rows_that_differ(reads):
    weak = 0.02 * np.random.default_rng(3).lognormal(-0.5, 1.0, 64)
    fit = fit_of(observed(errors.Wordline(weak, 0.5), reads=reads))
    assert fit.best.number == 2 and 1 in fit.untold and 3 in fit.untold
    assert isinstance(fit.best.error, errors.Wordline)
    found = fit.best.error.weak_fraction * fit.best.error.failure_probability
    assert np.corrcoef(found, weak)[0, 1] > 0.8
    assert found.mean() == pytest.approx(fit.best.ber, rel=0.1)
    low, high = fit.best.intervals["spread"]
    assert low < fit.best.parameters["spread"] < high and low > 0.3


def test_bitlines_that_differ():
    weak = np.full(512, 0.01)
    weak[::16] = 0.2
    failed = np.zeros(512, np.int64)
    for row in observed(errors.Bitline(weak, 0.5), reads=8, cells=True, rows=32):
        if "bitline" in row:
            failed[row["bitline"]] += row["failures_1to0"]
    by_line = [
        ROW | {"bitline": b, "cells": 32, "reads": 8, "failures_1to0": int(n)}
        for b, n in enumerate(failed)
    ]
    fit = fit_of(by_line)
    assert fit.best.number == 1 and fit.best.error.weak_fraction.size == 512
    strong = fit.best.error.weak_fraction[1::16].mean()
    assert fit.best.error.weak_fraction[::16].mean() > 8 * strong


@pytest.mark.parametrize("reads", [1, 16])
def test_stored_bits_that_differ(reads):
    law = errors.DataDependent(0.05, 0.6, 0.2)
    fit = fit_of(
        observed(law, reads=reads, pattern="0xff"),
        observed(law, reads=reads, pattern="0x0", seed=2),
    )
    assert fit.best.number == 3
    for name, value in {"ber_one": 0.03, "ber_zero": 0.01}.items():
        low, high = fit.best.intervals[name]
        assert low < value < high
    error = fit.best.error
    assert isinstance(error, errors.DataDependent)
    ratio = error.failure_probability_zero / error.failure_probability_one
    assert ratio == pytest.approx(1 / 3, rel=0.25)
    if reads > 1:
        low, high = fit.best.intervals["failure_probability_one"]
        assert low < 0.6 < high


def test_one_direction_only():
    fit = fit_of([total(500, pattern="0xff"), ROW | {"cells": 10**6, "reads": 1,
                 "pattern": "0x0", "failures_0to1": 0}])  # fmt: skip
    assert fit.best.number == 3
    assert fit.best.error.failure_probability_one == 1
    assert fit.best.error.failure_probability_zero < 1e-9
    low, high = fit.best.intervals["ber_zero"]
    assert low == 0 and high == pytest.approx(6.6349 / 2e6, rel=1e-3)


def test_mixed_fills_enter_totals_alone():
    fit = fit_of([total(100, pattern="0xff"), total(90, pattern="0x55"), total(80, pattern="0xaa")])
    assert 3 in fit.untold and fit.models[0].parameters["ber"] == pytest.approx(9e-5)


def test_rounds_are_further_reads():
    rounds = [total(100, source=f"round {i}") for i in range(3)]
    fit = fit_of(rounds)
    assert fit.counts.reads == 3 and fit.counts.merged == 2
    assert fit.best.parameters == pytest.approx({"ber": 1e-4}, rel=1e-4)
    assert "from sums over banks" in fit.why


def test_lines_are_cells_that_fail_alone():
    fit = fit_of([total(10**5, unit="line")])
    assert fit.best.parameters["ber"] == pytest.approx(0.1)
    assert fit.best.error.ber == pytest.approx(1 - 0.9 ** (1 / 512))


@pytest.mark.parametrize("unit", ["line", "row"])
@pytest.mark.parametrize("failure", [1.0, 0.4])
def test_lines_read_again_fail_again(unit, failure):
    """One read says of the next: as independent trials they would reject model 0."""
    random, wrong, held = np.random.default_rng(1), 0, 0
    for _ in range(10):
        weak = random.binomial(1000, 0.01, 50)
        failed = random.binomial(10 * weak, failure)
        place = [{"row_first": i, "row_last": i} for i in range(50)]
        rows = [total(int(k), cells=1000, reads=10, unit=unit) | p
                for k, p in zip(failed, place, strict=True)]  # fmt: skip
        fit = fit_of(rows)
        wrong += fit.best.number != 0
        low, high = fit.models[0].intervals["ber"]
        held += low <= 0.01 * failure <= high
    assert wrong == 0 and held >= 9
    # Of a line one cell: 1 - (1 - P)^(1 / bits) is P / bits, nearly, and F is the line's.
    bits = {"line": 512, "row": 65536}[unit]
    assert fit.best.error.ber == pytest.approx(0.01 * failure / bits, rel=0.3)


def test_likelihoods_are_of_the_same_observations():
    """Model 2's is model 0's times the gain of its sums, and its own sums are the observations."""
    rows = list(observed(errors.Uniform(0.02), reads=1))
    fit = fit_of(rows, model=2)
    assert fit.best.number == 2 and "model 2 was asked for" in fit.why
    assert fit.best.log_likelihood == pytest.approx(fit.models[0].log_likelihood, abs=3)
    assert fit.best.log_likelihood > fit.models[0].log_likelihood - 1e-3
    assert fit.best.bic > fit.models[0].bic


def test_what_cannot_be_is_one_line():
    with pytest.raises(ValueError, match=r"modules .* are 2 \(they differ in module, vdd_volts\)"):
        fit_of([total(1), total(1, module="m2", vdd_volts=1.2)])
    with pytest.raises(ValueError, match="model is '4', accepted: auto, 0, 1, 2, 3"):
        fit_of([total(1)], model=4)
    with pytest.raises(ValueError, match="model is 1, accepted: others here: it needs several"):
        fit_of([total(1)], model=1)
    with pytest.raises(ValueError, match="the profile is empty"):
        fit_of([])
    with pytest.raises(ValueError, match="confidence is 1"):
        fit_of([total(1)], confidence=1)


def test_operating_points_come_one_by_one():
    rows = [total(1, vdd_volts=v, pattern=p) for v in (1.2, 1.1) for p in ("0xff", "0x55")]
    found = list(profiles.operating_points(profiles.Profile.of(rows)))
    assert [(point["vdd_volts"], len(part)) for point, part in found] == [(1.1, 2), (1.2, 2)]
    assert found[0][0]["unit"] == "cell" and found[0][0]["trcd_seconds"] is None


def test_plot_shows_a_draw_of_each_model_beside_what_was_observed():
    pytest.importorskip("matplotlib").use("Agg")
    # Half of the rows are weak in a tenth of their cells, the others never.
    rates = np.tile([0.0, 0.1], 32)
    axes = fit_of(observed(errors.Wordline(rates), reads=4)).plot()
    assert axes.get_ylabel() == "share of cells that failed in a read"
    assert axes.get_title() == "module m1, vendor A, VDD V 1.1"
    seen, uniform, chosen = (np.asarray(line.get_ydata()) for line in axes.lines)
    assert [line.get_label() for line in axes.lines][1:] == [
        "model 0 (uniform), a draw",
        "model 2 (wordline), chosen, a draw",
    ]
    # Observed: a standard deviation of 0.05. Model 0 has sqrt(0.05 / 512) = 0.01 alone.
    assert seen.std() == pytest.approx(0.05, rel=0.1)
    assert uniform.std() < 0.02 and chosen.std() > 0.04
    assert (
        fit_of([total(0)]).plot().lines[1].get_label() == "model 0 (uniform), chosen, at most ber"
    )


def test_the_picture_is_of_what_a_model_can_name_and_of_no_more_than_was_seen():
    rows = [total(n, bank=b, pattern=p, cells=2**40)
            for b in range(4) for p, n in (("0xff", 3), ("0x55", 90))]  # fmt: skip
    rows += [ROW | {"cells": 2**40, "reads": 1, "failures_0to1": 40, "pattern": "0x0", "bank": b}
             for b in range(4)]  # fmt: skip
    fit = fit_of(rows, model=3)
    axes = fit.plot()
    assert [len(line.get_ydata()) for line in axes.lines] == [12, 12, 8]
    assert axes.get_ylim()[1] == pytest.approx(2 * 90 / 2**40)
    alone = fit_of([total(5, module="cell_$a$", unit="line")]).plot()
    alone.figure.savefig(io.BytesIO())
    assert alone.get_title().startswith("module cell_$a$") and alone.lines[1].get_marker() == "_"


@pytest.mark.parametrize("reads, failures", [(2**14, 100), (2**16, 1000)])
def test_many_reads_of_cells_that_seldom_fail(reads, failures):
    """Each place could have one weak cell that fails in a share of its reads; then all would have
    nearly the same number of failures, where these scatter as by chance."""
    random = np.random.default_rng(0)
    rows = [
        total(int(n), cells=2**26, reads=reads, row_first=row, row_last=row)
        for row, n in enumerate(random.poisson(failures, 40))
    ]
    fit = fit_of(rows)
    low, high = fit.best.intervals["ber"]
    assert low < failures / 2**26 / reads < high
    assert fit.best.intervals["failure_probability"][0] < 1e-4
    assert 0.4 < fit.overdispersion < 2


def test_the_verb(tmp_path, capsys):
    rows = [total(n, vdd_volts=v, trcd_seconds=1e-8, trp_seconds=1e-8)
            for v, n in ((1.05, 900), (1.1, 40), (1.15, 0))]  # fmt: skip
    path = profiles.Profile.of(rows).write(tmp_path / "m1.csv")
    out = tmp_path / "made.json"
    assert main(["fit", str(path), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "m1" in said and "ber 9.0e-4, 99 %" in said and "ber below 1.0e-6" in said
    device = eden.devices.load(out)
    assert device.name == "made" and device.at(vdd_volts=1.05).ber == pytest.approx(9e-4)
    assert device.at(vdd_volts=1.15).censored
    assert main(["fit", str(path), "--model", "7"]) == 2
    assert capsys.readouterr().err == "eden: model is '7', accepted: auto, 0, 1, 2, 3\n"
    with_rows = profiles.Profile.of([total(5, unit="row")]).write(tmp_path / "rows.csv")
    assert main(["fit", str(with_rows), "--out", str(out)]) == 2
    assert "rows were counted" in capsys.readouterr().err


def test_a_device_has_what_was_measured_on_its_module_alone(tmp_path, capsys):
    """Settings are kept, and retention of the device it is made like is not."""
    points = [total(900, vdd_volts=1.05, temperature_celsius=45.0, refresh_seconds=0.064)]
    points += [total(50, vdd_volts=1.35, temperature_celsius=70.0, refresh_seconds=2.048)]
    path, out = profiles.Profile.of(points).write(tmp_path / "m1.csv"), tmp_path / "made.json"
    assert main(["fit", str(path), "--out", str(out), "--like", "ddr3l-1600-c1"]) == 0
    device = eden.devices.load(out)
    lowered, waited = device.points[1:]
    assert (lowered.vdd_volts, lowered.temperature_celsius) == (1.05, 45.0)
    assert lowered.ber == pytest.approx(9e-4)
    assert waited.refresh_stretch > 30 and waited.temperature_celsius == 70.0
    assert waited.ber == pytest.approx(5e-5)
    assert any("of ddr3l-1600-c1" in text for text in device.assumed)
    capsys.readouterr()
    for changes, said in (
        ({"refresh_seconds": 2.048}, "a wait of 2.048 s without a temperature"),
        ({"refresh_seconds": 2.048, "temperature_celsius": 70.0, "trcd_seconds": 1e-8}, "lowered"),
        ({"refresh_seconds": 2.048, "temperature_celsius": 70.0, "unit": "line"}, "were counted"),
    ):
        path = profiles.Profile.of([total(5, **changes)]).write(tmp_path / "m2.csv")
        assert main(["fit", str(path), "--out", str(out)]) == 2
        assert said in capsys.readouterr().err


def test_the_verb_says_what_a_study_leaves_open(tmp_path, capsys):
    path = tmp_path / "map.csv"
    path.write_text("dimm,vendor,vdd,bank,row_lo,row_hi,prob\nA1,A,1.1,0,0,306,0.1\n")
    assert main(["fit", str(path)]) == 0
    assert "a choice of model holds for this count only" in capsys.readouterr().out


def test_the_verb_says_what_lines_mean_for_bits(tmp_path, capsys):
    path = profiles.Profile.of([total(10**5, unit="line")]).write(tmp_path / "lines.csv")
    assert main(["fit", str(path)]) == 0
    # 1 - 0.9^(1/512) = 2.06e-4; one bad bit of 512 in a tenth of the lines is 1.95e-4.
    said = "of bits 2.1e-4 if they fail independently; 2.0e-4 (one each) to 1.0e-1 (all)"
    assert said in capsys.readouterr().out


def test_the_verb_goes_on_past_a_point_that_cannot_tell_the_model(tmp_path, capsys):
    settings = {"trcd_seconds": 1e-8, "trp_seconds": 1e-8}
    rows = [total(900 + 50 * n, vdd_volts=1.05, row_first=n, row_last=n, **settings)
            for n in range(9)]  # fmt: skip
    alone = total(0, vdd_volts=1.15, **settings)
    path, out = profiles.Profile.of([alone, *rows]).write(tmp_path / "m1.csv"), tmp_path / "m.json"
    assert main(["fit", str(path), "--model", "2", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "model 2 (wordline)" in said and "not fitted: " in said
    assert "1.15" in said and "no read failed" in said
    assert [point.vdd_volts for point in eden.devices.load(out).points[1:]] == [1.05]
    nothing = profiles.Profile.of([alone]).write(tmp_path / "m2.csv")
    assert main(["fit", str(nothing), "--model", "2"]) == 2
    ended = capsys.readouterr()
    assert ended.out == "" and "no read failed" in ended.err
