# SPDX-License-Identifier: BSD-3-Clause
"""The sets that come with scikit-learn, as measured: no column is scaled or dropped.

| name | rows x columns | classes | condition | |
|---|---|---|---|---|
| digits | 1797 x 64 | 10 | 54 | integers 0 to 16; three columns are zero; planes separate the classes |
| breast_cancer | 569 x 30 | 2 | 1800 | standard deviations from 0.003 to 570; a plane separates the classes |
| wine | 178 x 13 | 3 | 130 | standard deviations from 0.1 to 310; planes separate the classes |
| iris | 150 x 4 | 3 | 51 | two rows are equal; a plane separates one class from the others |
| diabetes | 442 x 10 | | 200 | regression |

The condition is that of the columns that aren't zero and the intercept, all scaled to length one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CLASSIFICATION = ("digits", "breast_cancer", "wine", "iris")
REGRESSION = ("diabetes",)


def classification(name: str) -> dict[str, Any]:
    """X and the classes y, 0, 1, ..., of a set in CLASSIFICATION."""
    _check(name, CLASSIFICATION)
    X, y = _load(name)
    return {"X": X, "y": y.astype(np.int64)}


def regression(name: str) -> dict[str, Any]:
    """X and the response y of a set in REGRESSION."""
    _check(name, REGRESSION)
    X, y = _load(name, scaled=False)
    return {"X": X, "y": y.astype(np.float64)}


def neighbors(name: str, n_queries: int, *, seed: int = 0) -> dict[str, Any]:
    """The rows of a set in CLASSIFICATION, `n_queries` of them as queries and the others as points."""
    X = classification(name)["X"]
    order = np.random.default_rng(seed).permutation(len(X))
    return {"points": X[order[n_queries:]], "queries": X[order[:n_queries]]}


def _check(name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{name!r} is none of {', '.join(known)}")


def _load(name: str, **options: Any) -> tuple[Any, Any]:
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    return np.ascontiguousarray(X, dtype=np.float64), y
