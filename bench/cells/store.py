# SPDX-License-Identifier: BSD-3-Clause
"""Arrays on disk, between the process that makes them and those that measure; dense ones as .npy, CSR as its three arrays."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from bench.tasks import Arrays
from bench.workloads import Workload

CSR_PARTS = ("data", "indices", "indptr")


def folder(scratch: Path, workload: Workload) -> Path:
    """Where the data set of a workload lives."""
    return scratch / slug(workload.dataset)


def slug(name: str) -> str:
    """A file name that says what it is; the hash keeps names apart that differ in signs only."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-") + "-" + digest


def write(directory: Path, arrays: Arrays) -> None:
    """Write all arrays; the folder appears under its name when everything is in it."""
    partial = directory.with_name(directory.name + ".part")
    partial.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        if scipy.sparse.issparse(array):
            csr = scipy.sparse.csr_matrix(array)
            for part in CSR_PARTS:
                np.save(partial / f"{name}.{part}.npy", getattr(csr, part))
            np.save(partial / f"{name}.shape.npy", np.array(csr.shape))
        else:
            np.save(partial / f"{name}.npy", np.asarray(array))
    partial.rename(directory)


def read(directory: Path) -> Arrays:
    """Read what `write` wrote."""
    arrays: dict[str, Any] = {}
    for path in sorted(directory.glob("*.npy")):
        name, _, part = path.stem.partition(".")
        if not part:
            arrays[name] = np.load(path)
        elif part == "shape":
            parts = [np.load(directory / f"{name}.{piece}.npy") for piece in CSR_PARTS]
            arrays[name] = scipy.sparse.csr_matrix(tuple(parts), shape=tuple(np.load(path)))
    return arrays
