"""What the README and pages show is run; where the README shows an output, that is compared."""

import contextlib
import io
import re
from pathlib import Path

import torch

from eden import data

TEXT = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
FAULTS = (Path(__file__).parent.parent / "docs" / "faults.md").read_text()


def run(block, names):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README.md", "exec"), names)
    return printed.getvalue().splitlines()


def test_first_example_prints_what_it_says():
    shown = re.findall(r"^# (.*)$", BLOCKS[0], re.MULTILINE)
    assert shown and run(BLOCKS[0], {}) == shown


def test_own_loop_and_what_follows(trained_lenet, fashion_mnist):
    model = trained_lenet.train()
    evaluate = data.Evaluator(*fashion_mnist.validation).subset(200, seed=1)
    names = {
        "torch": torch,
        "eden": __import__("eden"),
        "model": model,
        "train_loader": data.batches(*(part[:384] for part in fashion_mnist.train), 128, seed=0),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=1e-4),
        "evaluate": evaluate,
        "target": evaluate(model) - 0.1,
        "sample": fashion_mnist.test[0][:1],
    }
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert len(BLOCKS) == 3
    run(BLOCKS[1], names)
    assert set(model.state_dict()) == set(before)
    assert any(not torch.equal(value, before[name]) for name, value in model.state_dict().items())
    # Fewer draws than shown: five say as much here as 59 do.
    printed = run(BLOCKS[2].replace("seeds=59", "seeds=5"), names)
    assert printed[0].startswith("accuracy at") and "V, " in printed[1]


def test_the_page_on_faults():
    names = {}
    printed = [run(block, names) for block in re.findall(r"```python\n(.*?)```", FAULTS, re.DOTALL)]
    assert [len(lines) for lines in printed] == [0, 0, 2, 0]
