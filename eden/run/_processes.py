"""Boosting by several processes on one machine, each on its share of every batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import ProcessException, spawn

from eden import network
from eden.folder import RunFolder
from eden.run._work import Work, read_inputs
from eden.training import history_of

# The others wait while the first process judges a round, which takes hours of a deep network.
_PATIENCE = timedelta(days=30)

# (work, rank, ranks) -> boosted network; a function of a module, as each process imports it.
Boost = Callable[[Work, int, int], nn.Module]


def in_processes(boost: Boost, work: Work, count: int) -> tuple[nn.Module, list[dict[str, Any]]]:
    """Return the boosted network and its history, as the first of the processes has them.

    Args:
        boost: What each of them does.
        work: Of the run, whose folder each of them opens.
        count: How many.

    Raises:
        ValueError: With what one of them raised, in a line.
    """
    threads = max(1, torch.get_num_threads() // count)
    with TemporaryDirectory() as folder:
        arguments = (boost, count, threads, folder, str(work.folder.path), work.progress)
        try:
            spawn(_process, arguments, nprocs=count)
        except ProcessException as error:
            said = _error_file(folder, error.error_index)
            last = said.read_text() if said.is_file() else str(error).strip().splitlines()[-1]
            raise ValueError(f"training in {count} processes: {last}") from error
        boosted = work.untrained()
        network.load_into(boosted, Path(folder) / "boosted.safetensors")
        return boosted, torch.load(Path(folder) / "history.pt", weights_only=True)


def _process(
    rank: int, boost: Boost, ranks: int, threads: int, folder: str, run: str, progress: bool
) -> None:
    torch.set_num_threads(threads)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meet",
        rank=rank,
        world_size=ranks,
        timeout=_PATIENCE,
    )
    try:
        opened = RunFolder(run)
        boosted = boost(Work(opened, read_inputs(opened.recipe), progress=progress), rank, ranks)
        if rank == 0:
            plain = network.unwrapped(boosted)
            calibration = network.calibration_of(boosted)
            network.save(plain, Path(folder) / "boosted.safetensors", calibration=calibration)
            # Not JSON, which has no loss that is no number.
            torch.save(history_of(boosted), Path(folder) / "history.pt")
        code = 0
    except Exception as error:
        _error_file(folder, rank).write_text(f"{type(error).__name__}: {error}".splitlines()[0])
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Nothing is torn down, neither the group nor the interpreter: there gloo's threads and Python
    # now and then wait for one another (pytorch/pytorch#190489).
    os._exit(code)


def _error_file(folder: str, rank: int) -> Path:
    """Where a process says what it ended in."""
    return Path(folder) / f"error-{rank}.txt"
