# SPDX-License-Identifier: BSD-3-Clause
"""Make a workload's data and truth, in a process of its own: ``python -m bench.cells.prepare WORKLOAD SCRATCH``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from bench import plugins
from bench.cells import store
from bench.tasks import Arrays
from bench.workloads import WORKLOADS, Workload


def truth_folder(scratch: Path, workload: Workload) -> Path:
    """Where the truth of a workload lives; workloads that ask the same of the same arrays share it."""
    key = workload.definition.truth_key(workload.parameters)
    return scratch / store.slug(f"{workload.dataset} {workload.task} {key}")


def is_prepared(workload: Workload, scratch: Path) -> bool:
    """Whether data and truth are there."""
    return store.folder(scratch, workload).is_dir() and truth_folder(scratch, workload).is_dir()


def check_certificate(workload: Workload, truth: Arrays) -> None:
    """Refuse a minimum that is not known well enough to judge by it.

    Raises
    ------
    RuntimeError
        If its own gap is more than half the tightest target.
    """
    targets = [target for target in workload.definition.targets if target is not None]
    left = float(np.max(truth.get("left", 0.0)))
    if targets and not left <= 0.5 * min(targets):
        raise RuntimeError(f"the minimum is known to {left:.1e} only, too little for {min(targets):g}")


def prepare(workload: Workload, scratch: Path) -> None:
    """Make what is missing."""
    data, truth = store.folder(scratch, workload), truth_folder(scratch, workload)
    if not data.is_dir():
        store.write(data, workload.arrays())
    if not truth.is_dir():
        found = workload.definition.truth(store.read(data), workload.parameters)
        check_certificate(workload, found)
        store.write(truth, found)


def main(arguments: list[str]) -> None:
    """Run the command."""
    name, scratch = arguments
    # What libraries print must not reach the pipe to the driver.
    os.dup2(2, 1)
    plugins.load_announced()
    prepare(WORKLOADS[name], Path(scratch))


if __name__ == "__main__":
    main(sys.argv[1:])
