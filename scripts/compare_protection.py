"""What boosting and protection buy: the BER of a stated risk, and whether fresh draws bear it out.

Run: python scripts/compare_protection.py RUN_FOLDER [--families 5] [--draws 1000]
         [--networks baseline control boosted] [--protect "fc*.input=triple" "conv*=secded" ...]
(after `eden run`, or `--until boost`). Protections are none, the recipe's, and those of --protect.
A family has single cells and search draws of its own; the last column is of fresh draws at the
first family's rate, with Clopper and Pearson's interval. What the run has tried is not tried again,
nor what this script has: it is kept in the run folder's ``trials``. That holds for the versions of
the run, and on a GPU for its number of threads: of other versions it is said.
"""

import argparse
from pathlib import Path

import torch

from eden import characterize_coarse, criticality, errors, verify
from eden.access import Protection
from eden.folder import CONTROL, NETWORKS, RunFolder
from eden.network import protections_of
from eden.run import Work, read_inputs
from eden.tolerance import Verdict, share_interval


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--families", type=int, default=5)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--networks", nargs="+", choices=[*NETWORKS, CONTROL], default=NETWORKS)
    parser.add_argument("--protect", nargs="+", metavar="PATTERN=HOW", default=[])
    options = parser.parse_args()
    folder = RunFolder(options.run_folder)
    work = Work(folder, read_inputs(folder.recipe), progress=False)
    evaluate, target = work.searched, work.searched_target
    print(f"target {target:.4f}, torch's threads {torch.get_num_threads()}")
    if changed := folder.changed_versions():
        print(f"what the run has tried is tried anew, versions changed: {'; '.join(changed)}")
    print("network    protected  lambda            bytes    BER of each family (interval of first)")
    own = {pattern: how for pattern, _, how in (one.partition("=") for one in options.protect)}
    protections = {"no": {}, "recipe's": folder.recipe.protect, "own": own}
    protections = {said: how for said, how in protections.items() if how or said == "no"}
    for name in options.networks:
        model = work.network(name)
        shared = {"target_accuracy": target, "folder": work.trials(name)}
        risks = [
            criticality(model, evaluate, config=work.config, seed=seed, **shared)
            for seed in range(options.families)
        ]
        for said, protect in protections.items():
            config = work.config.with_(protect=protect)
            found = [
                characterize_coarse(model, evaluate, config=config, risk=risk, seed=seed, **shared)
                for seed, risk in enumerate(risks)
            ]
            first, bers = found[0], " ".join(f"{tolerance.ber:.2e}" for tolerance in found)
            lambdas = " ".join(f"{risk.lambda_of():.0f}" for risk in risks)
            low, high = first.interval
            print(
                f"{name:10} {said:9} {lambdas:17} {added(first):7.2%}  "
                f"{bers} [{low:.2e}, {high:.2e}] mean {first.mean_ber:.2e} "
                f"sweep {first.sweep_ber:.2e} clean {first.clean_accuracy:.4f}",
                flush=True,
            )
            seen = fresh(model, evaluate, first, options.draws, shared)
            print(f"{'':21}fresh draws: {missed(seen)}", flush=True)


def added(tolerances) -> float:
    """Bytes that protection moves besides, as a share of all without."""
    tensors = tolerances.tensors
    guards = protections_of([tensor.name for tensor in tensors], tolerances.config)
    moved = {tensor.name: tensor.reads * tensor.size_bytes for tensor in tensors}
    more = sum(
        tensor.reads * Protection.extra_bytes(guards[tensor.name], tensor.size_bytes)
        for tensor in tensors
    )
    return more / sum(moved.values())


def fresh(model, evaluate, tolerances, draws: int, shared) -> Verdict:
    """What fresh draws do at a tolerance."""
    config = tolerances.config.with_(error=errors.Uniform(weak_fraction=tolerances.ber))
    return verify(model, evaluate, config, seeds=draws, **shared)


def missed(seen: Verdict) -> str:
    """The share of draws that miss, with Clopper and Pearson's interval."""
    misses, draws = seen.misses, seen.seeds
    low, high = share_interval(misses, draws)
    return f"{misses} of {draws} miss, {misses / draws:.3%} [{low:.2%}, {high:.2%}]"


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
