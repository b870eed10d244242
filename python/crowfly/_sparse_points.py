# SPDX-License-Identifier: BSD-3-Clause
"""Sparse points and queries of an index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import _core
from crowfly._sparse import as_sparse_rows, core_arrays, is_sparse
from crowfly._validation import check_same_features


def takes_sparse(metric: str) -> bool:
    """Whether points may be sparse; a missing number and one left out are different things."""
    return metric != "nan_euclidean"


def as_sparse_points(name: str, value: Any, metric: str) -> tuple[Any, float]:
    """Rows in CSR format, and their largest magnitude.

    Raises
    ------
    TypeError, ValueError
        As `as_sparse_rows`; without features; for a row of zeros with "cosine"; with "nan_euclidean".
    """
    if not takes_sparse(metric):
        raise ValueError(f"metric: {metric!r} takes no sparse {name}; use .toarray()")
    rows = as_sparse_rows(name, value)
    if rows.shape[1] == 0:
        raise ValueError(f"{name}: at least one feature expected, got shape {rows.shape}")
    if metric == "cosine":
        _check_directions(name, rows)
    return rows, float(np.max(np.abs(rows.data, dtype=np.float64, casting="unsafe"), initial=0.0))


def as_sparse_queries(name: str, value: Any, metric: str, n_features: int) -> Any:
    """Rows in CSR format, with the features of the points."""
    rows = as_sparse_points(name, value, metric)[0]
    check_same_features(name, rows, n_features, "points")
    return rows


def sparse_of(array: NDArray[Any]) -> Any:
    """Checked dense rows in CSR format."""
    from scipy.sparse import csr_array

    # SciPy has no sparse matrices of float16.
    return csr_array(array.astype(np.float32) if array.dtype == np.float16 else array)


def stacked(points: Any, added: Any) -> Any:
    """Sparse points, and checked ones of either kind below them."""
    from scipy.sparse import vstack

    return vstack([points, added if is_sparse(added) else sparse_of(added)], format="csr")


def sparse_index(rows: Any, metric: str, p: float, max_abs: float, algorithm: str) -> _core.SparseIndex:
    """The core's index of checked points; `metric` is the core's name."""
    # A copy: the core's lists are made later, and what the caller does to the index arrays meanwhile could point anywhere.
    return _core.SparseIndex(core_arrays(rows.copy()), metric, p, max_abs, algorithm)


def _check_directions(name: str, rows: Any) -> None:
    """Cosine needs rows that have a direction."""
    entries = np.concatenate([[0], np.cumsum(rows.data != 0)])[rows.indptr]
    zero = np.flatnonzero(np.diff(entries) == 0)
    if zero.size:
        raise ValueError(
            f"{name}: rows with a direction expected by the cosine distance, row {zero[0]} is all zeros"
        )
