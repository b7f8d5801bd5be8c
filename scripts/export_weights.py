"""Trained networks of runs as files to keep: halves, with their recipe, digest and accuracy.

    python scripts/export_weights.py RUN_FOLDER ... [--out weights]

Writes ``OUT/NAME.safetensors`` of each run's original, NAME being the recipe's: matrices and
convolutions as float16, all else (biases, batch norm) as float32. `eden run NAME --weights FILE`
takes it in place of training. The metadata say what the run's validation images say of the file as
it is read back, what they said of the run's own weights, the digest of the recipe's keys for
training, and the form of the network, to which reading holds it. A file of more than 8 MB is
refused.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from eden._files import digest
from eden._form import facts_with_form
from eden.folder import Recipe, RunFolder
from eden.run import Work, read_inputs

MOST_BYTES = 8 << 20
# Of a recipe: what the network as trained depends on.
KEYS = ("seed", "data", "network", "train")


def trained_by(recipe: Recipe) -> str:
    """Return the digest of what a network as trained depends on; keys that are absent add none."""
    keys = recipe.model_dump(mode="json", exclude_none=True)
    keys["train"].pop("stored_epochs", None)  # what is exported is the network before those
    return digest({key: keys[key] for key in KEYS})


def halved(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return what a file keeps of a state dict."""
    return {k: v.half() if v.is_floating_point() and v.dim() > 1 else v for k, v in state.items()}


def export(folder: Path, out: Path) -> str:
    """Write the original network of a run; return what is said of it."""
    opened = RunFolder(folder)
    work = Work(opened, read_inputs(opened.recipe, progress=False), progress=False)
    evaluate, model = work.evaluator("validation"), work.original()
    before = evaluate(model)
    path = out / f"{folder.name}.safetensors"
    state = halved(model.state_dict())
    size = sum(value.numel() * value.element_size() for value in state.values())
    if size > MOST_BYTES:
        raise ValueError(f"{path}: {size} bytes, accepted: at most {MOST_BYTES}")
    model.load_state_dict(state)  # widened, as a file's are
    after = evaluate(model)
    said = {
        "recipe": folder.name,
        "recipe_digest": trained_by(opened.recipe),
        "validation_accuracy": f"{after:.4f}",
        "validation_accuracy_of_run": f"{before:.4f}",
        **facts_with_form(model, {}),
    }
    out.mkdir(parents=True, exist_ok=True)
    save_file(state, path, metadata=said)
    return f"{path}: {size / 1e6:.1f} MB, {json.dumps(said)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN_FOLDER")
    parser.add_argument("--out", type=Path, default=Path("weights"))
    given = parser.parse_args()
    for folder in given.runs:
        print(export(folder, given.out), flush=True)


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
