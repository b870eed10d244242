# SPDX-License-Identifier: BSD-3-Clause
"""Make a workload's data and truth, in a process of its own: ``python -m bench.cells.prepare WORKLOAD SCRATCH``."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import plugins
from bench.cells import store
from bench.workloads import WORKLOADS, Workload


def truth_folder(scratch: Path, workload: Workload) -> Path:
    """Where the truth of a workload lives; workloads that ask the same of the same arrays share it."""
    key = workload.definition.truth_key(workload.parameters)
    return scratch / store.slug(f"{workload.dataset} {workload.task} {key}")


def is_prepared(workload: Workload, scratch: Path) -> bool:
    """Whether data and truth are there."""
    return store.folder(scratch, workload).is_dir() and truth_folder(scratch, workload).is_dir()


def prepare(workload: Workload, scratch: Path) -> None:
    """Make what is missing."""
    data, truth = store.folder(scratch, workload), truth_folder(scratch, workload)
    if not data.is_dir():
        store.write(data, workload.arrays())
    if not truth.is_dir():
        store.write(truth, workload.definition.truth(store.read(data), workload.parameters))


def main(arguments: list[str]) -> None:
    """Run the command."""
    name, scratch = arguments
    plugins.load_announced()
    prepare(WORKLOADS[name], Path(scratch))


if __name__ == "__main__":
    main(sys.argv[1:])
