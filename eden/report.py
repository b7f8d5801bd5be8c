"""The report of a run: which figures and tables, and what is said about them."""

from pathlib import Path
from typing import Any

import yaml

from eden import plot
from eden.errormap import error_map_figure, error_maps
from eden.folder import StageFiles
from eden.page import Section, Table, render
from eden.store import dump_json, read_json
from eden.summary import METHOD_TITLES, TITLES, Results, percent, rate, verdict_line
from eden.work import NETWORKS, Work

__all__ = ["write_report"]

WHICH = {"baseline": "before", "boosted": "after"}
LAWS = ("linear", "cv2", "array")
COMPONENTS = ("activate", "precharge", "read", "write", "refresh", "background")


def write_report(work: Work, files: StageFiles) -> None:
    """Write ``report.html`` and the final table as CSV."""
    results = Results(work)
    head, rows, marked = results.table()
    files.csv("table.csv", [dict(zip(head, row, strict=True)) for row in rows], head)
    recipe = work.recipe
    sections = [
        _overview(results, Table(head, rows, marked)),
        _accuracy(results),
        _tolerance(results),
        _placement(results),
        _energy(results),
        _curriculum(results),
        _verification(results),
        _error_maps(),
    ]
    page = render(
        title=f"{recipe.network.name} on {recipe.data.name}, {recipe.stored}, {recipe.device}",
        verdict=verdict_line(results),
        passed=results.verification["passed"],
        facts=_facts(results),
        sections=sections,
        provenance={
            "Recipe": yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False),
            "Versions": Path(work.path("versions.json")).read_text(),
            "Images": dump_json(read_json(work.path("data.json"))).decode(),
        },
    )
    files.bytes("report.html", page)


def _facts(results: Results) -> list[tuple[str, str]]:
    seen, verdict = results.verification, results.last_verdict
    saving = results.energy[results.verified_key]["saving"]
    low, high = (percent(-f(saving.values())) for f in (max, min))
    before, after = (results.tolerances(n, "coarse").coarse_ber for n in NETWORKS)
    original = seen["original_test_accuracy"]
    volts = seen["attempts"][-1]["placement"]["vdd_volts"]
    return [
        (f"{volts:.3f} V", f"supply, {results.work.device.nominal.vdd_volts:g} V nominal"),
        (f"{low} to {high}", "DRAM energy of an inference, by voltage law"),
        (f"{rate(before)} \u2192 {rate(after)}", f"tolerable BER, {after / before:.1f} times"),
        (f"{verdict['seeds'] - verdict['misses']} of {verdict['seeds']}", "draws met the target"),
        (f"{verdict['mean_accuracy']:.2%}", f"accuracy, originally {original:.2%}"),
    ]


def _overview(results: Results, table: Table) -> Section:
    return Section(
        "What came out",
        text=(
            "Each network is placed on the module coarsely (one operating point, lines "
            "interleaved over all banks) and finely (greedy or exact: every tensor in a bank it "
            "bears). The last columns are DRAM energy against rated voltage and latencies, for "
            "three laws of how it follows the voltage; latency alone is rated voltage at the tRCD "
            "and tRP of the measured points. The highlighted row was verified on the test images.",
        ),
        tables=(table,),
        notes=(
            "The module's failing lines leave a range of bit error rates open: one bad bit a bad "
            "line (low) to whole lines bad (high). The supply is for independent bits; beside it "
            "stands the supply if the low or the high end were true. What is verified here holds "
            "for the estimate used, not for the high end.",
        ),
    )


def _accuracy(results: Results) -> Section:
    curves: dict[str, list[tuple[float, list[float]]]] = {}
    for network in NETWORKS:
        by_ber: dict[float, list[float]] = {}
        for row in results.rows("curve.csv"):
            if row["network"] == network:
                by_ber.setdefault(row["ber"], []).append(row["accuracy"])
        curves[WHICH[network]] = sorted(by_ber.items())
    coarse = {WHICH[n]: results.tolerances(n, "coarse") for n in NETWORKS}
    points = [
        (f"{p.vdd_volts:g} V", p.ber, p.ber_low, p.ber_high)
        for p in results.work.device.points
        if p.quality != "nominal" and not p.censored
    ]
    figure = plot.accuracy_figure(
        curves,
        target=coarse["before"].target_accuracy,
        tolerances={which: t.coarse_ber for which, t in coarse.items()},
        points=points,
    )
    rows = [
        [
            TITLES[network],
            f"{t.clean_accuracy:.4f}",
            rate(t.coarse_ber),
            f"{rate(min(t.thresholds))} to {rate(max(t.thresholds))}",
            "none" if t.mean_ber is None else rate(t.mean_ber),
            f"{t.mean_accuracy:.4f}",
            f"{min(t.accuracies):.4f}",
        ]
        for network in NETWORKS
        for t in [results.tolerances(network, "coarse")]
    ]
    return Section(
        "Accuracy against bit error rate",
        text=("The line is the mean over error draws, the band their range.",),
        figure=figure,
        alt="Accuracy against bit error rate before and after boosting, with the band of the draws",
        tables=(
            Table(
                [
                    "network",
                    "without errors",
                    "tolerates",
                    "draws end at",
                    "by the mean",
                    "mean there",
                    "lowest there",
                ],
                rows,
            ),
        ),
        notes=(
            "Tolerates: no search draw misses the target, less the recipe's margin. By the mean: "
            "the highest rate at which the mean over the draws meets it, as papers often count. "
            "Grey marks: the module's operating points, with the range their measurement leaves.",
        ),
    )


def _tolerance(results: Results) -> Section:
    fine = {WHICH[n]: results.tolerances(n, "fine").bers() for n in NETWORKS}
    coarse = {WHICH[n]: results.tolerances(n, "coarse").coarse_ber for n in NETWORKS}
    trials = " and ".join(str(results.tolerances(n, "fine").trials) for n in NETWORKS)
    return Section(
        "Tolerance by tensor",
        text=(
            "The highest bit error rate each weight and input feature map bears while all others "
            "stand at theirs.",
        ),
        figure=plot.tolerance_figure(fine, coarse),
        alt="Tolerable bit error rate of every tensor before and after boosting",
        notes=(f"{trials} questions, each under one draw.",),
    )


def _placement(results: Results) -> Section:
    network, method = results.verification["network"], results.verification["method"]
    placement = results.placement(network, method)  # as declared; a retreat is in verify.json
    tensors = [
        {
            "name": name,
            "tolerance": entry.tolerance,
            "ber": entry.ber,
            "partition": entry.partition,
            "vdd_volts": placement.points[entry.partition].vdd_volts,
        }
        for name, entry in _in_order(results, network, placement.entries)
    ]
    rows = [_place(name, e) for name, e in _in_order(results, network, placement.entries)]
    return Section(
        "Placement",
        figure=plot.placement_figure(
            tensors, title=f"{TITLES[network]}, {METHOD_TITLES[method]}, as declared"
        ),
        alt="For every tensor the bit error rate of its partition and what it bears",
        tables=(Table(["tensor", "bytes", "partition", "address", "bears", "meets", "why"], rows),),
        notes=tuple(f"{r.vdd_volts:.3f} V was not taken: {r.why}" for r in placement.rejected),
    )


def _place(name: str, entry: Any) -> list[str]:
    place = [name, f"{entry.size_bytes:,}", entry.partition, f"{entry.address:,}"]
    return [*place, rate(entry.tolerance), rate(entry.ber), entry.why]


def _in_order(results: Results, network: str, entries: Any) -> list[tuple[str, Any]]:
    # JSON files hold their keys sorted; tensors are shown in the order of the network.
    return [(t.name, entries[t.name]) for t in results.tolerances(network, "coarse").tensors]


def _energy(results: Results) -> Section:
    laws: dict[str, dict[str, dict[str, float]]] = {}
    first = next(iter(results.energy.values()))
    for law in LAWS:
        laws[law] = {"nominal": _components(first["nominal_joules"])}
        for key, account in results.energy.items():
            label = ", ".join(results.title_of(key))
            laws[law][label] = _components(account["approximate_joules"][law])
    rows = []
    for key, account in results.energy.items():
        rows.append(
            [", ".join(results.title_of(key))]
            + [f"{account['approximate_joules'][law]['total'] * 1e6:.3f}" for law in LAWS]
            + [f"{account['approximate_seconds'] * 1e6:.2f}"]
        )
    nominal = f"{first['nominal_joules']['total'] * 1e6:.3f}"
    rows.insert(0, ["nominal", *[nominal] * 3, f"{first['nominal_seconds'] * 1e6:.2f}"])
    return Section(
        "Energy of an inference",
        figure=plot.energy_figure(laws),
        alt="Energy by component for every placement under three voltage laws",
        tables=(
            Table(["placement", *(f"{law}, \u00b5J" for law in LAWS), "DRAM time, \u00b5s"], rows),
        ),
        notes=tuple(first["assumptions"]),
    )


def _components(joules: dict[str, float]) -> dict[str, float]:
    background = joules["background_active"] + joules["background_precharged"]
    return {name: joules.get(name, background) for name in COMPONENTS}


def _curriculum(results: Results) -> Section:
    epochs = results.rows("curriculum.csv")
    target = results.boosting["target_accuracy"]
    rows = [
        [
            f"{row['epoch']:.0f}",
            rate(row["ber"]),
            f"{row['accuracy']:.4f}",
            _yes(row["met"]),
            _yes(row["kept"]),
        ]
        for row in epochs
        if row["accuracy"] is not None
    ]
    return Section(
        "Curriculum of boosting",
        text=(
            "Errors are injected in the forward pass while the network trains; their rate rises "
            "step by step. A round to a higher rate follows while the network meets the target at "
            "the last under every draw, and the last network that met it is kept.",
        ),
        notes=()
        if results.boosting["kept"]
        else ("It then missed the target without errors; the network as trained was kept.",),
        figure=plot.curriculum_figure(epochs),
        alt="Bit error rate and loss by epoch of boosting",
        tables=(
            Table(
                [
                    "after epoch",
                    "at BER",
                    "mean accuracy there",
                    f"every draw reaches {target:.4f}",
                    "kept",
                ],
                rows,
            ),
        ),
    )


def _yes(said: str) -> str:
    return "yes" if said == "True" else "no"


def _verification(results: Results) -> Section:
    rows = [
        [
            str(v["attempt"] + 1),
            f"{a['placement']['vdd_volts']:.3f} V",
            str(v["seeds"]),
            str(v["misses"]),
            f"{100 * v['upper_bound']:.2f} %",
            f"{100 * v['confidence']:.4g} %",
            f"{v['mean_accuracy']:.4f}",
            f"{v['lowest_accuracy']:.4f}",
            "passed" if v["passed"] else "failed",
        ]
        for a in results.verification["attempts"]
        for v in [a["verdict"]]
    ]
    clean = ", ".join(
        f"{TITLES[name]} {accuracy:.4f}"
        for name, accuracy in results.verification["test_accuracy"].items()
    )
    return Section(
        "Verification",
        text=("On test images and error draws that no search has seen; every attempt is listed.",),
        tables=(
            Table(
                [
                    "attempt",
                    "supply",
                    "draws",
                    "misses",
                    "P(miss) below",
                    "confidence",
                    "mean accuracy",
                    "lowest",
                    "verdict",
                ],
                rows,
            ),
        ),
        notes=(f"Without errors, as stored, on the test images: {clean}.",),
    )


def _error_maps() -> Section:
    return Section(
        "A corner of a bank under each error model",
        text=(
            "Failed cells at the same mean bit error rate. Stripes hold ones (shaded) and zeros "
            "(white). This run used model 0.",
        ),
        figure=error_map_figure(error_maps()),
        alt="Failed cells of a bank under error models 0 to 3",
    )
