# SPDX-License-Identifier: BSD-3-Clause
"""Least squares on files larger than what may be held in memory: no copy of them is ever made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import crowfly

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="anonymous memory is read from /proc"
)

N_FEATURES = 16
FILE_BYTES = 1 << 29
#: The file's pages are the system's; beyond them blocks of rows and p-by-p matrices are needed, and stacks of threads.
MOST_BYTES = 48 << 20

PROGRAM = """
import sys, threading
import numpy as np, crowfly

def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon"))

path, dtype, order, n, p, alpha = sys.argv[1:]
n, p = int(n), int(p)
X = np.memmap(path, dtype, "r", shape=(n, p), order=order)
y = np.memmap(path + ".y", np.float64, "r", shape=(n,))
crowfly.lstsq(X[:100], y[:100], alpha=1.0)
before, peak, over = anonymous(), 0, threading.Event()

def watch():
    global peak
    while not over.wait(0.002):
        peak = max(peak, anonymous())

thread = threading.Thread(target=watch)
thread.start()
fit = crowfly.lstsq(X, y, alpha=float(alpha))
over.set()
thread.join()
print(max(0, peak - before))
np.save(path + ".coef.npy", np.append(fit.coef, fit.intercept))
"""


def make_file(path: Path, dtype: str, order: Any, copied: bool = False) -> tuple[int, Any, Any]:
    """Zeros that take no room on the disk but for a few rows: n, and these rows of X and y."""
    n = FILE_BYTES // np.dtype(dtype).itemsize // N_FEATURES
    rng = np.random.default_rng(0)
    rows, targets = rng.standard_normal((60, N_FEATURES)).astype(dtype), rng.standard_normal(60)
    if copied:
        rows[:, 1] = rows[:, 0]
    for name, size in ((path, FILE_BYTES), (Path(f"{path}.y"), 8 * n)):
        with name.open("wb") as file:
            file.truncate(size)
    X = np.memmap(path, dtype, "r+", shape=(n, N_FEATURES), order=order)
    y = np.memmap(f"{path}.y", np.float64, "r+", shape=(n,))
    places = rng.choice(n, 60, replace=False)
    X[places], y[places] = rows, targets
    X.flush()
    y.flush()
    return n, rows, targets


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_memory_of_a_fit_does_not_grow_with_the_file(tmp_path: Path, dtype: str, order: str) -> None:
    path = tmp_path / "data"
    n, rows, targets = make_file(path, dtype, order)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), dtype, order, str(n), str(N_FEATURES), "0.5"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) < MOST_BYTES
    # The same from the rows that aren't zero and one that stands for all others.
    weights = np.ones(61)
    weights[-1] = n - 60
    expected: Any = crowfly.lstsq(
        np.vstack([rows, np.zeros((1, N_FEATURES), dtype)]),
        np.append(targets, 0.0),
        sample_weight=weights,
        alpha=0.5,
    )
    found = np.load(f"{path}.coef.npy")
    np.testing.assert_allclose(found[:-1], expected.coef, rtol=1e-12)
    np.testing.assert_allclose(found[-1], expected.intercept, rtol=1e-9)


def test_nor_with_columns_that_depend_on_others(tmp_path: Path) -> None:
    path = tmp_path / "data"
    n, *_ = make_file(path, "float64", "C", copied=True)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), "float64", "C", str(n), str(N_FEATURES), "0"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "RankWarning" in run.stderr
    assert int(run.stdout) < MOST_BYTES
    found = np.load(f"{path}.coef.npy")
    assert found[0] == pytest.approx(found[1], rel=1e-9)
